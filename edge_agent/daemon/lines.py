"""Which lines and buses are talked over: one work for each panel of its own line, and each bus."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.clock import Clock
from edge_agent.config import Bus
from edge_agent.daemon.panels import Fitted
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.desk import Desk
from edge_agent.link.intake import Intake
from edge_agent.link.open import opener
from edge_agent.link.runner import run_panel

Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Talks:
    """The conversations with all panels; `desk` tells where the one with a panel takes orders."""

    panels: Sequence[Fitted]
    buses: Sequence[Bus]
    desk: Callable[[str], Desk]

    def works(self, intake: Intake, clock: Clock) -> list[Work]:
        """Return the coroutines that talk, each until it is cancelled."""
        return [*self._lines(intake, clock), *self._buses(intake, clock)]

    def _lines(self, intake: Intake, clock: Clock) -> Iterator[Work]:
        for fitted in self.panels:
            panel = fitted.panel
            if panel.line is not None:
                line = opener(panel.line, clock, fitted.driver.peers_max)
                desk = self.desk(panel.id)
                yield run_panel(panel.id, fitted.session, line, intake, clock, desk=desk)

    def _buses(self, intake: Intake, clock: Clock) -> Iterator[Work]:
        for bus in self.buses:
            members = [
                Member(one.panel.id, one.panel.unit or 1, one.session, self.desk(one.panel.id))
                for one in self.panels
                if one.panel.bus == bus.id
            ]
            if members:
                address = bus.address
                protocol = (lambda address=address: frames_of(address), pace_of(address))
                yield run_bus(members, opener(address, clock), protocol, intake, clock)
