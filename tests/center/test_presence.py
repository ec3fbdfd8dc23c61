import sqlite3
from pathlib import Path

import pytest

from edge_agent.center import presence as presence_module
from edge_agent.center.presence import PresenceStore
from edge_agent.center.rows import Rows
from edge_agent.center.store import Arrival
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.status import Status, sign_status
from tests.center.world import (
    BOOT_ID,
    NOW_MS,
    WALL_NS,
    FakeCenter,
    FakeGateway,
    FakeRoster,
    rows,
    stamp,
)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


@pytest.fixture
def presence(center: FakeCenter) -> PresenceStore:
    return PresenceStore(center.office, center.connection, heartbeat_s=30)


def beat(
    gateway: FakeGateway, boottime_ns: int, name: str = "gw1", signer: Ed25519Signer | None = None
) -> bytes:
    status = Status(
        gateway=name,
        epoch=gateway.epoch,
        next_seq=max(1, gateway.peaks.size),
        root=gateway.peaks.root(),
        stamp=Stamp(WALL_NS, boottime_ns, BOOT_ID, Trust.SYNCED),
        started=stamp(),
        interval_s=20,
    )
    return sign_status(status, signer or gateway.signer)


def state(center: FakeCenter) -> list[tuple[object, ...]]:
    return rows(
        center.connection, "SELECT connected, changed_ms, heard_ms, interval_s FROM presence"
    )


def take(presence: PresenceStore, data: bytes, now_ms: int, *, retained: bool = False) -> None:
    presence.take([Arrival("gw1", False, data, retained)], now_ms)


