"""What the door asks of the process that looks at an upload."""

from dataclasses import dataclass

MODULE = "LumbarSegLib.browser.door.examining"


@dataclass(frozen=True)
class Examination:
    """The files in `folder` by their names there, each with what its user calls it, and how much they may hold."""

    folder: str
    named: dict[str, str]
    most_files: int
    most_unpacked: int
    most_voxel_bytes: int
    suffixes: tuple[str, ...]
