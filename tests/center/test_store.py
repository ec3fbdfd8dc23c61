"""Bytes in; rows, receipts and counters out.

Seen to fail: with signatures unchecked, with a receipt for what only waits for its genesis, and
with an epoch that vouches for itself shown like any other.
"""

import sqlite3
from pathlib import Path

import pytest

from edge_agent.center.rows import HELD_EVENTS_MAX, QUARANTINE_ROWS_MAX
from edge_agent.center.store import Arrival
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence import cose
from edge_agent.evidence.bodies import Ended, GenesisBody, LinkBody
from edge_agent.evidence.cose import Domain, sign1
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.receipt import range_digest
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import EMPTY_ROOT, leaf_hash
from tests.center.world import NOW_MS, FakeCenter, FakeGateway, rows, stamp


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


def forked(gateway: FakeGateway, seq: int, reason: str = "other") -> bytes:
    """Return other bytes for a number that was given already."""
    event = Event(
        gateway=gateway.name,
        epoch=gateway.epoch,
        seq=seq,
        root=bytes(32),
        stamp=stamp(),
        lane=Lane.STATE,
        type=EventType.LINK,
        body=LinkBody("p1", online=False, reason=reason).to_body(),
    )
    return seal(event, gateway.signer)


def test_what_is_stored_is_receipted_with_its_digest(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    envelopes = [gateway.start(), *gateway.events(3)]
    taken = center.take(*envelopes)
    (receipt,) = center.receipts(taken)
    assert (receipt.gateway, receipt.center, receipt.time_ms) == ("gw1", "center", NOW_MS)
    (only,) = receipt.ranges
    assert (only.epoch, only.first, only.last) == (gateway.epoch, 0, 3)
    assert only.digest == range_digest(map(leaf_hash, envelopes))
    stored = rows(center.connection, "SELECT envelope FROM event ORDER BY seq")
    assert stored == [(envelope,) for envelope in envelopes]
    assert center.counters() == {"stored": 4}


def test_a_sequence_in_one_payload_is_the_same_as_its_items(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    taken = center.take(gateway.start() + b"".join(gateway.events(9)))
    assert [(one.first, one.last) for one in center.receipts(taken)[0].ranges] == [(0, 9)]


def test_a_hole_makes_two_ranges_and_shows_as_missing(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis, first, _lost, third = gateway.start(), *gateway.events(3)
    taken = center.take(genesis, first, third)
    assert [(r.first, r.last) for r in center.receipts(taken)[0].ranges] == [(0, 1), (3, 3)]
    assert rows(center.connection, "SELECT count, top FROM epoch") == [(3, 3)]


def test_a_double_is_stored_once_and_receipted_again(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    envelopes = [gateway.start(), gateway.event()]
    first = center.receipts(center.take(*envelopes))
    again = center.receipts(center.take(*envelopes))
    assert [r.ranges for r in first] == [r.ranges for r in again]
    assert center.count("event") == 2
    assert center.counters() == {"stored": 2, "doubles": 1, "introductions": 1}
    assert center.count("receipt") == 1, "a repeat tells nothing new and is not kept"


def test_a_double_within_one_transaction_is_one_range(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis = gateway.start()
    taken = center.take(genesis, genesis)
    assert [(r.first, r.last) for r in center.receipts(taken)[0].ranges] == [(0, 0)]


def test_both_sides_of_a_fork_are_stored_shown_and_receipted(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    envelopes = [gateway.start(), *gateway.events(2)]
    center.take(*envelopes)
    other = forked(gateway, 1)
    (receipt,) = center.receipts(center.take(other))
    assert receipt.ranges[0].digest == range_digest([leaf_hash(other)])
    assert rows(center.connection, "SELECT seq, fork FROM event ORDER BY id") == [
        (0, 0),
        (1, 1),
        (2, 0),
        (1, 1),
    ]
    assert center.counters()["forks"] == 1
    assert center.problems() == [("fork", 1)]


def test_both_sides_of_a_fork_in_one_transaction_are_each_receipted(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    envelopes = [gateway.start(), gateway.event()]
    other = forked(gateway, 1)
    (receipt,) = center.receipts(center.take(*envelopes, other))
    singles = {r.digest for r in receipt.ranges if r.first == r.last}
    runs = {r.digest for r in receipt.ranges}
    assert len(receipt.ranges) == 2
    assert (
        range_digest([leaf_hash(other)]) in singles
        or range_digest([leaf_hash(envelopes[0]), leaf_hash(other)]) in runs
    )
    assert center.counters()["forks"] == 1


def test_events_wait_for_their_genesis_even_across_lanes(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis, *events = gateway.start(), *gateway.events(3)
    early = center.take(*events, live=True)
    assert early.receipts == []
    assert (center.count("held"), center.count("event")) == (3, 0)
    other_lane = center.other_store()
    taken = other_lane.take([Arrival("gw1", False, genesis)], NOW_MS)
    assert [(r.first, r.last) for r in center.receipts(taken)[0].ranges] == [(0, 3)]
    assert center.count("held") == 0
    assert rows(center.connection, "SELECT live FROM event ORDER BY seq") == [
        (0,),
        (1,),
        (1,),
        (1,),
    ]


def test_a_key_learnt_by_another_lane_is_known_at_once(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    other_lane = center.other_store()
    other_lane.take([Arrival("gw1", False, gateway.start())], NOW_MS)
    assert len(center.take(gateway.event()).receipts) == 1


def test_what_waits_for_a_genesis_is_bounded(center: FakeCenter, gateway: FakeGateway) -> None:
    gateway.start()
    center.take(b"".join(gateway.events(HELD_EVENTS_MAX + 7)))
    assert center.count("held") == HELD_EVENTS_MAX
    counters = center.counters()
    assert (counters["unknown_key"], counters["held_overflow"]) == (HELD_EVENTS_MAX + 7, 7)


def test_a_forged_event_is_kept_apart_and_never_receipted(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    forged = bytearray(gateway.event())
    forged[-1] ^= 1
    taken = center.take(bytes(forged))
    assert taken.receipts == []
    assert center.count("event") == 1
    assert rows(center.connection, "SELECT reason, data FROM quarantine") == [
        ("forged", bytes(forged))
    ]
    assert center.counters()["forged"] == 1


def test_a_forged_event_does_not_take_its_neighbours_down(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis, first, second = gateway.start(), gateway.event(), gateway.event()
    forged = first[:-1] + bytes([first[-1] ^ 1])
    taken = center.take(genesis + forged + second)
    assert [(r.first, r.last) for r in center.receipts(taken)[0].ranges] == [(0, 0), (2, 2)]


def test_the_quarantine_is_bounded(center: FakeCenter) -> None:
    center.take(*[b"\xd2junk%d" % number for number in range(QUARANTINE_ROWS_MAX + 5)])
    assert center.count("quarantine") == QUARANTINE_ROWS_MAX
    counters = center.counters()
    assert counters["malformed"] == QUARANTINE_ROWS_MAX + 5
    assert counters["quarantine_overflow"] == 5


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xd2", b"hello", b"\xd2\x84\x40\xa0\x40\x40"])
def test_a_malformed_payload_is_counted(center: FakeCenter, payload: bytes) -> None:
    assert center.take(payload).receipts == []
    assert center.counters() == {"malformed": 1}


def test_an_event_on_another_gateways_topic_is_refused(tmp_path: Path) -> None:
    one, two = FakeGateway("gw1"), FakeGateway("gw2")
    center = FakeCenter(tmp_path, one, two)
    taken = center.take(two.start(), gateway="gw1")
    assert taken.receipts == []
    assert center.counters("gw1") == {"misdirected": 1}
    assert center.count("epoch") == 0


def test_a_topic_of_no_gateway_of_ours_is_counted(center: FakeCenter) -> None:
    stranger = FakeGateway("gw9")
    assert center.take(stranger.start(), gateway="gw9").receipts == []
    assert center.counters("?") == {"unknown_gateway": 1}


def test_a_genesis_of_a_wrong_identity_is_refused(center: FakeCenter) -> None:
    thief = FakeGateway("gw1")  # has the name but another identity key
    assert center.take(thief.start(), thief.event()).receipts == []
    assert center.counters() == {"stranger": 1, "unknown_key": 1}
    assert center.count("event") == 0


def test_a_self_signed_genesis_is_stored_and_marked(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    taken = center.take(gateway.start(vouched=False), gateway.event())
    assert len(center.receipts(taken)[0].ranges) == 1
    assert rows(center.connection, "SELECT vouched FROM event") == [(0,), (0,)]
    assert rows(center.connection, "SELECT vouched FROM epoch") == [(0,)]


def test_a_self_signed_genesis_adds_no_key_to_an_epoch_that_is_there(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """Whoever has only the TLS key must not sign events into a vouched epoch."""
    center.take(gateway.start())
    thief = FakeGateway("gw1", epoch=gateway.epoch)
    genesis = self_signed_genesis(thief, gateway.epoch)
    taken = center.take(genesis + forked(thief, 1))
    assert center.counters()["forks"] == 1, "the second genesis is a fork, and kept as one"
    assert [(r.first, r.last) for r in center.receipts(taken)[0].ranges] == [(0, 0)]
    assert center.count("event") == 2
    assert center.take(forked(thief, 2)).receipts == []
    assert center.count("event") == 2


def self_signed_genesis(thief: FakeGateway, epoch: bytes) -> bytes:
    body = GenesisBody(
        event_key=thief.signer.public, identity_kid=None, ended=Ended.FIRST, version="1"
    )
    event = Event(
        gateway="gw1",
        epoch=epoch,
        seq=0,
        root=EMPTY_ROOT,
        stamp=stamp(),
        lane=Lane.STATE,
        type=EventType.GENESIS,
        body=body.to_body(),
    )
    return seal(event, thief.signer)


def test_a_key_signs_only_its_own_epoch(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start())
    signer = gateway.signer
    center.take(gateway.start())
    gateway.signer = signer  # the key of the epoch before
    assert center.take(gateway.event()).receipts == []
    assert center.counters()["forged"] == 1


def test_a_signature_of_another_kind_of_object_is_no_event(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    payload = cose.parse(gateway.event()).payload
    assert center.take(sign1(payload, gateway.signer, Domain.STATUS)).receipts == []
    assert center.counters()["forged"] == 1


def test_gateways_of_one_transaction_get_a_receipt_each(tmp_path: Path) -> None:
    one, two = FakeGateway("gw1"), FakeGateway("gw2")
    center = FakeCenter(tmp_path, one, two)
    arrivals = [Arrival("gw1", True, one.start()), Arrival("gw2", True, two.start())]
    taken = center.store.take(arrivals, NOW_MS)
    assert sorted(
        (p.gateway, r.gateway) for p, r in zip(taken.receipts, center.receipts(taken), strict=True)
    ) == [
        ("gw1", "gw1"),
        ("gw2", "gw2"),
    ]


def test_a_database_that_refuses_gives_no_receipt_and_stores_nothing(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis, event = gateway.start(), gateway.event()
    center.take(genesis)
    center.connection.execute("PRAGMA max_page_count = 1")  # as full as a disk can be
    big = [gateway.event(reason="x" * 200) for _ in range(400)]
    with pytest.raises(sqlite3.OperationalError, match="full"):
        center.take(event, *big)
    assert center.count("event") == 1
    center.connection.execute("PRAGMA max_page_count = 1000000")
    taken = center.take(event, *big)
    assert [(r.first, r.last) for r in center.receipts(taken)[0].ranges] == [(1, 401)]


def test_receipts_go_out_only_after_the_commit(center: FakeCenter, gateway: FakeGateway) -> None:
    looking = sqlite3.connect(center.file)
    taken = center.take(gateway.start())
    assert taken.receipts
    assert looking.execute("SELECT count(*) FROM event").fetchone() == (1,)
    assert center.connection.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
    assert center.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    looking.close()


def test_an_unknown_type_of_a_newer_gateway_is_stored(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    genesis = gateway.start()
    newer = gateway._seal("hologram", Lane.STATE, {1: "?"}, gateway.signer)  # type: ignore[arg-type]
    assert center.take(genesis, newer)
    assert center.count("event") == 2


def test_a_receipt_key_is_not_an_event_key(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start())
    gateway.signer = Ed25519Signer.generate()
    assert center.take(gateway.event()).receipts == []
    assert center.counters()["unknown_key"] == 1
