"""Arguments and options that commands share, and which names of files and levels they take."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from LumbarSegLib.core.confirmation import Confirmation

RESULT_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nrrd", ".mha", ".mrb")
LABEL_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nrrd", ".mha")
SAMPLE_SUFFIXES = (".nrrd", ".nii.gz", ".mha")
PRINTED = Path("-")
"""Stands for standard output where a file could be named."""

_MAY_STAND_ALONE = ("--json", "--csv")
_TABLES = (".json", ".csv", ".tsv", ".txt", ".xls", ".xlsx", ".ods")
"""No image is called so: what has such a name after one of these options is meant for it, rightly or not."""


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """The same arguments with "-" after each `--json` and `--csv` that no table's name follows.

    Typer knows no option whose value may be left out.
    """
    spelled: list[str] = []
    for argument, following in pairwise([*arguments, ""]):
        spelled.append(argument)
        named = following == str(PRINTED) or following.lower().endswith(_TABLES)
        if argument in _MAY_STAND_ALONE and not named:
            spelled.append(str(PRINTED))
    return spelled


def check_outputs(outputs: Sequence[Path | None], *inputs: Path) -> None:
    """Raise BadParameter where a result would replace an input, OutputError where its place can take no file."""
    from LumbarSegLib.core.images import check_place

    for out in outputs:
        if out is None or out == PRINTED:
            continue
        if out.resolve() in [path.resolve() for path in inputs]:
            raise typer.BadParameter(f"{out} is the input image; choose another name.")
        check_place(out)


def ending_in(*suffixes: str) -> Callable[[Path | None], Path | None]:
    """A callback that takes only files with one of these suffixes, besides none and standard output."""

    def checked(path: Path | None) -> Path | None:
        if path is not None and path != PRINTED and not path.name.lower().endswith(suffixes):
            raise typer.BadParameter(f"{path.name} must end in {', '.join(suffixes)}.")
        return path

    return checked


def lowest_disc_name(name: str | None) -> str | None:
    """A callback that takes only names that the lowest disc of an image can have."""
    from LumbarSegLib.core.anatomy import LOWEST_DISCS

    if name is not None and name not in LOWEST_DISCS:
        raise typer.BadParameter(f"{name} is not one of {', '.join(LOWEST_DISCS)}.")
    return name


def in_mm(pixel_spacing: float | None) -> float | None:
    """A callback that takes only distances in mm that pixels can have."""
    from LumbarSegLib.core.spacing import check_pixel_spacing
    from LumbarSegLib.errors import InputError

    try:
        if pixel_spacing is not None:
            check_pixel_spacing(pixel_spacing)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error
    return pixel_spacing


def levels_by_slice(named: Sequence[str]) -> dict[str, int]:
    """The numbers of slices by level, from texts as "L4/5=3". Raises BadParameter for anything else."""
    levels: dict[str, int] = {}
    for text in named:
        level, _, number = text.partition("=")
        if not level or not number.isdecimal():
            raise typer.BadParameter(f"{text}: name a slice as L4/5=3; slices count from 1 below upward.")
        if level in levels:
            raise typer.BadParameter(f"{level} is named twice; name one slice for each level.")
        levels[level] = int(number)
    return levels


def confirmed_by(person: str | None, organization: str | None) -> "Confirmation | None":
    """The confirmation that two options ask for. Raises BadParameter where a name is missing or no name for DICOM."""
    from LumbarSegLib.core.confirmation import confirmation
    from LumbarSegLib.errors import InputError

    if person is None and organization is None:
        return None
    if not person:
        raise typer.BadParameter("--organization is that of a person; name the person with --confirmed-by.")
    try:
        return confirmation(person, organization or "")
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


ImageArgument = Annotated[
    Path,
    typer.Argument(
        metavar="IMAGE",
        help="NRRD, NIfTI, MetaImage, a DICOM file or folder; of an axial slice or a radiograph also a picture.",
    ),
]
PixelSpacingOption = Annotated[
    float | None,
    typer.Option(
        metavar="MM", callback=in_mm, help="Of axial slices or a radiograph whose file states none, as a picture."
    ),
]
ViewOption = Annotated[
    Literal["auto", "frontal", "lateral"],
    typer.Option(help="Of a radiograph; else as its header says, or as it looks."),
]
SeriesOption = Annotated[str | None, typer.Option(metavar="NUMBER|UID", help="Which series of a DICOM folder.")]
JsonOption = Annotated[
    Path | None,
    typer.Option("--json", metavar="[FILE]", callback=ending_in(".json"), help="One line of JSON, printed or to FILE."),
]
CsvOption = Annotated[
    Path | None,
    typer.Option("--csv", metavar="[FILE]", callback=ending_in(".csv"), help="Measures as CSV, printed or to FILE."),
]
PictureOption = Annotated[
    Path | None, typer.Option(callback=ending_in(".png"), help="Write a picture (.png) of the result as well.")
]
SagittalOption = Annotated[
    Path | None,
    typer.Option(
        metavar="LABELS",
        callback=ending_in(*LABEL_SUFFIXES),
        help="Axial images: a sagittal segmentation of the same patient and visit, which names the levels.",
    ),
]
LevelOption = Annotated[
    list[str] | None,
    typer.Option(metavar="L4/5=3", help="Axial images: the slice of a level, counted from 1 below. May be repeated."),
]
ThresholdsOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE.json", callback=ending_in(".json"), help="Cut-offs of your own beside the values."),
]
ConfirmedByOption = Annotated[
    str | None,
    typer.Option(
        "--confirmed-by",
        metavar="NAME",
        help="Who looked at this result and stands for it; all that is written says so.",
    ),
]
OrganizationOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="For whom that person works; without it a DICOM SR stays UNVERIFIED."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
