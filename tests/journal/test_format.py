"""Encoding and strict decoding: what goes in comes out, anything else is None."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal import Record, RecordKind
from edge_agent.journal.format import (
    BLOCK_BYTES,
    Framed,
    Head,
    decode_commit,
    decode_head,
    decode_ranges,
    decode_record,
    encode_commit,
    encode_head,
    encode_ranges,
    encode_record,
)

EPOCH = b"epoch001"
SEQS = st.integers(0, 2**64 - 1)
records = st.builds(
    Record,
    kind=st.sampled_from([RecordKind.RECEIPT, RecordKind.FORGONE, RecordKind.END]),
    lane=st.integers(0, 6),
    epoch=st.binary(min_size=8, max_size=8),
    seq=SEQS,
    data=st.binary(max_size=600),
)
envelopes = st.builds(
    lambda first, bodies: [
        Record(RecordKind.ENVELOPE, n % 7, EPOCH, first + n, b) for n, b in enumerate(bodies)
    ],
    st.integers(0, 2**60),
    st.lists(st.binary(max_size=400), max_size=20),
)


def framed(content: list[Record]) -> Framed:
    """Framed in two parts, as a commit joins them."""
    first, rest = Framed(), Framed()
    for place, record in enumerate(content):
        (first if place < len(content) // 2 else rest).add(record)
    first.extend(rest)
    return first


@given(records, st.binary(max_size=40), st.binary(max_size=40))
def test_a_record_comes_back_from_anywhere(record: Record, before: bytes, after: bytes) -> None:
    data = before + encode_record(record) + after
    assert decode_record(data, len(before), len(data)) == record
    end = len(data) - len(after)
    assert decode_record(data, len(before), end) == record
    assert decode_record(data, len(before), end - 1) is None


@given(records, st.data())
def test_no_changed_record_is_accepted(record: Record, draw: st.DataObject) -> None:
    data = bytearray(encode_record(record))
    data[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    assert decode_record(bytes(data), 0, len(data)) is None


@given(envelopes, st.lists(records, max_size=5), st.binary(max_size=100))
def test_a_commit_comes_back(own: list[Record], others: list[Record], note: bytes) -> None:
    content = [*own, *others]
    data = encode_commit(7, 5 * BLOCK_BYTES, EPOCH, framed(content), note, 2**61)
    assert len(data) % BLOCK_BYTES == 0
    commit = decode_commit(data, 0, 5 * BLOCK_BYTES, 7, EPOCH)
    assert commit is not None
    assert list(commit.records) == content
    assert (commit.note, commit.noted, commit.length) == (note, 2**61, len(data))
    assert decode_commit(data, 0, 5 * BLOCK_BYTES, 8, EPOCH) is None, "another segment's"
    assert decode_commit(data, 0, 4 * BLOCK_BYTES, 7, EPOCH) is None, "another place's"
    assert decode_commit(data, 0, 5 * BLOCK_BYTES, 7, b"epoch002") is None, "another epoch's"


@given(envelopes, st.data())
def test_a_changed_commit_is_refused(own: list[Record], draw: st.DataObject) -> None:
    data = bytearray(encode_commit(1, 0, EPOCH, framed(own), b"note", 9))
    size = 64 + 4 + sum(32 + len(record.data) for record in own)
    data[draw.draw(st.integers(0, size - 1))] ^= draw.draw(st.integers(1, 255))
    assert decode_commit(bytes(data), 0, 0, 1, None) is None


def test_numbers_that_do_not_ascend_are_no_commit() -> None:
    own = [Record(RecordKind.ENVELOPE, 0, EPOCH, seq, b"") for seq in (4, 4)]
    assert decode_commit(encode_commit(1, 0, EPOCH, framed(own), b"", 5), 0, 0, 1, None) is None


@given(
    st.builds(
        Head,
        number=st.integers(0, 2**32 - 1),
        first=SEQS,
        epoch=st.binary(min_size=8, max_size=8),
        previous=st.none() | st.binary(min_size=8, max_size=8).filter(any),
        previous_count=SEQS,
        data=st.binary(max_size=5000),
    )
)
def test_a_head_comes_back(head: Head) -> None:
    data = encode_head(head)
    assert len(data) % BLOCK_BYTES == 0
    assert decode_head(data) == head


@given(st.lists(st.tuples(SEQS, SEQS).map(lambda p: (min(p), max(p))), max_size=9), st.binary())
def test_ranges_come_back(ranges: list[tuple[int, int]], rest: bytes) -> None:
    assert decode_ranges(encode_ranges(ranges, rest)) == (ranges, rest)


@given(st.binary(max_size=200))
def test_garbage_is_none_and_never_raises(data: bytes) -> None:
    assert decode_head(data) is None
    assert decode_commit(data, 0, 0, 1, None) is None
    assert decode_record(data, 0, len(data)) is None
    decode_ranges(data)
