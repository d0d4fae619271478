"""Observers of VTK objects, kept together so that none is left behind."""

from collections.abc import Callable, Iterable

from vtkmodules.vtkCommonCore import vtkObject


class Observers:
    """What watches some objects on behalf of one part of the program."""

    def __init__(self) -> None:
        self._tags: list[tuple[vtkObject, int]] = []

    def watch(self, watched: vtkObject, events: Iterable[int], react: Callable[[], None]) -> None:
        """Call `react` at each of these events of an object, until it is no longer watched."""

        def call(_caller: vtkObject, _event: str) -> None:
            react()

        self._tags += [(watched, watched.AddObserver(event, call)) for event in events]

    def unwatch(self, watched: vtkObject) -> None:
        """Watch this object no longer."""
        for other, tag in self._tags:
            if other is watched:
                other.RemoveObserver(tag)
        self._tags = [(other, tag) for other, tag in self._tags if other is not watched]

    def remove_all(self) -> None:
        """Watch nothing any longer; may be called twice."""
        tags, self._tags = self._tags, []
        for watched, tag in tags:
            watched.RemoveObserver(tag)
