"""The whole journal without its thread: what it promises, receipts, a disk that refuses."""

import errno

import pytest

from edge_agent.journal import JournalFull, Record, RecordKind, Tail, read_disk, recover
from edge_agent.journal.format import BLOCK_BYTES, SEGMENT_BYTES, Commit, decode_ranges
from edge_agent.journal.held import MEMORY_BYTES_MAX
from edge_agent.journal.scan import scan_segment
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, Log, World, drafts, envelope, numbers


def stored(disk: SimDisk) -> list[int]:
    return [s.record.seq for s in read_disk(disk) if s.record.kind is RecordKind.ENVELOPE]


def test_what_waits_shares_one_write_and_one_sync() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(Draft(b"genesis"))
    disk.operations.clear()
    world.commit(*drafts(100))
    name = "00000001.seg"
    assert disk.operations == [("write", name), ("sync", name)]
    assert numbers(world.log.durable) == list(range(101))


def test_signed_is_told_before_durable() -> None:
    heard: list[str] = []
    disk = SimDisk(lambda operation, name: heard.append(operation))
    world = World(disk)
    world.log.sealed = lambda pairs: heard.append("sealed")  # type: ignore[method-assign]
    world.log.committed = lambda records: heard.append("committed")  # type: ignore[method-assign]
    heard.clear()
    world.commit(Draft())
    assert heard[0] == "sealed"
    assert heard[-3:] == ["write", "sync", "committed"]


def test_at_the_moment_it_is_told_it_is_found_and_may_be_receipted() -> None:
    """Seen to fail: told before it is indexed, it is not found, and a fetch calls that the end."""
    world = World(SimDisk())
    found: list[list[tuple[bytes, int]]] = []

    class Prompt(Log):
        def committed(self, records: list[Record]) -> None:
            found.append(world.fetched())
            world.release(world.epoch, [record.seq for record in records])

    world.scribe._listener = Prompt()
    world.commit(*drafts(3))
    world.commit(*drafts(2))
    assert found == [[(world.epoch, seq) for seq in numbers] for numbers in ((0, 1, 2), (3, 4))]
    assert world.fetched() == []


def test_a_patient_draft_waits_for_company() -> None:
    world = World(SimDisk())
    world.commit(Draft())
    world.submit(Draft(lane=6), patience_ns=60_000_000_000)
    world.wait(59)
    assert numbers(world.log.durable) == [0]
    world.submit(Draft(lane=0))
    world.settle()
    assert numbers(world.log.durable) == [0, 1, 2]
    assert [record.lane for record in world.log.durable] == [2, 6, 0]


def test_patience_ends() -> None:
    world = World(SimDisk())
    world.submit(Draft(), patience_ns=1_000_000_000)
    world.wait(0.999)
    assert world.log.durable == []
    world.wait(0.002)
    assert numbers(world.log.durable) == [0]


def test_a_full_segment_rolls_over_and_nothing_is_lost() -> None:
    disk = SimDisk()
    world = World(disk)
    for _ in range(600):
        world.commit(Draft(b"y" * 300))
    assert len([name for name in disk.names() if name.endswith(".seg")]) == 3
    found = recover(disk.copy())
    assert (found.count, found.tail, found.damages) == (600, Tail.CLEAN, ())
    assert stored(disk) == list(range(600))
    assert world.fetched() == [(b"epoch001", seq) for seq in range(600)]


def test_a_restart_tells_where_the_epoch_before_ended() -> None:
    disk = SimDisk()
    first = World(disk)
    assert (first.recovery.epoch, first.recovery.count) == (None, 0)
    first.commit(*drafts(5))
    second = World(disk.copy(), b"epoch002")
    found = second.recovery
    assert (found.epoch, found.count, found.noted) == (b"epoch001", 5, 5)
    assert found.note == b"peaks 5 of epoch001"
    assert found.head == b"genesis of epoch001"
    assert (found.tail, found.orderly) == (Tail.CLEAN, False)


def test_an_orderly_end_is_known() -> None:
    disk = SimDisk()
    world = World(disk)
    world.submit(*drafts(3), patience_ns=60_000_000_000)
    assert world.scribe.finish(0) == 0
    assert numbers(world.log.durable) == [0, 1, 2]
    found = recover(disk.copy())
    assert (found.orderly, found.count, found.tail) == (True, 3, Tail.CLEAN)


def test_a_run_that_recorded_nothing_writes_nothing() -> None:
    disk = SimDisk()
    world = World(disk)
    assert world.scribe.finish(0) == 0
    assert disk.operations == [("sync_names", "")]


