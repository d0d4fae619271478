"""Whether a model agrees with itself: the same slices once more, changed in a way that must not matter.

Where two answers of one model part, at least one is wrong; agreement of answers was the simplest strong detector of
failures in a comparison over five data sets (Zenk 2024, arXiv 2406.03323).
"""

from collections.abc import Callable, Mapping

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.anatomy import Kind, Structure, kinds_of
from LumbarSegLib.core.findings import slice_name
from LumbarSegLib.core.inference import segment_labels
from LumbarSegLib.core.models import Model
from LumbarSegLib.core.projection import projection_as_of
from LumbarSegLib.core.spacing import spacing_as_of

_GAMMA = 0.7
_SHARE = 1 / 3  # of the slices, side by side: a network that sees neighbours must see the same ones again
_FEWEST = 3


def self_agreement(
    image: sitk.Image,
    semantic: sitk.Image,
    model: Model,
    cancelled: Callable[[], bool] = lambda: False,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> dict[str, float]:
    """Dice by kind between the model's answer `semantic` (as `segment_labels` gave it) and a second one.

    The second answer is for the slices mirrored left to right and with their intensities raised to the power of 0.7:
    those about the middle of the spine, or each of an axial image on its own, whose keys are then as "slice 4.ts". A
    kind that neither answer has is left out. `on_progress` gets 0..1. Raises Cancelled.
    """
    task = model.info.task
    orientation = preprocess.ORIENTATIONS[task]
    first = sitk.GetArrayFromImage(preprocess.to_stack_order(semantic, orientation))
    chosen = slice(0, len(first)) if task == "axial" else _about_spine(first)
    across = 0 if task == "sagittal" else 2  # the axis of the array that runs from one side of the patient to the other
    changed = _changed(preprocess.to_stack_order(image, orientation), chosen, across)
    changed = projection_as_of(image, spacing_as_of(image, changed))
    answer = segment_labels(changed, model, on_progress=on_progress, cancelled=cancelled)
    second = np.flip(sitk.GetArrayFromImage(answer), across)
    if task == "axial":
        pairs = enumerate(zip(first, second, strict=True), start=1)
        found = {slice_name(number): _dice(*pair, kinds_of(task)) for number, pair in pairs}
        return {f"{name}.{kind}": dice for name, kinds in found.items() for kind, dice in kinds.items()}
    margin = 1 if len(second) >= 2 + _FEWEST else 0  # the outer slices lack a neighbour that they had
    inner = slice(margin, len(second) - margin)
    return _dice(first[chosen][inner], second[inner], kinds_of(task))


def _about_spine(labels: NDArray[np.uint8]) -> slice:
    """The slices (axis 0) about the middle of what is labelled."""
    count = len(labels)
    wanted = min(count, max(_FEWEST, round(_SHARE * count)))
    seen = np.flatnonzero(labels.any((1, 2)))
    middle = seen.mean() if len(seen) else (count - 1) / 2
    start = int(np.clip(round(middle - (wanted - 1) / 2), 0, count - wanted))
    return slice(start, start + wanted)


def _changed(ordered: sitk.Image, chosen: slice, across: int) -> sitk.Image:
    """The chosen slices of an image in stack order, mirrored along an axis of its array and with other intensities."""
    stack = preprocess.scale_to_unit(sitk.GetArrayFromImage(ordered).astype(np.float32))[chosen]
    changed = sitk.GetImageFromArray(np.ascontiguousarray(np.flip(stack, across) ** _GAMMA))
    changed.SetSpacing(ordered.GetSpacing())
    changed.SetDirection(ordered.GetDirection())
    return changed


def _dice(first: NDArray[np.uint8], second: NDArray[np.uint8], kinds: Mapping[Kind, Structure]) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, structure in kinds.items():
        one, other = first == structure.label, second == structure.label
        if total := int(one.sum() + other.sum()):
            found[kind] = 2 * int((one & other).sum()) / total
    return found
