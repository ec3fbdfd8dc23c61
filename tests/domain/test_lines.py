"""Lines are cut at their ends, whatever the pieces; what a lost end glues is told apart.

Seen to fail: a line whose LF was lost that takes the next one with it.
"""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.lines import LINE_BYTES_MAX, LineDecoder
from edge_agent.domain.session import FaultKind, Frame


def read(raw: bytes, text: str) -> Frame | None:
    return Frame(raw, text) if text.startswith("$") else None


def decode(*pieces: bytes, begin: bytes = b"$", end: bytes = b"\n") -> list[Frame]:
    decoder = LineDecoder(read, begin=begin, end=end)
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    return frames + decoder.finish()


def told(frames: list[Frame]) -> list[str]:
    return [frame.type or "" for frame in frames]


def test_a_line_is_a_frame_with_its_end() -> None:
    frames = decode(b"$A\r\n$B\r\n")
    assert told(frames) == ["$A", "$B"]
    assert [frame.raw for frame in frames] == [b"$A\r\n", b"$B\r\n"]


def test_what_is_no_line_is_noise_in_its_place() -> None:
    frames = decode(b"xx\r\nyy$A\r\n$B\r\nzz")
    assert told(frames) == ["", "$A", "$B", ""]
    assert [frame.raw for frame in frames] == [b"xx\r\nyy", b"$A\r\n", b"$B\r\n", b"zz"]
    assert {frame.fault for frame in frames if not frame.type} == {FaultKind.NOISE}


def test_a_lost_end_costs_nothing_where_lines_have_a_beginning() -> None:
    assert told(decode(b"$A\r$B\r\n$C")) == ["$A", "$B", "$C"]
    assert told(decode(b"$A\r$B\r\n", begin=b"")) == ["$A\r$B"]


def test_another_end() -> None:
    assert told(decode(b"$A\x14$B\x14", end=b"\x14")) == ["$A", "$B"]
    assert told(decode(b"$A\r\n$B\r\n", end=b"\r", begin=b"")) == ["$A", "$B", ""]


def test_it_tells_whether_a_line_has_begun() -> None:
    decoder = LineDecoder(read)
    assert not decoder.is_waiting()
    decoder.feed(b"$A\n$")
    assert decoder.is_waiting()
    assert decoder.finish() != []
    assert not decoder.is_waiting()


def test_a_line_without_end_is_held_in_part() -> None:
    frames = decode(b"x" * 3 * LINE_BYTES_MAX + b"$A\n")
    assert told(frames) == ["", "$A"]
    assert told(decode(b"$" + b"x" * LINE_BYTES_MAX + b"\n")) == [""]


@given(
    st.lists(st.sampled_from([b"$A\r\n", b"$", b"\n", b"\r", b"xx", b"y" * 300]), max_size=9),
    st.integers(1, 40),
)
def test_no_split_changes_what_is_read_and_no_byte_is_lost(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    frames = decode(*(data[at : at + size] for at in range(0, len(data), size)))
    assert frames == decode(data)
    assert b"".join(frame.raw for frame in frames) == data
