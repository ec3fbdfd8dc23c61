from pathlib import Path
from typing import Any

import pytest

from edge_agent.center import fleet, fleet_lines, troubles
from edge_agent.center.fleet import View
from edge_agent.center.presence import PresenceStore
from edge_agent.center.settings import Presence
from edge_agent.center.store import Arrival
from edge_agent.center.troubles import Settlement
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.status import Status, sign_status
from edge_agent.language import Catalog
from tests.center.world import BOOT_ID, NOW_MS, WALL_NS, FakeCenter, FakeGateway, stamp

ENGLISH = Catalog(fleet_lines.WORDS, "en")


def lines(found: dict[str, Any], now_ms: int) -> list[str]:
    return fleet_lines.lines(found, now_ms, ENGLISH)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


def fact(center: FakeCenter, now_ms: int = NOW_MS) -> dict[str, Any]:
    view = View(center.connection, ["gw1"], Presence(), now_ms)
    (only,) = fleet.facts(view)
    return only


def hear(
    center: FakeCenter, gateway: FakeGateway, data: bytes | None = None, *, stopping: bool = False
) -> None:
    status = Status(
        gateway="gw1",
        epoch=gateway.epoch,
        next_seq=gateway.peaks.size,
        root=gateway.peaks.root(),
        stamp=Stamp(WALL_NS, gateway.peaks.size, BOOT_ID, Trust.SYNCED),
        started=stamp(),
        interval_s=20,
        disk_refused=True,
        outstanding=7,
        panels={"p1": True, "p2\x1b": False},
        conditions=("tamper", "card_worn"),
        stopping=stopping,
    )
    store = PresenceStore(center.office, center.connection, 30)
    payload = sign_status(status, gateway.signer) if data is None else data
    store.take([Arrival("gw1", False, payload)], NOW_MS)


def test_a_gateway_that_never_spoke_is_listed(center: FakeCenter) -> None:
    assert fact(center)["state"] == "never heard"
    assert lines(fact(center), NOW_MS)[0] == "gw1: never heard, last heartbeat never"


def test_three_missed_heartbeats_are_offline(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start())
    hear(center, gateway)
    assert fact(center, NOW_MS + 60_000)["state"] == "online"
    assert fact(center, NOW_MS + 60_001)["state"] == "offline"


