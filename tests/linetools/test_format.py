"""Capture files: whatever was written is read, in any split; what was cut or damaged is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.linetools.format import (
    LINE_BYTES_MAX,
    Chunk,
    Happened,
    Header,
    Note,
    Place,
    Reader,
    Record,
    Said,
    Unreadable,
    encode,
)

HEADER = Header(
    wall_ns=1_795_000_000_000_000_000,
    mono_ns=5,
    boot="ab" * 16,
    trust="synced",
    places=(Place("/dev/ttyUSB0", Said.PANEL, "9600-8N1"),),
    driver="ness",
)
CHUNK = Chunk(7, None, Said.PANEL, b"\x00\n\r83")

times = st.integers(0, 2**63)
walls = st.none() | times
texts = st.text(max_size=20)
places = st.builds(Place, texts, st.sampled_from(Said), st.none() | texts)
headers = st.builds(
    Header,
    walls,
    times,
    texts,
    texts,
    st.lists(places, max_size=3).map(tuple),
    st.none() | texts,
    st.none() | texts,
    texts,
)
chunks = st.builds(
    Chunk,
    times,
    walls,
    st.sampled_from(Said),
    st.binary(max_size=40),
    st.integers(0, 9),
    st.integers(0, 9),
    st.booleans(),
)
notes = st.builds(Note, times, walls, st.sampled_from(Happened), st.integers(0, 9), texts)
parts = st.tuples(headers, st.lists(chunks | notes, max_size=6)).map(lambda p: [p[0], *p[1]])
files = st.lists(parts, min_size=1, max_size=3).map(lambda some: [r for part in some for r in part])


def read(data: bytes, size: int = 1 << 20) -> list[Record | Unreadable]:
    reader = Reader()
    found = [one for at in range(0, len(data), size) for one in reader.feed(data[at : at + size])]
    return [*found, *reader.finish()]


@given(files, st.integers(1, 50))
def test_what_was_written_is_read_in_any_split(records: list[Record], size: int) -> None:
    assert read(b"".join(map(encode, records)), size) == records


@given(files, st.integers(0, 10_000), files)
def test_a_kill_costs_the_last_line_and_the_next_part_goes_on(
    records: list[Record], cut: int, after: list[Record]
) -> None:
    written = b"".join(map(encode, records))
    kept = written[: len(written) - cut % len(written)]
    found = read(kept)
    whole = [one for one in found if not isinstance(one, Unreadable)]
    assert whole == records[: len(whole)]
    assert len(whole) >= kept.count(b"\n")
    assert all(one.torn for one in found if isinstance(one, Unreadable))
    mended = kept + (b"" if kept.endswith(b"\n") else b"\n")
    found = read(mended + b"".join(map(encode, after)))
    assert [one for one in found if not isinstance(one, Unreadable)] == [*whole, *after]
    assert all(one.torn for one in found if isinstance(one, Unreadable))


@given(st.binary(max_size=400))
def test_nothing_that_a_file_holds_raises(data: bytes) -> None:
    read(data, 7)
    read(encode(HEADER) + data)


def test_damage_in_the_middle_is_told_with_its_line_and_the_rest_is_read() -> None:
    data = encode(HEADER) + b'{"mono_ns": 1\n' + encode(CHUNK)
    assert read(data) == [HEADER, Unreadable(2, torn=False, reason="no record"), CHUNK]


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"1",
        b"{}",
        b'{"mono_ns": -1, "from": "panel", "hex": ""}',
        b'{"mono_ns": true, "from": "panel", "hex": ""}',
        b'{"mono_ns": 1, "from": "nobody", "hex": ""}',
        b'{"mono_ns": 1, "from": "panel", "hex": "0"}',
        b'{"mono_ns": 1, "from": "panel", "hex": 3}',
        b'{"mono_ns": 1, "what": "odd"}',
        b'{"edge_agent_capture": 2, "mono_ns": 1, "places": []}',
        b'{"edge_agent_capture": 1, "mono_ns": 1, "places": [1]}',
        b"[" * 100_000,
        b"\xff",
        b'{"mono_ns": 1, "from": "panel", "hex": "' + b"0" * LINE_BYTES_MAX + b'"}',
    ],
)
def test_a_line_that_is_no_record_is_told(line: bytes) -> None:
    found = read(encode(HEADER) + line + b"\n" + encode(CHUNK), 1000)
    assert [type(one) for one in found] == [Header, Unreadable, Chunk]


def test_bytes_before_any_header_are_not_believed() -> None:
    found = read(encode(CHUNK) + encode(CHUNK))
    assert [type(one) for one in found] == [Unreadable, Unreadable]


def test_every_line_is_json_that_says_what_it_is() -> None:
    values = json.loads(encode(HEADER))
    assert values["edge_agent_capture"] == 1
    assert values["places"][0]["settings"] == "9600-8N1"
    assert json.loads(encode(CHUNK)) == {
        "mono_ns": 7,
        "wall_ns": None,
        "from": "panel",
        "hex": "000a0d3833",
    }
