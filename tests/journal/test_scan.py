"""One segment's bytes: whole commits, regions, and what is saved out of them."""

from edge_agent.journal import Record, RecordKind
from edge_agent.journal.footer import Footer
from edge_agent.journal.format import (
    BLOCK_BYTES,
    SEGMENT_BYTES,
    Commit,
    Framed,
    Head,
    encode_commit,
    encode_head,
    encode_record,
)
from edge_agent.journal.scan import Region, Scan, Walked, is_blank, scan_segment, walk

EPOCH, OTHER = b"epoch001", b"epoch002"
HEAD = encode_head(Head(7, 0, EPOCH, None, 0, b"genesis"))


def envelope(seq: int, epoch: bytes = EPOCH, data: bytes = b"x" * 300) -> Record:
    return Record(RecordKind.ENVELOPE, 2, epoch, seq, data)


def commit(block: int, *records: Record, number: int = 7, epoch: bytes = EPOCH) -> bytes:
    framed = Framed()
    for record in records:
        framed.add(record)
    return encode_commit(number, block * BLOCK_BYTES, epoch, framed, b"note", 9)


def segment(*parts: bytes) -> bytes:
    return b"".join((HEAD, *parts))


def shape(scan: Scan) -> list[tuple[str, int, list[int]]]:
    """What each piece is, its block, and the numbers in it."""
    pieces = [piece for piece in scan.pieces if not isinstance(piece, Footer)]
    return [(type(p).__name__, p.offset // BLOCK_BYTES, seqs(p)) for p in pieces]


def seqs(piece: Walked) -> list[int]:
    if isinstance(piece, Commit):
        return [record.seq for record in piece.records]
    return [record.seq for _, record in piece.records]


def test_blank_from_any_byte_on() -> None:
    assert is_blank(b"", 0)
    assert is_blank(bytes(SEGMENT_BYTES * 2 + 5), 3)
    assert not is_blank(bytes(SEGMENT_BYTES + 5) + b"x", 3)
    assert is_blank(b"x" + bytes(9), 1)


def test_a_file_of_zeros_was_never_used() -> None:
    assert scan_segment(bytes(SEGMENT_BYTES), 7) == Scan(None, None, (), 0, blank=True)
    assert scan_segment(b"", 7).blank


def test_whole_commits_and_the_zeros_behind_them() -> None:
    data = segment(commit(1, envelope(0)), commit(2, envelope(1), envelope(2)))
    scan = scan_segment(data + bytes(SEGMENT_BYTES - len(data)), 7)
    assert shape(scan) == [("Commit", 1, [0]), ("Commit", 2, [1, 2])]
    assert scan.head is not None
    assert (scan.head.data, scan.epoch, scan.end) == (b"genesis", EPOCH, 3 * BLOCK_BYTES)


def test_a_head_of_another_number_makes_it_a_stranger() -> None:
    scan = scan_segment(segment(commit(1, envelope(0))), 8)
    assert (scan.head, scan.epoch, scan.pieces, scan.blank) == (None, None, (), False)


def test_without_a_head_a_commit_says_the_epoch() -> None:
    data = bytearray(segment(commit(1, envelope(0)), commit(2, envelope(1))))
    data[20] ^= 1
    scan = scan_segment(bytes(data), 7)
    assert (scan.head, scan.epoch) == (None, EPOCH)
    assert shape(scan) == [("Commit", 1, [0]), ("Commit", 2, [1])]


def test_without_head_and_commit_a_record_says_the_epoch() -> None:
    receipt = Record(RecordKind.RECEIPT, 0, OTHER, 0, b"")
    data = bytearray(segment(commit(1, receipt, envelope(5))))
    data[20] ^= 1
    data[BLOCK_BYTES + 10] ^= 1
    scan = scan_segment(bytes(data.ljust(SEGMENT_BYTES, b"\0")), 7)
    assert scan.epoch == EPOCH, "not the receipt's, which may be of any"
    assert shape(scan) == [("Region", 1, [0, 5])]
    cut = scan_segment(bytes(data), 7)
    assert shape(cut) == [("Region", 0, []), ("Commit", 1, [0, 5])], "cut or sealed: not torn"


def test_garbage_has_no_epoch() -> None:
    scan = scan_segment(b"x" * 9000, 7)
    assert (scan.epoch, scan.blank) == (None, False)
    assert scan_segment(b"short", 7).epoch is None


def test_a_broken_commit_is_a_region_and_its_records_are_saved() -> None:
    data = bytearray(
        segment(
            commit(1, envelope(0)),
            commit(2, envelope(1), envelope(2), envelope(3)),
            commit(3, envelope(4)),
        )
    )
    second = data.find(encode_record(envelope(2)))
    data[second + 50] ^= 1
    scan = scan_segment(bytes(data), 7)
    assert shape(scan) == [("Commit", 1, [0]), ("Region", 2, [1, 3]), ("Commit", 3, [4])]
    region = scan.pieces[1]
    assert isinstance(region, Region)
    assert (region.first, region.tail, region.length) == (1, False, BLOCK_BYTES)
    places = [at for at, _ in region.records]
    assert places == [data.find(encode_record(envelope(seq))) for seq in (1, 3)]


def test_a_region_that_nothing_follows_ends_with_its_last_byte() -> None:
    data = segment(commit(1, envelope(0)), b"\xea" + bytes(6000) + b"x", bytes(9000))
    scan = scan_segment(data, 7)
    region = scan.pieces[1]
    assert isinstance(region, Region)
    assert (region.tail, region.first, region.length) == (True, None, 6002)
    assert scan.end == 2 * BLOCK_BYTES


def test_commits_of_another_place_segment_or_epoch_do_not_count() -> None:
    strangers = (
        commit(9, envelope(1)),
        commit(2, envelope(1), number=8),
        commit(2, envelope(1, OTHER), epoch=OTHER),
    )
    for stranger in strangers:
        scan = scan_segment(segment(commit(1, envelope(0)), stranger, commit(3, envelope(2))), 7)
        assert [name for name, _, _ in shape(scan)] == ["Commit", "Region", "Commit"]
        assert shape(scan)[1][2] in ([], [1]), "its records count where they are of this epoch"


def test_a_commit_inside_a_payload_is_no_commit() -> None:
    inner = commit(1, envelope(90))
    data = segment(commit(1, envelope(0, data=inner[: 8 * 1024])))
    assert shape(scan_segment(data, 7)) == [("Commit", 1, [0])]


def test_a_record_inside_a_saved_record_is_not_saved_twice() -> None:
    inner = encode_record(envelope(77, data=b""))
    data = bytearray(segment(commit(1, envelope(0, data=inner), envelope(1))))
    data[BLOCK_BYTES + 10] ^= 1
    assert shape(scan_segment(bytes(data), 7)) == [("Region", 1, [0, 1])]


def test_walking_may_begin_anywhere_in_a_segment() -> None:
    data = segment(commit(1, envelope(0)), commit(2, envelope(1)))
    base = 2 * BLOCK_BYTES
    (piece,) = walk(data[base:], 0, base, 7, EPOCH)
    assert isinstance(piece, Commit)
    assert (piece.offset, seqs(piece)) == (base, [1])
