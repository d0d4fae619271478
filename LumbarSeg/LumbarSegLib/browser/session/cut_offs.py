"""The cut-offs that values are set beside, as rows of the page that the user can change."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds, changed
from LumbarSegLib.errors import InputError, as_sentence

if TYPE_CHECKING:
    from trame_server.state import State

    from LumbarSegLib.browser.session.measuring import Measuring


class CutOffs:
    """Those that hold in this session: at first the shipped ones, and a user's own that his browser has kept."""

    def __init__(self, state: "State", measuring: "Measuring") -> None:
        self._state, self._measuring = state, measuring
        self._state.update({"cut_offs_problem": "", "own_cut_offs": None})
        self._use(SHIPPED)

    def reset(self) -> None:
        """Back to the shipped ones."""
        self._use(SHIPPED)
        self._keep()

    def change(self, row: int, value: Any) -> None:
        """Give the cut-off of a row another value, if it is a number."""
        key, place = self._places[row]
        try:
            self._use(changed(self._measuring.thresholds, key, place, value))
        except InputError as error:
            self._state.cut_offs_problem = as_sentence(error)
        else:
            self._keep()

    def restore(self, kept: Any) -> None:
        """Take over what the browser kept, as `_keep` told it; what cannot be used of it is passed over. What was
        changed in this session already stays.
        """
        if self._measuring.thresholds != SHIPPED:
            return
        thresholds = SHIPPED
        for row in kept if isinstance(kept, list) else []:
            with suppress(InputError, KeyError, IndexError, TypeError, ValueError):
                key, place, value = row
                thresholds = changed(thresholds, key, place, value)
        if thresholds != SHIPPED:
            self._use(thresholds)

    def _keep(self) -> None:
        """Let the browser keep the user's own: the measure, which of its cut-offs, and the value of each."""
        self._state.own_cut_offs = [
            [key, place, one.value]
            for key, rows in self._measuring.thresholds.items()
            for place, one in enumerate(rows)
            if one != SHIPPED[key][place]
        ]

    def _use(self, thresholds: Thresholds) -> None:
        self._measuring.thresholds = thresholds
        self._places = [(key, place) for key, rows in thresholds.items() for place in range(len(rows))]
        self._state.cut_offs_problem = ""
        self._state.cut_offs = [
            {
                "name": f"{MEASURES[key].name}, {MEASURES[key].unit}".removesuffix(", "),
                "levels_text": ", ".join(one.levels) or "all",
                "value": one.value,
                "meaning": one.meaning,
                "source": one.source,
                "population": one.population,
            }
            for key, rows in thresholds.items()
            for one in rows
        ]
