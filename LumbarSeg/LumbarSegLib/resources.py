"""Where the shipped files lie: in the source tree, inside 3D Slicer, and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Path of a shipped file below `Resources`, for example `resource("Models", "index.json")`."""
    in_wheel = _PACKAGE / "Resources"
    return (in_wheel if in_wheel.is_dir() else _PACKAGE.parent / "Resources").joinpath(*parts)


def samples_dir() -> Path:
    """Folder of the sample images; it lies beside the module in the source tree, below its resources inside 3D Slicer,
    and in the wheel with the package.
    """
    packed = (_PACKAGE / "Samples", _PACKAGE.parent / "Resources" / "Samples")
    return next((folder for folder in packed if folder.is_dir()), _PACKAGE.parent.parent / "Resources" / "Samples")
