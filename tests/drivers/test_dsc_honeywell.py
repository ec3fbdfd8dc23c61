"""The Honeywell flavour of TPI: what its lines mean, and that a damaged length is refused."""

import pytest

from drivers._dsc_honeywell import honeywell
from edge_agent.domain.session import FaultKind, Frame
from edge_agent.resources import load_codes
from hil.panels.machine import describe

CODES = load_codes()
TEXT = "****DISARMED****  READY TO ARM  "


def read(line: bytes) -> Frame:
    return honeywell(line, "latin-1", CODES)


def told(frame: Frame) -> list[tuple[object, ...]]:
    return [tuple(describe(signal).values()) for signal in frame.signals]


def keypad(bits: int, text: str = TEXT, zone: str = "00") -> Frame:
    return read(f"%00,01,{bits:04X},{zone},00,{text}$".encode())


def area(state: str) -> tuple[object, ...]:
    return ("area", None, state, 1, None, None, None)


@pytest.mark.parametrize(
    ("bits", "state"),
    [
        (1 << 12 | 1 << 3, "disarmed"),
        (1 << 2 | 1 << 3, "armed_away"),
        (1 << 15, "armed_stay"),
        (1 << 7, "armed_stay"),
        (1 << 2 | 1 << 7, "armed_away"),
        (1 << 2 | 1, "alarm"),
    ],
)
def test_the_lamps_of_a_keypad_line_are_the_state_of_its_area(bits: int, state: str) -> None:
    frame = keypad(bits)
    assert told(frame) == [area(state)]
    assert frame.fields["text"] == TEXT


def test_fire_and_battery_lamps_are_events_and_the_text_may_name_a_zone() -> None:
    fire = keypad(1 << 13)
    assert told(fire)[1:] == [("fire", "110", "active", 1, None, None, None)]
    battery = keypad(1 << 14)
    assert told(battery)[1:] == [("power", "302", "active", None, None, None, None)]
    fault = keypad(0, "FAULT 07 FRONT DOOR".ljust(32), "07")
    assert told(fault)[1:] == [("zone", None, "open", 1, 7, None, None)]
    check = keypad(0, "CHECK 12 WINDOW".ljust(32), "12")
    assert told(check)[1:] == [("zone", None, "fault", 1, 12, None, None)]


def test_zone_map_and_timers() -> None:
    zones = read(b"%01,0180000000000000$")
    assert {s.zone for s in zones.signals if s.state == "open"} == {1, 16}
    assert len(zones.signals) == 64
    timers = read(b"%FF," + b"FFFF" + b"0000" * 63 + b"$")
    assert [s.zone for s in timers.signals] == [1]


def test_contact_id_events_by_the_code_tables() -> None:
    opened = read(b"%03,1401020030$")
    assert told(opened) == [("open_close", "401", "disarmed", 2, None, 3, None)]
    closed = read(b"%03,3401010030$")
    assert told(closed) == [("open_close", "401", "armed", 1, None, 3, None)]
    assert closed.fields["qualifier"] == "3"


@pytest.mark.parametrize(
    "line",
    [b"%00,01,10,08,00,SHORT$", b"%01,0180$", b"%02,01050$", b"%03,113001004$x", b"%02,9900$"],
)
def test_what_does_not_fit_its_length_is_refused(line: bytes) -> None:
    frame = read(line if line.endswith(b"$") else line + b"$")
    assert frame.fault in (FaultKind.LENGTH, FaultKind.SHAPE)
    assert not frame.signals


def test_of_a_host_codes_are_masked_and_what_no_table_knows_is_kept() -> None:
    assert read(b"^03,1,12342$").fields["data"] == "1,*****"
    assert read(b"^00,04$").fields["answer"] == "overflow"
    assert [signal.kind for signal in read(b"%0A,1$").signals] == ["unknown"]
