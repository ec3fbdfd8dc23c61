"""What dates stored events: which ties are kept, and that a rollback forgets what it noted."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.center import calendar, show
from edge_agent.center.calendar import Calendar, Dates
from edge_agent.center.show import Shown, Wanted
from edge_agent.center.store import Arrival
from edge_agent.domain.event import EventType
from edge_agent.domain.stamp import ClockChange, Stamp, Trust
from edge_agent.evidence.bodies import ClockBody
from edge_agent.evidence.dating import Basis
from tests.center.world import NOW_MS, WALL_NS, FakeCenter, FakeGateway

S, MS = 1_000_000_000, 1_000_000
HOUR, DAY = 3600 * S, 86_400 * S


def boot(number: int) -> bytes:
    return bytes([number]) * 16


def unset(boot_ns: int, number: int = 1) -> Stamp:
    return Stamp(boot_ns, boot_ns, boot(number), Trust.UNSET)


def synced(boot_ns: int, wall_ns: int, number: int = 1) -> Stamp:
    return Stamp(wall_ns, boot_ns, boot(number), Trust.SYNCED, 5)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


def take(center: FakeCenter, *envelopes: bytes, now_ns: int = WALL_NS) -> None:
    center.store.take([Arrival("gw1", False, one) for one in envelopes], now_ns // MS)


def shown(center: FakeCenter) -> list[Shown]:
    return list(show.select(center.connection, Wanted()))


@pytest.mark.thorough
def test_a_boot_needs_few_ties_however_many_events_it_has(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(at=synced(0, WALL_NS - DAY)))
    for second in range(0, 1200, 2):
        at = synced(second * S, WALL_NS - DAY + second * S)
        take(
            center,
            gateway.sealed(EventType.LINK, {}, at=at),
            now_ns=(at.wall_ns or 0) + 100 * MS,
        )
    assert center.count("tie") <= 8
    assert {one.dated.basis for one in shown(center)} == {Basis.OWN}


@pytest.mark.thorough
def test_a_year_of_one_boot_is_dated_from_what_is_near(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """Fails where only the first or last ties of a boot are read: drift leaves hours open."""
    start_ns = WALL_NS - 400 * DAY
    envelopes = [gateway.start(at=synced(0, start_ns))]
    for day in range(1, 365):
        at = synced(day * DAY, start_ns + day * DAY)
        envelopes.append(gateway.sealed(EventType.LINK, {}, at=at))
        envelopes.append(gateway.sealed(EventType.LINK, {}, at=unset(day * DAY + 2 * HOUR)))
    take(center, *envelopes)
    dark = [one for one in shown(center) if one.event.stamp.trust is Trust.UNSET]
    assert {one.dated.basis for one in dark} == {Basis.BOTH, Basis.EARLIER}
    assert max(one.dated.uncertainty_ms or 0 for one in dark) < 1300


def test_the_centers_word_dates_a_gateway_without_time_server(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(at=unset(S)), now_ns=WALL_NS)
    told = ClockBody(ClockChange.TOLD, told=(WALL_NS, WALL_NS + 200 * MS)).to_body()
    take(center, gateway.sealed(EventType.CLOCK, told, at=unset(2 * S)), now_ns=WALL_NS + S)
    genesis, clock = shown(center)
    assert (genesis.dated.basis, clock.dated.basis) == (Basis.LATER, Basis.EARLIER)
    assert abs((genesis.dated.wall_ns or 0) - (WALL_NS - S)) < S


def test_a_dark_boot_lies_between_its_neighbours(center: FakeCenter, gateway: FakeGateway) -> None:
    """Also across other dark boots, whichever of them arrived first."""
    first = [
        gateway.start(at=synced(0, WALL_NS - 400 * DAY, 1)),
        gateway.sealed(EventType.LINK, {}, at=synced(HOUR, WALL_NS - 400 * DAY + HOUR, 1)),
    ]
    dark = [gateway.start(at=unset(S, number)) for number in (2, 3, 4)]
    last = gateway.start(at=synced(0, WALL_NS - 30 * DAY, 5))
    take(center, last, *dark, *first)
    for one in shown(center):
        if one.event.stamp.trust is Trust.UNSET:
            assert one.dated.basis is Basis.BOUNDS
            assert one.dated.earliest_ns == WALL_NS - 400 * DAY + HOUR - 5 * MS
            assert one.dated.latest_ns is not None
            assert abs(one.dated.latest_ns - (WALL_NS - 30 * DAY)) < S


def test_a_rollback_forgets_what_it_noted(
    center: FakeCenter, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails where the calendar goes on with ties that the database never got."""
    take(center, gateway.start(at=unset(0)))
    told = ClockBody(ClockChange.TOLD, told=(WALL_NS, WALL_NS + MS)).to_body()
    later = gateway.sealed(EventType.CLOCK, told, at=unset(S))
    with monkeypatch.context() as patch:
        patch.setattr("edge_agent.center.store.sign_receipt", _refuse)
        with pytest.raises(sqlite3.OperationalError):
            take(center, later)
    take(center, later)
    assert {one.dated.basis for one in shown(center)} == {Basis.LATER, Basis.EARLIER}


def _refuse(*_: object) -> bytes:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_database_of_an_older_program_is_read_by_stamps_and_arrivals(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(
        center,
        gateway.start(at=synced(0, WALL_NS)),
        gateway.sealed(EventType.LINK, {}, at=unset(S)),
    )
    center.connection.execute("DROP TABLE tie")
    own, dark = shown(center)
    assert (own.dated.basis, dark.dated.basis) == (Basis.OWN, Basis.BOUNDS)
    assert Dates(center.connection).date("gw1", 1, unset(S), NOW_MS).latest_ns == (NOW_MS + 1) * MS


def test_memory_is_bounded(center: FakeCenter, gateway: FakeGateway) -> None:

    take(center, gateway.start(at=unset(0)))
    event = shown(center)[0].event
    keeper = Calendar()
    for number in range(calendar.BOOTS_MAX + 5):
        stamp = replace(unset(S), boot_id=number.to_bytes(16, "big"))
        keeper.note(center.connection, replace(event, stamp=stamp), 1, NOW_MS)
    assert len(keeper._lines) == calendar.BOOTS_MAX
