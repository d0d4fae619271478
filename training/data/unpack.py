"""Zip archives from the web, unpacked so that nothing leaves the folder and no half file looks whole."""

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from training.errors import TrainingError

_BY_FINDERS = ("__MACOSX", ".DS_Store")  # no data, but names like those of data


def unpack(archive: Path, folder: Path, name: str) -> int:
    """Unpack a zip archive, called `name` by its authors, into `folder`, or into a folder of that name where its files
    lie in none; returns the number of files.

    Every member is looked at before the first is written. Raises TrainingError for a damaged archive, one that is
    locked, a member that would leave the folder or is a link, and too little space; OSError if the disk takes no more.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if _is_data(member)]
            places = {member: _place(member, name) for member in members}
            if any(len(place.parts) == 1 for place in places.values()):
                folder = folder / Path(name).stem
            folder.mkdir(parents=True, exist_ok=True)
            check_space(folder, sum(member.file_size for member in members))
            for member, place in places.items():
                _write(opened, member, folder / place)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise TrainingError(f"{name} is damaged or locked and cannot be unpacked: {error}.") from error
    return len(members)


def check_space(folder: Path, needed: int) -> None:
    """Raise TrainingError if the disk of `folder` has less than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise TrainingError(
            f"{folder} needs {needed / 1e9:.1f} GB and its disk has {free / 1e9:.1f} GB left; free some space or give "
            f"another folder."
        )


def _is_data(member: zipfile.ZipInfo) -> bool:
    return not member.is_dir() and not any(part in _BY_FINDERS for part in PurePosixPath(member.filename).parts)


def _place(member: zipfile.ZipInfo, name: str) -> PurePosixPath:
    place = PurePosixPath(member.filename.replace("\\", "/"))
    link = stat.S_ISLNK(member.external_attr >> 16)
    if link or place.is_absolute() or ".." in place.parts or ":" in member.filename:
        raise TrainingError(
            f"{name} holds {member.filename!r}, which would lie outside the folder; do not use this archive."
        )
    return place


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.part")
    try:
        with opened.open(member) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
