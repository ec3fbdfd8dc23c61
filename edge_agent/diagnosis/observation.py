"""One thing that the gateway heard, as diagnosis sees it: a signal's words, or a measurement."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.domain.kinds import Kind, State

NS = 1_000_000_000

LIFE_KINDS = frozenset({Kind.MEDICAL, Kind.PANIC, Kind.DURESS, Kind.HOLDUP})
FIRE_KINDS = frozenset({Kind.FIRE, Kind.GAS, Kind.CO})
INTRUSION_KINDS = frozenset({Kind.BURGLARY, Kind.TAMPER})
ALARM_KINDS = LIFE_KINDS | FIRE_KINDS | INTRUSION_KINDS
"""An active observation of these is in some incident's lines, at once."""


class Measure(StrEnum):
    """Kinds that no panel event has: what was measured, and the way to the center."""

    LOOP = "loop"  # ohms of a zone's loop
    SUPPLY = "supply"  # volts of a supply
    RADIO = "radio"  # level of a wireless detector
    LINE = "line"  # frames of a panel's line, and how many were damaged
    UPLINK = "uplink"  # the way to the center
    WALK = "walk"  # a walk test that the gateway itself keeps: it begins (active) or ends
    GAP = "gap"  # time passed, and nobody knows how much: the gateway was off, without a clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One line of a timeline, or one event of the journal.

    `line` is its number, from 1 and rising, by which verdicts name it.  `t_ns` never falls from one
    observation to the next.  `wall_ns` is Unix time, None where no clock can be trusted.  `dated`
    is False where the time that came with it made no sense and that of the one before stands in:
    no conclusion may rest on how soon it came.  `up` is of the uplink, `frames` and `bad` of a
    line; what was not said is None.
    """

    line: int
    t_ns: int
    kind: Kind | Measure
    state: State | None = None
    panel: str | None = None
    area: int | None = None
    zone: int | None = None
    user: int | None = None
    code: str | None = None
    wall_ns: int | None = None
    dated: bool = True
    panel_time: str | None = None
    up: bool | None = None
    ohms: float | None = None
    supply: str | None = None
    volts: float | None = None
    load_test: bool = False
    rssi_dbm: float | None = None
    interference: bool | None = None
    frames: int | None = None
    bad: int | None = None

    @property
    def is_alarm(self) -> bool:
        """Whether an incident must hold it."""
        return is_alarm(self.kind, self.state)


def is_alarm(kind: Kind | Measure, state: State | None) -> bool:
    """Whether what is told in these words must be held by an incident."""
    return kind in ALARM_KINDS and state in _STANDS


_STANDS = frozenset({State.ACTIVE, State.STATUS})
