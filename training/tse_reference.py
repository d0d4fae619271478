"""Reference labels on real T1 and T2 TSE slices of patients with a labelled SPACE stack, by registration.

Each slice is registered (similarity, mutual information) to the sagittal slices of the patient's own SPACE
stack, whose mask then lies on it. A registration counts only where it converged near the true scale; what
fails is named. The patient moved and the slices are 3 mm thick, so these labels are less exact than the
stacks' own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from LumbarSegLib.core import preprocess
from training import spider, tse

_LARGEST_SCALE_ERROR = 0.06


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


def _register(fixed: sitk.Image, moving: sitk.Image) -> tuple[float, sitk.Similarity2DTransform]:
    transform = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Similarity2DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(40)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.25, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescent(1.0, 150, 1e-6, 10)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([8, 4, 2])
    method.SetSmoothingSigmasPerLevel([4, 2, 1])
    method.SetInitialTransform(transform, True)
    method.Execute(fixed, moving)
    return method.GetMetricValue(), sitk.Similarity2DTransform(transform)


def _classes_on(image: sitk.Image, series: spider.Series) -> sitk.Image | None:
    stack = sitk.Cast(preprocess.to_stack_order(series.image()), sitk.sitkFloat32)
    classes = preprocess.to_stack_order(series.classes())
    fixed = sitk.Cast(_flat(image, 0), sitk.sitkFloat32)
    count = stack.GetSize()[2]
    tried = [(*_register(fixed, _flat(stack, k)), k) for k in range(count // 4, count - count // 4, 2)]
    _, transform, best = min(tried, key=lambda one: one[0])
    if abs(transform.GetScale() - 1) > _LARGEST_SCALE_ERROR:
        return None
    on_slice = sitk.Resample(_flat(classes, best), fixed, transform, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    volume = sitk.JoinSeries(on_slice)
    volume.CopyInformation(image)
    return volume


def registered_slices(data: Path, series: list[spider.Series]) -> Iterator[RegisteredSlice]:
    """The TSE slices of these patients, each with labels where registration worked."""
    spacings = tse.read_table(data)
    for one in series:
        for weighting in ("t1", "t2"):
            name = f"{one.patient}_{weighting}"
            if name in spacings:
                image = tse.read_image(data / "tse_slices" / f"{name}.jpg", spacings[name])
                yield RegisteredSlice(name, image, _classes_on(image, one))
