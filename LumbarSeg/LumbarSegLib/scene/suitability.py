"""Whether a volume can be segmented, and as what."""

from typing import TYPE_CHECKING

from LumbarSegLib.core import images
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.films import image_to_segment, likely_task
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

VIEWS = ((_("Automatic"), "auto"), (_("From the front"), "frontal"), (_("From the side"), "lateral"))
"""How a radiograph was taken, as words and keys to choose from."""

TASK_NAMES = {"sagittal": _("Sagittal MR"), "axial": _("Axial MR"), "xray": _("Radiograph")}


def suitability(volume: "vtkMRMLVolumeNode", task: str) -> tuple[str, str]:
    """Why a volume cannot be segmented for a task or for "auto", and the task that is found for it; each "" where there
    is none.
    """
    try:
        if task == "auto":
            return "", likely_task(volume)
        images.check_volume(image_to_segment(volume, task))
    except LumbarSegError as error:
        return as_sentence(error), ""
    return "", ""


def task_choices(found: str) -> list[tuple[str, str]]:
    """The tasks to choose from as words and keys; "auto" comes first and says which one was `found`."""
    name = TASK_NAMES.get(found)
    automatic = _("Automatic: {task}").format(task=name) if name else _("Automatic")
    return [(automatic, "auto"), *((text, task) for task, text in TASK_NAMES.items())]
