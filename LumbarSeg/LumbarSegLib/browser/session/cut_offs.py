"""The cut-offs that values are set beside, as rows of the page that the user can change."""

from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds, changed
from LumbarSegLib.errors import InputError, as_sentence

if TYPE_CHECKING:
    from trame_server.state import State

    from LumbarSegLib.browser.session.measuring import Measuring


class CutOffs:
    """Those that hold in this session; at first the shipped ones."""

    def __init__(self, state: "State", measuring: "Measuring") -> None:
        self._state, self._measuring = state, measuring
        self._state.cut_offs_problem = ""
        self._use(SHIPPED)

    def reset(self) -> None:
        """Back to the shipped ones."""
        self._use(SHIPPED)

    def change(self, row: int, value: Any) -> None:
        """Give the cut-off of a row another value, if it is a number."""
        key, place = self._places[row]
        try:
            self._use(changed(self._measuring.thresholds, key, place, value))
        except InputError as error:
            self._state.cut_offs_problem = as_sentence(error)

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
