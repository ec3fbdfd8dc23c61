from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from edge_agent.center import show
from edge_agent.center.show import Shown, Wanted
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.evidence.bodies import SignalBody
from tests.center.world import NOW_MS, FakeCenter, FakeGateway, stamp

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
    line = show.as_line(fire, UTC)
    assert "p1 fire active code 110 zone 4 text Kü\\x1b[2J\\u202ech" in line
    assert line.isprintable()
    assert line.startswith("2026-11-18 11:06:40.000+00:00  gw1  ")


def test_times_follow_the_zone_asked_for(fire: Shown) -> None:
    assert show.as_line(fire, timezone(timedelta(hours=8))).startswith("2026-11-18 19:06:40.000+08")


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
    unset = replace(fire, event=replace(fire.event, stamp=stamp(trust=Trust.UNSET)))
    assert unset.marks == ["clock unset"]
    assert unset.late_ms is None
    assert show.as_line(unset, UTC).startswith("-  gw1")


def test_other_events_are_shown_as_they_are(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start(), gateway.event(reason="came back"))
    genesis, link = show.select(center.connection, Wanted())
    assert show.as_line(link, UTC).endswith("panel p1, online True, reason came back")
    assert show.as_json(genesis)["body"]["version"] == "1"


def test_a_signal_that_cannot_be_read_is_shown_all_the_same(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start(), gateway.sealed(EventType.SIGNAL, {1: "hologram", 14: b"\x01"}))
    (found,) = show.newest(center.connection, Wanted(type="signal"), 1)
    assert show.as_json(found)["body"] == {"1": "hologram", "14": "01"}
    assert "hologram" in show.as_line(found, UTC)


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
