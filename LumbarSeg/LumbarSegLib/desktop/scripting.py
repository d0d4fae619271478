"""What the panel does, for a script that waits for it."""

import shutil
import time
from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.core.worker.events import Answer, Died, Failed
from LumbarSegLib.errors import InputError, LumbarSegError
from LumbarSegLib.scene.films import image_to_segment
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.segmentations import volume_of

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode

_EVERY_S = 0.05


def segment(volume: "vtkMRMLVolumeNode", **choices: Any) -> "vtkMRMLSegmentationNode":
    """Segment a volume in a worker process and put the result into its scene. Raises LumbarSegError."""
    worker = Worker(shutil.which("PythonSlicer"))
    try:
        worker.segment(image_to_segment(volume, choices.get("task", "auto")), **choices)
        answer = _answer(worker)
    finally:
        worker.stop()
    run = put_result(volume, answer.result, answer.provenance, answer.agreement)
    return run.segmentation


def measure(segmentation: "vtkMRMLSegmentationNode") -> Findings:
    """Measure a segmentation. Raises LumbarSegError, also where its volume is not in the scene."""
    volume = volume_of(segmentation)
    if volume is None:
        raise InputError(f"The image of {segmentation.GetName()} is not in the scene; load it.")
    live = LiveMeasures(segmentation, volume)
    try:
        return live.refresh()
    finally:
        live.close()


def _answer(worker: Worker) -> Answer:
    while True:
        for event in worker.poll():
            if isinstance(event, Answer):
                return event
            if isinstance(event, Failed | Died):
                raise LumbarSegError(event.sentence)
        time.sleep(_EVERY_S)
