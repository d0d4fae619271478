"""Labels real T1 and T2 TSE slices with a trained network, keeping only what it is sure of under changed
views.

T2 TSE looks most like the SPACE stacks that the network learned from. Where the T1 of a patient shares the
geometry of the T2, it takes the T2's answer, which is how the network learns T1.

    python -m training.sagittal.tse training/configs/sagittal_tse.toml --data DATA/sagittal
"""

import argparse
import csv
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import ndimage
from skimage.filters import sobel
from skimage.registration import phase_cross_correlation
from tqdm import tqdm

from LumbarSegLib.core import preprocess
from training.data import spider
from training.data.cases import UNKNOWN
from training.errors import TrainingError
from training.experiment import read_experiment
from training.model_start import folded_network
from training.networks.base import SegmentationNetwork
from training.runs import RUNS
from training.state import network_of, starting_weights

# A sagittal lumbar slice shows between 18 and 42 cm from top to bottom; the spacing in the table is wrong
# where it does not.
_PLAUSIBLE_HEIGHT_MM = (180, 420)
_SMALLEST_SIDE_PX = 180
_SURE = 0.85
_SAME_PLACE_PX = 4.0
_VIEWS = ((1.0, 1.0), (1.0, 0.7), (1.0, 1.5), (0.87, 1.0), (1.15, 1.0))


@dataclass(frozen=True)
class TseSlice:
    """A slice on the network's grid in 0..1; `size` is that of its file, for telling whether two share
    their geometry.
    """

    patient: int
    weighting: str
    image: np.ndarray[Any, Any]
    size: tuple[int, int]
    spacing_mm: float

    @property
    def name(self) -> str:
        return f"{self.patient}_{self.weighting}"


def read_image(path: Path, spacing_mm: float) -> sitk.Image:
    """A slice as a one-slice volume in stack order."""
    pixels = np.asarray(Image.open(path).convert("L"))
    image = sitk.GetImageFromArray(pixels[None])
    image.SetSpacing((spacing_mm, spacing_mm, 4.0))
    image.SetDirection((0, 0, -1, 1, 0, 0, 0, -1, 0))
    return image


def read_table(data: Path) -> dict[str, float]:
    """Pixel spacing in mm of each slice, by name such as `142_t1`."""
    table = data / "tse_slices.csv"
    table = table if table.is_file() else data / "tse_slices" / "tse_slices.csv"
    with table.open(newline="") as file:
        return {row["image"]: float(row["pixel_spacing_mm"]) for row in csv.DictReader(file)}


def load_slices(data: Path, spacing_mm: float, held_out: Collection[str], left_out: Counter[str]) -> list[TseSlice]:
    slices = []
    for name, pixel_mm in read_table(data).items():
        if name.split("_")[0] in held_out:
            left_out["held-out patient"] += 1
            continue
        image = read_image(data / "tse_slices" / f"{name}.jpg", pixel_mm)
        columns, rows, _ = image.GetSize()
        if (
            min(columns, rows) < _SMALLEST_SIDE_PX
            or not _PLAUSIBLE_HEIGHT_MM[0] < rows * pixel_mm < _PLAUSIBLE_HEIGHT_MM[1]
        ):
            left_out["implausible pixel spacing"] += 1
            continue
        slices.append(on_grid(name, image, spacing_mm))
    return slices


def on_grid(name: str, image: sitk.Image, spacing_mm: float) -> TseSlice:
    """A slice read by `read_image` on the network's grid; `name` is such as `142_t1`."""
    patient, weighting = name.split("_")
    grid = preprocess.resample_in_plane(image, spacing_mm)
    unit = preprocess.scale_to_unit(sitk.GetArrayFromImage(grid))[0]
    return TseSlice(int(patient), weighting, unit, (image.GetWidth(), image.GetHeight()), image.GetSpacing()[0])


