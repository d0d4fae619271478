"""Images into the session: a sample, a file of the server's folder, or what the user uploaded."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from LumbarSegLib.core import images
from LumbarSegLib.core.samples import SAMPLES, sample_named
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.volumes import volume_from_image

if TYPE_CHECKING:
    from slicer import vtkMRMLScene
    from trame_server.state import State

    from LumbarSegLib.browser.session.session import Session
    from LumbarSegLib.browser.session.settings import Settings


class Opening:
    """Reads images as the command line does and shows them."""

    def __init__(self, scene: "vtkMRMLScene", state: "State", settings: "Settings", session: "Session") -> None:
        self._scene, self._state, self._settings, self._session = scene, state, settings, session
        state.update(
            {
                "samples": [{"name": one.name, "title": one.title} for one in SAMPLES],
                "notes_of_image": [],
                "keep_open": False,
            }
        )

    def open_first(self) -> None:
        """Open what the settings name."""
        if self._settings.sample:
            self.open_sample(self._settings.sample)
        elif self._settings.path is not None:
            self.open_file(self._settings.path, self._settings.path.name)

    def open_sample(self, name: str) -> None:
        """Open a sample that comes with LumbarSeg."""
        try:
            self.open_file(sample_named(name).path, name)
        except LumbarSegError as error:
            self._session.trouble(as_sentence(error))

    def open_uploaded(self, paths: Sequence[Path], names: Sequence[str]) -> None:
        """Open what the user uploaded: one file, or the files of a DICOM series in one folder."""
        self.open_file(paths[0] if len(paths) == 1 else paths[0].parent, names[0] if names else "image")

    def open_file(self, path: Path, name: str, series: str | None = None) -> None:
        """Open an image file or a DICOM folder under a name; nothing changes where it cannot be read."""
        try:
            image = images.read_image(path, series)
        except LumbarSegError as error:
            self._session.trouble(as_sentence(error))
            return
        if not self._state.keep_open:
            self._session.close_all()
        volume = volume_from_image(self._scene, image, Path(name).name.split(".")[0] or "image")
        self._state.notes_of_image = list(images.notes_of(image))
        self._session.viewing.show_volume(volume)
        self._session.choosing.add(volume)
