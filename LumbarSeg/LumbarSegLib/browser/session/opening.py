"""Images into the session: a sample, a file of the server's folder, or what the user uploaded."""

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from LumbarSegLib.browser.limits import limits_from_resources, too_large
from LumbarSegLib.browser.session.page.dialogs import close_dialog
from LumbarSegLib.browser.session.reopening import is_beside, is_scene, open_beside, open_scene_file
from LumbarSegLib.core import images
from LumbarSegLib.core.dicom.reading import SERIES_UID
from LumbarSegLib.core.dicom.series import is_dicom, series_in
from LumbarSegLib.core.notes import notes_of
from LumbarSegLib.core.samples import SAMPLES, sample_named
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.volumes import volume_from_image

if TYPE_CHECKING:
    import SimpleITK as sitk
    from slicer import vtkMRMLScene
    from trame_server.state import State

    from LumbarSegLib.browser.session.session import Session
    from LumbarSegLib.browser.session.settings import Settings

_SHOWN = 500  # entries of a folder
_LIMITS = limits_from_resources()
_FILES = _LIMITS.suffixes
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")

T = TypeVar("T")


class Opening:
    """Reads images as the command line does and shows them. While one is read the page goes on."""

    def __init__(self, scene: "vtkMRMLScene", state: "State", settings: "Settings", session: "Session") -> None:
        self._scene, self._state, self._settings, self._session = scene, state, settings, session
        self._choosing_from: tuple[Path, str] | None = None
        self._beside: list[tuple[Path, str]] = []
        state.update(
            {
                "samples": [{"name": one.name, "title": one.title} for one in SAMPLES],
                "notes_of_image": [],
                "keep_open": False,
                "is_opening": False,
                "uploading": "",
                "upload_bytes": _LIMITS.upload_bytes,
                "upload_too_large": too_large(_LIMITS),
                "series": [],
                "served": settings.served_folder is not None,
                "folder": "",
                "entries": [],
                "picture_as": "xray",
            }
        )
        self.browse("")

    async def open_first(self) -> None:
        """Open what the settings name."""
        if self._settings.sample:
            await self.open_sample(self._settings.sample)
        elif self._settings.path is not None:
            await self._open(self._settings.path, self._settings.path.name)

    async def open_sample(self, name: str) -> None:
        """Open a sample that comes with LumbarSeg."""
        self._beside = []
        try:
            await self._open(sample_named(name).path, name)
        except LumbarSegError as error:
            self._session.trouble(as_sentence(error))

    async def open_uploaded(self, paths: Sequence[Path], names: Sequence[str]) -> None:
        """Open what the user uploaded: one file, or the DICOM files of one or several series; and beside it segments
        and measures that came along.
        """
        self._state.uploading = ""
        named = dict(zip(paths, names, strict=False)) if len(names) == len(paths) else {}
        beside = [path for path in paths if is_beside(path)]
        others = [path for path in paths if path not in beside]
        name = named.get(others[0] if others else paths[0], names[0] if names else "image")
        self._beside = [(path, named.get(path, name)) for path in beside]
        if not others:
            self._open_beside()
        elif len(others) == 1:
            await self._open(others[0], name)
        elif all(map(is_dicom, others)):
            await self._open(Path(os.path.commonpath(others)), name)
        else:
            self._session.trouble("These are several images. Open one after the other, or the files of one series.")

    def browse(self, folder: str) -> None:
        """List a folder below the server's; `folder` is its path from there."""
        top = self._settings.served_folder
        place = self._served(folder)
        if top is None or place is None or not place.is_dir():
            return
        there = sorted(place.iterdir(), key=lambda one: (one.is_file(), one.name.lower()))
        inside = [one for one in there if one.resolve().is_relative_to(top.resolve())]
        listed = [one for one in inside if not one.name.startswith(".") and (one.is_dir() or _is_image(one))]
        up = [] if place == top.resolve() else [{"name": "..", "path": _below(top, place.parent), "is_folder": True}]
        self._state.folder = _below(top, place)
        self._state.entries = up + [
            {"name": one.name, "path": _below(top, one), "is_folder": one.is_dir()} for one in listed[:_SHOWN]
        ]

    async def open_served(self, path: str) -> None:
        """Open a file or a DICOM folder of the server's folder."""
        self._beside = []
        place = self._served(path)
        if place is not None and is_beside(place):
            open_beside(self._session, place, place.name)
        elif place is not None and place.exists():
            await self._open(place, place.name)

    async def open_series(self, uid: str) -> None:
        """Open the series that the user chose."""
        if self._choosing_from is not None:
            path, name = self._choosing_from
            await self._open(path, name, uid)

    async def _open(self, path: Path, name: str, series: str | None = None) -> None:
        """Open an image file or a DICOM folder under a name; nothing changes where it cannot be read."""
        if self._state.is_opening:
            return
        self._state.is_opening = True
        self._state.flush()
        try:
            if path.is_dir() and series is None and await self._asks_for_series(path, name):
                return
            if is_scene(path):
                open_scene_file(self._session, path)
                return
            image = await _elsewhere(partial(_read, path, series, self._state.picture_as))
        except LumbarSegError as error:
            self._beside = []
            # An uploaded file lies under a name of ours.
            self._session.trouble(as_sentence(error).replace(path.name, name))
        else:
            self._show(image, name, path)
        finally:
            self._state.is_opening = False
            self._state.flush()

    def _open_beside(self) -> None:
        """Show on the image that is open what came along with it."""
        came, self._beside = self._beside, []
        for path, name in came:
            open_beside(self._session, path, name)

    async def _asks_for_series(self, path: Path, name: str) -> bool:
        """Let the user choose where there are several series."""
        found = await _elsewhere(partial(series_in, path))
        if len(found) <= 1:
            return False
        self._choosing_from = (path, name)
        self._state.series = [
            {"uid": one.uid, "text": f"{one.number}  {one.description or 'no description'}, {one.slices} slices"}
            for one in found
        ]
        self._state.dialog = "series"
        return True

    def _show(self, image: "sitk.Image", name: str, path: Path) -> None:
        if not self._state.keep_open:
            self._session.close_all()
        volume = volume_from_image(self._scene, image, _stem(name))
        if image.HasMetaDataKey(SERIES_UID):
            self._session.sources.keep(volume, path)
        self._state.update({"keep_open": False, "notes_of_image": list(notes_of(image))})
        close_dialog(self._state)
        self._session.viewing.show_volume(volume)
        self._session.correcting.choose(None)
        self._session.choosing.add(volume)
        self._open_beside()

    def _served(self, path: str) -> Path | None:
        """A place in the server's folder, None for one that is not in it."""
        top = self._settings.served_folder
        if top is None:
            return None
        place = (top / path).resolve()
        return place if place.is_relative_to(top.resolve()) else None


def _read(path: Path, series: str | None, picture_as: str) -> "sitk.Image":
    """A picture does not tell what it is, so the user says it: "xray" or "axial"."""
    if path.suffix.lower() in _PICTURES:
        return images.read_image(path, radiograph=picture_as == "xray", without_spacing=picture_as == "axial")
    return images.read_image(path, series)


async def _elsewhere(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _is_image(path: Path) -> bool:
    name = path.name.lower()
    if name.endswith(".zip"):
        return False
    return name.endswith(_FILES) or not path.suffix or path.suffix[1:].isdigit()


def _below(top: Path, place: Path) -> str:
    return place.resolve().relative_to(top.resolve()).as_posix()


def _stem(name: str) -> str:
    return Path(name).name.split(".")[0] or "image"
