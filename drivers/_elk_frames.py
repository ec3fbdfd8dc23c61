"""What the frames of an Elk M1 mean; they are cut in `drivers/_hex_frames.py`.

Capital types come from the panel, small ones go to it.  The layouts are those of the maker's ASCII
protocol; what a position of `SS` and a digit of `AZ` means is known from an open client.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from drivers._hex_frames import HexDecoder, spelled, unmarked
from drivers._hex_frames import request as _request
from edge_agent.domain.codes import Codes, Place, Qualifier, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelTime, panel_time
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import Signal, Span

UNCOUNTED = 2  # LL does not count itself
ZONES, AREAS = 208, 8
CODE_DIGITS = 6
MASK = "*" * CODE_DIGITS

NAMES: Final[Mapping[str, str]] = {
    "AM": "alarm_memory",
    "AR": "alarm_report",
    "AS": "arming_status",
    "AT": "ethernet_test_answer",
    "AZ": "alarm_by_zone",
    "CA": "central_station_report",
    "CC": "output_change",
    "CR": "custom_value",
    "CS": "output_status",
    "CV": "counter_value",
    "DK": "display_keypad",
    "DS": "lighting_poll",
    "EE": "entry_exit_timer",
    "EM": "email",
    "IC": "code_entered",
    "IE": "installer_mode_left",
    "IR": "xsp_serial",
    "KA": "keypad_areas",
    "KC": "key",
    "KF": "function_key",
    "LD": "log_record",
    "LW": "temperatures",
    "NS": "source_name",
    "NT": "zone_name",
    "PC": "lighting_change",
    "PS": "lighting_status",
    "RP": "remote_programming",
    "RR": "clock",
    "SD": "name",
    "SS": "system_trouble",
    "ST": "temperature",
    "TC": "task",
    "TR": "thermostat",
    "UA": "user_areas",
    "VN": "version",
    "XB": "ethernet_boot",
    "XK": "ethernet_test",
    "ZB": "zone_bypass",
    "ZC": "zone_change",
    "ZD": "zone_definitions",
    "ZP": "zone_areas",
    "ZS": "zone_status",
    "ZV": "zone_voltage",
}

_ARMED: Final[Mapping[str, str]] = {
    "0": "disarmed",
    "1": "away",
    "2": "stay",
    "3": "stay_instant",
    "4": "night",
    "5": "night_instant",
    "6": "vacation",
}
_UP: Final[Mapping[str, str]] = {
    "0": "not_ready",
    "1": "ready",
    "2": "can_be_forced",
    "3": "exit_running",
    "4": "fully_armed",
    "5": "force_armed",
    "6": "armed_with_bypass",
}
_AWAY = frozenset("16")
ENTRY = "1"  # of an area's alarm character; 2 is an alarm that may still be aborted
NO_ALARMS = "0U"  # U: trouble of a zone

# what the character of a zone in AZ says: the definition of the zone that is in alarm
_ZONE_ALARMS: Final[Mapping[str, str]] = {
    **dict.fromkeys("12345678", "130"),
    "9": "383",  # box tamper
    ":": "110",
    ";": "110",  # verified
    "<": "200",
    "=": "150",
    ">": "150",
    "A": "162",
    "B": "101",  # emergency
    "C": "159",
    "D": "151",
    "E": "114",
    "F": "100",
    "G": "120",
    "H": "122",  # without any indication
    "I": "154",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One position of SS: what it is called, its code, and whether it holds a zone's number."""

    name: str
    code: str = ""
    is_zone: bool = False


TROUBLES: Final[Mapping[int, Trouble]] = {
    0: Trouble("mains_fail", "301"),
    1: Trouble("box_tamper", "137", is_zone=True),
    2: Trouble("report_fail", "354"),
    3: Trouble("eeprom", "304"),
    4: Trouble("battery_low", "302"),
    5: Trouble("transmitter_battery", "384", is_zone=True),
    6: Trouble("over_current", "312"),
    7: Trouble("telephone", "351"),
    9: Trouble("output_2", "322"),
    10: Trouble("keypad_missing", "330"),
    11: Trouble("zone_expander", "333"),
    12: Trouble("output_expander", "333"),
    14: Trouble("remote_programming"),
    16: Trouble("common_area_not_armed"),
    17: Trouble("flash", "304"),
    18: Trouble("security_alert", "300"),
    19: Trouble("serial_expander", "333"),
    20: Trouble("transmitter_lost", "381", is_zone=True),
    21: Trouble("smoke_detector_dirty", "393"),
    22: Trouble("ethernet", "350"),
    31: Trouble("display_line_1"),
    32: Trouble("display_line_2"),
    33: Trouble("fire_zone", "373", is_zone=True),
}

