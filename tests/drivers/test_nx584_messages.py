"""What messages of the NX-584 interface mean: golden ones, fields, and what is not shown."""

import pytest

from drivers._nx584_messages import LOG, NxDecoder
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import load_codes
from hil.panels.nx584 import off_wire, on_wire
from tests.drivers.golden import Golden, check
from tests.drivers.golden_nx584 import GOLDEN

CODES = load_codes()


def decode(data: bytes, **options: object) -> list[Frame]:
    decoder = NxDecoder(Setup(CODES, options=dict(options)))  # type: ignore[arg-type]
    return [*decoder.feed(data), *decoder.finish()]


def read(payload: str, *, binary: bool = False, **options: object) -> Frame:
    [frame] = decode(on_wire(bytes.fromhex(payload), binary=binary), **options)
    return frame


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:60])
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


def test_the_emulators_codec_agrees_with_the_golden_frames() -> None:
    for known in GOLDEN:
        if known.fault is None:
            payload = off_wire(known.frame)
            assert payload is not None
            assert on_wire(payload, binary=known.frame[:1] == b"~") == known.frame


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        ("00", State.CLOSED),
        ("01", State.OPEN),
        ("03", State.FAULT),
        ("05", State.BYPASSED),
        ("08", State.BYPASSED),  # inhibited: left out by forced arming
        ("30", State.CLOSED),
    ],
)
def test_the_first_that_holds_is_the_state_of_a_zone(condition: str, state: State) -> None:
    frame = read(f"0400010000 00 {condition}".replace(" ", ""))
    assert frame.signals[0].state is state


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        ("00000000", "disarmed"),
        ("40000000", "armed_away"),
        ("40000400", "armed_stay"),
        ("40004000", "exit_delay"),
        ("40008000", "exit_delay"),
        ("40001000", "entry_delay"),
        ("40021000", "alarm"),
        ("40040000", "alarm"),
        ("40090000", "armed_away"),  # there was an alarm, and it is over
    ],
)
def test_the_first_that_holds_is_the_state_of_an_area(flags: str, state: str) -> None:
    frame = read(f"0600{flags}000000")
    assert [(one.kind, one.state.value) for one in frame.signals] == [(Kind.AREA, state)]


def test_the_entry_time_shows_in_the_last_byte_too() -> None:
    assert read("0600400000000000" + "01").signals[0].state is State.ENTRY_DELAY


def test_the_snapshot_of_areas_names_valid_ones() -> None:
    frame = read("07" + "03" + "0D" + "25" + "45" + "04" + "00" * 3)
    assert {one.area: one.state.value for one in frame.signals} == {
        1: "disarmed",
        2: "armed_stay",
        3: "entry_delay",
        4: "exit_delay",
    }


def test_the_fields_of_a_system_status_of_either_length() -> None:
    for tail in ("0307", "030007"):
        fields = read("08040002000000080000" + "00" * 0 + tail).fields
        assert fields["areas"] == [1, 2]
        assert fields["log_newest"] == 7
        assert fields["panel"] == 4
        assert fields["flags"] == ["phone", "clock_lost"]


def test_a_code_in_two_places_is_one_event() -> None:
    frame = read("0800" + "00" + "08" + "10" + "00" * 5 + "01" + "00")
    assert [one.code for one in frame.signals] == ["312"]


def test_the_fields_of_an_entry_of_the_log() -> None:
    frame = read("0A0764C801010B170A05")
    assert frame.fields == {
        "form": "ascii",
        "ack_wanted": False,
        "log_number": 7,
        "log_size": 100,
        "event": 72,
        "name": "unknown",
        "reported": False,
        "device": 2,
        "area": 2,
        "time": "11-23T10:05",
    }
    assert read("0A0764290101170B0A05", day_first=True).fields["time"] == "11-23T10:05"


def test_every_entry_of_the_log_is_read_and_says_where() -> None:
    for kind, known in LOG.items():
        frame = read(f"0A0064{kind:02X}0401010101 01".replace(" ", ""))
        [signal] = frame.signals
        assert frame.fields["name"] == known.name
        assert signal.code == (known.code or None)
        if known.number_is == "zone":
            assert (signal.zone, signal.area) == (5, 2)
        if known.number_is == "user":
            assert (signal.user, signal.area) == (5, 2)
        if known.number_is == "device":
            assert signal.zone is None
    assert len(LOG) > 50


def test_what_was_never_written_in_the_log_is_no_event() -> None:
    frame = read("0A0764" + "00" * 7)
    assert (frame.signals, frame.fields["name"]) == ((), "empty")


def test_a_name_is_read_in_the_panels_characters() -> None:
    name = "0300" + "Küche".encode("cp1252").hex() + "20" * 11
    assert read(name).fields["text"] == "Küche"
    assert read(name, charset="ascii").fields["text"] == "K�che"


def test_what_the_interface_is_set_to_say_and_to_obey() -> None:
    fields = read("01" + b"1.05".hex() + "5005" + "5001" + "00" + "48").fields
    assert fields["version"] == "1.05"
    assert fields["says"] == ["zone_status", "partition_status", "system_status", "log_event"]
    assert fields["obeys"] == ["24", "26", "28", "3B", "3E"]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("payload", "codes"),
    [
        ("3C4286FF0101", ["4286FF"]),
        ("324286FF05", ["4286FF"]),
        ("344286FF05311375", ["4286FF", "311375"]),
        ("3505311375", ["311375"]),
        ("364286FF0500", ["4286FF"]),
        ("12054286FF4001", ["4286FF"]),
        ("123C7D7E4286", ["7D7E42"]),  # what is escaped is longer on the wire
    ],
)
def test_codes_are_marked_and_not_shown(payload: str, codes: list[str], binary: bool) -> None:
    frame = read(payload, binary=binary)
    marked = [frame.raw[span.start : span.end] for span in frame.secrets]
    if binary:
        escaped = [bytes.fromhex(code).replace(b"\x7d", b"\x7d\x5d") for code in codes]
        assert marked[-1].endswith(escaped[-1][-1:])
        assert len(marked) == len(codes)
    else:
        assert marked == [code.encode() for code in codes]
    for code in codes:
        assert code.lower() not in str(frame.fields).lower()


def test_a_message_of_the_right_sum_and_too_short_is_refused() -> None:
    frame = read("840B01")
    assert (frame.fault, frame.type, frame.signals) == (FaultKind.LENGTH, "zone_status", ())
    assert frame.fields["ack_wanted"] is True


def test_a_request_of_no_table_is_no_word_of_the_panel() -> None:
    frame = read("2F01")
    assert (frame.type, frame.signals, frame.fields["request"]) == ("request", (), "2f")
