"""Reference labels on real T1 and T2 TSE slices of patients with a labelled SPACE stack, by registration.

Each T2 slice is registered to the sagittal slices of the patient's own SPACE stack (similarity, then B-splines,
mutual information), whose mask then lies on it. A registration counts only where the images agree well; what
fails is named. A T1 slice of the very same place takes the labels of its T2, since T1 and SPACE look too
different to be registered reliably. The patient moved and the slices are 3 mm thick, so these labels are less
exact than the stacks' own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from LumbarSegLib.core import preprocess
from training.data.cases import Case
from training.sagittal import tse

# Negative mutual information, set after looking at nine registrations with a model's outlines beside them: those of
# T2 that are right by eye reach -0.98 to -1.16, the wrong ones -0.55, and T1 slices (-0.57 to -0.81) are off by eye.
_GOOD_AGREEMENT = -0.9
_COMPARISON_GRID_MM = 0.6


@dataclass(frozen=True)
class RegisteredSlice:
    """A TSE slice as a one-slice volume; `classes` on its grid, or None where registration failed."""

    name: str
    image: sitk.Image
    classes: sitk.Image | None


def _flat(volume: sitk.Image, index: int) -> sitk.Image:
    flat = volume[:, :, index]
    flat.SetOrigin((0.0, 0.0))
    flat.SetDirection((1.0, 0.0, 0.0, 1.0))
    return flat


def _method() -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(40)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.3, 1)
    method.SetInterpolator(sitk.sitkLinear)
    return method


def _register(fixed: sitk.Image, moving: sitk.Image) -> tuple[float, sitk.Similarity2DTransform]:
    transform = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Similarity2DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method = _method()
    method.SetOptimizerAsGradientDescent(1.0, 150, 1e-6, 10)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([8, 4, 2])
    method.SetSmoothingSigmasPerLevel([4, 2, 1])
    method.SetInitialTransform(transform, True)
    method.Execute(fixed, moving)
    return method.GetMetricValue(), sitk.Similarity2DTransform(transform)


def _bend(fixed: sitk.Image, moving: sitk.Image, start: sitk.Transform) -> tuple[float, sitk.Transform]:
    bending = sitk.BSplineTransformInitializer(fixed, [6, 8], 3)
    method = _method()
    method.SetOptimizerAsLBFGSB(maximumNumberOfCorrections=5, numberOfIterations=60)
    method.SetShrinkFactorsPerLevel([4, 2])
    method.SetSmoothingSigmasPerLevel([2, 1])
    method.SetMovingInitialTransform(start)
    method.SetInitialTransform(bending, True)
    method.Execute(fixed, moving)
    return method.GetMetricValue(), sitk.CompositeTransform([start, bending])


def _classes_on(image: sitk.Image, case: Case) -> sitk.Image | None:
    stack = sitk.Cast(preprocess.to_stack_order(case.read_image()), sitk.sitkFloat32)
    classes = preprocess.to_stack_order(case.read_classes())
    fixed = sitk.Cast(_flat(image, 0), sitk.sitkFloat32)
    count = stack.GetSize()[2]
    tried = [(*_register(fixed, _flat(stack, k)), k) for k in range(count // 4, count - count // 4, 2)]
    _, similarity, best = min(tried, key=lambda one: one[0])
    agreement, transform = _bend(fixed, _flat(stack, best), similarity)
    if agreement > _GOOD_AGREEMENT:
        return None
    on_slice = sitk.Resample(_flat(classes, best), fixed, transform, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    volume = sitk.JoinSeries(on_slice)
    volume.CopyInformation(image)
    return volume


def _same_place(t1_name: str, t1: sitk.Image, t2_name: str, t2: sitk.Image) -> bool:
    return tse.share_geometry(
        tse.on_grid(t1_name, t1, _COMPARISON_GRID_MM), tse.on_grid(t2_name, t2, _COMPARISON_GRID_MM)
    )


def registered_slices(data: Path, cases: Iterable[Case]) -> Iterator[RegisteredSlice]:
    """The T1 and T2 slices of these patients, each with labels where there are trustworthy ones."""
    spacings = tse.read_table(data)
    for one in cases:
        t1_name, t2_name = f"{one.patient}_t1", f"{one.patient}_t2"
        if t2_name not in spacings:
            continue
        t2 = tse.read_image(data / "tse_slices" / f"{t2_name}.jpg", spacings[t2_name])
        classes = _classes_on(t2, one)
        yield RegisteredSlice(t2_name, t2, classes)
        if t1_name in spacings:
            t1 = tse.read_image(data / "tse_slices" / f"{t1_name}.jpg", spacings[t1_name])
            carried = classes if _same_place(t1_name, t1, t2_name, t2) else None
            yield RegisteredSlice(t1_name, t1, carried)
