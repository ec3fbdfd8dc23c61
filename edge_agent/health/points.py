"""The body's points that speak as a panel does: enclosure, mains, battery.

Codes of SIA DC-05 (Contact ID): 137 equipment tamper, 301 mains failure, 302 system battery low.
"""

from dataclasses import dataclass

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.signal import Signal
from edge_agent.health.debounce import Debounce


@dataclass(frozen=True, slots=True)
class Said:
    """A signal of the gateway itself, to be recorded at once."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a point's being so means."""

    kind: Kind
    code: str
    text: str


TAMPER = Meaning(Kind.TAMPER, "137", "enclosure")
MAINS = Meaning(Kind.POWER, "301", "mains")
BATTERY = Meaning(Kind.POWER, "302", "battery")


class Point:
    """One point: says when it becomes so and when it ends, and at start how it is.

    It also says at start that it is *not* so: the run before may have ended while it was.  What is
    not known says nothing here; that is a finding of its own.
    """

    def __init__(self, meaning: Meaning, debounce: Debounce) -> None:
        self._meaning = meaning
        self._debounce = debounce
        self._said: bool | None = None

    @property
    def state(self) -> bool | None:
        """Whether it is so; None: not known."""
        return self._debounce.state

    def handle(self, raw: bool | None, now_ns: int, frame: bytes) -> list[Said]:
        """Take a reading; `frame` is its provenance, signed with what it says."""
        if not self._debounce.handle(raw, now_ns):
            return []
        state = self._debounce.state
        if state is None or state is self._said:
            return []
        origin = Origin.AT_START if self._said is None else Origin.LIVE
        self._said = state
        meaning = self._meaning
        return [
            Said(
                Signal(
                    kind=meaning.kind,
                    state=State.ACTIVE if state else State.RESTORED,
                    code=meaning.code,
                    origin=origin,
                    text=meaning.text,
                    frame=frame,
                )
            )
        ]

    def deadline_ns(self) -> int | None:
        """Return when `handle` is to be called again, with the reading of that moment."""
        return self._debounce.deadline_ns()
