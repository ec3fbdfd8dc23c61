"""Walk tests: which zones of a panel were heard while somebody walked, and which not.

It only listens.  Nothing is asked of the panel, nothing is muted and no verdict is lowered by it:
what is an alarm meanwhile goes to the center as one, and whoever wants the panel itself under test
does that at the panel.  A test ends when it is told to, after its minutes, or when another begins;
what was heard is an event each time.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.clock import Clock
from edge_agent.daemon.commands import DONE, Result
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.kinds import Lane, Origin, State
from edge_agent.domain.signal import NUMBER_MAX, Signal
from edge_agent.evidence import fields
from edge_agent.evidence.bodies import ActBody, SignalBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import (
    WALK_AREA,
    WALK_MINUTES,
    WALK_MINUTES_MAX,
    WALK_PANEL,
    CenterCommand,
    CommandRef,
)
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.reply import facts_of
from edge_agent.limits import SITE_ENTRIES_MAX

_MINUTE_NS = 60_000_000_000
_TOLD_MAX = 1024  # zones of each list in a reply; each zone that was heard is an event of its own
_SEEN = frozenset({State.OPEN, State.ACTIVE})

Zones = Mapping[str, Mapping[int, int | None]]
"""The zones that the site lists, by panel: each with its area, None where that is not said."""


@dataclass(slots=True)
class WalkTest:
    """One walk test (pure): `expected` are the zones that the site lists there."""

    area: int | None
    expected: frozenset[int]
    actor: str
    ref: CommandRef | None
    ends_ns: int
    heard: Counter[int] = field(default_factory=Counter)

    def hear(self, said: Signal, area: int | None) -> None:
        """Take what the panel says; `area` is the zone's by the site, where the panel is silent."""
        place = said.area or area
        if said.zone is None or said.origin is not Origin.LIVE or said.state not in _SEEN:
            return
        if self.area is not None and place is not None and place != self.area:
            return
        if said.zone in self.heard or len(self.heard) < SITE_ENTRIES_MAX:
            self.heard[said.zone] += 1

    @property
    def missing(self) -> list[int]:
        """The zones that the site lists and nobody heard."""
        return sorted(self.expected - self.heard.keys())

    @property
    def words(self) -> str:
        """Say what was heard."""
        if not self.expected:
            return f"{len(self.heard)} zones heard; the site lists none"
        heard = len(self.expected) - len(self.missing)
        said = f"{heard} of {len(self.expected)} zones heard"
        return f"{said}; not heard: {', '.join(map(str, self.missing))}" if self.missing else said

    def facts(self) -> dict[str, Any]:
        """Return the same in plain values."""
        heard = {str(zone): count for zone, count in sorted(self.heard.items())[:_TOLD_MAX]}
        return {"heard": heard, "not_heard": self.missing[:_TOLD_MAX]}


class WalkTests:
    """The walk tests of one run, one a panel at a time; the last of each can be asked for again."""

    def __init__(
        self, zones: Zones, clock: Clock, note: Callable[[EventType, Lane, Body], None]
    ) -> None:
        self._zones = zones
        self._clock = clock
        self._note = note
        self._tests: dict[str, WalkTest] = {}
        self._over: dict[str, WalkTest] = {}
        self._begun = asyncio.Event()

    def hear(self, event: Numbered) -> None:
        """Take an event as it was sent; costs nothing while nobody walks."""
        if not self._tests or event.draft.type is not EventType.SIGNAL:
            return
        with contextlib.suppress(Malformed):
            body = SignalBody.from_body(event.draft.body)
            test = self._tests.get(body.panel)
            if test is not None:
                area = self._zones[body.panel].get(body.signal.zone or 0)
                test.hear(body.signal, area)

    async def run(self) -> None:
        """End tests when their time is over, until cancelled."""
        while True:
            times = [test.ends_ns for test in self._tests.values()]
            wait_s = max(0, min(times) - self._clock.boottime_ns()) / 1e9 if times else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._begun.wait()
            self._begun.clear()
            now_ns = self._clock.boottime_ns()
            for panel in [one for one, test in self._tests.items() if test.ends_ns <= now_ns]:
                self._end(panel, "its time is over")

    async def take(self, command: CenterCommand, ref: CommandRef) -> Result:
        """Begin a test, or end one and tell what was heard.  Raises Malformed, ValueError."""
        body = command.body
        if not body.keys() <= {WALK_PANEL, WALK_AREA, WALK_MINUTES}:
            raise Malformed("unknown key in a walk test")
        panel = fields.text(body, WALK_PANEL, NAME_CHARS_MAX)
        minutes = fields.number_or_none(body, WALK_MINUTES, 1, WALK_MINUTES_MAX)
        area = fields.number_or_none(body, WALK_AREA, 1, NUMBER_MAX)
        if minutes is not None:
            said = self._begin(panel, area, minutes, command.actor, ref)
            return Result(DONE, f"begun: {said}")
        self._end_if_any(panel, command.actor)
        over = self._last(panel)
        return Result(DONE, over.words, facts_of(over.facts()))

    async def answer(self, request: Mapping[str, Any], who: object) -> dict[str, Any]:
        """Answer `edge-agent walktest`: begin for `minutes`, `look`, or end.  Raises ValueError."""
        panel, minutes, area = str(request.get("panel")), request.get("minutes"), None
        if minutes is not None:
            area = request.get("area")
            for name, number, high in (
                ("minutes", minutes, WALK_MINUTES_MAX),
                ("area", area, NUMBER_MAX),
            ):
                if number is not None and (type(number) is not int or not 1 <= number <= high):
                    raise ValueError(f"'{name}' is a number of 1 to {high}")
            said = self._begin(panel, area, minutes, str(who), None)
            return {"said": said, "over": False, **self._tests[panel].facts()}
        if not request.get("look"):
            self._end_if_any(panel, str(who))
        test = self._last(panel)
        return {"said": test.words, "over": panel not in self._tests, **test.facts()}

    def _end_if_any(self, panel: str, actor: str) -> None:
        if panel in self._tests:
            self._end(panel, f"by {actor}")

    def _last(self, panel: str) -> WalkTest:
        """Return the test of a panel that goes on, or its last one.  Raises ValueError."""
        test = self._tests.get(panel) or self._over.get(panel)
        if test is None:
            raise ValueError(f"no walk test of {panel!r} was begun since the agent was started")
        return test

    def _begin(
        self, panel: str, area: int | None, minutes: int, actor: str, ref: CommandRef | None
    ) -> str:
        if panel not in self._zones:
            raise ValueError(f"no panel {panel!r}; there are: {', '.join(self._zones)}")
        if panel in self._tests:
            self._end(panel, "another begins")
        zones = self._zones[panel]
        expected = frozenset(
            zone for zone, place in zones.items() if area is None or place in (None, area)
        )
        ends_ns = self._clock.boottime_ns() + minutes * _MINUTE_NS
        self._tests[panel] = WalkTest(area, expected, actor, ref, ends_ns)
        self._begun.set()
        place = "" if area is None else f"area {area}, "
        said = f"{place}{len(expected)} zones, for {minutes} min"
        self._say(panel, self._tests[panel], "begins", said)
        return said

    def _end(self, panel: str, why: str) -> None:
        test = self._over[panel] = self._tests.pop(panel)
        self._say(panel, test, "ends", f"{why}: {test.words}")

    def _say(self, panel: str, test: WalkTest, outcome: str, detail: str) -> None:
        act = ActBody(
            "walk_test", test.actor, detail, panel=panel, outcome=outcome, command=test.ref
        )
        self._note(EventType.ACT, Lane.STATE, act.to_body())