def test_a_gateway_that_says_good_bye_is_known_to_have_stopped(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    hear(center, gateway, stopping=True)
    assert fact(center)["state"] == "stopped"
    assert fact(center, NOW_MS + 10_000_000)["state"] == "stopped", "silence is no news then"
    center.take(gateway.start(), gateway.event())  # another run of it
    hear(center, gateway)
    assert fact(center)["state"] == "online"


def test_a_lost_connection_shows_before_silence_does(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    hear(center, gateway)
    hear(center, gateway, b"")
    assert fact(center)["state"] == "connection lost"


def test_what_the_gateway_says_of_itself_is_shown(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start())
    hear(center, gateway)
    found = fact(center)
    assert found["status"]["disk_refused"] is True
    text = "\n".join(lines(found, NOW_MS + 5_000))
    assert "ITS DISK REFUSES" in text
    assert "ITS BODY: tamper, card_worn" in text
    assert "waiting there 7" in text
    assert "panels not there: p2\\x1b" in text
    assert "last heartbeat 5 s ago" in text


def test_a_charter_that_is_not_the_one_here_stands_out(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    hear(center, gateway)
    told = fact(center)
    assert (told["charter"], told["status"]["charter"]) == (None, None)
    assert not any("CHARTER" in line for line in lines(told, NOW_MS))
    ours = {"gw1": (2, b"c" * 32)}
    (told,) = fleet.facts(View(center.connection, ["gw1"], Presence(), NOW_MS, ours))
    assert told["charter"] == {"number": 2, "digest": "63" * 32}
    line = "  ITS CHARTER IS NOT OURS: none there, 2, 63636363 here"
    assert line in lines(told, NOW_MS)


@pytest.mark.parametrize(
    ("acts", "told"),
    [
        ([("handover", "leaving", "the service of red ends")], "handed over: the service of red"),
        ([("decommission", "begun", ""), ("decommission", "ended", "")], "taken out of service: x"),
        ([("handover", "leaving", ""), ("handover", "moved", "")], None),
        ([("handover", "leaving", ""), ("stop", None, "")], "handed over: "),
        ([("stop", None, "")], None),
    ],
)
def test_what_is_gone_for_good_is_told(
    center: FakeCenter,
    gateway: FakeGateway,
    acts: list[tuple[str, str | None, str]],
    told: str | None,
) -> None:
    center.take(gateway.start())
    for what, outcome, detail in acts:
        act = ActBody(what, "root", detail, outcome=outcome, purpose="x")
        center.take(gateway.sealed(EventType.ACT, act.to_body(), Lane.FAULT))
    center.take(gateway.sealed(EventType.ACT, {1: "No Word"}, Lane.FAULT))
    hear(center, gateway)
    assert not [line for line in lines(fact(center), NOW_MS) if "handed" in line], "it is here"
    assert "disk_refused" in fact(center)["wrong"], "and what is wrong with it is told"
    later_ms = NOW_MS + 3_600_000
    found = fact(center, later_ms)
    assert ("offline" in found["wrong"]) is (told is None)
    assert (found["farewell"] or "").startswith(told or "")
    said = lines(found, later_ms)
    last = [line for line in said if told and line.startswith(f"  {told}")]
    assert bool(last) is bool(told)


def test_holes_and_faults_are_counted(center: FakeCenter, gateway: FakeGateway) -> None:
    genesis, _lost, second = gateway.start(), *gateway.events(2)
    center.take(genesis, second, second, b"junk")
    found = fact(center)
    assert found["missing"] == 1
    assert found["counters"] == {"stored": 2, "doubles": 1, "malformed": 1}
    (epoch,) = found["epochs"]
    assert (epoch["next_seq"], epoch["stored"], epoch["proved_to"]) == (3, 2, 0)
    text = lines(found, NOW_MS)
    assert any("2 stored, 1 missing, proved to 0" in line for line in text)
    assert any("doubles 1, malformed 1" in line for line in text)


def test_a_tail_that_the_next_genesis_names_is_missing(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    gateway.events(4)  # never delivered
    center.take(gateway.start())
    assert fact(center)["missing"] == 4


def test_a_gateway_that_init_never_made_is_shown_as_such(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    found = fleet.facts(View(center.connection, [], Presence(), NOW_MS))
    assert [(one["gateway"], one["known"]) for one in found] == [("gw1", False)]


def test_problems_and_unvouched_epochs_stand_out(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start(vouched=False))
    center.connection.execute(
        "INSERT INTO problem VALUES (1, 'gw1', x'00', 3, 'fork', 'two of them', 5)"
    )
    text = "\n".join(lines(fact(center), NOW_MS))
    assert "[unvouched]" in text
    assert "PROBLEM fork at 00/3: two of them" in text


def test_what_is_wrong_is_named_in_a_word(center: FakeCenter, gateway: FakeGateway) -> None:
    assert fact(center)["wrong"] == ["never heard"]
    center.take(gateway.start(), b"junk")
    hear(center, gateway)
    assert fact(center)["wrong"] == ["disk_refused", "tamper", "card_worn", "panels", "malformed"]
    assert fact(center, NOW_MS + 3_600_000)["wrong"][0] == "offline"


def test_a_panel_of_which_nothing_is_known_is_wrong(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    hear(center, gateway)
    found = fact(center)
    for panels, is_wrong in (({"p1": True}, False), ({"p1": None}, True), ({}, False)):
        found["status"]["panels"] = panels
        assert ("panels" in list(fleet._wrong_now(found))) is is_wrong


def test_a_root_that_does_not_fit_is_marked_until_somebody_has_looked_into_it(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    center.connection.execute("UPDATE epoch SET broken = 1")
    problem = "INSERT INTO problem VALUES (1, 'gw1', ?, 3, 'root', 'x', 5)"
    center.connection.execute(problem, (gateway.epoch,))
    assert "[ROOT DOES NOT FIT]" in "\n".join(lines(fact(center), NOW_MS))
    view = View(center.connection, ["gw1"], Presence(), NOW_MS)
    [one] = fleet.open_troubles(view, "gw1") or []
    troubles.settle(center.connection, "gw1", [Settlement(one.key, one.mark, "Wang", "x", NOW_MS)])
    assert "ROOT" not in "\n".join(lines(fact(center), NOW_MS))


def test_what_was_settled_is_no_longer_wrong_and_told_where_it_is_asked_for(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start(vouched=False), b"junk")
    gateway.event()
    center.take(gateway.event())
    problem = "INSERT INTO problem VALUES (1, 'gw1', ?, 3, 'moved', 'another board', 5)"
    center.connection.execute(problem, (gateway.epoch,))
    before = fact(center)
    assert before["wrong"] == ["never heard", "moved", "missing", "unvouched", "malformed"]
    view = View(center.connection, ["gw1"], Presence(), NOW_MS)
    found = fleet.open_troubles(view, "gw1") or []
    said = [Settlement(one.key, one.mark, "Wang", "new board", NOW_MS) for one in found]
    troubles.settle(center.connection, "gw1", said)
    after = fact(center)
    assert (after["wrong"], after["problems"]) == (["never heard"], [])
    assert (after["missing"], after["counters"]["malformed"]) == (1, 1), "facts stay"
    text = "\n".join(lines(after, NOW_MS))
    assert not [word for word in ("PROBLEM", "missing", "unvouched", "malformed") if word in text]
    (every,) = fleet.facts(View(center.connection, ["gw1"], Presence(), NOW_MS, {}, True))
    text = "\n".join(lines(every, NOW_MS))
    for line in lines(before, NOW_MS):
        assert line in text
    assert f"settled moved@{gateway.epoch.hex()[:6]}/3: new board; Wang, 20" in text
    assert every["wrong"] == ["never heard"]
    assert every["troubles"][0]["settled"] == {
        "actor": "Wang", "why": "new board", "time_ms": NOW_MS,
    }  # fmt: skip


def test_of_one_gateway_nothing_else_is_looked_up(center: FakeCenter) -> None:
    view = View(center.connection, ["gw1", "gw2"], Presence(), NOW_MS)
    assert [one["gateway"] for one in fleet.facts(view, "gw2")] == ["gw2"]
    assert list(fleet.facts(view, "gw3")) == []
    assert fleet.open_troubles(view, "gw3") is None
