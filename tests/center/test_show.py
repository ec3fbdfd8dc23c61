from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from edge_agent.center import show
from edge_agent.center.show import Shown, Wanted
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import SignalBody
from edge_agent.evidence.dating import Basis, Dated
from edge_agent.views.judged_words import Judged
from tests.center.world import NOW_MS, WALL_NS, FakeCenter, FakeGateway, stamp

S = 1_000_000_000
JUDGED = Judged("en")

SIGNAL = SignalBody(
    signal=Signal(
        kind=Kind.FIRE, state=State.ACTIVE, code="110", zone=4, text="Kü\x1b[2J\u202ech", frame=b"x"
    ),
    panel="p1",
    driver="surgard",
    driver_version="1",
)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


@pytest.fixture
def fire(center: FakeCenter, gateway: FakeGateway) -> Shown:
    center.take(gateway.start())
    center.take(gateway.sealed(EventType.SIGNAL, SIGNAL.to_body(), Lane.FIRE), live=True)
    return show.newest(center.connection, Wanted(), 1)[0]


def test_a_line_says_what_happened_and_obeys_no_panel(fire: Shown) -> None:
    line = show.as_line(fire, UTC, JUDGED)
    assert "p1 fire active code 110 zone 4 text Kü\\x1b[2J\\u202ech" in line
    assert line.isprintable()
    assert line.startswith("2026-11-18 11:06:40.000+00:00  gw1  ")


def test_times_follow_the_zone_asked_for(fire: Shown) -> None:
    assert show.as_line(fire, timezone(timedelta(hours=8)), JUDGED).startswith(
        "2026-11-18 19:06:40.000+08"
    )


def test_json_has_everything_as_plain_values(fire: Shown) -> None:
    found = show.as_json(fire)
    assert found["gateway"] == "gw1"
    assert (found["type"], found["lane"], found["live"], found["seq"]) == ("signal", 1, True, 1)
    assert found["body"]["kind"] == "fire"
    assert found["body"]["frame"] == "78"
    assert found["late_ms"] == 5
    assert found["marks"] == []


def test_marks_tell_what_is_special(fire: Shown) -> None:
    assert replace(fire, fork=True, vouched=False).marks == ["fork", "unvouched"]
    assert replace(fire, received_ms=NOW_MS + show.LATE_MS_MIN).marks == ["late"]
    unset = replace(
        fire,
        event=replace(fire.event, stamp=stamp(trust=Trust.UNSET)),
        dated=Dated(Basis.BOUNDS, None, None, NOW_MS * 1_000_000),
    )
    assert unset.marks == ["clock unset"]
    assert unset.late_ms is None
    assert show.as_line(unset, UTC, JUDGED).startswith("before 2026-11-18 11:06:40.005+00:00  gw1")
    assert replace(fire, dated=Dated(Basis.LATER, 0, 0, 0)).marks == ["late", "clock wrong"]


def test_an_event_of_1970_gets_its_time_once_a_later_one_tells_it(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """Fails where the time is worked out when an event is stored."""
    center.take(gateway.start())
    dark = stamp(5 * S, Trust.UNSET)
    center.take(gateway.sealed(EventType.LINK, {}, at=dark))
    before = show.newest(center.connection, Wanted(), 1)[0]
    assert before.dated.basis is Basis.EARLIER  # the genesis was synced
    other = FakeGateway("gw1", gateway.identity, boot=b"2" * 16)
    center.take(other.start(at=stamp(S, Trust.UNSET, other.boot)))
    center.take(other.sealed(EventType.LINK, {}, at=stamp(60 * S, Trust.UNSET, other.boot)))
    (unknown,) = show.newest(center.connection, Wanted(), 1)
    assert unknown.dated.basis is Basis.BOUNDS
    set_now = replace(stamp(90 * S, boot=other.boot), uncertainty_ms=1)
    center.take(other.sealed(EventType.LINK, {}, at=set_now))
    known = show.newest(center.connection, Wanted(), 2)[0]
    assert known.number == unknown.number
    assert known.event == unknown.event  # the envelope is as it was
    assert known.dated.basis is Basis.LATER
    assert known.dated.wall_ns == WALL_NS - 30 * S
    assert known.marks == ["late", "clock unset"]
    told = show.as_json(known)
    assert told["stamp"]["wall_ns"] is None
    assert told["time"]["wall_ns"] == known.dated.wall_ns
    assert told["late_ms"] == 30_005


def test_events_are_put_in_the_order_in_which_they_happened(tmp_path: Path) -> None:
    one, two = FakeGateway("gw1"), FakeGateway("gw2")
    center = FakeCenter(tmp_path, one, two)
    late = [one.start(at=at(0)), *(one.sealed(EventType.LINK, {}, at=at(n)) for n in (1, 5))]
    center.take(two.start(at=at(2)), two.sealed(EventType.LINK, {}, at=at(3)), gateway="gw2")
    center.take(*late)
    found = show.by_time(show.select(center.connection, Wanted()))
    assert [(one.event.gateway, one.event.seq) for one in found] == [
        *(("gw1", 0), ("gw1", 1), ("gw2", 0), ("gw2", 1), ("gw1", 2))
    ]


def at(second: int) -> Stamp:
    return replace(stamp(second * S), wall_ns=WALL_NS + (second - 9) * S, uncertainty_ms=1)


def test_other_events_are_shown_as_they_are(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start(), gateway.event(reason="came back"))
    genesis, link = show.select(center.connection, Wanted())
    assert show.as_line(link, UTC, JUDGED).endswith("panel p1, online True, reason came back")
    assert show.as_json(genesis)["body"]["version"] == "1"


def test_a_signal_that_cannot_be_read_is_shown_all_the_same(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start(), gateway.sealed(EventType.SIGNAL, {1: "hologram", 14: b"\x01"}))
    (found,) = show.newest(center.connection, Wanted(type="signal"), 1)
    assert show.as_json(found)["body"] == {"1": "hologram", "14": "01"}
    assert "hologram" in show.as_line(found, UTC, JUDGED)


def test_what_is_wanted_narrows_the_choice(tmp_path: Path) -> None:
    one, two = FakeGateway("gw1"), FakeGateway("gw2")
    center = FakeCenter(tmp_path, one, two)
    center.take(one.start(), one.event(Lane.FIRE), gateway="gw1")
    center.take(two.start(), gateway="gw2")

    def numbers(wanted: Wanted, after: int = 0) -> list[int]:
        return [shown.number for shown in show.select(center.connection, wanted, after)]

    assert numbers(Wanted()) == [1, 2, 3]
    assert numbers(Wanted(), after=1) == [2, 3]
    assert numbers(Wanted(gateway="gw1")) == [1, 2]
    assert numbers(Wanted(lane=1)) == [2]
    assert numbers(Wanted(type="genesis", gateway="gw2")) == [3]
    assert numbers(Wanted(since_ms=NOW_MS + 1)) == []
    assert [shown.number for shown in show.newest(center.connection, Wanted(), 2)] == [2, 3]
