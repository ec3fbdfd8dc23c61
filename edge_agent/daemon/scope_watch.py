"""Tells of what is watched though the charter does not name it: panels and zones.

Nothing is held back for it: an alarm of a zone that no paper names is an alarm.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from edge_agent.daemon.news import Told
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.evidence.charter import Charter

ZONES_MAX = 256  # told apart; a panel with more of them outside is told of by these
RULE = "charter"
REMEDY = "have it entered in a new charter, signed by both, or take it out of the gateway"


class Chartering(Protocol):
    """What is in force, and when that changes."""

    @property
    def charter(self) -> Charter | None:
        """The charter in force, None without one."""

    async def changed(self) -> None:
        """Return when another charter has come into force."""


class ScopeWatch:
    """What was seen outside; `panels` are those configured."""

    def __init__(
        self,
        chartered: Chartering,
        panels: Iterable[str],
        note: Callable[[EventType, Lane, Body], None],
    ) -> None:
        self._chartered = chartered
        self._panels = tuple(panels)
        self._note = note
        self._zones: dict[tuple[str, int], None] = {}
        self._told = Told()

    def hear(self, event: Numbered) -> None:
        """Take an event of this run: a signal of a zone outside is told of, once."""
        charter = self._chartered.charter
        if event.draft.type is not EventType.SIGNAL or charter is None:
            return
        panel, zone = event.draft.body.get(5), event.draft.body.get(7)
        if not isinstance(panel, str) or not isinstance(zone, int) or panel == GATEWAY_PANEL:
            return
        place = (panel, zone)
        if charter.watches(*place) or place in self._zones or len(self._zones) >= ZONES_MAX:
            return
        self._zones[place] = None
        self.look()

    async def run(self, changed: Callable[[], None]) -> None:
        """Look at the start and under each new charter, of which `changed` is told."""
        while True:
            self.look()
            await self._chartered.changed()
            changed()

    def look(self) -> None:
        """Tell what is outside of the charter in force, and what is no more."""
        charter = self._chartered.charter
        found = [] if charter is None else self._found(charter)
        for finding in self._told.take(found):
            self._note(EventType.FINDING, Lane.FAULT, finding.to_body())

    def _found(self, charter: Charter) -> list[FindingBody]:
        panels = [panel for panel in self._panels if not charter.watches(panel)]
        zones = [
            (panel, zone)
            for panel, zone in self._zones
            if charter.watches(panel) and not charter.watches(panel, zone)
        ]
        where = f"charter {charter.number} does not name it"
        return [_finding(panel, None, where) for panel in panels] + [
            _finding(panel, zone, where) for panel, zone in zones
        ]


def _finding(panel: str, zone: int | None, detail: str) -> FindingBody:
    return FindingBody(
        panel=panel,
        part=None if zone is None else ("zone", zone),
        cause="outside_charter",
        severity=Severity.MAINTAIN,
        reasons=(RULE,),
        remedy=REMEDY,
        detail=detail,
    )
