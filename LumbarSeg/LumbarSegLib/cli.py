"""The command line: one image in, named segments out; for scripts and studies.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by the user. An error is one line on stderr;
`--debug` shows the traceback and what the libraries say. Heavy libraries are imported by the commands that need
them, so help and usage errors answer at once.
"""

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from LumbarSegLib import __version__
from LumbarSegLib.errors import LumbarSegError

if TYPE_CHECKING:
    from LumbarSegLib.core.analysis import Segmented

RESEARCH_USE = "Research use; not for diagnosis."
RESULT_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nrrd", ".mha", ".mrb")
SAMPLE_SUFFIXES = (".nrrd", ".nii.gz", ".mha")
STOPPED = 130

Step = Callable[[str, float], None]

app = typer.Typer(
    help=f"LumbarSeg: lumbar spine images in, named segments out. {RESEARCH_USE}",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(help="List the models that come with LumbarSeg, or check them.")
app.add_typer(models_app, name="models", invoke_without_command=True)


def _result_path(path: Path) -> Path:
    return _with_suffix(path, RESULT_SUFFIXES)


def _sample_path(path: Path) -> Path:
    return _with_suffix(path, SAMPLE_SUFFIXES)


def _picture_path(path: Path | None) -> Path | None:
    return path and _with_suffix(path, (".png",))


def _with_suffix(path: Path, suffixes: tuple[str, ...]) -> Path:
    if not path.name.lower().endswith(suffixes):
        raise typer.BadParameter(f"{path.name} must end in {', '.join(suffixes)}.")
    return path


def _lowest_disc(name: str) -> str:
    from LumbarSegLib.core.anatomy import LOWEST_DISCS

    if name not in LOWEST_DISCS:
        raise typer.BadParameter(f"{name} is not one of {', '.join(LOWEST_DISCS)}.")
    return name


@app.command()
def segment(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="NRRD, NIfTI, MetaImage, a DICOM file or a DICOM folder.")
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", callback=_result_path, help=".seg.nrrd, a label map .nii.gz .nrrd .mha, or .mrb"),
    ],
    task: Annotated[Literal["auto", "sagittal", "axial", "xray"], typer.Option(help="Kind of image.")] = "auto",
    model: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="A shipped model or a model file.")] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where the network runs.")] = "auto",
    lowest_disc: Annotated[
        str, typer.Option(callback=_lowest_disc, help="Name of the lowest disc that is seen.")
    ] = "L5/S1",
    series: Annotated[str | None, typer.Option(metavar="NUMBER|UID", help="Which series of a DICOM folder.")] = None,
    picture: Annotated[
        Path | None,
        typer.Option(callback=_picture_path, help="Write a picture (.png) of the result as well."),
    ] = None,
    flips: Annotated[bool, typer.Option("--flips", help="Average with the mirrored image: slower.")] = False,
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Load a model file that does not come with LumbarSeg.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one line of JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Segment an image: vertebrae, discs and spinal canal as named segments."""
    from LumbarSegLib.core import analysis, images

    clock = _Clock()
    for place in filter(None, (out, picture)):
        if place.resolve() == image.resolve():
            raise typer.BadParameter(f"{place} is the input image; choose another name.")
        images.check_place(place)
    with _progress_bar() as step:
        step("Reading", 0.0)
        volume = images.read_image(image, series)
        clock.lap("read")
        step("Loading the model", 0.05)
        network = analysis.prepare(volume, task, model, device, trust_model)
        clock.lap("load")
        found = analysis.segment(volume, network, lowest_disc, flips, lambda name, done: step(name, 0.2 + 0.6 * done))
        clock.seconds.update(found.seconds)
        clock.start_lap()
        step("Saving", 0.8)
        _save(found, image, out)
        clock.lap("save")
        if picture:
            step("Drawing", 0.9)
            _draw(found, picture)
            clock.lap("picture")
        step("Done", 1.0)
    summary = _summary(found, image, out, picture, clock.total())
    typer.echo(json.dumps(summary) if as_json else _in_words(summary))


@models_app.callback()
def models(context: typer.Context) -> None:
    """List the models that come with LumbarSeg."""
    if context.invoked_subcommand is None:
        from LumbarSegLib.core.models import shipped

        for info in shipped():
            typer.echo(f"{info.name} {info.version}  {info.task}  {info.title}")


@models_app.command("check")
def check_models() -> None:
    """Check that every model that comes with LumbarSeg is whole and loads."""
    from LumbarSegLib.core.models import open_model, shipped

    for info in shipped():
        open_model(info, "cpu")
        typer.echo(f"{info.name} {info.version}  whole, loads  SHA-256 {info.sha256}")


@app.command()
def sample(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of the sample; without it, they are listed.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", callback=lambda path: path and _sample_path(path), help=".nrrd .nii.gz .mha"),
    ] = None,
) -> None:
    """Copy a sample image that comes with LumbarSeg to a file."""
    from LumbarSegLib.resources import samples_dir

    samples = json.loads((samples_dir() / "samples.json").read_text(encoding="utf-8"))["samples"]
    if name is None:
        for entry in samples:
            typer.echo(f"{entry['name']}  {entry['title']}. {entry['citation']} {entry['licence']}.")
        return
    entry = next((entry for entry in samples if entry["name"] == name), None)
    if entry is None:
        known = ", ".join(entry["name"] for entry in samples)
        raise typer.BadParameter(f"there is no sample {name}; choose one of: {known}.")
    if out is None:
        raise typer.BadParameter("say where to write the sample with -o FILE.")
    _copy_image(samples_dir() / entry["file"], out)
    typer.echo(f"{out}: {entry['title']}. {entry['citation']} {entry['licence']}; {entry['changes']}")


def _copy_image(source: Path, target: Path) -> None:
    import SimpleITK as sitk

    from LumbarSegLib.core import images

    image = images.read_image(source)
    images.write_whole(target, lambda part: sitk.WriteImage(image, str(part), useCompression=True))


class _Clock:
    """Seconds of each step, and since the start."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = self._lap = time.perf_counter()

    def start_lap(self) -> None:
        self._lap = time.perf_counter()

    def lap(self, name: str) -> None:
        self.seconds[name] = time.perf_counter() - self._lap
        self.start_lap()

    def total(self) -> dict[str, float]:
        return {**self.seconds, "total": time.perf_counter() - self._start}


