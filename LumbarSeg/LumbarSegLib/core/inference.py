"""Image to label map: what a network makes of a sagittal stack, on the image's own grid."""

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.anatomy import SEMANTIC
from LumbarSegLib.core.images import stored_as
from LumbarSegLib.core.models import Model
from LumbarSegLib.errors import Cancelled

Progress = Callable[[float], None]
_SLICES_AT_ONCE = 4


def segment_stack(
    image: sitk.Image,
    model: Model,
    flips: bool = False,
    on_progress: Progress = lambda fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> sitk.Image:
    """Semantic map (uint8, label values of `anatomy.SEMANTIC`) of a 3D sagittal image, on its own grid.

    `flips` averages the answer with that for the stack mirrored left to right. `on_progress` gets 0..1,
    `cancelled` is asked after every few slices. Raises Cancelled.
    """
    ordered = preprocess.to_stack_order(image)
    placeless = preprocess.without_place(ordered)
    grid = preprocess.resample_in_plane(placeless, model.info.spacing_mm)
    stack = preprocess.standardise(preprocess.scale_to_unit(sitk.GetArrayFromImage(grid)))
    step = preprocess.neighbour_step(ordered.GetSpacing()[2], model.info.neighbour_distance_mm)
    labels = sitk.GetImageFromArray(_run(stack, step, model, flips, on_progress, cancelled))
    labels.CopyInformation(grid)
    # The labels are decided before they are resampled: probabilities on a full-size grid cost seconds and
    # gigabytes.
    labels = sitk.Resample(labels, placeless, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    labels.CopyInformation(ordered)
    return stored_as(labels, image)


def _run(
    stack: NDArray[np.float32],
    step: int,
    model: Model,
    flips: bool,
    on_progress: Progress,
    cancelled: Callable[[], bool],
) -> NDArray[np.uint8]:
    import torch

    count, rows, columns = stack.shape
    stride = model.info.stride
    pad = ((0, 0), (0, -rows % stride), (0, -columns % stride))
    padded = torch.from_numpy(np.pad(stack, pad, constant_values=float(stack.min())))
    padded = padded.to(model.device, model.dtype)
    neighbours = torch.from_numpy(preprocess.neighbour_indices(count, step, model.info.slices))
    labels = np.empty(stack.shape, np.uint8)
    meaning = np.zeros(256, np.uint8)
    for value, kind in model.info.labels.items():
        meaning[value] = SEMANTIC[kind].label
    with torch.inference_mode():
        for first in range(0, count, _SLICES_AT_ONCE):
            if cancelled():
                raise Cancelled("Segmentation was cancelled.")
            chosen = neighbours[first : first + _SLICES_AT_ONCE]
            batch = padded[chosen].contiguous(memory_format=torch.channels_last)
            logits = model.network(batch)
            if flips:
                logits = logits.softmax(1) + model.network(batch.flip(1)).softmax(1)
            decided = logits[:, :, :rows, :columns].argmax(1)
            labels[first : first + len(chosen)] = meaning[decided.to("cpu", torch.uint8).numpy()]
            on_progress(min(1.0, (first + len(chosen)) / count))
    return labels