def test_a_heartbeat_counts_as_heard(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    take(presence, beat(gateway, 1), NOW_MS)
    assert state(center) == [(1, NOW_MS, NOW_MS, 20)]
    take(presence, beat(gateway, 2), NOW_MS + 20)
    assert state(center) == [(1, NOW_MS, NOW_MS + 20, 20)]


def test_the_will_marks_the_connection_as_lost(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    take(presence, beat(gateway, 1), NOW_MS)
    take(presence, b"", NOW_MS + 7)
    take(presence, b"", NOW_MS + 9)
    assert state(center) == [(0, NOW_MS + 7, NOW_MS, 20)]
    take(presence, beat(gateway, 2), NOW_MS + 11)
    assert state(center) == [(1, NOW_MS + 11, NOW_MS + 11, 20)]


def test_a_replayed_heartbeat_proves_nothing(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    old = beat(gateway, 1)
    take(presence, old, NOW_MS)
    take(presence, beat(gateway, 2), NOW_MS + 20)
    take(presence, old, NOW_MS + 40)
    assert state(center) == [(1, NOW_MS, NOW_MS + 20, 20)]


def test_one_that_the_broker_had_kept_is_not_heard_now(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    take(presence, beat(gateway, 1), NOW_MS, retained=True)
    assert state(center) == [(1, NOW_MS, None, 20)]


def test_one_that_comes_before_its_genesis_waits_for_it(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    genesis = gateway.start()
    take(presence, beat(gateway, 1), NOW_MS)
    assert state(center) == []
    assert not presence.has_work()
    center.take(genesis)
    assert presence.has_work()
    presence.take([], NOW_MS + 1)
    assert state(center) == [(1, NOW_MS + 1, NOW_MS + 1, 20)]
    assert not presence.has_work()


@pytest.mark.parametrize("junk", [b"x", b"\xd2\x84", b"\x00" * 100])
def test_junk_is_counted(center: FakeCenter, presence: PresenceStore, junk: bytes) -> None:
    take(presence, junk, NOW_MS)
    assert state(center) == []
    assert center.counters() == {"bad_status": 1}


def test_a_forged_or_foreign_heartbeat_is_counted(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    forged = bytearray(beat(gateway, 1))
    forged[-1] ^= 1
    take(presence, bytes(forged), NOW_MS)
    take(presence, beat(gateway, 1, name="gw2"), NOW_MS)
    other = gateway.copied()
    other.epoch = bytes(8)  # not that of its event key
    take(presence, beat(other, 1), NOW_MS)
    assert state(center) == []
    assert center.counters()["bad_status"] == 3


def test_a_stranger_is_counted(center: FakeCenter, presence: PresenceStore) -> None:
    presence.take([Arrival("gw9", False, b"", False)], NOW_MS)
    assert center.counters("?") == {"unknown_gateway": 1}


def fleet_of(center: FakeCenter, count: int) -> tuple[list[FakeGateway], list[bytes]]:
    """Gateways whose genesis is made but has not come."""
    gateways = [FakeGateway(f"gw{number}") for number in range(count)]
    center.roster._keys = FakeRoster(*gateways)._keys
    return gateways, [one.start() for one in gateways]


def test_what_waits_for_its_genesis_is_bounded(
    center: FakeCenter, presence: PresenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateways, _ = fleet_of(center, 12)
    beats = [beat(one, 1, one.name) for one in gateways]
    monkeypatch.setattr(presence_module, "WAITING_BYTES_MAX", 5 * len(beats[0]))
    for _ in range(3):  # the newest of a gateway takes the place of the one before
        for one, data in zip(gateways, beats, strict=True):
            presence.take([Arrival(one.name, False, data)], NOW_MS)
            assert presence._waiting_bytes <= 5 * len(beats[0])
    assert list(presence._waiting) != []
    for name in list(presence._waiting):
        presence._forget(name)
    assert presence._waiting_bytes == 0


def test_a_turn_looks_at_few_that_wait_and_all_get_their_turn(
    center: FakeCenter, presence: PresenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail with a look at all of them: each message then costs a lookup a gateway."""
    gateways, geneses = fleet_of(center, 3 * presence_module.LOOKED_AT_MAX)
    for one in gateways:
        presence.take([Arrival(one.name, False, beat(one, 1, one.name))], NOW_MS)
    lookups: list[str] = []
    key_of = Rows.event_key

    def counted(rows: Rows, gateway: str, kid: bytes) -> object:
        lookups.append(gateway)
        return key_of(rows, gateway, kid)

    monkeypatch.setattr(Rows, "event_key", counted)
    assert not presence.has_work()
    assert len(lookups) == presence_module.LOOKED_AT_MAX
    center.take(geneses[-1], gateway=gateways[-1].name)
    turns = 0
    while not presence.has_work():
        turns += 1
    assert turns <= 2
    presence.take([], NOW_MS)
    assert state(center) == [(1, NOW_MS, NOW_MS, 20)]
    assert len(presence._waiting) == len(gateways) - 1


def test_the_newest_heartbeat_is_not_lost_to_one_that_found_its_genesis(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    genesis = gateway.start()
    take(presence, beat(gateway, 1), NOW_MS)
    center.take(genesis)
    restarted = gateway.start()
    take(presence, beat(gateway, 2), NOW_MS + 1)  # its own genesis has not come
    center.take(restarted)
    assert presence.has_work()
    presence.take([], NOW_MS + 2)
    assert state(center) == [(1, NOW_MS + 1, NOW_MS + 2, 20)]


def test_a_batch_is_verified_before_its_one_transaction(tmp_path: Path) -> None:
    """An alarm waits for the rows to be written, not for the signatures."""
    gateways = [FakeGateway(f"gw{number}") for number in range(5)]
    center = FakeCenter(tmp_path, *gateways)
    presence = PresenceStore(center.office, center.connection, heartbeat_s=30)
    for one in gateways:
        center.take(one.start(), gateway=one.name)
    statements: list[str] = []
    center.connection.set_trace_callback(statements.append)
    for at in (1, 2):
        statements.clear()
        presence.take([Arrival(one.name, False, beat(one, at, one.name)) for one in gateways], at)
        words = [one.split()[0] for one in statements]
        assert words[words.index("BEGIN") + 1 :] == ["INSERT"] * 5 + ["COMMIT"]
    assert len(words) == 7  # of gateways that were heard before nothing is read


def test_the_commit_of_heartbeats_waits_for_no_disk(
    center: FakeCenter, tmp_path: Path, gateway: FakeGateway
) -> None:
    other = center.other_store()._connection
    PresenceStore(center.office, other, heartbeat_s=30)
    assert other.execute("PRAGMA synchronous").fetchone() == (1,), "NORMAL"
    assert center.connection.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"


def test_a_replay_is_known_after_a_restart_of_the_center(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    take(presence, beat(gateway, 2), NOW_MS)
    again = PresenceStore(center.office, center.connection, heartbeat_s=30)
    take(again, beat(gateway, 1), NOW_MS + 7)
    take(again, beat(gateway, 2), NOW_MS + 8)
    assert state(center) == [(1, NOW_MS, NOW_MS, 20)]


def test_within_a_batch_the_newest_counts(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    newer, older = beat(gateway, 2), beat(gateway, 1)
    presence.take([Arrival("gw1", False, newer), Arrival("gw1", False, older)], NOW_MS)
    assert rows(center.connection, "SELECT status FROM presence") == [(newer,)]


def test_what_the_broker_had_kept_may_come_again_as_heard(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    take(presence, beat(gateway, 1), NOW_MS, retained=True)
    take(presence, beat(gateway, 1), NOW_MS + 3)
    assert state(center) == [(1, NOW_MS, NOW_MS + 3, 20)]


def test_what_was_taken_back_is_taken_again(
    center: FakeCenter, gateway: FakeGateway, presence: PresenceStore
) -> None:
    center.take(gateway.start())
    center.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(sqlite3.OperationalError):
        take(presence, beat(gateway, 1), NOW_MS)
    center.connection.execute("PRAGMA query_only = 0")
    take(presence, beat(gateway, 1), NOW_MS + 5)
    assert state(center) == [(1, NOW_MS + 5, NOW_MS + 5, 20)]


def test_the_newest_times_in_memory_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "LATEST_MAX", 2)
    gateways = [FakeGateway(f"gw{number}") for number in range(3)]
    center = FakeCenter(tmp_path, *gateways)
    presence = PresenceStore(center.office, center.connection, heartbeat_s=30)
    for one in gateways:
        center.take(one.start(), gateway=one.name)
        presence.take([Arrival(one.name, False, beat(one, 1, one.name))], NOW_MS)
    assert list(presence._latest) == ["gw1", "gw2"]
