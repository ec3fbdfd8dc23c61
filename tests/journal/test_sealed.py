"""The layout of a sealed segment, from records made by hand."""

from hashlib import sha256

from edge_agent.journal import Record, RecordKind
from edge_agent.journal.footer import TRAILER_BYTES, Receipted, Span, decode_footer
from edge_agent.journal.format import COMMIT_HEAD_BYTES, Commit, Head, encode_ranges, encode_record
from edge_agent.journal.sealed import Compaction, Summary, summarise, walk_records
from tests.journal.sealing import CONTENTS

EPOCH = b"epoch001"
HEAD = Head(7, 5, EPOCH, None, 0, b"genesis")


def envelope(seq: int, at: int = 0, lane: int = 2) -> Record:
    return Record(RecordKind.ENVELOPE, lane, EPOCH, seq, b"@%d x" % at)


def ranged(kind: RecordKind, slot: int, *ranges: tuple[int, int], epoch: bytes = EPOCH) -> Record:
    return Record(kind, slot, epoch, 0, encode_ranges(ranges))


RECORDS = (
    Record(RecordKind.CENTER, 1, b"epoch000", 0, b"police"),
    envelope(5, 30),
    envelope(6, 10, lane=0),
    ranged(RecordKind.FORGONE, 0, (7, 8)),
    Record(RecordKind.ENVELOPE, 6, EPOCH, 9, b"no time"),
    ranged(RecordKind.RECEIPT, 1, (5, 5), (6, 6)),
    ranged(RecordKind.RECEIPT, 1, (0, 3), epoch=b"epoch000"),
    ranged(RecordKind.RECEIPT, 1, (2, 4), epoch=b"epoch000"),
    Record(RecordKind.END, 0, EPOCH, 10, b""),
)


def test_what_a_footer_says() -> None:
    footer = summarise(HEAD, RECORDS, 99, 10, b"peaks", CONTENTS)
    assert (footer.first, footer.runs, footer.lanes) == (5, ((5, 6), (9, 9)), bytes([2, 0, 6]))
    assert footer.span == Span(10, 30, 10, 30, 1)
    assert footer.receipts == (Receipted(1, b"epoch000", 0, 4), Receipted(1, EPOCH, 5, 6))
    assert footer.forgone == ((7, 8),)
    assert footer.others == RECORDS[:1]
    assert (footer.ended, footer.noted, footer.note, footer.records) == (10, 10, b"peaks", 9)
    leaves = [CONTENTS.leaf(record.data) for record in (RECORDS[1], RECORDS[2], RECORDS[4])]
    assert footer.hashes == tuple(leaves)


def test_without_events_the_next_number_is_the_first() -> None:
    footer = summarise(HEAD, RECORDS[-1:], 10, 10, b"peaks", CONTENTS)
    assert (footer.first, footer.runs, footer.span) == (10, (), Span())


def test_without_contents_there_are_neither_hashes_nor_times() -> None:
    summary = Summary(100)
    for record in RECORDS:
        summary.add(record)
    footer = summary.footer(HEAD, 100, 5, 10, b"")
    assert (footer.hashes, footer.span) == ((), Span(undated=3))


def test_a_compaction_keeps_the_bytes_of_the_records() -> None:
    body = b"".join(map(encode_record, RECORDS))
    compaction = Compaction(HEAD, CONTENTS)
    padding = bytes(100)
    data = padding + bytes(COMMIT_HEAD_BYTES) + b"note" + body
    compaction.add(data, 100, Commit(4096, 4096, EPOCH, 5, 10, b"note", RECORDS))
    made = compaction.finish()
    assert made is not None
    footer, ((offset, size),) = made.footer, made.extents
    assert (offset, size) == (4096 + COMMIT_HEAD_BYTES + len(b"note"), len(body))
    file = made.start + body + made.ending
    assert (len(file), sha256(file).digest()) == (made.size, made.digest)
    assert file[footer.start : footer.end] == body
    assert decode_footer(file[footer.end : -TRAILER_BYTES]) == footer
    found = list(walk_records(file, footer.start, footer.end, 0, EPOCH))
    assert [record for _, record in found] == list(RECORDS)


def test_nothing_is_no_segment() -> None:
    assert Compaction(HEAD, CONTENTS).finish() is None


def test_what_is_no_record_is_stepped_over_once() -> None:
    other = Record(RecordKind.ENVELOPE, 2, b"epoch002", 4, b"stranger")
    good = encode_record(envelope(5))
    data = b"junk" + good + encode_record(other) + b"\xeaRec" + good + b"end"
    found = list(walk_records(data, 0, len(data), 1000, EPOCH))
    assert [(place, record.seq if record else None) for place, record in found] == [
        (1000, None),
        (1004, 5),
        (1004 + len(good), None),
        (1000 + len(data) - 3 - len(good), 5),
        (1000 + len(data) - 3, None),
    ]
