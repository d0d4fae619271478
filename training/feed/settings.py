"""How batches are drawn and changed, as an experiment's [draw] and [augmentation] say it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SliceDraw:
    """How slices are cut out of a stack; probabilities are per slice.

    Neighbours lie 1 to `largest_step` slices away, each step as likely; with 0 as far away as in inference. `thick` of
    the slices are averaged with as many neighbours as the step allows; `single` are shown without neighbours.
    `pseudo_share` of all slices are drawn from those that a network labelled itself.
    """

    largest_step: int = 0
    thick: float = 0.0
    single: float = 0.0
    pseudo_share: float = 0.0


@dataclass(frozen=True)
class Augmentation:
    """How often and how far images are changed; all is off unless it is given. Probabilities are per sample.

    Geometry, on all samples:
    crop: (rows, columns) or (slices, rows, columns) of what is cut out at a random place; None keeps the size.
    shift: how far the centre moves beyond that, as share of the size.
    rotation_deg: largest angle within the slice. zoom: from, to. stretch: largest change of the ratio of rows to
    columns. shear: largest shear. elastic_px: largest deviation of a smooth bend, on 6 of 10 samples.
    mirror: probability of left for right, for axial slices and frontal radiographs, whose columns run across the body.

    Contrast, probabilities of one or the other (their sum is at most 1): synthesis gives each class and the tissues
    around a new mean from the label map, curve passes the image through any random curve, histogram through one that
    rises, inversion turns it round, t2_like makes T2 of an axial T1 slice with labels. After these gamma. dark_air: air
    stays dark in all of them, as in MR; false for radiographs, which are also shown as negatives.

    Faults, probabilities: bias (smooth shading), coil (signal falls from back to belly), low_resolution, blur (or
    sharpening), ghost, band (saturation band in front of the spine), void (metal), gibbs (ringing), spike (a wrong
    value in k-space), implant (rods and screws on radiographs), noise (Rician, up to noise_level times the deviation of
    the sample).
    belly_to_back: the direction in which coil and band lie, "columns" in sagittal and "rows" in axial slices.

    level: largest error of mean and deviation after normalisation, since a slice's are not those of its volume.
    """

    crop: tuple[int, ...] | None = None
    shift: float = 0.0
    rotation_deg: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    stretch: float = 0.0
    shear: float = 0.0
    elastic_px: float = 0.0
    mirror: float = 0.0
    synthesis: float = 0.0
    curve: float = 0.0
    histogram: float = 0.0
    inversion: float = 0.0
    t2_like: float = 0.0
    gamma: float = 0.0
    dark_air: bool = True
    bias: float = 0.0
    coil: float = 0.0
    low_resolution: float = 0.0
    blur: float = 0.0
    ghost: float = 0.0
    band: float = 0.0
    void: float = 0.0
    gibbs: float = 0.0
    spike: float = 0.0
    implant: float = 0.0
    noise: float = 0.0
    noise_level: float = 0.3
    belly_to_back: Literal["columns", "rows"] = "columns"
    level: float = 0.0
