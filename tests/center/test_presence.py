from pathlib import Path

import pytest

from edge_agent.center.presence import PresenceStore
from edge_agent.center.store import Arrival
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.status import Status, sign_status
from tests.center.world import BOOT_ID, NOW_MS, WALL_NS, FakeCenter, FakeGateway, rows, stamp


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


@pytest.fixture
def presence(center: FakeCenter) -> PresenceStore:
    return PresenceStore(center.connection, center.roster, center.turns, heartbeat_s=30)


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
    assert state(center) == []
    assert center.counters()["bad_status"] == 2


def test_a_stranger_is_counted(center: FakeCenter, presence: PresenceStore) -> None:
    presence.take([Arrival("gw9", False, b"", False)], NOW_MS)
    assert center.counters("?") == {"unknown_gateway": 1}
