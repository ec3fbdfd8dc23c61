"""What is watched though no charter names it: told once, and when it is over; nothing is held back.

Seen to fail: with each signal told, and without the look under a new charter.
"""

import asyncio
from dataclasses import dataclass, field, replace

from edge_agent.daemon.scope_watch import ZONES_MAX, ScopeWatch
from edge_agent.domain.event import Body, BodyValue, Draft, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody
from edge_agent.evidence.charter import Charter
from tests.evidence.conftest import STAMP
from tests.evidence.test_charter import CHARTER


@dataclass
class Rig:
    """What is in force, and what was told."""

    charter: Charter | None = CHARTER
    told: list[tuple[dict[str, int | str], bool]] = field(default_factory=list)
    change: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.watch = ScopeWatch(self, ["shop", "barn"], self.note)

    async def changed(self) -> None:
        await self.change.wait()
        self.change.clear()

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        finding = FindingBody.from_body(body)
        assert (type_, lane, finding.cause) == (EventType.FINDING, Lane.FAULT, "outside_charter")
        self.told.append((finding.subject, finding.over))

    def signal(self, panel: str, zone: int | None, kind: EventType = EventType.SIGNAL) -> None:
        body: dict[int, BodyValue] = {5: panel}
        if zone is not None:
            body[7] = zone
        self.watch.hear(Numbered(b"epoch--1", 1, Draft(kind, Lane.INTRUSION, STAMP, body)))


def test_zones_and_panels_outside_are_told_once() -> None:
    rig = Rig()
    rig.watch.look()
    assert rig.told == [({"panel": "barn"}, False)]
    for _ in range(3):
        rig.signal("shop", 3)
        rig.signal("shop", 9)
        rig.signal("shop", None)
        rig.signal("barn", 1)  # the panel itself is outside, and that was told
        rig.signal("@gateway", 1)
        rig.signal("shop", 10, EventType.LINK)
    assert rig.told[1:] == [({"panel": "shop", "zone": 9}, False)]


def test_a_new_charter_ends_it_and_without_one_nothing_is_outside() -> None:
    rig = Rig()
    rig.signal("shop", 9)
    changes: list[None] = []

    async def work() -> None:
        running = asyncio.ensure_future(rig.watch.run(lambda: changes.append(None)))
        rig.charter = replace(CHARTER, panels=())
        rig.change.set()
        for _ in range(5):
            await asyncio.sleep(0)
        rig.charter = None
        rig.change.set()
        for _ in range(5):
            await asyncio.sleep(0)
        running.cancel()

    asyncio.run(work())
    assert len(changes) == 2
    started = {frozenset(subject.items()) for subject, over in rig.told if not over}
    ended = {frozenset(subject.items()) for subject, over in rig.told if over}
    assert started == ended
    assert frozenset({("panel", "shop")}) in started
    rig.told.clear()
    rig.signal("shop", 99)
    assert rig.told == []


def test_what_is_told_apart_is_bounded() -> None:
    rig = Rig()
    for zone in range(100, 100 + 2 * ZONES_MAX):
        rig.signal("shop", zone)
    assert len(rig.told) == ZONES_MAX + 1
