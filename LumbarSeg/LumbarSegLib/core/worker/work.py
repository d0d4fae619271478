"""What the child does with a request: it keeps models loaded, segments, and tells how far it is."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import SimpleITK as sitk

import LumbarSegLib.core.split  # noqa: F401 - it would else be imported by the first request, which should not wait
from LumbarSegLib.core import analysis, models
from LumbarSegLib.core.inference import segment_labels
from LumbarSegLib.core.provenance import provenance
from LumbarSegLib.core.worker.frames import Message
from LumbarSegLib.core.worker.packing import packed_labels, packed_result

Tell = Callable[[Message], None]
Wishes = dict[str, Any]
"""The keywords of `Worker.segment`."""

_KEPT = 2  # models: one for each task that has one
_SEGMENTING = {"sagittal": 0.7, "axial": 0.5, "xray": 0.5}  # of the time of a request; the check takes the rest
_TELLING = 0.1  # of the way, until which its pace says nothing
_PROBE_MM = 128.0
_PROBE_SLICES = 4


class Work:
    """Models that are loaded, and requests on them."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._models: dict[tuple[str, str, bool], models.Model] = {}

    def warm(self, task: str) -> None:
        """Load the shipped model of a task and let it run once: its first run is the slowest. Raises ModelError."""
        info = models.choose(task)
        if not self._is_loaded(info):
            segment_labels(_probe(info), self._loaded(info))

    def segment(self, image: sitk.Image, wishes: Wishes) -> Message:
        """The answer to a request. Raises as `analysis.prepare` and `analysis.segment`."""
        started = time.perf_counter()
        info = analysis.choose_model(image, wishes["task"], wishes["model"])
        self._tell(Message("task", {"task": info.task}))
        choice = (wishes["device"], wishes["accept_unlisted"])
        if not self._is_loaded(info, *choice):
            self._tell(Message("progress", {"step": "Loading the model", "fraction": 0.0, "seconds_left": None}))
        model = self._loaded(info, *choice)
        loaded = time.perf_counter()
        pace = _Pace(self._tell)
        share = _SEGMENTING[info.task]
        found = analysis.segment(
            image,
            model,
            wishes["lowest_disc"],
            wishes["flips"],
            lambda step, fraction: pace.at(step, share * fraction) if fraction < 1 else None,
            view=wishes["view"],
        )
        segmented = time.perf_counter()
        agreement = analysis.self_agreement(
            found, model, on_progress=lambda fraction: pace.at("Checking", share + (1 - share) * fraction)
        )
        seconds = {"load": loaded - started, **found.seconds, "agreement": time.perf_counter() - segmented}
        result, labels = packed_result(found.result)
        semantic, kinds = packed_labels(found.semantic)
        told = {
            "result": result,
            "semantic": semantic,
            "provenance": provenance(found),
            "agreement": agreement,
            "seconds": seconds,
        }
        return Message("answer", told, (labels, kinds))

    def _is_loaded(self, info: models.ModelInfo, device: str = "auto", accept_unlisted: bool = False) -> bool:
        return (info.sha256, device, accept_unlisted) in self._models

    def _loaded(self, info: models.ModelInfo, device: str = "auto", accept_unlisted: bool = False) -> models.Model:
        """The model of these weights, the ones last used being kept."""
        key = (info.sha256, device, accept_unlisted)
        model = self._models.pop(key, None) or models.open_model(info, device, accept_unlisted)
        self._models[key] = model
        while len(self._models) > _KEPT:
            del self._models[next(iter(self._models))]
        return model


class _Pace:
    """Tells how far a request is, and from its pace so far how long the rest takes."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._started = time.perf_counter()

    def at(self, step: str, fraction: float) -> None:
        spent = time.perf_counter() - self._started
        left = spent * (1 - fraction) / fraction if fraction > _TELLING else None
        self._tell(Message("progress", {"step": step, "fraction": fraction, "seconds_left": left}))


def _probe(info: models.ModelInfo) -> sitk.Image:
    """An image of noise that a model can be run on."""
    pixel_mm = info.spacing_mm or 1.0
    side = round(_PROBE_MM / pixel_mm)
    slices = _PROBE_SLICES if info.orientation else 1  # a radiograph is one, as it is stored
    noise = np.random.default_rng(0).integers(0, 255, (slices, side, side), np.uint8)
    image = sitk.GetImageFromArray(noise)
    image.SetSpacing((pixel_mm, pixel_mm, info.neighbour_distance_mm))
    if info.orientation:
        image.SetDirection(sitk.DICOMOrientImageFilter.GetDirectionCosinesFromOrientation(info.orientation))
    return image
