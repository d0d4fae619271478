"""Scene bundles (.mrb) before 3D Slicer's library reads them, which unpacks and opens whatever they name."""

import re
import stat
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from LumbarSegLib.errors import InputError

SUFFIX = ".mrb"
_SCENE = ".mrml"
_LONGEST_SCENE = 1 << 26  # bytes
# zipfile raises the first four for a damaged archive, RuntimeError for an encrypted one or an unknown packing.
UNREADABLE = (zipfile.BadZipFile, EOFError, ValueError, OSError, RuntimeError)
_NAMES_A_FILE = re.compile(r"filename|filelistmember\d+", re.IGNORECASE)
_NAMES_AN_ADDRESS = re.compile(r"uri|urilistmember\d+", re.IGNORECASE)


def check_bundle(path: Path, called: str) -> None:
    """Raise InputError unless this is an archive of one scene all of whose files lie in it.

    `called` is what the user calls the file. Neither the names of members nor the files that the scene speaks of lead
    out of the folder that it is unpacked to, and nothing is fetched from an address.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(_leads_out(member.filename) or _is_link(member) for member in members):
                raise _leading_out(called)
            scenes = [member for member in members if member.filename.lower().endswith(_SCENE)]
            if len(scenes) != 1 or scenes[0].file_size > _LONGEST_SCENE:
                raise _no_scene(called)
            with archive.open(scenes[0]) as file:
                text = file.read(_LONGEST_SCENE)
    except UNREADABLE as error:
        raise InputError(f"{called}: the scene is damaged or incomplete; save it again.") from error
    folder = PurePosixPath(scenes[0].filename).parent
    _check_files(text, {member.filename for member in members}, folder, called)


def _check_files(text: bytes, there: set[str], folder: PurePosixPath, called: str) -> None:
    """Raise InputError where a scene, as XML, speaks of a file that is not among those that are there."""
    if b"<!" in text.replace(b"<!--", b""):
        raise _no_scene(called)  # a document type, which could make it any size
    try:
        elements = list(ET.fromstring(text).iter())
    except ET.ParseError as error:
        raise _no_scene(called) from error
    for element in elements:
        for key, value in element.attrib.items():
            if _NAMES_AN_ADDRESS.fullmatch(key) and value:
                raise _leading_out(called)
            if _NAMES_A_FILE.fullmatch(key) and value and str(folder / unquote(value)) not in there:
                raise _leading_out(called)


def _leads_out(name: str) -> bool:
    place = PurePosixPath(name)
    return place.is_absolute() or ".." in place.parts or "\\" in name or ":" in name


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _leading_out(called: str) -> InputError:
    return InputError(f"{called}: the scene names files that do not lie in it; save it as one bundle.")


def _no_scene(called: str) -> InputError:
    return InputError(f"{called}: there is no scene in it that can be opened; save it in 3D Slicer or here again.")
