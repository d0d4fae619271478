"""Which image, model and task: the panel follows what is shown, and says what cannot be segmented."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qt
import SimpleITK as sitk
import slicer
import slicer.util
from PySide6 import QtWidgets

from LumbarSegLib.core.worker.events import Answer
from LumbarSegLib.desktop import samples
from LumbarSegLib.scene.volumes import volume_from_image
from Testing.desktop.driving import Driven
from Testing.desktop.told_worker import ToldWorker, axial

Known = tuple[sitk.Image, Answer]


def test_the_image_follows_what_is_loaded_and_shown(panel: Driven, worker: ToldWorker, known: Known) -> None:
    first = panel.load(known[0], "first")
    assert panel.ui.inputSelector.currentNode() is first
    second = panel.load(known[0], "second")
    assert panel.ui.inputSelector.currentNode() is second


def test_an_image_that_is_chosen_is_shown(worker: ToldWorker, panel: Driven, known: Known) -> None:
    first, _second = panel.load(known[0], "first"), panel.load(known[0], "second")
    panel.ui.inputSelector.setCurrentNode(first)
    assert (
        slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode").GetBackgroundVolumeID() == first.GetID()
    )


def test_the_task_is_found_and_can_be_changed(worker: ToldWorker, panel: Driven, known: Known) -> None:
    panel.load(known[0], "sagittal")
    assert panel.ui.taskBox.currentText == "Automatic: Sagittal MR"
    panel.load(axial()[0], "axial")
    assert panel.ui.taskBox.currentText == "Automatic: Axial MR"
    assert worker.warmed[-1] == "axial"
    panel.choose("taskBox", "sagittal")
    assert panel.panel.choosing.choices.task == "sagittal"


def test_every_task_can_be_chosen(panel: Driven, worker: ToldWorker) -> None:
    box = panel.ui.taskBox
    assert [box.itemData(at) for at in range(box.count)] == ["auto", "sagittal", "axial", "xray"]


def test_the_sample_button_loads_each_sample_once(worker: ToldWorker, panel: Driven) -> None:
    actions = {one.text: one for one in panel.ui.sampleButton.menu().actions()}
    assert list(actions) == [sample.title for sample in samples.SAMPLES]
    for _twice in range(2):
        actions[samples.SAMPLES[0].title].trigger()
        panel.pause(0.1)
    assert panel.ui.inputSelector.currentNode().GetName() == "lumbar-t2"
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1
    assert panel.ui.segmentButton.enabled


def test_samples_are_listed_in_slicers_own_module() -> None:
    samples.register()
    listed = slicer.modules.sampleDataSources["LumbarSeg"]
    assert [one.sampleName for one in listed] == [sample.name for sample in samples.SAMPLES]
    for one in listed:
        assert Path(qt.QUrl(one.uris).toLocalFile()).is_file()
        assert one.checksums.startswith("SHA256:")
        assert Path(one.thumbnailFileName).is_file()


def colour(image: sitk.Image) -> sitk.Image:
    return sitk.Compose([image, image, image])


def test_a_colour_volume_is_told_of(worker: ToldWorker, panel: Driven, scene: Any) -> None:
    volume = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "photograph")
    data = slicer.vtkOrientedImageData()
    data.SetDimensions(8, 8, 1)
    data.AllocateScalars(3, 3)
    volume.SetAndObserveImageData(data)
    panel.ui.inputSelector.setCurrentNode(volume)
    panel.pause(0.1)
    assert "several values for each voxel" in panel.ui.statusLabel.text
    assert not panel.ui.segmentButton.enabled
    assert panel.ui.warningIcon.visible


def test_an_empty_volume_is_told_of(worker: ToldWorker, panel: Driven, scene: Any) -> None:
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
    panel.ui.inputSelector.setCurrentNode(volume)
    assert "empty" in panel.ui.statusLabel.text
    assert not panel.ui.segmentButton.enabled


def test_a_volume_whose_values_are_all_alike_is_told_of(worker: ToldWorker, panel: Driven) -> None:
    panel.load(sitk.Image(20, 20, 5, sitk.sitkInt16), "blank")
    assert panel.ui.statusLabel.text == "All voxels have the same value; check that the right image was exported."


def test_a_volume_under_a_transform_that_bends_it_is_told_of(
    worker: ToldWorker, panel: Driven, known: Known, scene: Any
) -> None:
    volume = volume_from_image(scene, known[0], "bent")
    bending = scene.AddNewNodeByClass("vtkMRMLGridTransformNode")
    grid = slicer.vtkOrientedGridTransform()
    field = slicer.vtkOrientedImageData()
    field.SetDimensions(5, 5, 5)
    field.SetSpacing(60, 60, 60)
    field.SetOrigin(-150, -150, -150)
    field.AllocateScalars(11, 3)
    from vtkmodules.util.numpy_support import vtk_to_numpy

    vtk_to_numpy(field.GetPointData().GetScalars())[:] = np.random.default_rng(0).normal(0, 8, (125, 3))
    grid.SetDisplacementGridData(field)
    bending.SetAndObserveTransformToParent(grid)
    volume.SetAndObserveTransformNodeID(bending.GetID())
    panel.ui.inputSelector.setCurrentNode(volume)
    assert "bends or shears" in panel.ui.statusLabel.text
    assert not panel.ui.segmentButton.enabled


def test_what_is_mended_can_be_segmented(worker: ToldWorker, panel: Driven, known: Known, scene: Any) -> None:
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty at first")
    panel.ui.inputSelector.setCurrentNode(volume)
    assert not panel.ui.segmentButton.enabled
    other = volume_from_image(scene, known[0], "whole")
    volume.CopyContent(other)
    panel.wait(lambda: panel.ui.segmentButton.enabled)


def test_the_models_are_listed_and_their_card_tells_training_scores_and_limits(
    worker: ToldWorker, panel: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = panel.ui.modelBox
    assert [box.itemData(at) for at in range(box.count)][1:3] == ["sagittal-mr", "axial-mr"]
    panel.choose("modelBox", "axial-mr")
    seen: list[str] = []

    def read(dialog: Any) -> int:
        seen.append(dialog.findChild(QtWidgets.QTextBrowser).plainText)
        return 0

    monkeypatch.setattr(QtWidgets.QDialog, "exec_", read)
    panel.click("modelCardButton")
    assert "Trained on" in seen[0]
    assert "Lumbar Spine MRI Dataset" in seen[0]
    assert "ts 0.790" in seen[0]
    assert "Limits" in seen[0]
    assert "Research use; not for diagnosis." in seen[0]


def _own_model(tmp_path: Path) -> Path:
    from LumbarSegLib.resources import resource

    path = tmp_path / "Modell größer.ts"
    whole = resource("Models", "sagittal-mr.ts").read_bytes()
    path.write_bytes(whole)
    import zipfile

    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("of my own", b"")
    return path


@pytest.mark.parametrize("agrees", [True, False])
def test_a_model_file_of_unknown_origin_is_loaded_only_with_consent(
    worker: ToldWorker, panel: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agrees: bool
) -> None:
    path, asked = str(_own_model(tmp_path)), []
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", staticmethod(lambda *_: path))
    monkeypatch.setattr("LumbarSegLib.desktop.asking.agrees", lambda question, yes: asked.append(question) or agrees)
    panel.choose("modelBox", "other")
    assert "can run any code" in asked[0]
    choices = panel.panel.choosing.choices
    assert (choices.model, choices.accept_unlisted) == ((path, True) if agrees else (None, False))


def test_a_file_that_is_no_model_is_told_of(
    worker: ToldWorker, panel: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "damaged.ts"
    path.write_bytes(b"no model")
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", staticmethod(lambda *_: str(path)))
    panel.choose("modelBox", "other")
    assert "damaged.ts is not a model file" in panel.ui.statusLabel.text
    assert panel.panel.choosing.choices.model is None


def test_choices_are_kept_with_the_scene(worker: ToldWorker, panel: Driven, known: Known, scene: Any) -> None:
    volume = panel.load(known[0], "kept")
    panel.choose("deviceBox", "cpu")
    panel.choose("lowestDiscBox", "L4/5")
    panel.close()
    again = Driven()
    assert again.ui.inputSelector.currentNode() is volume
    assert again.panel.choosing.choices.device == "cpu"
    assert again.panel.choosing.choices.lowest_disc == "L4/5"
    again.close()
