"""Lets trained networks label axial slices that nobody labelled, for others to learn from: what all of them agree on.

    python -m training.axial.teach axial_taught_once --data DATA --by axial_first axial_first_deeplab

Fold by fold, so that what the networks of a fold have labelled can teach only those that are tested on no other
patients than theirs. The patients named in `reserved.toml` are labelled by nobody: they are there to look at, or
shipped.
"""

import argparse
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from tqdm import tqdm

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.definitions import DOUBTS
from training import runs
from training.data.axial_labels import BACKGROUND, IVD, TS
from training.data.cases import CLASSES, UNKNOWN
from training.data.mendeley import Unlabelled, read_unlabelled
from training.errors import TrainingError
from training.experiment import Experiment
from training.networks.base import SegmentationNetwork
from training.state import average_weights, network_of

RESERVED = tomllib.loads((Path(__file__).parent / "reserved.toml").read_text(encoding="utf-8"))

_GAMMAS = (1.0, 0.75)
_SURE = 0.65  # mean probability; half of the networks against the other half is none
_LEAST_DICE = {IVD: 0.93, TS: 0.8}  # between any two networks; less, and the slice teaches nothing
_TS_LIMITS = DOUBTS["sac_area_implausible"].limits
_TS_MM2 = (_TS_LIMITS["least_mm2"], _TS_LIMITS["most_mm2"])
_IVD_MM2 = (700.0, 3000.0)

Classes = NDArray[np.uint8]


@dataclass(frozen=True)
class Teacher:
    """A trained network and how it sees an image."""

    network: SegmentationNetwork
    experiment: Experiment

    def views(self, image: NDArray[np.float32]) -> Iterator[Tensor]:
        """Probabilities (classes, rows, columns) of a slice in 0..1, as it is, mirrored and with another gamma."""
        for gamma in _GAMMAS:
            normalised = preprocess.after_unit(image[None] ** np.float32(gamma), self._normalisation)
            for mirrored in (False, True):
                yield self._answer(torch.from_numpy(normalised)[None], mirrored)

    @property
    def _normalisation(self) -> str:
        return self.experiment.preprocessing.normalisation

    def _answer(self, image: Tensor, mirrored: bool) -> Tensor:
        *_, rows, columns = image.shape
        pad = (0, -columns % self.network.stride, 0, -rows % self.network.stride)
        padded = torch.nn.functional.pad(image, pad, value=float(image.min()))
        seen = padded.flip(3) if mirrored else padded
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            answer = self.network(seen.contiguous(memory_format=torch.channels_last)).float().softmax(1)
        return (answer.flip(3) if mirrored else answer)[0, :, :rows, :columns]


def teachers(names: Sequence[str], fold: int) -> tuple[list[Teacher], tuple[str, ...]]:
    """The networks of a fold of these runs, and the patients whom none of them has learned from.

    Raises TrainingError where a training has not ended, or the runs see an image on different grids.
    """
    found, unseen = [], []
    for name in names:
        folder = runs.fold_folder(name, fold)
        facts = runs.read_facts(folder)
        experiment = Experiment.model_validate(facts["experiment"])
        network = network_of(experiment, len(CLASSES["axial"]))
        network.load_state_dict(average_weights(folder))
        network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found.append(Teacher(network, experiment))
        unseen.append(set(facts["patients"]["test"]))
    if len({one.experiment.preprocessing for one in found}) > 1:
        raise TrainingError("The teachers prepare images in different ways; give runs of one [preprocessing].")
    return found, tuple(sorted(set.intersection(*unseen)))


