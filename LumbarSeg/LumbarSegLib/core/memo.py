"""Results kept by what they were worked out from, so that only what changed is worked out again."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Memo:
    """What one run worked out. The next run, made from it, takes over what it asks for again and forgets the rest.

    A result is never changed after it was kept.
    """

    def __init__(self, previous: "Memo | None" = None) -> None:
        self._old: dict[Hashable, Any] = previous._new if previous else {}
        self._new: dict[Hashable, Any] = {}

    def of(self, key: Hashable, work_out: Callable[[], Result]) -> Result:
        """The result for this key, which names all inputs of `work_out`."""
        if key not in self._new:
            self._new[key] = self._old[key] if key in self._old else work_out()
        return self._new[key]

    def close(self) -> None:
        """Let go of what the run before this one left, once this one is done."""
        self._old = {}
