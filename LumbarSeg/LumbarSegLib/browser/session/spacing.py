"""The distance of the pixels of an image whose file states none, as its user gives it."""

from typing import TYPE_CHECKING

from LumbarSegLib.core.notes import notes_of
from LumbarSegLib.core.spacing import check_pixel_spacing, has_spacing, states_spacing, with_spacing
from LumbarSegLib.errors import InputError, as_sentence
from LumbarSegLib.scene.volumes import image_from_volume, place_volume

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

    from LumbarSegLib.browser.session.session import Session

TIP = "In mm, where the file states none; given before the image is segmented."


class PixelSpacing:
    """Whether the page asks for it, `asks_spacing`, and what was given, `pixel_spacing`, "" for nothing."""

    def __init__(self, session: "Session") -> None:
        self._session, self._state = session, session.state
        self._state.update({"asks_spacing": False, "pixel_spacing": ""})

    def show(self, volume: "vtkMRMLVolumeNode | None") -> None:
        """Ask for it where the file of this image states none."""
        if volume is not None:
            image = image_from_volume(volume)
            self._state.asks_spacing = not states_spacing(image)
            self._state.pixel_spacing = image.GetSpacing()[0] if has_spacing(image) else ""

    def give(self, typed: str) -> None:
        """Let the pixels of the image be so far apart (mm), or unknown again; what is no such distance changes nothing.

        A result lies on the pixels as they were, so once there is one the image is opened anew for that.
        """
        session, volume = self._session, self._session.choosing.volume
        if volume is None or session.running.is_busy or session.correcting.result_of(volume) is not None:
            return
        try:
            image = with_spacing(image_from_volume(volume), _in_mm(typed))
        except InputError as error:
            session.trouble(as_sentence(error))
            return
        place_volume(volume, image)
        session.running.last = None
        self._state.notes_of_image = list(notes_of(image))
        session.viewing.show_volume(volume)
        session.choosing.check()


def _in_mm(typed: str) -> float | None:
    """Raises InputError where it is no distance that pixels can have."""
    if not typed.strip():
        return None
    mm = float(typed)
    check_pixel_spacing(mm)
    return mm