@contextmanager
def _progress_bar() -> Iterator[Step]:
    """A bar on a terminal, nothing elsewhere. Yields what takes a step's name and the fraction done."""
    if not sys.stderr.isatty():
        yield lambda name, fraction: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<18}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("Starting", total=1.0)
        yield lambda name, fraction: bar.update(task, description=name, completed=fraction)


def _save(found: "Segmented", source: Path, out: Path) -> None:
    from LumbarSegLib.scene.files import save_segmentation
    from LumbarSegLib.scene.host import open_scene
    from LumbarSegLib.scene.segmentations import segmentation_from_spine
    from LumbarSegLib.scene.volumes import volume_from_image

    with open_scene() as scene:
        volume = volume_from_image(scene, found.image, source.name.split(".")[0])
        segmentation = segmentation_from_spine(scene, found.spine, volume, _provenance(found))
        save_segmentation(segmentation, out)


def _provenance(found: "Segmented") -> dict[str, str]:
    from LumbarSegLib.core.images import image_identity

    identity = {f"image_{key}": value for key, value in image_identity(found.image).items()}
    return {
        "lumbarseg_version": __version__,
        "model": found.model.name,
        "model_version": found.model.version,
        "model_sha256": found.model.sha256,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "lowest_disc": found.spine.lowest_disc,
        **identity,
    }


def _draw(found: "Segmented", picture: Path) -> None:
    from LumbarSegLib.core.images import write_whole
    from LumbarSegLib.core.report.picture import draw_picture

    write_whole(picture, lambda part: draw_picture(found.image, found.spine, part))


def _summary(
    found: "Segmented", source: Path, out: Path, picture: Path | None, seconds: dict[str, float]
) -> dict[str, Any]:
    structures = [
        {
            "name": instance.structure.name,
            "kind": instance.structure.kind,
            "label": instance.structure.label,
            "volume_mm3": round(instance.volume_mm3, 1),
            "partly_visible": instance.partly_visible,
        }
        for instance in found.spine.instances
    ]
    return {
        "input": str(source),
        "output": str(out),
        "picture": str(picture) if picture else None,
        "task": found.model.task,
        **_provenance(found),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "structures": structures,
        "notes": list(found.spine.notes),
        "use": RESEARCH_USE,
    }


def _in_words(summary: dict[str, Any]) -> str:
    steps = ", ".join(f"{name} {value:.1f}" for name, value in summary["seconds"].items() if name != "total")
    lines = [
        f"Found in {summary['input']} ({summary['task']}, lowest disc taken as {summary['lowest_disc']}):",
        *_found_in_words(summary["structures"]),
        *(f"  Note: {note}" for note in summary["notes"]),
        f"Model {summary['model']} {summary['model_version']}; {summary['seconds']['total']:.1f} s ({steps})",
        "Written: " + ", ".join(filter(None, (summary["output"], summary["picture"]))),
        RESEARCH_USE,
    ]
    return "\n".join(lines)


def _found_in_words(structures: list[dict[str, Any]]) -> Iterator[str]:
    for kind, title in (("vertebra", "Vertebrae"), ("disc", "Discs"), ("canal", "Canal")):
        names = [
            f"{row['name']} {row['volume_mm3'] / 1000:.1f} ml"
            + " (partly visible)" * (row["partly_visible"] and kind != "canal")
            for row in structures
            if row["kind"] == kind
        ]
        yield f"  {title + ':':<11}{', '.join(names) or 'none'}"


def run(arguments: Sequence[str]) -> int:
    """Run one command, return its exit status. An error becomes one line on stderr; `--debug` raises it."""
    debug = "--debug" in arguments
    try:
        status = app(args=list(arguments), prog_name="lumbarseg", standalone_mode=False)
    except typer.TyperException as error:
        _complain(f"{error.format_message()} See lumbarseg --help.")
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        _complain(_one_line(error))
        return 1
    if status == STOPPED:
        _complain("stopped.")
    return status if isinstance(status, int) else 0


def _one_line(error: Exception) -> str:
    if isinstance(error, LumbarSegError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this image; close other programs or crop the image."
    return f"unexpected failure ({type(error).__name__}: {error}); use --debug and report it."


def _complain(message: str) -> None:
    typer.echo(f"lumbarseg: {' '.join(message.split())}", err=True)


def _silence_libraries() -> None:
    """Give fd 2 to the void and stderr to Python alone: C++ libraries print warnings that no user can use."""
    ours = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 2)
    os.close(void)
    sys.stderr = ours
    warnings.simplefilter("ignore")


def main() -> None:
    """Entry point of the `lumbarseg` command."""
    # A batch system that ends the job gets the same clean stop as Ctrl+C.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    if "--debug" not in sys.argv:
        _silence_libraries()
    sys.exit(run(sys.argv[1:]))
