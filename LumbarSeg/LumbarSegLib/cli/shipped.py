"""What comes with LumbarSeg: its models and its sample images."""

import json
from pathlib import Path
from typing import Annotated

import typer

from LumbarSegLib.cli.options import SAMPLE_SUFFIXES, ending_in

models_app = typer.Typer(help="List the models that come with LumbarSeg, or check them.")


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


def sample(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of the sample; without it, they are listed.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", callback=ending_in(*SAMPLE_SUFFIXES), help=".nrrd .nii.gz .mha")
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
