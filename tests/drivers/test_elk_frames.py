"""What frames of an Elk M1 mean: golden ones, fields, and what is not shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._elk_frames import ElkDecoder, request, zone_state
from edge_agent.domain.kinds import State
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.domain.signal import Span
from edge_agent.resources import load_codes
from hil.panels.elk import framed
from tests.drivers.golden import Golden, check
from tests.drivers.golden_elk import GOLDEN

SETUP = Setup(load_codes())


def decode(data: bytes) -> list[Frame]:
    decoder = ElkDecoder(SETUP)
    return [*decoder.feed(data), *decoder.finish()]


def read(kind: str, data: str, tail: str = "00") -> Frame:
    [frame] = decode(framed(kind, data, tail) + b"\r\n")
    return frame


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:60])
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


def test_the_emulators_codec_agrees_with_the_golden_frames() -> None:
    for known in GOLDEN:
        if known.fault is None:
            text = known.frame.decode("latin-1").rstrip()
            assert framed(text[2:4], text[4:-4], text[-4:-2]).decode("latin-1") == text


@pytest.mark.parametrize(
    ("nibble", "state"),
    [
        ("0", None),
        ("1", State.CLOSED),  # a normally open contact at rest
        ("2", State.CLOSED),
        ("3", State.CLOSED),
        ("5", State.FAULT),
        ("9", State.OPEN),
        ("B", State.OPEN),
        ("D", State.BYPASSED),
        ("E", State.BYPASSED),
    ],
)
def test_the_panels_verdict_is_the_state(nibble: str, state: State | None) -> None:
    assert zone_state(nibble) is state


@pytest.mark.parametrize(
    ("armed", "up", "alarm", "state"),
    [
        ("1", "3", "0", "exit_delay"),
        ("1", "4", "0", "armed_away"),
        ("6", "4", "0", "armed_away"),
        ("2", "5", "0", "armed_stay"),
        ("5", "6", "0", "armed_stay"),
        ("1", "4", "1", "entry_delay"),
        ("1", "4", "2", "alarm"),  # may still be aborted: an alarm until it is
        ("0", "1", "3", "alarm"),
        ("0", "0", "B", "alarm"),
        ("0", "0", "U", "disarmed"),
    ],
)
def test_an_area_is_the_first_that_holds(armed: str, up: str, alarm: str, state: str) -> None:
    frame = read("AS", f"{armed:0<8}{up:0<8}{alarm:0<8}", "1E")
    assert frame.signals[0].state == state
    assert frame.fields["alarm"] == f"{alarm:0<8}"


@pytest.mark.parametrize(
    ("char", "kind", "code"),
    [
        ("9", "tamper", "383"),
        (":", "fire", "110"),
        ("<", "fire_supervisory", "200"),
        ("A", "co", "162"),
        ("C", "environment", "159"),
        ("D", "gas", "151"),
        ("E", "fire", "114"),
        ("F", "medical", "100"),
        ("G", "panic", "120"),
        ("I", "environment", "154"),
        ("Z", "burglary", "130"),  # of no table: an alarm all the same
    ],
)
def test_a_zone_in_alarm_is_of_the_kind_of_its_definition(char: str, kind: str, code: str) -> None:
    [signal] = read("AZ", "0" * 207 + char).signals
    assert (signal.kind, signal.code, signal.zone) == (kind, code, 208)


def test_codes_are_not_shown_and_their_place_is_named() -> None:
    [wrong] = decode(b"17IC090909090909000010045\r\n")
    assert wrong.fields == {"name": "code_entered", "code": "*" * 12, "user": 0, "keypad": 1}
    assert wrong.signals[0].secrets == (Span(4, 16),)
    assert wrong.raw[4:16] == b"090909090909"
    for data in (request("a1", "1002468"), request("zb", "0211002468"), request("ua", "002468")):
        [frame] = decode(data)
        assert "2468" not in str(frame.fields)
        assert "******" in str(frame.fields["data"])
    [asked] = decode(request("cn", "00200010"))
    assert asked.fields == {"request": "cn", "data": "00200010"}


def test_fields_of_what_gives_no_event() -> None:
    [test] = decode(b"16XK2636115020605110006F\r\n")
    assert test.fields["time"] == "2005-06-02T11:36:26"
    assert read("VN", "050128010302" + "0" * 36).fields["version"] == "5.1.40"
    assert read("ZV", "005138").fields == {"name": "zone_voltage", "zone": 5, "volts": 13.8}
    assert read("SD", f"00001{'Front door':16}").fields["text"] == "Front door"
    assert read("CS", "01" + "0" * 206).fields["on"] == [2]
    assert read("LD", "1173002120151123001226").fields == {
        "name": "log_record",
        "event": "1173",
        "number": 2,
        "area": 1,
        "time": "2026-11-23T20:15:00",
        "index": 1,
    }
    assert read("SS", "0" * 8 + "1" + "0" * 25).fields == {
        "name": "system_trouble",
        "bits": [],
        "other": [8],
    }
    assert read("KC", "0111").fields == {"name": "key", "data": "0111"}


def test_a_time_that_is_in_no_calendar_is_put_right_with_a_mark() -> None:
    assert read("RR", "0060202310226110").fields["time_corrected"] is True


@pytest.mark.parametrize(
    ("kind", "data", "tail"),
    [
        ("ZS", "2" * 207, "00"),
        ("AS", "7" * 24, "00"),
        ("AR", "001234213001003", "00"),
        ("AR", "0012342130010031", "00"),
        ("ZC", "0179", "01"),
        ("SS", "0" * 33, "00"),
    ],
)
def test_contents_that_do_not_fit_are_refused(kind: str, data: str, tail: str) -> None:
    assert read(kind, data, tail).fault is FaultKind.SHAPE


@pytest.mark.parametrize(
    ("kind", "data"), [("ZC", "0009"), ("CC", "0001"), ("ZB", "9991"), ("ZB", "0210")]
)
def test_what_names_no_point_says_no_state(kind: str, data: str) -> None:
    assert read(kind, data).signals == ()


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["AR", "AS", "AZ", "EE", "IC", "LD", "RP", "RR", "SD", "SS", "VN", "ZB", "ZC"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=230)
    | st.from_regex(r"[0-9]{1,40}", fullmatch=True),
)
def test_no_contents_fail(kind: str, data: str) -> None:
    for frame in decode(framed(kind, data) + b"\r\n"):
        assert frame.raw


def test_requests_are_made_as_the_facts_work_them_out() -> None:
    assert request("as") == b"06as0066\r\n"
    assert request("a1", "1002468") == b"0Da110024680035\r\n"


@pytest.mark.parametrize("charset", ["cp1251", "gb18030", "cp852"])
def test_names_are_in_the_panels_own_characters(charset: str) -> None:
    text = {"cp1251": "Кухня", "gb18030": "前门红外", "cp852": "Předsíň"}[charset]
    padded = text.encode(charset).ljust(16).decode("latin-1")
    [frame] = ElkDecoder(Setup(load_codes(), None, {"charset": charset})).feed(
        framed("SD", f"00001{padded}") + b"\r\n"
    )
    assert (frame.fields["text"], frame.fault) == (text, None)
    with pytest.raises(ValueError, match="no codec"):
        ElkDecoder(Setup(load_codes(), None, {"charset": "klingon"}))
