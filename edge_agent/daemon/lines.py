"""Which lines and buses are talked over: one work for each panel of its own line, and each bus."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.clock import Clock
from edge_agent.config import Bus
from edge_agent.daemon.panels import Fitted
from edge_agent.domain.finding import Cause, Finding
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.desk import Desk
from edge_agent.link.intake import Intake
from edge_agent.link.open import opener
from edge_agent.link.runner import run_panel

Work = Coroutine[Any, Any, None]


async def _say_unheard(unfit: Fitted, intake: Intake) -> None:
    """Say of a panel that nobody listens to it, and why."""
    panel = unfit.panel.id
    intake.link(panel, online=False, reason="its driver does not load")
    intake.finding(panel, Finding(Cause.DRIVER_BROKEN, active=True, detail=unfit.broken))


@dataclass(frozen=True, slots=True)
class Talks:
    """The conversations with all panels; `desk` tells where the one with a panel takes orders."""

    panels: Sequence[Fitted]
    buses: Sequence[Bus]
    desk: Callable[[str], Desk]

    def works(self, intake: Intake, clock: Clock) -> list[Work]:
        """Return the coroutines that talk, each until it is cancelled.

        Of a panel whose driver does not load it says so, once.
        """
        unheard = [_say_unheard(one, intake) for one in self.panels if one.broken]
        return [*unheard, *self._lines(intake, clock), *self._buses(intake, clock)]

    def _lines(self, intake: Intake, clock: Clock) -> Iterator[Work]:
        for fitted in self.panels:
            panel = fitted.panel
            if panel.line is not None and not fitted.broken:
                line = opener(panel.line, clock, fitted.driver.peers_max)
                desk = self.desk(panel.id)
                yield run_panel(panel.id, fitted.session, line, intake, clock, desk=desk)

    def _buses(self, intake: Intake, clock: Clock) -> Iterator[Work]:
        for bus in self.buses:
            members = [
                Member(one.panel.id, one.panel.unit or 1, one.session, self.desk(one.panel.id))
                for one in self.panels
                if one.panel.bus == bus.id and not one.broken
            ]
            if members:
                address = bus.address
                protocol = (lambda address=address: frames_of(address), pace_of(address))
                yield run_bus(members, opener(address, clock), protocol, intake, clock)
