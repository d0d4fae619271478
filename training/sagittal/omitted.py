"""How much of a sagittal model's missing Dice is what the reference leaves out.

    python -m training.sagittal.omitted sagittal-mr --data DATA/sagittal --config training/configs/sagittal_settled.toml

At the upper border of a stack a vertebra is partly in the image. Some references label it, others do not, and one that
is found there counts as wrong where they do not. Printed are the Dice of the vertebrae as it is, and without found ones
that are partly visible and of which less than a tenth lies in any vertebra of the reference.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from tqdm import tqdm

from LumbarSegLib.core import inference, levels, models
from LumbarSegLib.core.levels import Spine
from training.data import spider
from training.experiment import read_experiment
from training.markdown import table
from training.sagittal.report import KINDS, dice_by_kind

_OVERLAP = 0.1


def without_omitted(found: Spine, truth: sitk.Image) -> tuple[sitk.Image, tuple[str, ...]]:
    """The classes of what was found without the partly visible vertebrae that the class map `truth` leaves out, and the
    names of those.
    """
    labels = sitk.GetArrayViewFromImage(found.labels)
    marked = sitk.GetArrayViewFromImage(truth) == KINDS["vertebra"]
    kept = sitk.GetArrayFromImage(spider.classes_of(found.labels))
    omitted = []
    for instance in found.instances:
        inside = labels == instance.structure.label
        is_border = instance.structure.kind == "vertebra" and instance.partly_visible
        if is_border and (inside & marked).sum() < _OVERLAP * inside.sum():
            kept[inside] = 0
            omitted.append(instance.structure.name)
    classes = sitk.GetImageFromArray(kept)
    classes.CopyInformation(truth)
    return classes, tuple(omitted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True, help="the training's, for its held-out patients")
    arguments = parser.parse_args()
    model = models.open_model(models.find(arguments.model), "cpu")
    held_out = spider.read_spider(arguments.data).of_patients(read_experiment(arguments.config).split.held_out)
    rows: list[tuple[str, float, float, str]] = []
    for one in tqdm(held_out, desc="patients"):
        truth = one.read_classes()
        found = levels.find_levels(inference.segment_labels(one.read_image(), model))
        kept, omitted = without_omitted(found, truth)
        plain, without = (dice_by_kind(classes, truth)[0] for classes in (spider.classes_of(found.labels), kept))
        rows.append((one.patient, plain, without, ", ".join(omitted)))
    means = [float(np.mean([row[column] for row in rows])) for column in (1, 2)]
    shown = [(name, f"{plain:.3f}", f"{without:.3f}", names) for name, plain, without, names in rows]
    shown.append(("**mean**", *(f"**{mean:.3f}**" for mean in means), ""))  # type: ignore[arg-type]
    print("\n".join(table(("patient", "vertebra", "without omitted ones", "omitted"), shown)))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