def test_every_start_takes_a_fresh_segment_and_cuts_the_old_one() -> None:
    disk = SimDisk()
    World(disk).commit(*drafts(2))
    world = World(disk, b"epoch002")
    world.commit(Draft())
    assert len(disk.nodes["00000001.seg"].data) == 2 * BLOCK_BYTES
    assert len(disk.nodes["00000002.seg"].data) == SEGMENT_BYTES


def test_visits_the_newest_envelopes_oldest_first() -> None:
    disk = SimDisk()
    World(disk).commit(*drafts(3))
    seen: list[Record] = []
    World(disk, b"epoch002", seen.append)
    assert [record.data for record in seen] == [
        envelope(b"epoch001", seq, b"x" * 200) for seq in range(3)
    ]


def test_the_genesis_of_every_epoch_is_at_hand() -> None:
    disk = SimDisk()
    World(disk).commit(Draft())
    world = World(disk, b"epoch002")
    assert world.scribe.first_of(b"epoch002") is None
    world.commit(Draft())
    for epoch in (b"epoch001", b"epoch002"):
        assert world.scribe.first_of(epoch) == b"genesis of " + epoch
    assert world.scribe.first_of(b"unknown!") is None


def test_the_genesis_is_at_hand_while_the_disk_refuses() -> None:
    disk = SimDisk()
    disk.refusing = {"create": errno.EROFS}
    world = World(disk)
    world.commit(Draft())
    assert world.scribe.first_of(b"epoch001") == b"genesis of epoch001"


# ---- receipts


def test_released_events_are_not_fetched_nor_after_a_restart() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(10))
    world.release(b"epoch001", [0, 1, 2, 7])
    left = [(b"epoch001", seq) for seq in (3, 4, 5, 6, 8, 9)]
    assert world.fetched() == left
    world.wait(11)
    again = World(disk, b"epoch002")
    assert again.fetched() == left
    assert again.recovery.unreceipted == (0, 0, 6, 0, 0, 0, 0)


def test_receipts_share_a_commit() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(3))
    world.release(b"epoch001", [0])
    world.release(b"epoch001", [1], b"second")
    disk.operations.clear()
    world.commit(Draft())
    assert [operation for operation, _ in disk.operations] == ["write", "sync"]
    kept = [s.record for s in read_disk(disk) if s.record.kind is RecordKind.RECEIPT]
    assert [decode_ranges(record.data) for record in kept] == [
        ([(0, 0)], b"receipt"),
        ([(1, 1)], b"second"),
    ]


def test_a_receipt_for_an_older_epoch_survives() -> None:
    disk = SimDisk()
    World(disk).commit(*drafts(4))
    world = World(disk, b"epoch002")
    world.release(b"epoch001", range(3))
    world.wait(20)  # nothing of this epoch is signed yet: the receipt waits for its first commit
    world.commit(*drafts(2))
    third = World(disk, b"epoch003")
    assert third.fetched() == [(b"epoch001", 3), (b"epoch002", 0), (b"epoch002", 1)]


def test_a_receipt_of_many_ranges_survives() -> None:
    disk = SimDisk()
    world = World(disk)
    for _ in range(5):
        world.commit(*drafts(600, b""))
    world.release(b"epoch001", range(0, 3000, 2), b"r" * 9000)
    world.wait(11)
    assert World(disk, b"epoch002").fetched() == [(b"epoch001", n) for n in range(1, 3000, 2)]


def test_a_receipt_longer_than_a_record_is_refused() -> None:
    world = World(SimDisk())
    world.commit(Draft())
    with pytest.raises(ValueError, match="longer than a record"):
        world.release(b"epoch001", [0], b"r" * 20_000)
    assert world.fetched() == [(b"epoch001", 0)]


# ---- a disk that refuses


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("operation", ["write", "sync", "create", "rename", "sync_names"])
def test_a_refusing_disk_loses_nothing(operation: str, number: int) -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(3))
    disk.refusing = {operation: number, "remove": number}
    for _ in range(300):
        world.commit(Draft())
    world.wait(30)
    reasons = {errno.EIO: "Input/output error", errno.ENOSPC: "No space left on device"}
    assert world.log.disk == [reasons.get(number, "Read-only file system")]
    assert numbers(world.log.signed) == list(range(303))
    assert world.fetched() == [(b"epoch001", seq) for seq in range(303)]
    assert world.scribe.progress(alive=True).refused
    disk.refusing = {}
    world.wait(10.1)
    assert world.log.disk[1:] == ["accepted"]
    assert numbers(world.log.durable) == list(range(303))
    found = recover(disk.copy())
    assert (found.count, found.damages, found.tail) == (303, (), Tail.CLEAN)
    assert found.note == b"peaks 303 of epoch001"


