"""Memory: what is admitted, forgone, released and put back."""

import pytest

from edge_agent.journal import JournalFull, Record, RecordKind
from edge_agent.journal.format import (
    COMMIT_BYTES_MAX,
    NOTE_BYTES_MAX,
    RECORD_BYTES_MAX,
    encode_commit,
)
from edge_agent.journal.held import (
    DRAFT_BYTES,
    GROUP_BYTES_MAX,
    MEMORY_BYTES_MAX,
    RECEIPTS_BYTES_MAX,
    URGENT_BYTES,
    Group,
    Held,
    receipt_records,
)

EPOCH = b"epoch001"


def group(first: int, count: int = 1, size: int = 100) -> Group:
    records = [
        Record(RecordKind.ENVELOPE, 2, EPOCH, n, bytes(size)) for n in range(first, first + count)
    ]
    return Group(records, b"note %d" % (first + count), first + count, count * (size + 32))


def holding(*groups: Group) -> Held:
    held = Held(waiting=sum(len(each.records) for each in groups))
    for each in groups:
        held.seal(each)
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
    held.receipt(receipt_records(EPOCH, [(0, 9)], bytes(3000)) * 50)
    load = held.load(EPOCH, 4096)
    assert load.groups == 1
    assert load.records[0].kind is RecordKind.FORGONE
    assert load.receipts
    data = encode_commit(1, 0, EPOCH, load.records, bytes(NOTE_BYTES_MAX), load.noted)
    assert len(data) <= COMMIT_BYTES_MAX


def test_what_failed_is_loaded_again_as_it_was() -> None:
    held = holding(group(0, 3), group(3, 2))
    held.receipt(receipt_records(EPOCH, [(0, 0)], b"one"))
    held.receipt(receipt_records(EPOCH, [(1, 1)], b"two"))
    first = held.load(EPOCH, 4096)
    held.failed(first)
    assert held.load(EPOCH, 4096) == first
    assert (first.groups, first.note, first.noted) == (2, b"note 5", 5)
    held.written(first)
    assert not held.to_write
    assert held.size == 0


def test_what_is_being_written_is_not_let_go() -> None:
    held = holding(group(0, 2), group(2, 2))
    held.release(0, 3)
    load = held.load(EPOCH, 2)
    assert load.groups == 1
    held._forgo(10**6)
    assert held.forgone_count == 2
    assert [record.seq for record in load.events] == [0, 1]
    assert held.written(load) == {0, 1}


def test_release_counts_each_number_once() -> None:
    held = holding(group(0, 3), group(3, 3))
    assert held.release(2, 4) == 3
    assert held.release(0, 10**18) == 3
    assert held.release(0, 9) == 0
    assert held.counts() == [0] * 7


def test_receipts_are_bounded_and_the_loss_is_counted() -> None:
    held = Held()
    for number in range(100):
        held.receipt(receipt_records(EPOCH, [(number, number)], bytes(10_000)))
    assert held.receipts_lost == 100 - RECEIPTS_BYTES_MAX // (10_000 + 52)
