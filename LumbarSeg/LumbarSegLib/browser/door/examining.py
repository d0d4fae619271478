"""What came is looked at, in a process of its own: archives are unpacked, and what is no sound image is thrown away.

`python -m LumbarSegLib.browser.door.examining` reads one JSON object, `Examination`, and prints one: `images`, the
names of the files that can be opened, or `fault`, one sentence. It may use much time and memory on files that somebody
made up for that; whoever started it ends it.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from LumbarSegLib.browser.bundles import SUFFIX as SCENES
from LumbarSegLib.browser.bundles import UNREADABLE, check_bundle
from LumbarSegLib.browser.door.examination import Examination
from LumbarSegLib.browser.limits import in_words
from LumbarSegLib.core.dicom.series import is_dicom, is_media_directory
from LumbarSegLib.core.pictures import READERS as PICTURES
from LumbarSegLib.core.report.reading import SUFFIXES as MEASURES
from LumbarSegLib.core.report.reading import read_findings
from LumbarSegLib.core.volume_files import VOLUMES
from LumbarSegLib.errors import InputError

_MEMORY = 1 << 32
_CHUNK = 1 << 20
_HEADER = 1 << 20
_IN_SCENES = (".nrrd", ".nii", ".nii.gz", ".mha")
_ARCHIVE = b"PK\x03\x04"


def examined(wanted: Examination) -> list[str]:
    """The names of the images in the folder; archives, and what is no image, are gone from it then.

    Raises InputError where no image is left; of a single file it says why.
    """
    faults = []
    images = []
    for path, called in list(_unpacked(wanted)):
        try:
            if path.suffix == SCENES:
                _check_scene(path, called, wanted)
            else:
                _check(path, called, wanted.most_voxel_bytes)
            images.append(path.name)
        except InputError as fault:
            faults.append(fault)
            path.unlink()
    if not images:
        raise faults[0] if len(wanted.named) == 1 == len(faults) else _no_image(_all_called(wanted))
    return images


def _all_called(wanted: Examination) -> str:
    return ", ".join(list(wanted.named.values())[:3]) + (" and others" if len(wanted.named) > 3 else "")


def _unpacked(wanted: Examination) -> Iterator[tuple[Path, str]]:
    """Each file in the folder with its user's name for it; in place of an archive, those that are in it."""
    for name, called in wanted.named.items():
        path = Path(wanted.folder, name)
        with path.open("rb") as file:
            packed = file.read(len(_ARCHIVE)) == _ARCHIVE
        if not packed or path.suffix == SCENES:
            yield path, called
            continue
        try:
            yield from _members(path, called, wanted)
        except (zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
            raise InputError(f"{called}: the archive is damaged or incomplete; make it again.") from error
        except RuntimeError as error:  # zipfile's word for an encrypted archive, or one packed in a way that it lacks
            raise InputError(
                f"{called}: the archive is encrypted or packed in an unusual way; make a plain zip."
            ) from error
        finally:
            path.unlink()


def _check_scene(path: Path, called: str, wanted: Examination) -> None:
    """Raise InputError unless a scene lies whole in its bundle, and each image in it is one that could come alone."""
    check_bundle(path, called)
    unpacked = []
    try:
        for member, _ in _members(path, called, wanted):
            unpacked.append(member)
            if member.name.endswith(_IN_SCENES):
                _check(member, called, wanted.most_voxel_bytes)
    except UNREADABLE as error:
        raise InputError(f"{called}: the scene is damaged or incomplete; save it again.") from error
    finally:
        for member in unpacked:
            member.unlink()


def _members(path: Path, called: str, wanted: Examination) -> Iterator[tuple[Path, str]]:
    """The files in an archive, unpacked beside it under generated names, so none of them can lie elsewhere.

    What the archive says of sizes is believed only if it is too much; the bytes that come out are counted.
    """
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > wanted.most_files:
            raise InputError(
                f"{called}: the archive holds more than {wanted.most_files} files; pack one series at a time."
            )
        remaining = wanted.most_unpacked
        if sum(member.file_size for member in members) > remaining:
            raise _unpacks_to_too_much(called, wanted)
        for number, member in enumerate(members, 1):
            target = path.with_name(
                f"{path.stem.split('.')[0]}-{number:04d}{_suffix(member.filename, wanted.suffixes)}"
            )
            with archive.open(member) as packed, target.open("xb") as file:
                while chunk := packed.read(_CHUNK):
                    remaining -= len(chunk)
                    if remaining < 0:
                        raise _unpacks_to_too_much(called, wanted)
                    file.write(chunk)
            yield target, called


def _suffix(name: str, known: Sequence[str]) -> str:
    lower = name.lower()
    return next((suffix for suffix in known if lower.endswith(suffix) and suffix != ".zip"), ".dcm")


def _check(path: Path, called: str, most_voxel_bytes: int) -> None:
    """Raise InputError unless this is an image by its content, whole in one file, and no larger than can be opened."""
    if path.stat().st_size == 0:
        raise InputError(f"{called}: the file is empty; copy or export it again.")
    if is_media_directory(path):
        raise InputError(f"{called}: a DICOMDIR only lists images; upload the files that it lists, or a zip of them.")
    if path.suffix in MEASURES:
        read_findings(path, called)
        return
    if is_dicom(path):
        return
    reader = sitk.ImageFileReader()
    kind = reader.GetImageIOFromFileName(str(path))
    if kind not in (*VOLUMES, *PICTURES):
        raise _no_image(called)
    if _points_elsewhere(path, kind):
        raise InputError(f"{called}: its voxels lie in another file; save the image as one file.")
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"{called}: the file is damaged or incomplete; copy or export it again.") from error
    if _voxel_bytes(reader) > most_voxel_bytes:
        raise InputError(
            f"{called}: the image is larger than {in_words(most_voxel_bytes)}; crop it or export it smaller."
        )


def _points_elsewhere(path: Path, kind: str) -> bool:
    """Whether a header names another file as that of the voxels, which could be any file of this machine.

    A header too long to be looked at whole counts as one that does.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER)
    if kind == "NrrdImageIO":
        return not re.search(rb"\r?\n\r?\n", head) or bool(re.search(rb"(?i)[\r\n][^:\r\n]*data\s*file", head))
    if kind == "MetaImageIO":
        named = re.findall(rb"(?i)elementdatafile\s*[=:]\s*([^\r\n]*)", head)
        return not named or any(name.strip().lower() != b"local" for name in named)
    return False


def _voxel_bytes(reader: sitk.ImageFileReader) -> int:
    voxels = 1
    for length in reader.GetSize():
        voxels *= length
    return voxels * reader.GetNumberOfComponents() * sitk.Image([1, 1], reader.GetPixelID()).GetSizeOfPixelComponent()


def _no_image(called: str) -> InputError:
    return InputError(f"{called}: there is no image in it that can be opened; give NRRD, NIfTI, MetaImage or DICOM.")


def _unpacks_to_too_much(called: str, wanted: Examination) -> InputError:
    return InputError(
        f"{called}: the archive unpacks to more than {in_words(wanted.most_unpacked)}; pack one series at a time."
    )


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource as system

        system.setrlimit(system.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    """Examine what standard input speaks of."""
    _limit_memory()
    wanted = Examination(**json.load(sys.stdin))
    try:
        answer: dict[str, Any] = {"images": examined(wanted)}
    except InputError as fault:
        answer = {"fault": str(fault)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
