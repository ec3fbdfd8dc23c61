"""What diagnosis says of an incident."""

import json
from dataclasses import dataclass

from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.observation import NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one incident as it stands at `t_ns`; a later one takes its place.

    `tier`: 0 no call for service, 1 verify first, 2 presence likely, 3 property threatened, 4 life.
    `reasons` are ids of rules, the deciding ones first.  `lines` name the observations that it
    rests on, ascending; within an incident they only grow.  `panel`, `area` are those of the first
    alarm.  `available` and `missing` are means of verification that this site has and lacks.
    """

    t_ns: int
    incident: str
    tier: int
    reasons: tuple[str, ...]
    lines: tuple[int, ...]
    panel: str | None
    area: int | None
    zones: tuple[int, ...]
    cause: Cause | None
    available: tuple[str, ...]
    missing: tuple[str, ...]

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        values = {
            "t": self.t_ns / NS,
            "type": "verdict",
            "incident": self.incident,
            "tier": self.tier,
            "reasons": self.reasons,
            "lines": self.lines,
            "panel": self.panel,
            "area": self.area,
            "zones": self.zones,
            "cause": self.cause,
            "available": self.available,
            "missing": self.missing,
        }
        return json.dumps(values)
