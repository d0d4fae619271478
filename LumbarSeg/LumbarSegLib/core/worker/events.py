"""What a host hears from its worker, in the order in which it happened."""

from collections.abc import Mapping
from dataclasses import dataclass

import SimpleITK as sitk

from LumbarSegLib.core.regions import Result


@dataclass(frozen=True)
class Ready:
    """The worker has its libraries and a model loaded, `seconds` after it was started."""

    seconds: float


@dataclass(frozen=True)
class Progress:
    """How far the request is: the name of the step, the fraction of the whole in 0..1, and an estimate of the seconds
    that are left, None while nothing can be said.
    """

    step: str
    fraction: float
    seconds_left: float | None


@dataclass(frozen=True)
class Answer:
    """What was found in the image of the request.

    `result` and `semantic` (the model's answer, kinds without levels) lie on the grid of the image. `provenance` is
    what `lumbarseg segment` writes into its files. `agreement` is that of `analysis.self_agreement`, for
    `analysis.measure`. `seconds` are those of each step and "total", from the request to its answer.
    """

    result: Result
    semantic: sitk.Image
    provenance: Mapping[str, str]
    agreement: Mapping[str, float]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Failed:
    """The model could not be loaded or the image not be segmented, and the worker waits for the next request.

    `sentence` is for the user, `details` (several lines or none) for who wants to know more.
    """

    sentence: str
    details: str


@dataclass(frozen=True)
class Died:
    """The worker is gone: it ended, hung or could not be understood. The next request starts a new one."""

    sentence: str
    details: str


Event = Ready | Progress | Answer | Failed | Died
