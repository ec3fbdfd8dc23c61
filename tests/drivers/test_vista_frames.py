"""What frames of a VISTA mean: golden ones, fields, and what is not shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._vista_frames import EVENTS, VistaDecoder, request
from edge_agent.domain.kinds import Origin, State
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import load_codes
from hil.panels.vista import framed
from tests.drivers.golden import Golden, check
from tests.drivers.golden_vista import GOLDEN

SETUP = Setup(load_codes())


def decode(data: bytes) -> list[Frame]:
    decoder = VistaDecoder(SETUP)
    return [*decoder.feed(data), *decoder.finish()]


def read(kind: str, data: str) -> Frame:
    [frame] = decode(framed(kind, data) + b"\r\n")
    return frame


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:60])
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


def test_fields_of_an_event_and_its_time() -> None:
    [frame] = decode(GOLDEN[0].frame)
    assert frame.signals[0].panel_time == "2026-11-23T20:09:00"
    assert frame.fields == {
        "event": "41",
        "zone": 23,
        "user": 0,
        "area": 2,
        "time": "11-23 20:09",
        "year": 2026,
        "time_corrected": False,
    }
    assert read("NQ", "422300209202311").signals[0].panel_time is None, "it says no year"


def test_a_time_that_is_in_no_calendar_is_put_right_with_a_mark() -> None:
    frame = read("nq", "4102300020920003126")
    assert frame.signals[0].panel_time is not None
    assert frame.fields["time_corrected"] is True


def test_letters_of_no_proven_meaning_are_unknown() -> None:
    states = [signal.state for signal in read("AS", "ADHIMNBX").signals]
    assert states == [
        *(State.ARMED_AWAY, State.DISARMED, State.ARMED_STAY, State.ARMED_STAY, State.ARMED_AWAY),
        *(State.UNKNOWN,) * 3,
    ]


def test_the_log_is_what_was() -> None:
    frame = read("ld", "4102300020920231126")
    assert (frame.type, frame.signals[0].origin) == ("log", Origin.BACKFILL)
    assert read("ld", "F502300020920231126").signals == (), "how a contact was is no state"


def test_the_second_block_begins_with_zone_65() -> None:
    frame = read("ZS", "1" + "1" + "0" * 63)
    assert (frame.signals[0].zone, frame.signals[0].state) == (65, State.OPEN)
    assert read("ZS", "0" * 97).signals == (), "the older map is not used for state"


def test_codes_of_a_host_are_not_shown() -> None:
    for data in (request("AA", "00246810000000"), request("KS", "124686004")):
        [frame] = decode(data)
        assert frame.type == "request"
        assert "2468" not in str(frame.fields)


def test_a_keypad_is_shown_without_its_backlight_bit() -> None:
    frame = read("kd", f"{chr(0xC4)}{'ISARMED  Ready to Arm':31}1")
    assert frame.fields["backlight"] is True
    assert str(frame.fields["text"]).startswith("DISARMED")
    assert (frame.fields["ready"], frame.fields["armed"]) == (True, False)


@pytest.mark.parametrize(
    ("kind", "data"), [("AS", "DDD"), ("nq", "41"), ("ZS", "0" * 64), ("OK", "1"), ("kd", "x")]
)
def test_contents_that_do_not_fit_are_refused_or_plain(kind: str, data: str) -> None:
    frame = read(kind, data)
    assert frame.signals == ()
    assert frame.fault is FaultKind.SHAPE or frame.type == "ok"


def test_every_event_makes_a_signal() -> None:
    for name in EVENTS:
        assert read("nq", f"{name}00100210920231126").signals, name
        assert read("nq", f"{name}00000000920231126").signals, name


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["AS", "ZS", "nq", "NQ", "kd", "ld", "zd", "XF", "AA"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=230)
    | st.from_regex(r"[0-9]{1,40}", fullmatch=True),
)
def test_no_contents_fail(kind: str, data: str) -> None:
    for frame in decode(framed(kind, data) + b"\r\n"):
        assert frame.raw


def test_requests_are_made_as_the_facts_work_them_out() -> None:
    assert request("as") == b"08as0064\r\n"
    assert request("zs") == b"08zs004B\r\n"


def test_texts_are_in_the_panels_own_characters() -> None:
    decoder = VistaDecoder(Setup(load_codes(), None, {"charset": "gb18030"}))
    name = "前门".encode("gb18030").decode("latin-1")
    [frame] = decoder.feed(framed("zd", f'003"{name}"') + b"\r\n")
    assert dict(frame.fields) == {"zone": 3, "text": "前门"}
    [frame] = decoder.feed(framed("zd", '000""') + b"\r\n")
    assert frame.fields["text"] == "", "the end of the list"
    padded = name.ljust(32)
    [frame] = decoder.feed(framed("kd", f"{padded}1") + b"\r\n")
    assert frame.fault is None
