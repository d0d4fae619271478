"""What a run is made of: the image, its task, the model, the lowest disc, the view of a radiograph."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.anatomy import LOWEST_DISCS
from LumbarSegLib.errors import LumbarSegError
from LumbarSegLib.scene.running import Choices
from LumbarSegLib.scene.suitability import VIEWS, suitability, task_choices
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode
    from trame_server.state import State

OF_A_RUN = ("image", "task", "model", "lowest_disc", "view", "replace")
"""Names in the page's state of all that is chosen for a run."""

_LOWEST = "L5/S1"


class Choosing:
    """The choices of a run, kept in the page's state. `on_change` is called after each."""

    def __init__(self, state: "State", on_change: Callable[[], None]) -> None:
        self._state, self._on_change = state, on_change
        self._volumes: dict[str, vtkMRMLVolumeNode] = {}
        self.problem = self.task_found = ""
        state.update(
            {
                "images": [],
                "image": "",
                "task": "auto",
                "tasks": _options(task_choices("")),
                "model": "",
                "models": _options([(_("Automatic"), "")]),
                "lowest_disc": _LOWEST,
                "lowest_discs": list(LOWEST_DISCS),
                "view": "auto",
                "views": _options(list(VIEWS)),
                "replace": "replace",
                "replaces": _options([(_("Replace the result"), "replace"), (_("Keep both results"), "keep")]),
            }
        )
        state.change("task", "model", "lowest_disc")(lambda **_: self.check())

    @property
    def volume(self) -> "vtkMRMLVolumeNode | None":
        return self._volumes.get(self._state.image)

    @property
    def choices(self) -> Choices:
        task = self.likely_task or self._state.task
        return Choices(task, self._state.model or None, "auto", self._state.lowest_disc, self._state.view)

    @property
    def likely_task(self) -> str:
        """The task of the run as far as it is known, "" where it is not."""
        return self.task_found if self._state.task == "auto" else str(self._state.task)

    def add(self, volume: "vtkMRMLVolumeNode") -> None:
        """Let an image be chosen, and choose it."""
        self._volumes[volume.GetID()] = volume
        self._state.images = _options([(one.GetName(), key) for key, one in self._volumes.items()])
        self._state.image = volume.GetID()
        self.check()

    def take(self, chosen: Mapping[str, str]) -> None:
        """Take over what a click says is chosen: the state may still hold what was chosen before."""
        self._state.update({key: chosen[key] for key in OF_A_RUN})
        self._state.flush()

    def clear(self) -> None:
        """No image is open any more; what was chosen for the last one does not hold for the next."""
        self._volumes.clear()
        self._state.update({"images": [], "image": "", "task": "auto", "view": "auto", "lowest_disc": _LOWEST})
        self.check()

    def check(self) -> None:
        """Find out whether the image can be segmented, and as what."""
        volume = self.volume
        self.problem, self.task_found = suitability(volume, self._state.task) if volume is not None else ("", "")
        self._state.tasks = _options(task_choices(self.task_found))
        self._on_change()

    def fill_models(self) -> None:
        """List the models that come with LumbarSeg."""
        from LumbarSegLib.core import models

        try:
            shipped = models.shipped()
        except LumbarSegError:
            shipped = []
        items = [(f"{one.title or one.name} {one.version}", one.name) for one in shipped]
        self._state.models = _options([(_("Automatic"), ""), *items])


def _options(items: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"text": text, "value": value} for text, value in items]