def agreed(answers: Sequence[Sequence[Tensor]]) -> tuple[Classes, str]:
    """What several networks say of a slice: classes (rows, columns), UNKNOWN where they are not sure, and the reason
    why the slice must not teach, empty where it may.

    `answers` are the probabilities (classes, rows, columns) of each network in each view.
    """
    by_network = torch.stack([torch.stack(list(views)).mean(0) for views in answers])
    sureness, classes = (part.numpy() for part in by_network.mean(0).max(0))
    single = by_network.argmax(1).numpy()
    for value, least in _LEAST_DICE.items():
        for k, one in enumerate(single):
            if any(_dice(one == value, other == value) < least for other in single[k + 1 :]):
                return classes.astype(np.uint8), f"the networks disagree on {CLASSES['axial'][value]}"
    alone = (single == classes).all(0)
    known = (sureness >= _SURE) & (alone | (sureness >= (1 + _SURE) / 2))
    return np.where(known, classes, UNKNOWN).astype(np.uint8), ""


def implausible(classes: Classes, pixel_mm2: float) -> str:
    """Why classes are no anatomy of a slice through a disc, empty where they may be."""
    for value, (least, most) in ((TS, _TS_MM2), (IVD, _IVD_MM2)):
        pieces, _ = ndimage.label(classes == value)
        sizes = np.bincount(pieces.ravel())[1:]
        name = CLASSES["axial"][value]
        if not sizes.size or not least <= sizes.max() * pixel_mm2 <= most:
            return f"{name} has no plausible area"
        if sizes.sum() > 1.05 * sizes.max():
            return f"{name} in pieces"
    rows = [np.nonzero(classes == value)[0].mean() for value in (IVD, TS)]
    return "" if rows[0] < rows[1] else "sac in front of the disc"


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / max(1, one.sum() + other.sum()))


def label(taught_by: Sequence[Teacher], slices: Sequence[Unlabelled], counts: Counter[str]) -> dict[str, Any]:
    """The slices that can teach, as `training.folds` reads them: image in 0..1 and classes of each by its name."""
    spacing_mm = taught_by[0].experiment.preprocessing.spacing_mm
    normalisation = taught_by[0].experiment.preprocessing.normalisation
    kept: dict[str, Any] = {}
    for one in tqdm(slices, "labelling", unit="slice", mininterval=10):
        grid = preprocess.to_network_grid(one.read_image(), spacing_mm)
        image = preprocess.to_unit(sitk.GetArrayFromImage(grid), normalisation)[0]
        classes, reason = agreed([list(teacher.views(image)) for teacher in taught_by])
        across, down, _ = grid.GetSpacing()
        known = np.where(classes == UNKNOWN, BACKGROUND, classes)
        reason = reason or implausible(known, across * down)
        counts[reason or "kept"] += 1
        if not reason:
            kept[f"{one.name}/image"] = image.astype(np.float16)
            kept[f"{one.name}/classes"] = classes
    return kept


def chosen(slices: Sequence[Unlabelled], most: int, seed: int) -> list[Unlabelled]:
    """So many slices drawn by a seed, none of a patient who is reserved."""
    reserved = {patient for patients in RESERVED.values() for patient in patients}
    free = [one for one in slices if one.patient not in reserved]
    drawn = np.random.default_rng(seed).permutation(len(free))[:most]
    return [free[index] for index in sorted(drawn)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the labels are called in `pseudo_labels` of an experiment")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--by", nargs="+", required=True, help="runs of the same folds")
    parser.add_argument("--most", type=int, default=300, help="slices to label in each fold")
    parser.add_argument("--seed", type=int, default=0, help="draws the slices")
    arguments = parser.parse_args()
    slices = chosen(read_unlabelled(arguments.data), arguments.most, arguments.seed)
    for fold in range(len(runs.folds_of(arguments.by[0]))):
        taught_by, unseen = teachers(arguments.by, fold)
        counts: Counter[str] = Counter()
        kept = label(taught_by, slices, counts)
        folder = runs.fold_folder(arguments.name, fold)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / "pseudo_labels.npz", unseen=np.array(unseen), **kept)
        told = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
        print(f"fold {fold}, unseen {', '.join(unseen)}: {told}", flush=True)  # noqa: T201  what the run reports


if __name__ == "__main__":
    main()
