"""Which image is segmented, by which model and how: the first part of the panel."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer
import slicer.util
from slicer.i18n import tr as _

from LumbarSegLib.core.anatomy import LOWEST_DISCS
from LumbarSegLib.core.samples import SAMPLES
from LumbarSegLib.desktop import asking, samples
from LumbarSegLib.desktop.model_card import show_card
from LumbarSegLib.desktop.parameters import Parameters
from LumbarSegLib.desktop.widgets import Connections, choose, fill, icon
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.running import Choices
from LumbarSegLib.scene.suitability import VIEWS, suitability, task_choices

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

    from LumbarSegLib.core.models import ModelInfo

_OTHER = "other"  # the item that asks for a model file
_KEPT = {"taskBox": "Task", "deviceBox": "Device", "lowestDiscBox": "LowestDisc", "viewBox": "View"}


class Choosing:
    """The choices of a run. `on_change` is called after each, `on_trouble` with a sentence where one is refused."""

    def __init__(
        self,
        ui: Any,
        parameters: Parameters,
        connections: Connections,
        on_change: Callable[[], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._ui, self._parameters = ui, parameters
        self._on_change, self._on_trouble = on_change, on_trouble
        self._checked: tuple[object, ...] | None = None
        self._trusted: set[str] = set()
        self._models: list[ModelInfo] = []
        self.problem = self.task_found = ""
        fill(ui.taskBox, task_choices(self.task_found))
        fill(ui.modelBox, [(_("Automatic"), "")])
        devices = ((_("Automatic"), "auto"), (_("Processor (CPU)"), "cpu"), (_("Graphics card (GPU)"), "cuda"))
        fill(ui.deviceBox, devices)
        fill(ui.lowestDiscBox, [(name, name) for name in LOWEST_DISCS], "L5/S1")
        fill(ui.viewBox, VIEWS)
        ui.modelCardButton.setIcon(icon("info"))
        self._menu = qt.QMenu(ui.sampleButton)
        for sample in SAMPLES:
            action = self._menu.addAction(sample.title)
            connections.add(action, "triggered(bool)", lambda _on=False, name=sample.name: self.load_sample(name))
        ui.sampleButton.setMenu(self._menu)
        connections.add(ui.inputSelector, "currentNodeChanged(vtkMRMLNode*)", self._volume_chosen)
        for name in _KEPT:
            connections.add(getattr(ui, name), "currentIndexChanged(int)", self._kept)
        connections.add(ui.modelBox, "currentIndexChanged(int)", self._model_chosen)
        connections.add(ui.modelCardButton, "clicked(bool)", self._show_card)

    @property
    def volume(self) -> "vtkMRMLVolumeNode | None":
        return self._ui.inputSelector.currentNode()

    @property
    def choices(self) -> Choices:
        model, lowest = self._ui.modelBox.currentData, self._ui.lowestDiscBox.currentData
        device, task = self._ui.deviceBox.currentData, self.likely_task or self.task
        return Choices(task, model or None, device, lowest, self._ui.viewBox.currentData, model in self._trusted)

    @property
    def task(self) -> str:
        """The task as chosen, "auto" where it is to be found."""
        return str(self._ui.taskBox.currentData)

    @property
    def likely_task(self) -> str:
        """The task of the run as far as it is known, "" where it is not."""
        return self.task_found if self.task == "auto" else self.task

    def restore(self) -> None:
        """Take over what a scene says, else what is shown."""
        for name, key in _KEPT.items():
            box = getattr(self._ui, name)
            choose(box, self._parameters.value(key, "L5/S1" if name == "lowestDiscBox" else "auto"))
        volume = self._parameters.node("Volume") or shown_volume()
        if volume is not None:
            self._ui.inputSelector.setCurrentNode(volume)
        self.check()

    def follow_views(self) -> None:
        """Choose the volume that the views show, if it is one that can be chosen."""
        volume = shown_volume()
        if volume is not None and volume is not self.volume and volume.GetClassName() != "vtkMRMLLabelMapVolumeNode":
            self._ui.inputSelector.setCurrentNode(volume)

    def check(self) -> None:
        """Find out whether the volume can be segmented, and as what; done again only where something changed."""
        now = (_stamp(self.volume), self.task)
        if now != self._checked:
            self._checked = now
            volume = self.volume
            self.problem, self.task_found = suitability(volume, self.task) if volume is not None else ("", "")
            fill(self._ui.taskBox, task_choices(self.task_found), self.task)
            self._on_change()

    def fill_models(self) -> None:
        """List the models that come with LumbarSeg; reading them takes too long for the first moment."""
        from LumbarSegLib.core import models

        try:
            self._models = models.shipped()
        except LumbarSegError as error:
            self._on_trouble(as_sentence(error))
        chosen = self._ui.modelBox.currentData
        items = [(_("Automatic"), "")] + [(f"{one.title or one.name} {one.version}", one.name) for one in self._models]
        items += [(Path(path).name, path) for path in sorted(self._trusted)]
        fill(self._ui.modelBox, [*items, (_("Another model file…"), _OTHER)], chosen)

    def load_sample(self, name: str) -> None:
        """Load a sample that comes with LumbarSeg, or choose it if it is there already."""
        try:
            self._ui.inputSelector.setCurrentNode(samples.load(name))
        except LumbarSegError as error:
            self._on_trouble(as_sentence(error))

    def _volume_chosen(self, volume: Any) -> None:
        self._parameters.keep_node("Volume", volume)
        if volume is not None and shown_volume() is not volume:
            slicer.util.setSliceViewerLayers(background=volume, fit=True)
        self.check()

    def _kept(self, _index: int) -> None:
        for name, key in _KEPT.items():
            self._parameters.keep(key, str(getattr(self._ui, name).currentData))
        self.check()
        self._on_change()

    def _model_chosen(self, _index: int) -> None:
        self._on_change()
        if self._ui.modelBox.currentData == _OTHER:
            self._choose_file()

    def _choose_file(self) -> None:
        from LumbarSegLib.core import models

        choose(self._ui.modelBox, "")
        path = asking.file_to_open(_("Choose a model file"), _("Models (*.ts)"))
        if not path:
            return
        try:
            info = models.read_info(Path(path))
        except LumbarSegError as error:
            self._on_trouble(as_sentence(error))
            return
        question = _(
            "{name} does not come with LumbarSeg and can run any code on this computer. "
            "Load it only if you trust where it is from."
        ).format(name=info.path.name)
        if info.listed or asking.agrees(question, _("Load it")):
            self._trusted.add(path)
            self.fill_models()
            choose(self._ui.modelBox, path)

    def _show_card(self, _checked: bool = False) -> None:
        from LumbarSegLib.core import models

        chosen = self._ui.modelBox.currentData
        try:
            info = models.find(chosen) if chosen else models.choose(self.likely_task or "sagittal")
        except LumbarSegError as error:
            asking.tell(as_sentence(error))
        else:
            show_card(info, self._ui.modelCardButton)


def shown_volume() -> "vtkMRMLVolumeNode | None":
    """The volume in the background of the slice views, else the active one."""
    scene = slicer.mrmlScene
    views = scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
    shown = [views.GetItemAsObject(place).GetBackgroundVolumeID() for place in range(views.GetNumberOfItems())]
    selection = slicer.app.applicationLogic().GetSelectionNode()
    active = selection.GetActiveVolumeID() if selection is not None else None
    return next((scene.GetNodeByID(one) for one in (*shown, active) if one and scene.GetNodeByID(one)), None)


def _stamp(volume: "vtkMRMLVolumeNode | None") -> tuple[object, ...]:
    """Changes with the voxels of a volume and with how they are placed."""
    if volume is None:
        return ()
    data, parent = volume.GetImageData(), volume.GetParentTransformNode()
    moved = parent.GetTransformToWorldMTime() if parent is not None else 0
    return volume.GetID(), data.GetMTime() if data is not None else 0, volume.GetMTime(), moved
