"""What diagnosis says of a detector, a line, a supply: something to mend before it alarms."""

import json
from dataclasses import dataclass, field
from enum import StrEnum

from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.observation import NS


class Severity(StrEnum):
    """What a finding asks for."""

    NOTICE = "notice"  # know of it
    MAINTAIN = "maintain"  # mend it at the next visit
    URGENT = "urgent"  # go there


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something is wrong with `panel`, or with the one part of it that is named.

    `part` is one of zone, area (numbers), bus, supply (names).  `reasons` are ids of rules.
    `over`: what was found before, of this subject and cause, holds no more.
    """

    t_ns: int
    panel: str
    cause: Cause
    severity: Severity
    reasons: tuple[str, ...]
    remedy: str
    part: tuple[str, int | str] | None = None
    detail: str = ""
    over: bool = False
    lines: tuple[int, ...] = field(default=())

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        values: dict[str, object] = {
            "t": self.t_ns / NS,
            "type": "finding",
            "subject": {"panel": self.panel, **dict([self.part] if self.part else [])},
            "cause": self.cause,
            "severity": self.severity,
            "reasons": self.reasons,
            "remedy": self.remedy,
        }
        if self.detail:
            values["detail"] = self.detail
        if self.over:
            values["over"] = True
        return json.dumps(values)
