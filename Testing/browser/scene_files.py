"""Scenes and segmentations as users exported them yesterday, written by the library that writes them."""

from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from LumbarSegLib.scene.files import save_segmentation
from LumbarSegLib.scene.host import open_scene
from Testing.scene.following import SPINE, image_like, mask_of, paint, spine_run, without_front

_L3 = 3


@dataclass(frozen=True)
class Yesterday:
    """A spine with L3 edited by hand: all in one scene, and image and segments apart."""

    scene: Path
    image: Path
    segments: Path


def yesterday(folder: Path) -> Yesterday:
    """Write all of them into a folder."""
    files = Yesterday(folder / "case 1.mrb", folder / "case 1.nrrd", folder / "case 1.seg.nrrd")
    with open_scene() as scene:
        segmentation = spine_run(scene).segmentation
        assert segmentation is not None
        paint(segmentation, "L3", without_front(mask_of(SPINE.labels, [_L3])), SPINE.labels)
        save_segmentation(segmentation, files.scene)
        save_segmentation(segmentation, files.segments)
    sitk.WriteImage(image_like(SPINE.labels), str(files.image))
    return files
