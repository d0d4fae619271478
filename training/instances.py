"""SPIDER's own protocol: every structure of the reference on its own, with the found one that overlaps it most."""

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.levels import Spine


def dice_by_instance(found: Spine, truth: Spine) -> list[tuple[str, float]]:
    """Kind and Dice of each whole reference structure with the one of its kind that overlaps it most, 0 if none does.

    That is SPIDER's own protocol (DIAGNijmegen/SPIDER-Baseline-IIS, EvaluateSpine.py): how a structure is numbered does
    not matter, and a vertebra that the reference leaves out costs nothing.
    """
    predicted = sitk.GetArrayViewFromImage(found.labels)
    reference = sitk.GetArrayViewFromImage(truth.labels)
    sizes = np.bincount(predicted.ravel(), minlength=256)
    scores: list[tuple[str, float]] = []
    for instance in truth.instances:
        if instance.partly_visible and instance.structure.kind != "canal":
            continue
        inside = reference == instance.structure.label
        overlap = np.bincount(predicted[inside], minlength=256)
        same_kind = [i.structure.label for i in found.instances if i.structure.kind == instance.structure.kind]
        best = max(same_kind, key=lambda label: overlap[label], default=0)
        scores.append(
            (instance.structure.kind, 2 * float(overlap[best] if best else 0) / float(inside.sum() + sizes[best]))
        )
    return scores
