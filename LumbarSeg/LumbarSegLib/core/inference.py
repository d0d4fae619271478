"""Image to label map: what a network makes of a sagittal stack, on the image's own grid."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.anatomy import SEMANTIC
from LumbarSegLib.core.images import stored_as
from LumbarSegLib.core.models import Model
from LumbarSegLib.errors import Cancelled

if TYPE_CHECKING:
    import torch

Progress = Callable[[float], None]
Window = tuple[slice, slice]
_SLICES_AT_ONCE = 4
_SURVEY_MM = 6.0  # from one slice that is computed whole to the next
_MARGIN_MM = 20.0  # around all that those show


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
    slices = _Slices(stack, ordered.GetSpacing()[2], model, flips)
    _answer_all(slices, on_progress, cancelled)
    labels = sitk.GetImageFromArray(slices.labels[:, : stack.shape[1], : stack.shape[2]])
    labels.CopyInformation(grid)
    # The labels are decided before they are resampled: probabilities on a full-size grid cost seconds and
    # gigabytes.
    labels = sitk.Resample(labels, placeless, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    labels.CopyInformation(ordered)
    return stored_as(labels, image)


class _Slices:
    """A stack (slices, rows, columns) on its way through the network.

    `labels` fills up slice by slice, on the same grid, its rows and columns padded to what the network asks for.
    """

    def __init__(self, stack: NDArray[np.float32], slice_spacing_mm: float, model: Model, flips: bool) -> None:
        import torch

        info = model.info
        self._model, self._flips = model, flips
        _, rows, columns = stack.shape
        pad = ((0, 0), (0, -rows % info.stride), (0, -columns % info.stride))
        padded: NDArray[np.float32] = np.pad(stack, pad, constant_values=float(stack.min()))
        self._stack: torch.Tensor = torch.from_numpy(padded).to(model.device, model.dtype)
        step = preprocess.neighbour_step(slice_spacing_mm, info.neighbour_distance_mm)
        self._neighbours = torch.from_numpy(preprocess.neighbour_indices(len(stack), step, info.slices))
        self._meaning = np.zeros(256, np.uint8)
        for value, kind in info.labels.items():
            self._meaning[value] = SEMANTIC[kind].label
        self.labels: NDArray[np.uint8] = np.zeros(padded.shape, np.uint8)
        every = max(1, int(_SURVEY_MM / slice_spacing_mm))
        self.survey = list(range(min(every // 2, len(stack) - 1), len(stack), every))

    @property
    def whole(self) -> Window:
        return slice(0, self.labels.shape[1]), slice(0, self.labels.shape[2])

    def around_spine(self) -> Window:
        """Around what is labelled so far, in multiples of the network's stride; all where nothing is."""
        if not self.labels.any():
            return self.whole
        shown = self.labels.max(0)
        return self._reach(shown.max(1)), self._reach(shown.max(0))

    def _reach(self, shown: NDArray[np.uint8]) -> slice:
        seen, size = np.flatnonzero(shown), len(shown)
        stride, margin = self._model.info.stride, round(_MARGIN_MM / self._model.info.spacing_mm)
        first, last = max(0, int(seen[0]) - margin), min(size, int(seen[-1]) + 1 + margin)
        length = min(size, -(-(last - first) // stride) * stride)
        start = min(first, size - length)
        return slice(start, start + length)

    def answer(self, chosen: list[int], window: Window) -> None:
        """Ask the network for these slices within a window."""
        import torch

        rows, columns = window
        with torch.inference_mode():
            batch = self._stack[:, rows, columns][self._neighbours[chosen]].contiguous(
                memory_format=torch.channels_last
            )
            decided = self._logits(batch).argmax(1)
        self.labels[chosen, rows, columns] = self._meaning[decided.to("cpu", torch.uint8).numpy()]

    def _logits(self, batch: "torch.Tensor") -> "torch.Tensor":
        logits = self._model.network(batch)
        if not self._flips:
            return logits
        return logits.softmax(1) + self._model.network(batch.flip(1)).softmax(1)


def _answer_all(slices: _Slices, on_progress: Progress, cancelled: Callable[[], bool]) -> None:
    """Whole slices first, at wide intervals; they show where the spine is, and the others are computed there alone."""
    count = len(slices.labels)
    done = 0
    for group in (slices.survey, sorted(set(range(count)) - set(slices.survey))):
        window = slices.whole if group is slices.survey else slices.around_spine()
        for first in range(0, len(group), _SLICES_AT_ONCE):
            if cancelled():
                raise Cancelled("Segmentation was cancelled.")
            chosen = group[first : first + _SLICES_AT_ONCE]
            slices.answer(chosen, window)
            done += len(chosen)
            on_progress(done / count)
