"""What was exported before comes back: a scene, a segmentation beside its image, measures."""

from pathlib import Path
from typing import TYPE_CHECKING

import SimpleITK as sitk

from LumbarSegLib.browser.bundles import SUFFIX as SCENE
from LumbarSegLib.browser.bundles import check_bundle
from LumbarSegLib.browser.session.page.dialogs import close_dialog
from LumbarSegLib.core.report.reading import SUFFIXES as FINDINGS
from LumbarSegLib.errors import InputError, LumbarSegError, as_sentence
from LumbarSegLib.scene.files import copy_alone, load_segmentation, opened_bundle
from LumbarSegLib.scene.hierarchy import remove
from LumbarSegLib.scene.reading import result_of
from LumbarSegLib.scene.segmentations import labels_from_segmentation, volume_of

if TYPE_CHECKING:
    from LumbarSegLib.browser.session.session import Session

_SEGMENTS = ".seg.nrrd"


def is_scene(path: Path) -> bool:
    """Whether a file by its name is a scene, with an image of its own."""
    return path.name.lower().endswith(SCENE)


def is_beside(path: Path) -> bool:
    """Whether a file by its name belongs to an image: segments, or measures."""
    return path.name.lower().endswith((_SEGMENTS, *FINDINGS))


def open_scene_file(session: "Session", path: Path) -> None:
    """Open an image with its segmentation, instead of what is open or beside it.

    Raises LumbarSegError where it cannot be read; nothing has changed then.
    """
    check_bundle(path, path.name)
    with opened_bundle(path) as found:
        if not session.state.keep_open:
            session.close_all()
        segmentation = copy_alone(found, session.app.scene)
    volume = volume_of(segmentation)
    assert volume is not None
    session.state.update({"keep_open": False, "notes_of_image": []})
    close_dialog(session.state)
    session.viewing.show_volume(volume)
    session.choosing.add(volume)
    session.show_result(segmentation)


def open_beside(session: "Session", path: Path, name: str) -> None:
    """Show segments or measures on the image that is open; where they cannot be, say why and change nothing."""
    try:
        if path.name.lower().endswith(_SEGMENTS):
            _open_segments(session, path, name)
        else:
            session.measuring.show_file(path, name, session.choosing.volume)
            session.state.folded = {**session.state.folded, "measure": False}
    except LumbarSegError as error:
        session.trouble(as_sentence(error).replace(path.name, name))
    else:
        close_dialog(session.state)


def _open_segments(session: "Session", path: Path, name: str) -> None:
    volume = session.choosing.volume
    if volume is None:
        raise InputError(f"{path.name}: a segmentation belongs to an image. Open its image first, or both together.")
    segmentation = load_segmentation(session.app.scene, path, volume)
    segmentation.SetName(name.removesuffix(_SEGMENTS))
    try:
        labels = labels_from_segmentation(segmentation, volume)
        if not sitk.GetArrayViewFromImage(labels).any():
            raise InputError(f"{path.name}: nothing of it lies in this image; open the image that it was made from.")
        result_of(segmentation, labels)
    except LumbarSegError:
        remove(segmentation)
        raise
    session.show_result(segmentation)
