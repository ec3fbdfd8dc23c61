"""Memory: what is admitted, forgone, released and put back.

Seen to fail: where the oldest is let go when memory is short, receipted or not.
"""

import pytest

from edge_agent.journal import JournalFull, Record, RecordKind
from edge_agent.journal.format import (
    COMMIT_BYTES_MAX,
    NOTE_BYTES_MAX,
    RECORD_BYTES_MAX,
    decode_commit,
    encode_commit,
)
from edge_agent.journal.held import (
    DRAFT_BYTES,
    GROUP_BYTES_MAX,
    MEMORY_BYTES_MAX,
    OBJECT_BYTES,
    RECEIPTS_BYTES_MAX,
    URGENT_BYTES,
    Group,
    Held,
    receipt_records,
)

EPOCH = b"epoch001"


def group(first: int, count: int = 1, size: int = 100) -> Group:
    made = Group(b"note %d" % (first + count), first + count)
    for seq in range(first, first + count):
        made.add(Record(RecordKind.ENVELOPE, seq % 7, EPOCH, seq, bytes(size)))
    return made


def holding(*groups: Group) -> Held:
    """Groups that did not become one: the first was being written."""
    held = Held(waiting=sum(len(each.records) for each in groups))
    for each in groups:
        held._flying = len(held.groups)
        held.seal(each)
    held._flying = 0
    return held


def test_drafts_are_counted_and_the_urgent_ones_have_more_room() -> None:
    held = Held()
    for lane, limit in ((4, MEMORY_BYTES_MAX - URGENT_BYTES), (3, MEMORY_BYTES_MAX)):
        with pytest.raises(JournalFull):
            while True:
                held.admit(lane)
        assert held.waiting == limit // DRAFT_BYTES


def test_the_fullest_commit_fits() -> None:
    """The largest group beside the largest FORGONE record, receipts and note."""
    count = GROUP_BYTES_MAX // (RECORD_BYTES_MAX + 32)
    held = holding(group(0, count, RECORD_BYTES_MAX))
    held._forgone = set(range(10**6, 10**6 + 1700, 2))
    held.receipt(receipt_records(0, EPOCH, [(0, 9)], bytes(3000)) * 50)
    load = held.load(EPOCH, 4096)
    assert load.groups == 1
    assert load.receipts
    note = bytes(NOTE_BYTES_MAX)
    data = encode_commit(1, 0, EPOCH, load.framed, note, load.group.noted)
    assert len(data) <= COMMIT_BYTES_MAX
    commit = decode_commit(data, 0, 0, 1, EPOCH)
    assert commit is not None
    assert commit.records[0].kind is RecordKind.FORGONE
    assert commit.records[1 : count + 1] == tuple(load.group.records)
    assert commit.records[count + 1 :] == tuple(load.receipts)


def test_what_failed_is_loaded_again_as_it_was() -> None:
    held = holding(group(0, 3), group(3, 2))
    held.receipt(receipt_records(0, EPOCH, [(0, 0)], b"one"))
    held.receipt(receipt_records(0, EPOCH, [(1, 1)], b"two"))
    first = held.load(EPOCH, 4096)
    held.failed(first)
    assert held.load(EPOCH, 4096) == first
    assert (first.groups, first.group.note, first.group.noted) == (2, b"note 5", 5)
    held.written(first)
    assert not held.to_write
    assert held.size == 0


def test_what_is_being_written_is_not_let_go() -> None:
    held = holding(group(0, 2), group(2, 2))
    held.release(0, 0, 3)
    load = held.load(EPOCH, 2)
    assert load.groups == 1
    held._forgo(10**6)
    assert held.forgone_count == 2
    assert [record.seq for record in load.group.records] == [0, 1]
    assert held.written(load) == {0: {0, 1}}


def test_groups_are_joined_up_to_a_commit_and_each_alone_stays_as_it_is() -> None:
    held = holding(group(0, 2), group(2, 3), group(5, 1))
    both = held.load(EPOCH, 5)
    assert (both.groups, both.framed.records, both.framed.first) == (2, 5, 0)
    assert (both.group.note, bytes(both.group.lanes)) == (b"note 5", bytes([0, 1, 2, 3, 4]))
    assert [record.seq for record in held.groups[0].records] == [0, 1], "joined in a copy"
    held.written(both)
    last = held.load(EPOCH, 5)
    assert last.group is held.groups[0]
    assert last.group.lanes == bytes([5])


def test_while_the_disk_refuses_lone_events_share_a_group_that_fits_a_commit() -> None:
    fitting = GROUP_BYTES_MAX // (RECORD_BYTES_MAX + 32)
    held = Held(waiting=fitting + 1)
    for seq in range(fitting + 1):
        held.seal(group(seq, 1, RECORD_BYTES_MAX))
    assert [(len(g.records), g.noted) for g in held.groups] == [
        (fitting, fitting),
        (1, fitting + 1),
    ]
    assert held.size == sum(g.weight for g in held.groups)


def test_what_is_signed_while_a_commit_is_written_is_not_put_into_it() -> None:
    held = holding(group(0))
    load = held.load(EPOCH, 4096)
    held.waiting = 1
    held.seal(group(1))
    assert [record.seq for record in load.group.records] == [0]
    held.written(load)
    assert [record.seq for record in held.load(EPOCH, 4096).group.records] == [1]


def test_a_receipt_beside_a_group_does_not_become_part_of_it() -> None:
    held = holding(group(0, 2))
    held.receipt(receipt_records(0, EPOCH, [(0, 0)], b"one"))
    held.failed(held.load(EPOCH, 4096))
    assert held.groups[0].framed.records == 2
    assert held.load(EPOCH, 4096).framed.records == 3


def test_what_is_let_go_is_neither_framed_nor_counted() -> None:
    held = holding(group(0, 7))
    before = held.size
    held.release(0, 1, 5)
    held._forgo(1)
    kept = held.groups[0]
    assert [r.seq for r in kept.records] == [0, 6]
    assert kept.lanes == bytes([0, 6])
    assert (kept.framed.records, kept.framed.size) == (2, 2 * 132)
    assert before - held.size == 5 * (132 + OBJECT_BYTES)


def test_release_counts_each_number_once() -> None:
    held = holding(group(0, 3), group(3, 3))
    assert held.release(0, 2, 4) == 3
    assert held.release(0, 0, 10**18) == 3
    assert held.release(0, 0, 9) == 0
    assert held.counts((0,)) == [0] * 7


def test_receipts_are_bounded_and_the_loss_is_counted() -> None:
    held = Held()
    for number in range(100):
        held.receipt(receipt_records(0, EPOCH, [(number, number)], bytes(10_000)))
    assert held.receipts_lost == 100 - RECEIPTS_BYTES_MAX // (10_000 + 52)