def probabilities(network: SegmentationNetwork, image: np.ndarray[Any, Any]) -> torch.Tensor:
    """Mean class probabilities (classes, rows, columns) of a slice over views of changed zoom and gamma."""
    rows, columns = image.shape
    total = torch.zeros(len(spider.CLASSES), rows, columns)
    for zoom, gamma in _VIEWS:
        view = torch.from_numpy(image)[None, None] ** gamma
        view = F.interpolate(view, scale_factor=zoom, mode="bilinear", align_corners=False)
        view = (view - view.mean()) / view.std().clamp(min=1e-3)
        height, width = view.shape[2:]
        pad = (0, -width % network.stride, 0, -height % network.stride)
        view = (
            F.pad(view, pad, value=float(view.min()))
            .expand(1, network.inputs, -1, -1)
            .contiguous(memory_format=torch.channels_last)
        )
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            answer = network(view)[:, :, :height, :width].float().softmax(1)
        total += F.interpolate(answer, (rows, columns), mode="bilinear", align_corners=False)[0]
    return total / len(_VIEWS)


def share_geometry(one: TseSlice, other: TseSlice) -> bool:
    """Whether two slices of a patient show the same place: same file geometry and edges that lie on each
    other.
    """
    if one.size != other.size or abs(one.spacing_mm - other.spacing_mm) > 1e-3:
        return False
    shift = phase_cross_correlation(sobel(one.image), sobel(other.image), normalization=None)[0]
    return bool(np.abs(shift).max() <= _SAME_PLACE_PX)


def looks_like_a_spine(classes: np.ndarray[Any, Any], spacing_mm: float) -> bool:
    """At least four discs, and a canal that runs along most of them."""
    pieces, _ = ndimage.label(classes == spider.DISC)
    discs = (np.bincount(pieces.ravel())[1:] * spacing_mm**2 > 60).sum()
    canal_mm = (classes == spider.CANAL).any(1).sum() * spacing_mm
    return bool(discs >= 4 and canal_mm > 100)


def label_slices(
    network: SegmentationNetwork, slices: list[TseSlice], spacing_mm: float, left_out: Counter[str]
) -> dict[str, Any]:
    found = {one.name: probabilities(network, one.image) for one in tqdm(slices, mininterval=20)}
    by_name = {one.name: one for one in slices}
    kept: dict[str, Any] = {}
    for one in slices:
        answer = found[one.name]
        t2 = by_name.get(f"{one.patient}_t2")
        carried = one.weighting == "t1" and t2 is not None and share_geometry(one, t2)
        if carried and t2 is not None:
            answer = 0.3 * answer + 0.7 * found[t2.name]
        sureness, classes = (part.numpy() for part in answer.max(0))
        if not looks_like_a_spine(classes, spacing_mm):
            left_out["no plausible spine found"] += 1
            continue
        kept[f"{one.name}/image"] = one.image.astype(np.float16)
        kept[f"{one.name}/classes"] = np.where(sureness >= (0.6 if carried else _SURE), classes, UNKNOWN).astype(
            np.uint8
        )
        left_out[f"kept {one.weighting}" + (", labelled from T2" if carried else "")] += 1
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    experiment = read_experiment(arguments.config)
    spacing_mm = experiment.preprocessing.spacing_mm
    if experiment.pseudo_labels is None or spacing_mm is None:
        raise TrainingError(f"{arguments.config.name} asks for no slices that a network labels: give pseudo_labels.")
    if experiment.starts_from_file:
        network = folded_network(experiment, len(spider.CLASSES))
    else:
        network = network_of(experiment, len(spider.CLASSES))
        network.load_state_dict(starting_weights(experiment))
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    counts: Counter[str] = Counter()
    slices = load_slices(arguments.data, spacing_mm, experiment.split.held_out, counts)
    kept = label_slices(network, slices, spacing_mm, counts)
    folder = RUNS / experiment.pseudo_labels
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "pseudo_labels.npz", **kept)
    for reason, count in sorted(counts.items()):
        print(f"{count:4d}  {reason}")  # noqa: T201  what the run reports


if __name__ == "__main__":
    main()
