"""A gateway that was away for 400 days comes back: nothing is refused, lost, or out of its time.

Seen to fail: with events shown in the order of their arrival, the year is not in order; with an
audit that calls itself done after one slice, most of it stays unproven.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_agent.center import fleet, show
from edge_agent.center.audit import Audit
from edge_agent.center.presence import PresenceStore
from edge_agent.center.settings import Presence
from edge_agent.center.show import Wanted
from edge_agent.center.store import Arrival
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import ClockChange, Stamp, Trust
from edge_agent.evidence.bodies import ClockBody, Ended
from edge_agent.evidence.dating import Basis
from edge_agent.evidence.status import Status, sign_status
from tests.center.world import NOW_MS, WALL_NS, FakeCenter, FakeGateway

S, MS = 1_000_000_000, 1_000_000
DAY_NS, DAY_MS = 86_400 * S, 86_400_000
AWAY = 400


def heartbeat(gateway: FakeGateway, at: Stamp) -> bytes:
    status = Status(
        gateway="gw1",
        epoch=gateway.epoch,
        next_seq=gateway.peaks.size,
        root=gateway.peaks.root(),
        stamp=at,
        started=at,
        interval_s=25,
    )
    return sign_status(status, gateway.signer)


class Story:
    """The gateway goes, is away, and comes back; `take` is the center's side."""

    def __init__(self, folder: Path) -> None:
        self.gateway = FakeGateway()
        self.center = FakeCenter(folder, self.gateway)
        self._presence = PresenceStore(self.center.office, self.center.connection, 25)

    def take(self, *envelopes: bytes, live: bool, at_ms: int) -> None:
        self.center.store.take([Arrival("gw1", live, one) for one in envelopes], at_ms)

    def beat(self, stamp: Stamp, at_ms: int) -> None:
        self._presence.take([Arrival("gw1", True, heartbeat(self.gateway, stamp))], at_ms)

    def fleet(self, now_ms: int) -> dict[str, Any]:
        view = fleet.View(self.center.connection, ["gw1"], Presence(), now_ms)
        (fact,) = fleet.facts(view)
        return fact

    def goes(self) -> list[bytes]:
        """399 days without a network, an alarm every day; return what waits on its card."""
        left_ms = NOW_MS - AWAY * DAY_MS
        self.take(self.gateway.start(at=then(0)), live=True, at_ms=left_ms)
        self.beat(then(0), left_ms)
        assert self.fleet(left_ms)["state"] == "online"
        return [
            self.gateway.sealed(EventType.LINK, {}, Lane.INTRUSION, then(day))
            for day in range(1, AWAY)
        ]

    def comes_back(self, waiting: list[bytes]) -> None:
        """A power cut, 1970, and the center's word; what is new first, then what waited."""
        at = Stamp(5 * S, 5 * S, b"2" * 16, Trust.UNSET)
        genesis = self.gateway.start(Ended.CRASH, at=at)
        told = ClockBody(ClockChange.TOLD, source="center", told=(WALL_NS, WALL_NS + 100 * MS))
        later = replace(at, boottime_ns=6 * S)
        clock = self.gateway.sealed(EventType.CLOCK, told.to_body(), Lane.FAULT, later)
        self.take(genesis, clock, live=True, at_ms=NOW_MS + 200)
        self.take(*waiting, live=False, at_ms=NOW_MS + 1000)
        self.beat(at, NOW_MS + 1000)
        audit = Audit(self.center.connection, self.center.turns)
        while audit.step(NOW_MS):
            pass
        audit.lineage(NOW_MS)


def then(day: int) -> Stamp:
    """One boot, synced, that began when it was last heard."""
    wall_ns = WALL_NS + (day - AWAY) * DAY_NS
    return Stamp(wall_ns, day * DAY_NS, b"1" * 16, Trust.SYNCED, 5)


def test_it_is_offline_and_then_there_again_with_nothing_missing(tmp_path: Path) -> None:
    story = Story(tmp_path)
    waiting = story.goes()
    assert story.fleet(NOW_MS)["state"] == "offline"
    story.comes_back(waiting)
    fact = story.fleet(NOW_MS + 2000)
    assert (fact["state"], fact["missing"], fact["problems"]) == ("online", 0, [])
    assert [epoch["proved_to"] for epoch in fact["epochs"]] == [2, AWAY]


def test_every_event_of_the_year_has_its_own_day(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.comes_back(story.goes())
    shown = show.by_time(show.select(story.center.connection, Wanted()))
    assert [one.event.stamp.boot_id for one in shown] == [b"1" * 16] * AWAY + [b"2" * 16] * 2
    waited = shown[1:AWAY]
    assert {one.dated.basis for one in waited} == {Basis.OWN}
    assert all("late" in one.marks for one in waited)
    assert [(one.late_ms or 0) // DAY_MS for one in waited] == list(range(AWAY - 1, 0, -1))
    first = shown[-2]  # of 1970
    assert (first.event.seq, first.dated.basis, first.marks) == (0, Basis.LATER, ["clock unset"])
    assert abs((first.dated.wall_ns or 0) - (WALL_NS - S)) < S
