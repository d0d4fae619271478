"""LumbarSeg in 3D Slicer: what Slicer looks for in a scripted module. All that it does stands in LumbarSegLib."""

import sys
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class LumbarSeg(ScriptedLoadableModule):  # type: ignore[misc]  # Slicer has no types
    """The module as Slicer lists it."""

    def __init__(self, parent: Any) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("LumbarSeg")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "SegmentEditor", "Markups", "Tables", "Plots", "Terminologies"]
        parent.contributors = ["LumbarSeg contributors"]
        parent.helpText = _(
            "Segments the lumbar spine in MR images, as segments that can be edited, and measures it by level. "
            "Measures follow each correction. Research use; not for diagnosis."
        )
        parent.acknowledgementText = _(
            "Trained on the SPIDER data set (van der Graaf et al., Scientific Data 11:264, 2024) and the Lumbar Spine "
            "MRI Dataset (Sudirman et al., Mendeley Data, 2019), both CC BY 4.0."
        )
        slicer.app.connect("startupCompleted()", _at_startup)


def _at_startup() -> None:
    """Teach Slicer our terms and samples, once all modules are there."""
    from LumbarSegLib.desktop import samples
    from LumbarSegLib.scene.terminology import load_terminology

    load_terminology(slicer.modules.terminologies.logic())
    samples.register()


class LumbarSegWidget(ScriptedLoadableModuleWidget):  # type: ignore[misc]  # Slicer has no types
    """Loads the panel from its .ui file and passes on what Slicer tells it. `panel` is None while it is imported."""

    def setup(self) -> None:
        from LumbarSegLib.desktop.opening import Opening

        ScriptedLoadableModuleWidget.setup(self)
        self.uiWidget = slicer.util.loadUI(self.resourcePath("UI/LumbarSeg.ui"))
        self.layout.addWidget(self.uiWidget)
        self.ui = slicer.util.childWidgetVariables(self.uiWidget)
        self.ui.LumbarSeg = self.uiWidget
        self.uiWidget.setMRMLScene(slicer.mrmlScene)
        self.panel: Any = None
        self._is_entered = False
        self._opening = Opening(self.ui, self._open)

    def _open(self, module: Any) -> None:
        self.panel = module.Panel(self.ui)
        if self._is_entered:
            self.panel.enter()

    def enter(self) -> None:
        self._is_entered = True
        if self.panel is not None:
            self.panel.enter()

    def exit(self) -> None:
        self._is_entered = False
        if self.panel is not None:
            self.panel.exit()

    def cleanup(self) -> None:
        if self.panel is not None:
            self.panel.cleanup()
        elif self._opening is not None:
            self._opening.stop()
        self.uiWidget.setMRMLScene(None)
        self.uiWidget.deleteLater()

    def onReload(self) -> None:
        """Read the library anew too, which Slicer's own reload leaves as it is."""
        for name in [name for name in sys.modules if name.split(".")[0] == "LumbarSegLib"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class LumbarSegLogic(ScriptedLoadableModuleLogic):  # type: ignore[misc]  # Slicer has no types
    """For scripts: from a volume to its segmentation and measures, without the panel."""

    def segment(self, volume: Any, **choices: Any) -> Any:
        """Segment a volume and return the new segmentation node; waits for it. `choices` are those of
        `core.worker.client.Worker.segment`, as `task` and `lowest_disc`. Raises LumbarSegError.
        """
        from LumbarSegLib.desktop.scripting import segment

        return segment(volume, **choices)

    def measure(self, segmentation: Any) -> Any:
        """The `Findings` of a segmentation whose volume is in the scene. Raises LumbarSegError."""
        from LumbarSegLib.desktop.scripting import measure

        return measure(segmentation)


class LumbarSegTest(ScriptedLoadableModuleTest):  # type: ignore[misc]  # Slicer has no types
    """Runs the whole path on the shipped sample inside Slicer: segment, correct, measure, export, cancel."""

    def runTest(self) -> None:
        from LumbarSegLib.desktop.self_test import SelfTest

        SelfTest(self).run()
