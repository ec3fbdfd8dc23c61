"""The footer's bytes: told and read back, and nothing from a damaged disk taken for one."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.footer import (
    TRAILER_BYTES,
    Footer,
    Receipted,
    Span,
    decode_footer,
    decode_trailer,
    encode_footer,
)
from edge_agent.journal.format import Record, RecordKind
from edge_agent.journal.subtrees import spans

EPOCH = b"epoch001"
RUNS = ((5, 9), (12, 12))
FOOTER = Footer(
    number=7,
    epoch=EPOCH,
    start=100,
    end=5000,
    records=9,
    first=5,
    runs=RUNS,
    lanes=bytes([2, 2, 0, 6, 1, 3]),
    hashes=tuple(bytes([n]) * 32 for n, _ in enumerate(s for run in RUNS for s in spans(*run))),
    marks=((100, 5), (3000, 9)),
    span=Span(-5, 10**19 // 2, 3, 4, 2),
    receipts=(Receipted(1, b"epoch000", 0, 2**40),),
    forgone=((10, 11),),
    others=(Record(RecordKind.END, 0, EPOCH, 13, b""),),
    ended=13,
    noted=13,
    note=b"peaks",
)


def decoded(data: bytes) -> Footer | None:
    place = decode_trailer(data[-TRAILER_BYTES:], FOOTER.end + len(data))
    assert place == (FOOTER.end, len(data) - TRAILER_BYTES)
    return decode_footer(data[:-TRAILER_BYTES])


def test_told_and_read_back() -> None:
    for footer in (
        FOOTER,
        replace(FOOTER, runs=(), lanes=b"", hashes=(), marks=(), ended=None, span=Span()),
        replace(FOOTER, hashes=(), receipts=(), forgone=(), others=(), note=b""),
    ):
        assert decoded(encode_footer(footer)) == footer


def test_what_it_says() -> None:
    assert FOOTER.events == 6
    assert [leaves for leaves, _ in FOOTER.subtrees()] == [(5, 5), (6, 7), (8, 9), (12, 12)]
    assert [FOOTER.place_of(seq) for seq in (0, 5, 8, 9, 50)] == [100, 100, 100, 3000, 3000]


@pytest.mark.parametrize(
    "changed",
    [
        {"lanes": b"\x02" * 5},
        {"lanes": b"\x07" * 6},
        {"hashes": FOOTER.hashes[1:]},
        {"runs": ((5, 9), (9, 9))},
        {"runs": ((9, 5), (12, 12), (20, 29))},
    ],
)
def test_what_contradicts_itself_is_no_footer(changed: dict[str, object]) -> None:
    assert decoded(encode_footer(replace(FOOTER, **changed))) is None  # type: ignore[arg-type]


def test_no_changed_bit_is_taken_for_a_footer() -> None:
    data, random = encode_footer(FOOTER), Random(1)
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << random.randrange(8)
        found = decode_trailer(bytes(broken[-TRAILER_BYTES:]), FOOTER.end + len(data))
        assert found is None or decode_footer(bytes(broken[:-TRAILER_BYTES])) is None, place


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    assert decode_footer(data) is None
    assert decode_footer(encode_footer(FOOTER)[:20] + data) is None
    decode_trailer(data, 400)


def test_a_trailer_of_another_size_of_file() -> None:
    data = encode_footer(FOOTER)
    assert decode_trailer(data[-TRAILER_BYTES:], FOOTER.end + len(data) + 1) is None
