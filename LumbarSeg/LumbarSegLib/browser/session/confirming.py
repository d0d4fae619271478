"""Who stands for the result as a whole; the page knows the names as long as it is open."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from LumbarSegLib.scene.confirming import Confirming as Shared

if TYPE_CHECKING:
    from trame_server.state import State

    from LumbarSegLib.scene.live import LiveMeasures


class Confirming(Shared):
    """Two names and a button. `on_change` is called after each change, `live` tells what is shown."""

    def __init__(
        self, state: "State", live: "Callable[[], LiveMeasures | None]", on_change: Callable[[], None]
    ) -> None:
        super().__init__(live)
        self._on_change = on_change
        state.update({"person": "", "organization": ""})
        state.change("person", "organization")(lambda person, organization, **_: self._typed(person, organization))

    def confirm(self, person: str, organization: str) -> None:
        """Confirm the result, or take that back. The click says the names: the state may still hold former ones."""
        self.person, self.organization = str(person), str(organization)
        self.toggle()
        self._on_change()

    def _typed(self, person: str, organization: str) -> None:
        self.person, self.organization, self.problem = str(person), str(organization), ""
        self._on_change()
