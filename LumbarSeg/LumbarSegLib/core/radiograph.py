"""From a semantic map to the named vertebrae of a radiograph, or from a map whose vertebrae are named already."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.anatomy import Numbering, Structure, kinds_of
from LumbarSegLib.core.disc_spaces import cut_along
from LumbarSegLib.core.labelmap import label_map
from LumbarSegLib.core.levels import Instance
from LumbarSegLib.core.pieces import Column, column_of
from LumbarSegLib.core.planes import triple
from LumbarSegLib.core.projection import View as View  # noqa: PLC0414 - the other modules take it from here
from LumbarSegLib.errors import InputError

FLATNESS: dict[View, float] = {"frontal": 0.6, "lateral": 0.8}
"""Height over width of a vertebra; frontal the median of 367 radiographs, lateral that of 34 x 27 mm."""
_FEW = 4
"""Vertebrae; fewer than this are no column, as on a radiograph of another part of the body."""
WIDER = 1.15
"""How much wider the upper third of the vertebrae is than the lower one where a picture stands on its head."""
_THIRD = 3
_SACRUM = 0.5
"""Of the area of the vertebra above it; a smaller piece below a column is the top of the sacrum where, with C7 at the
other end, there are two pieces too many. One too many is C7 as a rule, and a small lowest one then an L5 that is seen
in part. So it was on 101 radiographs that the model had learned from: 6 were taken for a sacrum, all of them rightly.
"""
_SACRUM_LEFT_OUT = "A small piece below the lowest vertebra is taken for the sacrum and left out; check the count."


@dataclass(frozen=True)
class Radiograph:
    """The named vertebrae of a radiograph, beside `levels.Spine` for a sagittal volume.

    `labels` is uint8 with the values of vertebrae as SPIDER has them, on the grid of the image, which has one slice.
    `instances` run from the bottom upward. `lowest_disc` names the disc below the lowest vertebra that is seen; given
    again it leads to the same names. `parted` names vertebrae that were one piece in the model's answer and had to be
    cut apart. `notes` say in plain sentences what is doubtful.
    """

    labels: sitk.Image
    view: View
    instances: tuple[Instance, ...]
    lowest_disc: str
    notes: tuple[str, ...] = ()
    parted: tuple[str, ...] = ()
    task: str = "xray"


def radiograph_of(
    semantic: sitk.Image, lowest_disc: str = "L5/S1", view: View | Literal["auto"] = "auto"
) -> Radiograph:
    """Tells the vertebrae of a semantic map apart and names them from the lowest upward.

    `semantic` is a 3D map of one slice with the values of `anatomy.kinds_of("xray")`: 1 vertebra, 2 body seen from the
    side, 3 disc space; its rows run downward. `view` "auto" is that of which there are more pixels; both count as
    vertebra. Raises InputError where it is no such map or `lowest_disc` is no name of a disc.
    """
    levels = Numbering(lowest_disc).levels()
    labels = _one_slice(semantic)
    kinds = kinds_of("xray")
    values: NDArray[np.uint8] = sitk.GetArrayViewFromImage(labels)[0]
    unknown = set(np.unique(values).tolist()) - {0, *(row.label for row in kinds.values())}
    if unknown:
        raise InputError(f"The label value {min(unknown)} belongs to nothing on a radiograph; remove that label.")
    front, side = (values == kinds[kind].label for kind in ("vertebra", "lateral_vertebra"))
    if view == "auto":
        view = "lateral" if side.sum() > front.sum() else "frontal"
    across, down, _ = labels.GetSpacing()
    vertebrae = cut_along(values == kinds["disc_space"].label, front | side)
    found_column = column_of(vertebrae, (across, down), FLATNESS[view])
    reaches_sacrum = Numbering(lowest_disc).one_lower() is None
    column = _without_sacrum(found_column, len(levels)) if reaches_sacrum else found_column
    ranks = np.cumsum([1 + hidden for hidden in column.hidden]) - 1
    named = np.zeros_like(values)
    parted = []
    for piece, rank in zip(column.pieces, ranks, strict=True):
        if rank < len(levels):
            named[tuple(piece.pixels.T)] = levels[rank].vertebra.label
            parted += [levels[rank].vertebra.name] * piece.parted
    image = sitk.GetImageFromArray(named[None])
    image.CopyInformation(labels)
    found = _instances(image, lowest_disc)
    notes = _notes(column, ranks.tolist(), [level.vertebra for level in levels], parted)
    notes += [_SACRUM_LEFT_OUT] * (column is not found_column)
    return Radiograph(image, view, found, lowest_disc, tuple(notes), tuple(parted))


def named_radiograph(labels: sitk.Image, lowest_disc: str = "L5/S1", view: View = "frontal") -> Radiograph:
    """The Radiograph of a label map that carries the values of vertebrae already, as an edited or a saved one does.

    Raises InputError where the map is no label map of one slice, a value belongs to no vertebra or `lowest_disc` is no
    name of a disc.
    """
    labels = _one_slice(labels)
    return Radiograph(labels, view, _instances(labels, lowest_disc), lowest_disc)


def ends_at_sacrum(column: Column, names: int) -> bool:
    """Whether the lowest piece of a column that may have so many `names` is the top of the sacrum."""
    pieces = column.pieces
    too_many = len(pieces) + sum(column.hidden) - names
    return too_many >= 2 and len(pieces[0].pixels) < _SACRUM * len(pieces[1].pixels)


def _without_sacrum(column: Column, names: int) -> Column:
    """The column without its lowest piece where that is the top of the sacrum."""
    if not ends_at_sacrum(column, names):
        return column
    return Column(column.pieces[1:], (0, *column.hidden[2:]), column.beside)


def _one_slice(labels: sitk.Image) -> sitk.Image:
    labels = label_map(labels)
    if labels.GetSize()[2] != 1:
        raise InputError(f"a radiograph has one slice, and the label map has {labels.GetSize()[2]}; give that of one.")
    return labels


def _instances(labels: sitk.Image, lowest_disc: str) -> tuple[Instance, ...]:
    """The vertebrae from the bottom upward; one that reaches a border of the image is partly visible."""
    numbering = Numbering(lowest_disc)
    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.Execute(labels)
    structures = sorted(map(numbering.structure, shapes.GetLabels()), key=_rank)
    wrong = next((row for row in structures if row.kind != "vertebra"), None)
    if wrong:
        raise InputError(f"The label value {wrong.label} belongs to no vertebra of a radiograph; remove that label.")
    return tuple(
        Instance(
            row,
            triple(shapes.GetCentroid(row.label)),
            shapes.GetPhysicalSize(row.label),
            _reaches_border(shapes.GetBoundingBox(row.label), labels.GetSize()),
        )
        for row in structures
    )


def _rank(structure: Structure) -> int:
    """From L6, which is 0, upward."""
    return structure.label % 25


def _reaches_border(box: tuple[int, ...], size: tuple[int, ...]) -> bool:
    return any(box[axis] == 0 or box[axis] + box[3 + axis] == size[axis] for axis in (0, 1))


def _notes(column: Column, ranks: list[int], names: list[Structure], parted: list[str]) -> list[str]:
    """What is to be said of the count; `ranks` are those of the pieces, from the lowest upward."""
    count = len(column.pieces)
    notes = []
    if 0 < count < _FEW:
        notes.append(
            f"Only {count} {'vertebra was' if count == 1 else 'vertebrae were'} found; check that this is a spine."
        )
    if ranks and ranks[-1] >= len(names):
        over = sum(rank >= len(names) for rank in ranks)
        notes.append(f"There are more vertebrae than names; the uppermost {over} are left out.")
    missing = [names[rank].name for rank in range(len(names)) if ranks and rank < ranks[-1] and rank not in ranks]
    if missing:
        notes.append(
            f"{', '.join(missing)} cannot be seen in a gap of the column, but {_counts(missing)} in the names."
        )
    if parted:
        notes.append(
            f"{', '.join(parted)} were found in one piece with a neighbour and cut apart; look at their borders."
        )
    if column.beside:
        pieces = "piece" if column.beside == 1 else "pieces"
        notes.append(f"{column.beside} {pieces} beside the column {'is' if column.beside == 1 else 'are'} left out.")
    if _stands_on_its_head(column):
        notes.append("The vertebrae grow wider upward; if the picture stands on its head, turn it and try again.")
    return notes


def _counts(missing: list[str]) -> str:
    return "counts" if len(missing) == 1 else "count"


def _stands_on_its_head(column: Column) -> bool:
    widths = [piece.width for piece in column.pieces]
    third = len(widths) // _THIRD
    return third >= 2 and bool(np.median(widths[-third:]) > WIDER * np.median(widths[:third]))
