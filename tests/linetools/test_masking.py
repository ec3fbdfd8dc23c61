"""What of bytes may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent import resources
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.domain.signal import Span
from edge_agent.linetools.masking import masked, masked_bytes, readable


def frames(driver: str, data: bytes) -> list[Frame]:
    found = resources.load_driver(driver)
    setup = Setup(resources.load_codes(), None, resources.check_options(found, {}))
    decoder = found.decoder(setup)
    return [*decoder.feed(data), *decoder.finish()]


@pytest.mark.parametrize(
    ("driver", "said", "code"),
    [
        ("ness", b"8300660H2468E38?", b"2468"),
        ("ness", b"8300660H2468E39?", b"2468"),  # a wrong sum: refused
        ("elk", b"0Da110024680035\r\n", b"2468"),
        ("dsc", b"0401135700F5\r\n", b"1357"),
        ("dsc", b"0401135700F6\r\n", b"1357"),
        ("dsc", b"62024680F\r\n", b"2468"),  # a duress, damaged
        ("dsc", b"rubbish 2468 rubbish", b"2468"),
    ],
)
def test_no_code_is_shown_of_whatever_frame(driver: str, said: bytes, code: bytes) -> None:
    assert code in said
    for frame in frames(driver, said):
        assert code not in masked(frame)
        assert len(masked(frame)) == len(frame.raw)


def test_what_a_good_frame_says_of_accounts_and_zones_is_shown() -> None:
    [frame] = frames("surgard", b"5012 182468E13001004\x14")
    assert masked(frame) == frame.raw


@pytest.mark.parametrize("said", [b"005usr5412\r\n", b"005user5\r\n"])
def test_a_damaged_login_of_a_host_is_not_shown(said: bytes) -> None:
    for frame in frames("dsc", said):
        assert not masked(frame, by_host=True).strip(b"*\r\n")


def test_a_password_that_a_host_says_bare_is_not_shown() -> None:
    [noise] = frames("dsc", b"user\r\n")
    assert masked(noise, by_host=True) == b"****\r\n"
    assert masked(noise) == b"user\r\n"
    [order] = frames("dsc", b"00191\r\n")
    assert masked(order, by_host=True) == order.raw


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("11/23 火警 3-25\r\n".encode("gb18030"), r"11/23 火警 3-25\r\n"),
        ("火警\n".encode("gbk"), r"火警\n"),
        (b"K\xfcche \xe4\xe4 offen", r"K\xfcche \xe4\xe4 offen"),  # two letters of Europe's
        (b"a\\b \xb0\xa1", r"a\\b \xb0\xa1"),
        (b"text \xd7\xfa\xd7\xfb text", r"text \xd7\xfa\xd7\xfb text"),  # empty places of the code
        (b"\xaa\x15\x01\x20\x34\x03", "aa 15 01 20 34 03"),
    ],
)
def test_bytes_are_shown_as_text_where_they_are_text(raw: bytes, shown: str) -> None:
    assert readable(raw) == shown


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 70), st.integers(1, 9))))
def test_spans_overwrite_what_they_name_and_nothing_else(
    raw: bytes, places: list[tuple[int, int]]
) -> None:
    spans = tuple(Span(start, start + size) for start, size in places)
    hidden = {at for span in spans for at in range(span.start, span.end)}
    shown = masked(Frame(raw, "x", secrets=spans))
    assert len(shown) == len(raw)
    for at, byte in enumerate(raw):
        assert shown[at] == (0x2A if at in hidden else byte)


@given(st.binary(max_size=80))
def test_of_noise_no_three_digits_in_a_row_are_left(raw: bytes) -> None:
    shown = masked(Frame(raw, fault=FaultKind.NOISE))
    assert shown == masked_bytes(raw)
    assert not any(shown[at : at + 3].isdigit() for at in range(len(shown) - 2))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ab\r\n", "ab\\r\\n"),
        (b"5012 1\x14", "5012 1\\x14"),
        (b"a\\b", "a\\\\b"),
        (b"\x01\x02\x03", "01 02 03"),
        (b"", ""),
    ],
)
def test_bytes_for_people(raw: bytes, text: str) -> None:
    assert readable(raw) == text
