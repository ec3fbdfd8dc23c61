"""SIA data blocks: the regular form, and how real senders write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.kinds import Kind
from edge_agent.domain.sia_block import BLOCK_EVENTS_MAX, parse_block
from edge_agent.resources import load_codes


def parsed(block: str) -> list[tuple[str, str]] | None:
    events = parse_block(block)
    return None if events is None else [(event.code, event.number) for event in events]


@pytest.mark.parametrize(
    ("block", "events"),
    [
        ("Nri1/BA001", [("BA", "001")]),
        ("NBA01", [("BA", "01")]),
        ("BA012", [("BA", "012")]),
        ("ri1BA012", [("BA", "012")]),  # a modifier glued to its event
        ("Nri1/BA001/BA002/FA3", [("BA", "001"), ("BA", "002"), ("FA", "3")]),
        ("OOP15", [("OP", "15")]),  # an old opening
        ("OP15", [("OP", "15")]),  # O is part of the code
        ("NL5", [("NL", "5")]),
        ("NA", [("NA", "")]),
        ("ORI1", [("RI", "1")]),
        ("NRP", [("RP", "")]),
        ("NRP000*'AUTO TEST'NM", [("RP", "000")]),
        ("NRX^manual / by hand^", [("RX", "")]),
        ("Nti10:23/da11-23-26/id5/pi002/CL", [("CL", "")]),
    ],
)
def test_blocks(block: str, events: list[tuple[str, str]] | None) -> None:
    assert parsed(block) == events


@pytest.mark.parametrize(
    "block", ["", "N", "Nri1/", "what is this", "BA00X", "BA123456789", "BA01BB02"]
)
def test_what_is_no_block(block: str) -> None:
    assert parsed(block) is None


def test_modifiers_hold_until_changed() -> None:
    events = parse_block("Nri1/id7/OP/ri2/OP9")
    assert events is not None
    first, second = (event.signal(load_codes(), "1234", b"") for event in events)
    assert (first.area, first.user) == (1, 7)
    assert (second.area, second.user) == (2, 9)


def test_text_belongs_to_the_code_before_it() -> None:
    for block in ("NBA1^Front door^/BA2", "NBA1*'Front door'NM/BA2"):
        events = parse_block(block)
        assert events is not None
        assert [event.text for event in events] == ["Front door", None]


@pytest.mark.parametrize(
    ("modifiers", "time"),
    [
        ("ti10:23/da11-23-26/", "2026-11-23T10:23:00"),
        ("ti10:23:45/da11-23-26/", "2026-11-23T10:23:45"),
        ("ti10:23/", None),
        ("da11-23-26/", None),
        ("ti10:60/da11-23-26/", None),
        ("ti10:23/da00-23-26/", None),
    ],
)
def test_panel_time_needs_a_date_and_a_time_that_make_sense(
    modifiers: str, time: str | None
) -> None:
    events = parse_block(f"N{modifiers}BA1")
    assert events is not None
    assert events[0].signal(load_codes(), None, b"").panel_time == time


def test_zero_means_not_stated() -> None:
    events = parse_block("Nri0/BA000")
    assert events is not None
    signal = events[0].signal(load_codes(), None, b"")
    assert (signal.kind, signal.area, signal.zone) == (Kind.BURGLARY, None, None)


def test_a_block_is_bounded() -> None:
    assert len(parse_block("/".join(["BA1"] * BLOCK_EVENTS_MAX)) or []) == BLOCK_EVENTS_MAX
    assert parse_block("/".join(["BA1"] * (BLOCK_EVENTS_MAX + 1))) is None


@given(st.text(alphabet="NOBAria012/^*'M ", max_size=60))
def test_nothing_raises_and_every_event_makes_a_signal(block: str) -> None:
    for event in parse_block(block) or []:
        event.signal(load_codes(), None, b"")