_Read = tuple[tuple[Signal, ...], dict[str, Plain]]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame under reading: its bytes, the groups of its layout, and the tables."""

    raw: bytes
    groups: tuple[str, ...]
    codes: Codes

    def point(self, kind: Kind, state: State, at: int) -> Signal:
        area = at if kind is Kind.AREA else None
        zone = None if kind is Kind.AREA else at
        return Signal(kind=kind, state=state, area=area, zone=zone, frame=self.raw)

    def event(self, code: str, zone: int | None = None) -> Signal:
        kind = self.codes.contact_id(Qualifier.NEW, code).kind
        return Signal(kind=kind, code=code, state=State.ACTIVE, zone=zone, frame=self.raw)


# ---- zones, areas, outputs


def zone_state(nibble: str) -> State | None:
    """Return what a zone's nibble says; None for a zone that is not wired.

    The high two bits are the panel's verdict: an open circuit may be a contact at rest.
    """
    value = int(nibble, 16)
    match value >> 2:
        case 3:
            return State.BYPASSED
        case 2:
            return State.OPEN
        case 1:
            return State.FAULT
    return State.CLOSED if value & 3 else None


def _zone_change(frame: _Frame) -> _Read:
    zone, nibble = number(frame.groups[0]), frame.groups[1]
    fields: dict[str, Plain] = {"zone": zone, "status": nibble}
    if zone is None:
        return (), fields
    return (frame.point(Kind.ZONE, zone_state(nibble) or State.UNKNOWN, zone),), fields


def _zone_status(frame: _Frame) -> _Read:
    states = {at: zone_state(nibble) for at, nibble in enumerate(frame.groups[0], 1)}
    found = [frame.point(Kind.ZONE, state, at) for at, state in states.items() if state is not None]
    return tuple(found), {"zones": frame.groups[0]}


def _zone_bypass(frame: _Frame) -> _Read:
    """The end of a bypass does not say how the contact is; 000 and 999 are all zones."""
    zone, is_on = int(frame.groups[0]), frame.groups[1] == "1"
    fields: dict[str, Plain] = {"zone": zone, "bypassed": is_on}
    known = is_on and 1 <= zone <= ZONES
    return ((frame.point(Kind.ZONE, State.BYPASSED, zone),) if known else ()), fields


def _alarm_by_zone(frame: _Frame) -> _Read:
    """A character of no table is an alarm all the same."""
    said = {at: char for at, char in enumerate(frame.groups[0], 1) if char != "0"}
    signals = [frame.event(_ZONE_ALARMS.get(char, "130"), at) for at, char in said.items()]
    zones: dict[str, Plain] = {str(at): char for at, char in said.items()}
    return tuple(signals), {"zones": zones}


def _area_state(armed: str, up: str, alarm: str) -> State:
    """Return the first that holds of alarm, entry delay, exit delay, armed, disarmed."""
    if alarm == ENTRY:
        return State.ENTRY_DELAY
    if alarm not in NO_ALARMS:
        return State.ALARM
    if up == "3":
        return State.EXIT_DELAY
    if armed == "0":
        return State.DISARMED
    return State.ARMED_AWAY if armed in _AWAY else State.ARMED_STAY


def _arming_status(frame: _Frame) -> _Read:
    rows = list(zip(*frame.groups[:3], strict=True))
    areas = tuple(
        frame.point(Kind.AREA, _area_state(*row), at) for at, row in enumerate(rows, start=1)
    )
    return areas, {
        "armed": [_ARMED[row[0]] for row in rows],
        "ready": [_UP[row[1]] for row in rows],
        "alarm": frame.groups[2],
    }


def _timer(frame: _Frame) -> _Read:
    """A timer of 0 has ended: how the area is now is said by AS."""
    area, is_exit = int(frame.groups[0]), frame.groups[1] == "0"
    timers: list[Plain] = [int(frame.groups[2]), int(frame.groups[3])]
    fields: dict[str, Plain] = {"area": area, "exit": is_exit, "timers_s": timers}
    state = State.EXIT_DELAY if is_exit else State.ENTRY_DELAY
    return ((frame.point(Kind.AREA, state, area),) if any(timers) else ()), fields


def _output_change(frame: _Frame) -> _Read:
    output = number(frame.groups[0])
    state = State.ON if frame.groups[1] == "1" else State.OFF
    return (frame.point(Kind.OUTPUT, state, output),) if output else (), {"output": output}


def _output_status(frame: _Frame) -> _Read:
    states = enumerate(frame.groups[0], 1)
    found = [frame.point(Kind.OUTPUT, State.ON if c == "1" else State.OFF, at) for at, c in states]
    return tuple(found), {"on": [at for at, c in enumerate(frame.groups[0], 1) if c == "1"]}


# ---- events


def _alarm_report(frame: _Frame) -> _Read:
    account, qualifier, code, area, place, device = frame.groups
    meaning = frame.codes.contact_id(Qualifier(int(qualifier)), code)
    where = Place(area=number(area), number=number(place), account=account, frame=frame.raw)
    return (signal_of(meaning, where),), {"device": device}


def _system_trouble(frame: _Frame) -> _Read:
    """What stands in two positions under one code is one event."""
    text = frame.groups[0]
    said = {at: trouble for at, trouble in TROUBLES.items() if text[at] != "0"}
    events = {
        (trouble.code, trouble_zone(text, at)): None for at, trouble in said.items() if trouble.code
    }
    other: list[Plain] = [at for at, c in enumerate(text) if c != "0" and at not in TROUBLES]
    fields: dict[str, Plain] = {"bits": [trouble.name for trouble in said.values()], "other": other}
    return tuple(frame.event(code, zone) for code, zone in events), fields


def trouble_zone(text: str, at: int) -> int | None:
    """Return the zone that a position of SS names, where it names one."""
    zone = ord(text[at]) - 0x30
    return zone if TROUBLES[at].is_zone and 0 < zone <= ZONES else None


def _code_entered(frame: _Frame) -> _Read:
    """User 000 is a code of nobody.  The code itself is not recorded."""
    code, user, keypad = frame.groups
    fields: dict[str, Plain] = {"code": "*" * len(code), "user": int(user), "keypad": int(keypad)}
    if int(user):
        return (), fields
    meaning = frame.codes.contact_id(Qualifier.NEW, "461")
    secret = Span(4, 4 + len(code))
    wrong = Signal(
        kind=meaning.kind,
        code=meaning.code,
        state=State.ACTIVE,
        frame=frame.raw,
        secrets=(secret,),
    )
    return (wrong,), fields


def _programming(frame: _Frame) -> _Read:
    is_on = frame.groups[0] != "00"
    return (frame.event("627" if is_on else "628"),), {"programming": is_on}


def _installer_left(frame: _Frame) -> _Read:
    return (frame.event("628"),), {"programming": False}


# ---- what gives no event


def _clock(frame: _Frame) -> _Read:
    time = clock_of(frame.groups)
    return (), {"time": time.iso, "time_corrected": time.corrected}


def clock_of(groups: tuple[str, ...]) -> PanelTime:
    """Return second, minute, hour, weekday, day, month, year as a time."""
    second, minute, hour, _, day, month, year = (int(group) for group in groups[:7])
    return panel_time((2000 + year, month, day), (hour, minute, second))


def _version(frame: _Frame) -> _Read:
    panel, ethernet = frame.groups
    return (), {"version": _dotted(panel), "ethernet_version": _dotted(ethernet)}


def _dotted(digits: str) -> str:
    return ".".join(str(int(digits[at : at + 2], 16)) for at in (0, 2, 4))


def _log_record(frame: _Frame) -> _Read:
    """Its event numbers are of no known table, so it gives no event; all it says is shown."""
    event, place, area, hour, minute, month, day, index, _, year = frame.groups
    told = panel_time((2000 + int(year), int(month), int(day)), (int(hour), int(minute), 0))
    return (), {
        "event": event,
        "number": int(place),
        "area": int(area),
        "time": told.iso,
        "index": int(index),
    }


def _voltage(frame: _Frame) -> _Read:
    zone, tenths = frame.groups
    return (), {"zone": int(zone), "volts": int(tenths) / 10}


def _name(frame: _Frame) -> _Read:
    of, which, text = frame.groups
    # the mark of its first character: shown at the keypad
    return (), {"of": int(of), "number": int(which), "text": unmarked(text).rstrip()}


_TIME = r"(\d\d)(\d\d)(\d\d)(\d)(\d\d)(\d\d)(\d\d)"
_LAYOUTS: Final[Mapping[str, tuple[str, Callable[[_Frame], _Read]]]] = {
    "AR": (r"([0-9A-F]{6})([136])([0-9A-F]{3})(\d\d)(\d{3})([0-9A-F])", _alarm_report),
    "AS": (r"([0-6]{8})([0-6]{8})([0-Z]{8})((?:[0-9A-F]{2})?)", _arming_status),
    "AZ": (rf"([0-Z]{{{ZONES}}})", _alarm_by_zone),
    "CC": (r"(\d{3})([01])", _output_change),
    "CS": (r"([01]{208})", _output_status),
    "EE": (r"([1-8])([01])(\d{3})(\d{3})([0-6])", _timer),
    "IC": (r"(.{12})(\d{3})(\d\d)", _code_entered),
    "IE": (r"()", _installer_left),
    "LD": (
        r"(\d{4})(\d{3})(\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})(\d)(\d\d)",
        _log_record,
    ),
    "RP": (r"(\d\d)", _programming),
    "RR": (rf"{_TIME}(.*)", _clock),
    "SD": (r"(\d\d)(\d{3})(.{16})", _name),
    "SS": (r"(.{34})", _system_trouble),
    "VN": (r"([0-9A-F]{6})([0-9A-F]{6}).*", _version),
    "XK": (rf"{_TIME}(.*)", _clock),
    "ZB": (r"(\d{3})([01])", _zone_bypass),
    "ZC": (r"(\d{3})([0-9A-F])", _zone_change),
    "ZS": (rf"([0-9A-F]{{{ZONES}}})", _zone_status),
    "ZV": (r"(\d{3})(\d{3})", _voltage),
}
_CODES: Final[Mapping[str, int]] = {"IC": 12, "UA": 12}
"""Types of the panel that begin with a user code, and its characters."""
TAIL_IS_TIMER = "AS"  # its tail counts the exit or entry time, and is 00 at rest


@cache
def _layout(kind: str) -> re.Pattern[str]:
    return re.compile(_LAYOUTS[kind][0], re.ASCII | re.DOTALL)


class ElkDecoder(HexDecoder):
    """Frames of the panel and of a host; codes that a host sends are not shown in `fields`."""

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        charset = charset_of(setup)
        super().__init__(
            UNCOUNTED, lambda *parts: spelled(self._frame(*parts), charset, "text"), _is_known
        )

    def _frame(self, raw: bytes, kind: str, data: str, tail: str) -> Frame:
        if kind[0].islower():
            return _host_frame(raw, kind, data)
        if kind not in NAMES:
            unknown = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=raw)
            return Frame(raw, kind, (unknown,), {"name": "unknown", "data": data + tail})
        fields: dict[str, Plain] = {"name": NAMES[kind]}
        secrets = (
            (Span(4, 4 + _CODES[kind]),) if kind in _CODES and len(data) >= _CODES[kind] else ()
        )
        if kind not in _LAYOUTS:
            shown = "*" * _CODES[kind] + data[_CODES[kind] :] if secrets else data
            return Frame(raw, kind, (), {**fields, "data": shown}, secrets=secrets)
        found = _layout(kind).fullmatch(data)
        if found is None or (tail != "00" and kind != TAIL_IS_TIMER):
            return Frame(raw, fault=FaultKind.SHAPE)
        signals, more = _LAYOUTS[kind][1](_Frame(raw, found.groups(), self._codes))
        return Frame(raw, kind, signals, {**fields, **more}, secrets=secrets)


def _is_known(kind: str) -> bool:
    return kind in NAMES or kind[0].islower()


def _host_frame(raw: bytes, kind: str, data: str) -> Frame:
    """Return what a host said to the panel; the last six digits of arming and bypass are a code."""
    is_secret = kind in {"zb", "ua"} or (kind[0] == "a" and not kind[1].isalpha())
    fields: dict[str, Plain] = {"request": kind, "data": data}
    if not is_secret or not data:
        return Frame(raw, "request", (), fields)
    begin, end = 4 + max(0, len(data) - CODE_DIGITS), 4 + len(data)
    fields["data"] = data[:-CODE_DIGITS] + MASK
    return Frame(raw, "request", (), fields, secrets=(Span(begin, end),))


def request(kind: str, data: str = "") -> bytes:
    """Return what asks the panel, or tells it to do something."""
    return _request(kind, data, uncounted=UNCOUNTED)
