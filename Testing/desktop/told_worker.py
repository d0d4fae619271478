"""A worker that a test tells what to say: where the order of events matters, not what the network finds."""

from typing import Any

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.core.worker.events import Answer, Event
from LumbarSegLib.errors import InputError
from Testing.axial import axial_image, axial_labels
from Testing.spines import Phantom

PROVENANCE = {"task": "sagittal", "model": "phantom", "model_version": "1", "lowest_disc": "L5/S1"}


class ToldWorker:
    """Has the interface of `core.worker.client.Worker`; `say` is what the next poll hears."""

    def __init__(self, python: str | None = None, environment: Any = None) -> None:
        self.state = "stopped"
        self.asked: list[dict[str, Any]] = []
        self.warmed: list[str] = []
        self.cancelled = 0
        self._said: list[Event] = []

    def say(self, *events: Event) -> None:
        self._said += events

    def start(self) -> None:
        self.state = "ready"

    def warm(self, task: str) -> None:
        self.start()
        self.warmed.append(task)

    def segment(self, image: sitk.Image, **wishes: Any) -> None:
        if self.state == "busy":
            raise InputError("An image is being segmented; wait for it or cancel it first.")
        self.state = "busy"
        self.asked.append(wishes | {"image": image})

    def poll(self) -> list[Event]:
        said, self._said = self._said, []
        if any(isinstance(event, Answer) for event in said):
            self.state = "ready"
        return said

    def cancel(self) -> None:
        self.cancelled += 1
        self._said = []
        self.state = "ready"

    def stop(self) -> None:
        self._said = []
        self.state = "stopped"


def sagittal() -> tuple[sitk.Image, Answer]:
    """An image of a known spine, whose border cuts T12, and the answer that finds it."""
    labels = Phantom(spacing=(4.0, 1.0, 1.0)).labels[:, 26:, :]
    return _image(labels), Answer(spine_of(labels), labels > 0, PROVENANCE, {}, {"total": 1.0})


def axial() -> tuple[sitk.Image, Answer]:
    """An axial image and the answer that finds its regions."""
    labels = axial_labels()
    provenance = {"task": "axial", "model": "phantom", "model_version": "1"}
    return axial_image(labels), Answer(regions_of(labels, "axial"), labels, provenance, {}, {"total": 1.0})


def _image(labels: sitk.Image) -> sitk.Image:
    values = sitk.GetArrayFromImage(labels).astype(np.int16)
    image = sitk.GetImageFromArray(values * 3 + np.arange(values.size, dtype=np.int64).reshape(values.shape) % 7)
    image.CopyInformation(labels)
    return sitk.Cast(image, sitk.sitkInt16)
