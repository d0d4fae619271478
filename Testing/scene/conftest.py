import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import Numbering
from LumbarSegLib.core.levels import Instance, Spine
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import segmentation_from_result
from LumbarSegLib.scene.volumes import volume_from_image
from LumbarSegLib.scene.vtk_errors import vtk_errors_raised
from Testing.scene.grids import place_obliquely


@pytest.fixture
def scene() -> Iterator[Any]:
    """An empty scene; the test fails if VTK or MRML report an error, or if an observer raises one."""
    raised: list[BaseException] = []
    hook, sys.excepthook = sys.excepthook, lambda _kind, error, _trace: raised.append(error)
    try:
        with open_scene() as empty, vtk_errors_raised():
            yield empty
    finally:
        sys.excepthook = hook
    assert not raised


@pytest.fixture
def spine() -> Spine:
    """Blocks for L5 to L3 with their discs and the canal, on an oblique grid; the image border cuts L3."""
    voxels = np.zeros((7, 50, 40), np.uint8)
    blocks = {1: (35, 45), 201: (45, 48), 2: (22, 32), 202: (32, 35), 3: (0, 19), 203: (19, 22)}
    for label, (top, bottom) in blocks.items():
        voxels[1:6, top:bottom, 5:20] = label
    voxels[2:5, :48, 22:28] = 100
    labels = sitk.GetImageFromArray(voxels)
    place_obliquely(labels)
    structures = [Numbering().structure(label) for label in (201, 1, 202, 2, 203, 3, 100)]
    return Spine(labels, tuple(Instance(s, (0.0, 0.0, 0.0), 1.0, s.name == "L3") for s in structures), "L5/S1", ())


@pytest.fixture
def image(spine: Spine) -> sitk.Image:
    """An image on the grid of the spine."""
    voxels = np.random.default_rng(0).integers(0, 1000, spine.labels.GetSize()[::-1], np.int16)
    image = sitk.GetImageFromArray(voxels)
    image.CopyInformation(spine.labels)
    return image


@pytest.fixture
def volume(scene: Any, image: sitk.Image) -> Any:
    return volume_from_image(scene, image, "T2 sag/1")


@pytest.fixture
def segmentation(scene: Any, spine: Spine, volume: Any, provenance: dict[str, str]) -> Any:
    return segmentation_from_result(scene, spine, volume, provenance)


@pytest.fixture
def provenance() -> dict[str, str]:
    return {
        "model": "sagittal | Wirbelsäule: 50 %; ~^first",
        "model_version": "1.0",
        "model_sha256": "0" * 64,
        "date": "2026-11-20T10:00:00+00:00",
        "image_sha256": "f" * 64,
    }


@pytest.fixture
def on_full_disk() -> Callable[[Callable[[], None]], None]:
    """Runs a function while the system lets no file grow beyond one kilobyte, as on a disk that is full."""

    def run(function: Callable[[], None]) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
        try:
            function()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return run