def test_every_commit_carries_the_note_of_its_last_event() -> None:
    disk = SimDisk()
    world = World(disk)
    disk.refusing = {"write": errno.EROFS}
    for _ in range(400):
        world.commit(Draft(b"x" * 1000))
    disk.refusing = {}
    world.wait(11)
    name = max(disk.names())
    scan = scan_segment(bytes(disk.nodes[name].data), int(name[:8]))
    assert len(scan.pieces) > 3
    for piece in scan.pieces:
        assert isinstance(piece, Commit)
        count = piece.records[-1].seq + 1
        assert (piece.note, piece.noted) == (b"peaks %d of epoch001" % count, count)


def test_after_a_failed_sync_the_same_records_go_to_the_next_segment() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(Draft())
    world.scribe.spares.prepare()
    disk.refusing = {"sync": errno.EIO}
    disk.operations.clear()
    world.submit(Draft())
    world.scribe.turn(0)
    disk.refusing = {}
    world.settle()
    assert [name for operation, name in disk.operations if operation == "sync"] == [
        "00000001.seg",
        "00000002.seg",
    ]
    assert world.log.disk == ["Input/output error", "accepted"]
    found = recover(disk.copy())  # both copies may be there: it is one event
    assert (found.count, found.damages) == (2, ())
    assert stored(disk) == [0, 1]
    assert World(disk.copy(), b"epoch002").fetched() == [(b"epoch001", 0), (b"epoch001", 1)]


def test_memory_is_bounded_and_alarms_are_refused_last() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(Draft())
    disk.refusing = {"write": errno.EROFS}
    for lane in (6, 0):
        with pytest.raises(JournalFull, match="disk refuses"):
            for _ in range(20_000):
                world.commit(Draft(b"x" * 1000, lane))
        assert world.scribe.progress(alive=True).held_bytes <= MEMORY_BYTES_MAX + 4096
    lanes = [record.lane for record in world.log.signed]
    assert lanes.count(6) > 3000
    assert lanes.count(0) > 1000
    disk.refusing = {}
    world.wait(11)
    assert numbers(world.log.durable) == list(range(len(lanes)))
    assert recover(disk.copy()).damages == ()


def test_what_the_center_holds_makes_room() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(Draft())
    disk.refusing = {"sync": errno.EIO}
    for seq in range(1, 2400):
        world.commit(Draft(b"x" * 6000))
        if seq % 100 == 99:  # every third stays unreceipted
            world.release(b"epoch001", [n for n in range(seq - 99, seq + 1) if n % 3])
    forgone = world.scribe.progress(alive=True).forgone
    assert forgone > 100
    disk.refusing = {}
    world.wait(11)
    left = [(b"epoch001", seq) for seq in range(2400) if seq % 3 == 0]
    assert world.fetched() == left
    assert len(world.log.durable) == 2400 - forgone
    again = World(disk.copy(), b"epoch002")
    assert (again.recovery.count, again.recovery.damages) == (2400, ())
    assert again.fetched() == left


def test_a_released_record_is_still_written_when_the_disk_is_back() -> None:
    disk = SimDisk()
    world = World(disk)
    disk.refusing = {"write": errno.EIO}
    world.commit(*drafts(3))
    world.release(b"epoch001", [1])
    disk.refusing = {}
    world.wait(11)
    assert numbers(world.log.durable) == [0, 1, 2]
    assert world.fetched() == [(b"epoch001", 0), (b"epoch001", 2)]


def test_a_disk_that_refuses_to_the_end_is_counted() -> None:
    disk = SimDisk()
    world = World(disk)
    disk.refusing = {"write": errno.EROFS}
    world.commit(*drafts(3))
    assert world.scribe.finish(0) == 3


def test_a_start_on_a_read_only_disk_serves_what_is_there() -> None:
    disk = SimDisk()
    World(disk).commit(*drafts(3))
    operations = ("write", "create", "rename", "remove", "truncate", "sync", "sync_names", "link")
    disk.refusing = dict.fromkeys(operations, errno.EROFS)
    world = World(disk, b"epoch002")
    assert world.recovery.refused == "Read-only file system"
    world.commit(Draft())
    assert world.fetched() == [
        *((b"epoch001", seq) for seq in range(3)),
        (b"epoch002", 0),
    ]
