import os
import subprocess
import sys

import pytest
import SimpleITK as sitk

from LumbarSegLib.scene.host import open_scene, reason_for_failed_import, slicer
from LumbarSegLib.scene.volumes import volume_from_image
from LumbarSegLib.scene.vtk_errors import VtkError, vtk_errors_raised


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", "apt-get install libgl1"),
        (
            "libOdd.so.3: cannot open shared object file: No such file",
            "Install the package that holds libOdd.so.3.",
        ),
        ("No module named 'slicer'", "pip install slicer-core"),
    ],
)
def test_a_library_that_is_missing_is_named_with_its_remedy(message: str, sentence: str) -> None:
    reason = reason_for_failed_import(ImportError(message))
    assert reason.endswith(sentence)
    assert "\n" not in reason


def test_without_the_library_the_user_gets_the_sentence() -> None:
    program = "import sys; sys.modules['slicer'] = None; import LumbarSegLib.scene.host"
    ended = _python(program)
    assert "LumbarSegError: 3D Slicer's library cannot be loaded" in ended.stderr


def test_a_scene_closes_in_silence_even_if_its_nodes_are_still_held() -> None:
    program = """
from LumbarSegLib.scene.host import open_scene
with open_scene() as scene:
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.GetSegmentation().AddEmptySegment("L3")
"""
    ended = _python(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_scenes_are_apart() -> None:
    with open_scene() as one, open_scene() as other:
        volume_from_image(one, sitk.Image(3, 3, 3, sitk.sitkInt16), "volume")
        assert other.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_an_error_that_vtk_reports_is_raised_and_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    storage = slicer.vtkMRMLSegmentationStorageNode()
    with pytest.raises(VtkError, match="vtkMRMLSegmentationStorageNode"), vtk_errors_raised():
        storage.ReadData(None)
    assert capfd.readouterr() == ("", "")


def _python(program: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
