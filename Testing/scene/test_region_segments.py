"""The regions of an axial image in a real MRML scene: segments, files and the way back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from LumbarSegLib.core.regions import Regions, regions_of
from LumbarSegLib.errors import InputError, OutputError
from LumbarSegLib.scene.files import load_segmentation, save_segmentation
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import (
    label_of,
    labels_from_segmentation,
    provenance_of,
    segmentation_from_result,
    segments_of,
    task_of,
)
from LumbarSegLib.scene.terminology import entry_of
from LumbarSegLib.scene.volumes import volume_from_image
from Testing.axial import axial_image, axial_labels
from Testing.scene.grids import same_grid, same_voxels


@pytest.fixture(params=[6, 1], ids=["stack", "one slice"])
def regions(request: pytest.FixtureRequest) -> Regions:
    return regions_of(axial_labels(request.param))


@pytest.fixture
def volume(scene: Any, regions: Regions) -> Any:
    return volume_from_image(scene, axial_image(regions.labels), "axial")


@pytest.fixture
def segmentation(scene: Any, regions: Regions, volume: Any) -> Any:
    return segmentation_from_result(scene, regions, volume, {"task": "axial", "model": "by hand"})


def test_each_region_is_a_segment_with_its_name_colour_value_and_code(segmentation: Any, regions: Regions) -> None:
    segments = list(segments_of(segmentation).values())
    assert [segment.GetName() for segment in segments] == ["IVD", "PE", "TS", "AAP"]
    for instance, segment in zip(regions.instances, segments, strict=True):
        structure = instance.structure
        assert np.allclose(segment.GetColor(), np.divide(structure.color, 255))
        assert segment.GetLabelValue() == label_of(segment) == structure.label
        assert segment.GetTerminology() == entry_of(structure)


def test_the_labels_come_back_on_the_grid_of_the_image(segmentation: Any, regions: Regions, volume: Any) -> None:
    for found in (labels_from_segmentation(segmentation), labels_from_segmentation(segmentation, volume)):
        assert same_grid(found, regions.labels)
        assert same_voxels(found, regions.labels)


@pytest.mark.parametrize("suffix", [".seg.nrrd", ".mrb"])
def test_a_file_brings_the_regions_and_their_task_back(
    scene: Any, segmentation: Any, regions: Regions, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"axial{suffix}"
    save_segmentation(segmentation, path)
    loaded = load_segmentation(scene, path)
    assert (task_of(loaded), provenance_of(loaded)["model"]) == ("axial", "by hand")
    assert [segment.GetName() for segment in segments_of(loaded).values()] == ["IVD", "PE", "TS", "AAP"]
    assert same_voxels(labels_from_segmentation(loaded), regions.labels)


def test_a_label_map_is_read_as_the_task_says(
    scene: Any, segmentation: Any, regions: Regions, volume: Any, tmp_path: Path
) -> None:
    path = tmp_path / "axial.nii.gz"
    save_segmentation(segmentation, path)
    loaded = load_segmentation(scene, path, volume, task="axial")
    assert [segment.GetName() for segment in segments_of(loaded).values()] == ["IVD", "PE", "TS", "AAP"]
    assert task_of(loaded) == "axial"
    assert same_voxels(labels_from_segmentation(loaded, volume), regions.labels)


def test_a_label_map_with_a_level_is_no_axial_one(scene: Any, segmentation: Any, volume: Any, tmp_path: Path) -> None:
    next(iter(segments_of(segmentation).values())).SetTag("LumbarSeg.Label", "201")
    save_segmentation(segmentation, tmp_path / "axial.nrrd")
    with pytest.raises(InputError, match="201 belongs to no region of axial images"):
        load_segmentation(scene, tmp_path / "axial.nrrd", volume, task="axial")


@pytest.mark.parametrize(("name", "label"), [("TS", 3), ("L3", None)])
def test_a_segment_drawn_by_hand_is_known_by_the_names_of_its_task(
    segmentation: Any, tmp_path: Path, name: str, label: int | None
) -> None:
    drawn = slicer.vtkSegment()
    drawn.SetName(name)
    segmentation.GetSegmentation().AddSegment(drawn, "drawn")
    assert label_of(drawn, task_of(segmentation)) == label
    if label is None:
        with pytest.raises(OutputError, match="no value for L3"):
            save_segmentation(segmentation, tmp_path / "axial.nrrd")
