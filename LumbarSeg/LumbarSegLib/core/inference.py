"""Image to label map: what a network makes of a stack, slice by slice or at once, on the image's own grid."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.images import stored_as
from LumbarSegLib.core.inference_radiograph import Answered, answer_radiograph
from LumbarSegLib.core.models import Model, ModelInfo
from LumbarSegLib.core.spacing import has_spacing
from LumbarSegLib.errors import Cancelled

if TYPE_CHECKING:
    import torch

Progress = Callable[[float], None]
Cancelling = Callable[[], bool]
Window = tuple[slice, slice]
_SLICES_AT_ONCE = 4
_SURVEY_MM = 6.0  # from one slice that is computed whole to the next
_MARGIN_MM = 20.0  # around all that those show
_SIDEWAYS = {"PIR": 0, "LPS": 2, "": 2}  # the axis of a stack's array that runs across the patient


def segment_labels(
    image: sitk.Image,
    model: Model,
    flips: bool = False,
    on_progress: Progress = lambda fraction: None,
    cancelled: Cancelling = lambda: False,
) -> sitk.Image:
    """Semantic map (uint8, label values of `anatomy.kinds_of` the model's task) of a 3D image, on its own grid.

    `flips` averages the answer with that for the stack mirrored left to right. `on_progress` gets 0..1,
    `cancelled` is asked after every few slices, before a volume. Raises Cancelled.
    """
    if _looks_at_radiographs(model.info):
        return segment_radiograph(image, model, flips, on_progress, cancelled, with_turn=False).labels
    ordered = preprocess.to_stack_order(image, model.info.orientation)
    placeless = _placeless(image, ordered)
    grid, stack = _seen(placeless, model.info)
    if model.info.input == "volume":
        found = _volume_labels(stack, model, flips, on_progress, cancelled)
    else:
        slices = _Slices(stack, placeless.GetSpacing()[2], model, flips)
        _answer_all(slices, on_progress, cancelled)
        found = slices.labels
    _, rows, columns = stack.shape
    labels = sitk.GetImageFromArray(found[: len(stack), :rows, :columns])
    labels.CopyInformation(grid)
    # The labels are decided before they are resampled: probabilities on a full-size grid cost seconds and
    # gigabytes.
    labels = sitk.Resample(labels, placeless, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    labels.CopyInformation(ordered)
    return stored_as(labels, image)


def segment_radiograph(
    image: sitk.Image,
    model: Model,
    flips: bool = False,
    on_progress: Progress = lambda fraction: None,
    cancelled: Cancelling = lambda: False,
    with_turn: bool = True,
) -> Answered:
    """As `segment_labels` of a 3D image of one slice, and by how much it is turned. Raises Cancelled."""
    info = model.info
    if info.spacing_mm is None:
        return Answered(segment_labels(image, model, flips, on_progress, cancelled))

    def ask(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return _by_label(_Slices(pixels[None], 1.0, model, flips).probabilities(), info)[
            :, : len(pixels), : pixels.shape[1]
        ]

    look_along = partial(_maps_of_corners, model) if model.corners else None
    return answer_radiograph(
        image, info.spacing_mm, info.normalisation, ask, on_progress, cancelled, with_turn, look_along
    )


def _maps_of_corners(model: Model, patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network that reads corners answers for patches (n, rows, columns): logits (n, 4, rows, columns)."""
    import torch

    assert model.corners is not None
    seen = np.stack([preprocess.after_unit(patch[None], "z-score") for patch in patches])
    batch = torch.from_numpy(seen).to(model.device, model.dtype).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        maps: NDArray[np.float32] = model.corners(batch).float().cpu().numpy()
    return maps


def _looks_at_radiographs(info: ModelInfo) -> bool:
    """Whether it sees them on a grid on which they can be laid larger or smaller."""
    return info.task == "xray" and info.spacing_mm is not None


def probabilities(image: sitk.Image, model: Model) -> tuple[NDArray[np.float32], sitk.Image]:
    """The probability of each of the network's output values, shape (classes, slices, rows, columns), and the grid of
    the network that they lie on: the image as it was resampled, in its place in the patient (LPS, mm).
    """
    import torch

    ordered = preprocess.to_stack_order(image, model.info.orientation)
    placeless = _placeless(image, ordered)
    grid, stack = _seen(placeless, model.info)
    with torch.inference_mode():
        if model.info.input == "volume":
            logits = model.network(_on_device(stack, model)[None, None])[0]
        else:
            slices = _Slices(stack, placeless.GetSpacing()[2], model, flips=False)
            firsts = range(0, len(stack), _SLICES_AT_ONCE)
            chosen = [list(range(first, min(first + _SLICES_AT_ONCE, len(stack)))) for first in firsts]
            logits = torch.cat([slices.logits(group, slices.whole) for group in chosen]).movedim(0, 1)
        soft: NDArray[np.float32] = logits.float().softmax(0).cpu().numpy()
    first = placeless.TransformPhysicalPointToContinuousIndex(grid.GetOrigin())
    grid.SetOrigin(ordered.TransformContinuousIndexToPhysicalPoint(first))
    grid.SetDirection(ordered.GetDirection())
    seen_as = np.divide(placeless.GetSpacing(), ordered.GetSpacing())
    grid.SetSpacing((np.array(grid.GetSpacing()) / seen_as).tolist())
    _, rows, columns = stack.shape
    return soft[:, : len(stack), :rows, :columns], grid


def _placeless(image: sitk.Image, ordered: sitk.Image) -> sitk.Image:
    """The image in stack order without its place, over an assumed field of view where its own is not known."""
    placeless = preprocess.without_place(ordered)
    return placeless if has_spacing(image) else preprocess.over_field_of_view(placeless)


def _seen(placeless: sitk.Image, info: ModelInfo) -> tuple[sitk.Image, NDArray[np.float32]]:
    """The stack on the network's grid, as an image and as the array that the network sees."""
    grid = preprocess.to_network_grid(placeless, info.spacing_mm, info.size, info.crop)
    unit = preprocess.to_unit(sitk.GetArrayFromImage(grid), info.normalisation)
    return grid, preprocess.after_unit(unit, info.normalisation)


def _on_device(stack: NDArray[np.float32], model: Model) -> "torch.Tensor":
    """The stack padded at its ends to what the network asks for; what it sees as volume is padded in depth too."""
    import torch

    deep = model.info.input == "volume"
    pad = [(0, -count % model.info.stride if axis or deep else 0) for axis, count in enumerate(stack.shape)]
    padded: NDArray[np.float32] = np.pad(stack, pad, constant_values=float(stack.min()))
    return torch.from_numpy(padded).to(model.device, model.dtype)


def _meaning(info: ModelInfo) -> NDArray[np.uint8]:
    """Label value by output value of the network."""
    table = np.zeros(256, np.uint8)
    for value, kind in info.labels.items():
        table[value] = kinds_of(info.task)[kind].label
    return table


def _by_label(soft: NDArray[np.float32], info: ModelInfo) -> NDArray[np.float32]:
    """Probabilities (outputs, ...) as those of the task's label values, which follow each other from 0."""
    by_label = np.zeros((1 + len(kinds_of(info.task)), *soft.shape[1:]), np.float32)
    np.add.at(by_label, _meaning(info)[: len(soft)], soft)
    return by_label


def _answer(model: Model, batch: "torch.Tensor", flips: bool) -> "torch.Tensor":
    """The network's logits; with `flips` the sum of probabilities with and without mirroring the patient."""
    logits = model.network(batch)
    if not flips:
        return logits
    axis = _SIDEWAYS[model.info.orientation] + (2 if model.info.input == "volume" else 1)
    mirrored = model.network(batch.flip(axis)).softmax(1)
    # Neighbouring slices are channels (axis 1): exchanged, they leave the slice in their middle where it is.
    return logits.softmax(1) + (mirrored if axis == 1 else mirrored.flip(axis))


def _volume_labels(
    stack: NDArray[np.float32], model: Model, flips: bool, on_progress: Progress, cancelled: Cancelling
) -> NDArray[np.uint8]:
    """Label values of a whole stack at once, padded."""
    import torch

    if cancelled():
        raise Cancelled("Segmentation was cancelled.")
    with torch.inference_mode():
        decided = _answer(model, _on_device(stack, model)[None, None], flips).argmax(1)[0]
    on_progress(1.0)
    labels: NDArray[np.uint8] = _meaning(model.info)[decided.to("cpu", torch.uint8).numpy()]
    return labels


class _Slices:
    """A stack (slices, rows, columns) on its way through a network that sees slices.

    `labels` fills up slice by slice, on the same grid, its rows and columns padded to what the network asks for.
    """

    def __init__(self, stack: NDArray[np.float32], slice_spacing_mm: float, model: Model, flips: bool) -> None:
        import torch

        info = model.info
        self._model, self._flips = model, flips
        self._stack = _on_device(stack, model)
        step = preprocess.neighbour_step(slice_spacing_mm, info.neighbour_distance_mm)
        self._neighbours = torch.from_numpy(preprocess.neighbour_indices(len(stack), step, info.slices))
        self._meaning = _meaning(info)
        self.labels: NDArray[np.uint8] = np.zeros(tuple(self._stack.shape), np.uint8)
        every = max(1, int(_SURVEY_MM / slice_spacing_mm)) if _spine_runs_along_slices(info) else 1
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
        info = self._model.info
        seen, size = np.flatnonzero(shown), len(shown)
        margin = round(_MARGIN_MM / (info.spacing_mm or 1.0))
        first, last = max(0, int(seen[0]) - margin), min(size, int(seen[-1]) + 1 + margin)
        length = min(size, -(-(last - first) // info.stride) * info.stride)
        start = min(first, size - length)
        return slice(start, start + length)

    def answer(self, chosen: list[int], window: Window) -> None:
        """Ask the network for these slices within a window."""
        import torch

        rows, columns = window
        with torch.inference_mode():
            decided = self.logits(chosen, window).argmax(1)
        self.labels[chosen, rows, columns] = self._meaning[decided.to("cpu", torch.uint8).numpy()]

    def probabilities(self) -> NDArray[np.float32]:
        """Of the network's output values in the first slice, shape (outputs, rows, columns)."""
        import torch

        with torch.inference_mode():
            answered = self.logits([0], self.whole)[0].float()
            soft = answered / answered.sum(0) if self._flips else answered.softmax(0)
        found: NDArray[np.float32] = soft.cpu().numpy()
        return found

    def logits(self, chosen: list[int], window: Window) -> "torch.Tensor":
        """The network's answer for these slices within a window, shape (slices, classes, rows, columns)."""
        import torch

        rows, columns = window
        batch = self._stack[:, rows, columns][self._neighbours[chosen]]
        return _answer(self._model, batch.contiguous(memory_format=torch.channels_last), self._flips)


def _spine_runs_along_slices(info: ModelInfo) -> bool:
    """Whether a few whole slices show where the spine lies in all of them, on a grid that a part of can be computed."""
    return info.task == "sagittal" and info.spacing_mm is not None


def _answer_all(slices: _Slices, on_progress: Progress, cancelled: Cancelling) -> None:
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
