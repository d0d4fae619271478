"""How long live measures take on the shipped sample: prints a line for each step, in seconds.

    python -m Testing.benchmarks.live

What a user waits for after a stroke is the refresh after an edit, at most 0.5 s, or after a dragged corner.
"""

import time
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core import analysis
from LumbarSegLib.core.images import read_image
from LumbarSegLib.resources import samples_dir
from LumbarSegLib.scene.automatic import back_to_automatic
from LumbarSegLib.scene.host import open_scene, slicer
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.visibility import show_surfaces
from LumbarSegLib.scene.volumes import oriented_from_image, volume_from_image

_L3, _CORNER = 3, "L3.superior_anterior"


def timed(step: str, work: Callable[[], object]) -> None:
    """Do the work and print how long it took."""
    started = time.perf_counter()
    work()
    print(f"{step}: {time.perf_counter() - started:.3f}")


def main() -> None:
    """Segment the sample, then do what a user does with the result."""
    image = read_image(samples_dir() / "lumbar-t2.nrrd")
    result = analysis.segment(image, analysis.prepare(image)).result
    with open_scene() as scene:
        volume = volume_from_image(scene, image, "sample")
        segmentation = put_result(volume, result, {"task": "sagittal"}).segmentation
        assert segmentation is not None
        live = LiveMeasures(segmentation, volume)
        timed("all measures", live.refresh)
        voxels = sitk.GetArrayFromImage(result.labels) == _L3
        for number in range(5):
            _, rows, columns = np.nonzero(voxels)
            voxels[:, rows.min() : rows.min() + 8, columns.min() : columns.min() + 8 + number] = True
            drawn = sitk.GetImageFromArray(voxels.astype(np.uint8))
            drawn.CopyInformation(result.labels)
            logic = slicer.vtkSlicerSegmentationsModuleLogic
            logic.SetBinaryLabelmapToSegment(oriented_from_image(drawn), segmentation, f"Segment_{_L3}")
            timed("after an edit of L3", live.refresh)
        x, y, z = live.refresh().landmarks[_CORNER].place
        live.drag(_CORNER, (x, y + 2.0, z))
        timed("after a dragged corner", live.refresh)
        timed("back to the automatic result", lambda: back_to_automatic(segmentation))
        timed("surfaces of all segments", lambda: show_surfaces(segmentation))


if __name__ == "__main__":
    main()
