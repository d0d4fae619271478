"""What a model finds in slices without labels, to be looked at, and whether it says the same of them made T2-like."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from tqdm import tqdm

from LumbarSegLib.core.models import Model, ModelInfo
from training import evaluate, metrics
from training.axial.measured import Classes, find
from training.axial.perturb import made_t2_like
from training.axial.teach import RESERVED
from training.data.cases import DataSet
from training.data.mendeley import Unlabelled, read_unlabelled
from training.errors import TrainingError

_SEED = 20261125


@dataclass(frozen=True)
class Looked:
    """An unlabelled slice (rows, columns), what was found in it, and the same for it made T2-like by what was found;
    Dice between the two answers by class.
    """

    name: str
    image: NDArray[np.float32]
    found: Classes
    t2_image: NDArray[np.float32]
    again: Classes
    pixel_mm: tuple[float, float]  # row step, column step
    dice: dict[str, float]


@dataclass(frozen=True)
class Shipped:
    """The model that is to be shipped and what it found in slices that nobody labelled."""

    info: ModelInfo
    looked: tuple[Looked, ...]


def choose(data: Path, count: int) -> list[Unlabelled]:
    """So many T1 slices of patients of whom no slice is used in training, drawn by a fixed seed.

    Raises TrainingError where there are fewer.
    """
    free = [one for one in read_unlabelled(data) if one.patient in RESERVED["looked_at"]]
    if len(free) < count:
        raise TrainingError(
            f"{data} holds {len(free)} slices of patients that training/axial/reserved.toml keeps to be looked at; "
            f"give --unlabelled {len(free)} or fewer."
        )
    drawn = np.random.default_rng(_SEED).permutation(len(free))[:count]
    return [free[index] for index in sorted(drawn)]


def look(slices: Sequence[Unlabelled], model: Model, dataset: DataSet) -> list[Looked]:
    """Find the regions of each slice, as it is and made T2-like."""
    looked = []
    for place, one in enumerate(tqdm(slices, desc="unlabelled")):
        image = evaluate.in_stack_order(one.read_image(), dataset.task)
        found = find(image, model, dataset)
        changed = made_t2_like(image, found, place)
        again = find(changed, model, dataset)
        first, second = (sitk.GetArrayFromImage(each) for each in (found, again))
        columns_mm, rows_mm, slices_mm = image.GetSpacing()
        rows = metrics.score(first, second, (slices_mm, rows_mm, columns_mm), dataset.classes)
        grey, grey_t2 = (sitk.GetArrayFromImage(each)[0].astype(np.float32) for each in (image, changed))
        dice = {row.name: row.dice for row in rows}
        looked.append(Looked(one.name, grey, first[0], grey_t2, second[0], (rows_mm, columns_mm), dice))
    return looked
