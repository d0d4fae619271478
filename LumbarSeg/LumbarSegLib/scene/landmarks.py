"""The landmarks of a level as a point list whose points can be dragged; what rests on them follows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from LumbarSegLib.core.findings import Measurement

if TYPE_CHECKING:
    from slicer import vtkMRMLMarkupsFiducialNode

    from LumbarSegLib.scene.live import LiveMeasures


def levels_of(measurement: Measurement) -> tuple[str, ...]:
    """The levels whose landmarks a measurement rests on: "L4" and "L5" for an angle at "L4/5"."""
    raise NotImplementedError


class DraggableLandmarks:
    """Shows the landmarks of some levels of `LiveMeasures` as point lists, one for each level.

    A dragged point becomes an override there at once, so `is_dirty` is true; the host's refresh works out the numbers
    and then calls `update`. The lists are not saved with the scene, the overrides are. When a list is deleted, its
    level is no longer shown; when the measures are closed, so is this.
    """

    def __init__(self, live: "LiveMeasures") -> None:
        raise NotImplementedError

    @property
    def nodes(self) -> "dict[str, vtkMRMLMarkupsFiducialNode]":
        """The point lists by their level."""
        raise NotImplementedError

    def show(self, levels: Iterable[str]) -> None:
        """Show the landmarks of these levels and of no others; levels without landmarks are passed over."""
        raise NotImplementedError

    def update(self) -> None:
        """Put the points where the findings have them, to be called after each refresh."""
        raise NotImplementedError

    def close(self) -> None:
        """Remove the lists and every observer; may be called twice."""
        raise NotImplementedError
