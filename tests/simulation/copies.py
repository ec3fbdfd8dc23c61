"""One frame of a panel is one event at the center, but for the reasons on the driver's page.

Every signal of a world differs from every other, so a frame that is there twice was repeated by its
panel and not recognised.  The world knows what happened between the two, from outside: which life
heard which whole copy when, over which opening of the line, and how each life started.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from edge_agent.domain.event import EventType
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence.bodies import SignalBody
from edge_agent.evidence.envelope import Event
from tests.simulation.gateway import Gateway, Life

ENDS = b"\x14\r\n"
REPEAT_NS = 4_000_000_000  # both profiles wait so long for an ACK
LATE_NS = REPEAT_NS * 3 // 2  # of one conversation
LATE_AFTER_OPENING_NS = 3 * REPEAT_NS


class Reason(StrEnum):
    """Why a frame may be at the center once more."""

    BOOT = "another boot: its age is unknown"
    BETWEEN = "something else came between"
    UNFLUSHED = "a start could not flush what it found"
    NOT_ON_CARD = "only the center had it when the life began"
    LATE_AFTER_START = "more than three repeat times after it, over a restart"
    LATE_AFTER_OPENING = "more than three repeat times after the last copy, over an opening"
    LATE = "later than a repeat comes"


@dataclass(frozen=True, slots=True)
class Copy:
    """One event at the center."""

    panel: str
    body: bytes  # the frame without its end
    epoch: bytes
    seq: int
    stamp: Stamp

    @property
    def at_ns(self) -> int:
        return self.stamp.boottime_ns


@dataclass(slots=True)
class _Start:
    stamp: Stamp
    refused: bool
    found: dict[bytes, list[tuple[int, int]]]  # by epoch: a first number, the set of those there

    def knows(self, copy: Copy) -> bool:
        """Whether the card held this very event (an earlier copy of the frame is another one)."""
        return any(
            copy.seq >= first and there >> copy.seq - first & 1
            for first, there in self.found.get(copy.epoch, [])
        )


@dataclass
class Copies:
    """Watches what the lines carry and how lives start; `reasons` counts what was allowed."""

    gateway: Gateway
    reasons: Counter[Reason] = field(default_factory=Counter)
    _starts: dict[bytes, _Start] = field(default_factory=dict)  # by epoch

    def started(self, life: Life) -> None:
        """A life has read its card."""
        assert life.agent is not None
        found: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
        for segment in life.agent._found.index.segments:
            found[segment.epoch].append((segment.first, segment.present))
        refused = life.agent._found.refused is not None
        self._starts[life.agent._begun.epoch] = _Start(life.clock.stamp(), refused, found)

    def unexplained(self, events: Iterable[Event]) -> list[str]:
        """Say which of these events, all that the center has, are one too many."""
        said = [copy for copy in map(_copy_of, events) if copy is not None]
        by_panel: dict[str, list[Copy]] = defaultdict(list)
        for copy in sorted(said, key=lambda copy: (copy.stamp.boot_id, copy.at_ns)):
            by_panel[copy.panel].append(copy)
        found = []
        for panel, line in by_panel.items():
            places: dict[bytes, list[int]] = defaultdict(list)
            for place, copy in enumerate(line):
                places[copy.body].append(place)
            for body, where in places.items():
                if body not in self.gateway.panels[panel].ledger.said:
                    continue  # damaged on the line, and kept as it was heard
                found += [self._judge(line, *pair) for pair in pairwise(where)]
        return [one for one in found if one]

    def _judge(self, line: list[Copy], first: int, second: int) -> str:
        reason = self._reason(line, first, second)
        if reason is not None:
            self.reasons[reason] += 1
            return ""
        one, other = line[first], line[second]
        restarted = "" if one.epoch == other.epoch else ", over a restart"
        passed_s = (other.at_ns - one.at_ns) / 1e9
        return f"{one.body!r} of {one.panel} twice, {passed_s:.1f} s apart{restarted}"

    def _reason(self, line: list[Copy], first: int, second: int) -> Reason | None:
        one, other = line[first], line[second]
        if one.stamp.boot_id != other.stamp.boot_id:
            return Reason.BOOT
        if second - first > 1:
            return Reason.BETWEEN
        if one.epoch != other.epoch:
            return self._over_a_restart(one, other)
        panel = self.gateway.panels[one.panel]
        boot = other.stamp.boot_id
        heard = [at for at in panel.heard[boot, one.body] if one.at_ns <= at < other.at_ns]
        since_ns = other.at_ns - max(heard, default=one.at_ns)
        if any(one.at_ns <= at <= other.at_ns for at in panel.opened[boot]):
            return Reason.LATE_AFTER_OPENING if since_ns > LATE_AFTER_OPENING_NS else None
        return Reason.LATE if since_ns > LATE_NS else None

    def _over_a_restart(self, one: Copy, other: Copy) -> Reason | None:
        between = [
            start
            for start in self._starts.values()
            if start.stamp.boot_id == other.stamp.boot_id
            and one.at_ns <= start.stamp.boottime_ns <= other.at_ns
        ]
        if any(start.refused for start in between):
            return Reason.UNFLUSHED
        if not all(start.knows(one) for start in between):
            return Reason.NOT_ON_CARD
        if other.at_ns - one.at_ns > LATE_AFTER_OPENING_NS:
            return Reason.LATE_AFTER_START
        return None


def _copy_of(event: Event) -> Copy | None:
    if event.type is not EventType.SIGNAL:
        return None
    body = SignalBody.from_body(event.body)
    return Copy(body.panel, body.signal.frame.rstrip(ENDS), event.epoch, event.seq, event.stamp)
