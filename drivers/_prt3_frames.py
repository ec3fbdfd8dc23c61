"""Lines of a Paradox PRT3 module in ASCII mode: read by their shape, for there is no check sum.

    GgggNnnnAaaa       an event: group, number, area (000: all that are enabled, 255: at least one)
    RAaaa + 7 flags    an area         RZzzz + 5 flags    a zone
    ALaaa ZLzzz ULuuu  and 16 characters: a name
    PGMnnON, PGMnnOFF  a virtual output
    XXnnn&OK, &fail    what became of a command, or of a question that has no answer
    COMM&ok, COMM&fail the panel's bus is up, down        !      our last line was dropped

Each ends with CR.  Flags are letters of their own, `O` where they are off: two layouts of RA are
known, and a letter means the same in both.

Sources: open clients of the module; the groups are those on which most of them agree.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.codes import Codes, Place, Qualifier, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import Signal, Span

LINE_BYTES_MAX = 64  # a name has 21 characters; what is longer holds no line of the module
AREAS, ZONES, USERS = 8, 192, 999
ALL_AREAS, ANY_AREA = 0, 255

_Said = tuple[dict[str, Plain], tuple[Signal, ...]]


# ---- events: what group and number mean


@dataclass(frozen=True, slots=True)
class _Event:
    number: int
    area: int | None
    raw: bytes
    codes: Codes

    def coded(self, qualifier: Qualifier, code: str, *, is_of: str = "") -> Signal:
        """Return the signal of a Contact ID code; the number is a zone, a user, or nobody's."""
        meaning = self.codes.contact_id(qualifier, code)
        told = self.number or None
        return Signal(
            kind=meaning.kind,
            code=meaning.code,
            state=meaning.state,
            area=self.area,
            zone=told if is_of == "zone" else None,
            user=told if is_of == "user" else None,
            frame=self.raw,
        )

    def plain(self, kind: Kind, code: str | None = None) -> Signal:
        return Signal(kind=kind, code=code, state=State.ACTIVE, area=self.area, frame=self.raw)


_Read = Callable[[_Event], Signal | None]
_NEW, _OVER = Qualifier.NEW, Qualifier.RESTORE  # of opening and closing: disarmed, armed
_OPENED, _CLOSED = Qualifier.NEW, Qualifier.RESTORE


def _coded(qualifier: Qualifier, code: str, is_of: str = "") -> _Read:
    return lambda event: event.coded(qualifier, code, is_of=is_of)


def _zone(state: State) -> _Read:
    def read(event: _Event) -> Signal | None:
        if not event.number:
            return None
        return Signal(
            kind=Kind.ZONE, state=state, area=event.area, zone=event.number, frame=event.raw
        )

    return read


def _plain(kind: Kind, code: str | None = None) -> _Read:
    return lambda event: event.plain(kind, code)


def _which(
    known: Mapping[int, tuple[Qualifier, str]], other: tuple[Qualifier, str]
) -> Callable[[_Event], Signal]:
    """Read a group whose number says which event of it."""
    return lambda event: event.coded(*known.get(event.number, other))


def _areas(states: Mapping[int, State]) -> _Read:
    def read(event: _Event) -> Signal | None:
        state = states.get(event.number)
        if state is None:
            return None
        return Signal(kind=Kind.AREA, state=state, area=event.area, frame=event.raw)

    return read


_ARMED_HOW: Final = {
    0: (_CLOSED, "403"),  # by its own timer
    1: (_CLOSED, "407"),  # by the installer's program
    2: (_CLOSED, "403"),  # late to close
    3: (_CLOSED, "403"),  # no movement
    4: (_CLOSED, "456"),  # partial
    5: (_CLOSED, "408"),  # one touch
    8: (_CLOSED, "407"),  # by a module
}
_DISARMED_HOW: Final = {
    0: (_NEW, "405"),  # arming by the timer was cancelled
    1: (_OPENED, "408"),  # stay or instant, one touch
    2: (_OPENED, "407"),
    3: (_NEW, "406"),  # after an alarm, by the installer's program
    4: (_NEW, "406"),
    8: (_OPENED, "407"),
}
_SPECIAL_ALARMS: Final = {
    0: (_NEW, "120"),  # emergency keys
    1: (_NEW, "100"),  # medical keys
    2: (_NEW, "110"),  # fire keys
    3: (_NEW, "459"),  # soon after closing
    4: (_NEW, "139"),  # police code: a second zone confirms
}
_TROUBLES: Final = {
    0: "351",  # telephone line
    1: "301",
    2: "302",
    3: "312",  # auxiliary current
    4: "320",  # bell current
    5: "321",  # no bell
    6: "626",  # clock lost
    7: "373",  # fire loop
    8: "137",  # the panel's own cover
}
_MODULE_TROUBLES: Final = {
    0: "331",  # bus
    1: "341",  # opened
    2: "343",  # memory
    5: "336",  # printer
    6: "342",  # mains
    7: "338",  # battery
    8: "337",  # auxiliary supply
}


def _troubles(qualifier: Qualifier, known: Mapping[int, str], other: str) -> _Read:
    return _which({at: (qualifier, code) for at, code in known.items()}, (qualifier, other))


EXIT_DELAY, ENTRY_DELAY = (65, 1), (65, 2)  # group and number
READY = (65, 0)
_GROUPS: Final[Mapping[int, tuple[str, _Read]]] = {
    0: ("zone_closed", _zone(State.CLOSED)),
    1: ("zone_open", _zone(State.OPEN)),
    2: ("zone_tampered", _zone(State.TAMPER)),
    3: ("zone_fire_loop_fault", _zone(State.FAULT)),
    4: ("non_reportable", _plain(Kind.LOG)),
    5: ("code_entered", _coded(_NEW, "462", "user")),
    6: ("door_access", _coded(_NEW, "422", "user")),
    7: ("bypass_programming", _coded(_NEW, "570", "user")),
    8: ("delayed_alarm", _coded(_NEW, "130", "zone")),
    9: ("armed_by_master", _coded(_CLOSED, "401", "user")),
    10: ("armed_by_user", _coded(_CLOSED, "401", "user")),
    11: ("armed_by_key_switch", _coded(_CLOSED, "409")),
    12: ("special_arming", _which(_ARMED_HOW, (_CLOSED, "400"))),
    13: ("disarmed_by_master", _coded(_OPENED, "401", "user")),
    14: ("disarmed_by_user", _coded(_OPENED, "401", "user")),
    15: ("disarmed_by_key_switch", _coded(_OPENED, "409")),
    16: ("disarmed_after_alarm_by_master", _coded(_NEW, "406", "user")),
    17: ("disarmed_after_alarm_by_user", _coded(_NEW, "406", "user")),
    18: ("disarmed_after_alarm_by_key_switch", _coded(_NEW, "406")),
    19: ("alarm_cancelled_by_master", _coded(_NEW, "406", "user")),
    20: ("alarm_cancelled_by_user", _coded(_NEW, "406", "user")),
    21: ("alarm_cancelled_by_key_switch", _coded(_NEW, "406")),
    22: ("special_disarming", _which(_DISARMED_HOW, (_OPENED, "400"))),
    23: ("zone_bypassed", _coded(_NEW, "570", "zone")),
    24: ("alarm", _coded(_NEW, "130", "zone")),
    25: ("fire_alarm", _coded(_NEW, "110", "zone")),
    26: ("alarm_over", _coded(_OVER, "130", "zone")),
    27: ("fire_alarm_over", _coded(_OVER, "110", "zone")),
    28: ("early_disarming", _coded(_OPENED, "451", "user")),
    29: ("late_disarming", _coded(_OPENED, "452", "user")),
    30: ("special_alarm", _which(_SPECIAL_ALARMS, (_NEW, "120"))),
    31: ("duress", _coded(_NEW, "121", "user")),
    32: ("zone_shut_down", _coded(_NEW, "575", "zone")),
    33: ("zone_tamper", _coded(_NEW, "383", "zone")),
    34: ("zone_tamper_over", _coded(_OVER, "383", "zone")),
    35: ("special_tamper", _plain(Kind.TAMPER, "137")),
    36: ("trouble", _troubles(_NEW, _TROUBLES, "300")),
    37: ("trouble_over", _troubles(_OVER, _TROUBLES, "300")),
    38: ("module_trouble", _troubles(_NEW, _MODULE_TROUBLES, "330")),
    39: ("module_trouble_over", _troubles(_OVER, _MODULE_TROUBLES, "330")),
    40: ("report_failed", _coded(_NEW, "354")),
    41: ("zone_battery_low", _coded(_NEW, "384", "zone")),
    42: ("zone_lost", _coded(_NEW, "381", "zone")),
    43: ("zone_battery_good", _coded(_OVER, "384", "zone")),
    44: ("zone_back", _coded(_OVER, "381", "zone")),
    45: ("special_event", _plain(Kind.LOG)),
    46: ("early_arming", _coded(_CLOSED, "451", "user")),
    47: ("late_arming", _coded(_CLOSED, "452", "user")),
    48: ("utility_key", _plain(Kind.LOG)),
    55: ("intellizone", _coded(_NEW, "130", "zone")),
    56: ("zone_left_out", _coded(_NEW, "570", "zone")),
    57: ("zone_joined_again", _coded(_OVER, "570", "zone")),
    64: (
        "status_1",
        _areas(
            {
                **dict.fromkeys((0, 1), State.ARMED_AWAY),  # armed, forced
                **dict.fromkeys((2, 3), State.ARMED_STAY),  # stay, instant
                **dict.fromkeys((4, 5, 6, 7), State.ALARM),  # strobe, silent, audible, fire
            }
        ),
    ),
    65: (
        "status_2",
        _areas({0: State.DISARMED, 1: State.EXIT_DELAY, 2: State.ENTRY_DELAY}),
    ),
    66: ("status_3", lambda _: None),
}


def _event(groups: tuple[str, ...], raw: bytes, codes: Codes) -> _Said:
    group, told, area = (int(digits) for digits in groups)
    fields: dict[str, Plain] = {"group": group, "number": told, "area": area}
    event = _Event(told, None if area in (ALL_AREAS, ANY_AREA) else area, raw, codes)
    if group not in _GROUPS:
        return {**fields, "name": "unknown"}, (event.plain(Kind.UNKNOWN),)
    name, read = _GROUPS[group]
    signal = read(event)
    return {**fields, "name": name}, (() if signal is None else (signal,))


# ---- answers

_ARM_STATES: Final = {
    "D": ("disarmed", State.DISARMED),
    "A": ("armed", State.ARMED_AWAY),
    "F": ("forced", State.ARMED_AWAY),
    "S": ("stay", State.ARMED_STAY),
    "I": ("instant", State.ARMED_STAY),
}
_AREA_FLAGS: Final = {
    "M": "memory",
    "T": "trouble",
    "N": "not_ready",
    "P": "programming",
    "A": "alarm",
    "S": "strobe",
}
_CONTACTS: Final = {
    "C": State.CLOSED,
    "O": State.OPEN,
    "T": State.TAMPER,
    "F": State.FAULT,
}
_ZONE_FLAGS: Final = {
    "A": ("alarm", "130"),
    "F": ("fire", "110"),
    "S": ("supervision", "381"),
    "L": ("battery", "384"),
}
ZONE_CODES: Final = frozenset(code for _, code in _ZONE_FLAGS.values())
AREA_TROUBLE: Final = "300"


def _area_status(groups: tuple[str, ...], raw: bytes, codes: Codes) -> _Said | None:
    area, arm, letters = int(groups[0]), groups[1], groups[2]
    if not 1 <= area <= AREAS:
        return None
    flags: list[Plain] = [_AREA_FLAGS[letter] for letter in letters if letter != "O"]
    armed, state = _ARM_STATES[arm]
    state = State.ALARM if "alarm" in flags else state
    signals = [Signal(kind=Kind.AREA, state=state, area=area, frame=raw)]
    if "trouble" in flags:
        meaning = codes.contact_id(_NEW, AREA_TROUBLE)
        signals.append(signal_of(meaning, Place(area=area, frame=raw)))
    return {"area": area, "armed": armed, "flags": flags}, tuple(signals)


def _zone_status(groups: tuple[str, ...], raw: bytes, codes: Codes) -> _Said | None:
    zone, contact, letters = int(groups[0]), groups[1], groups[2]
    if not 1 <= zone <= ZONES:
        return None
    said = [_ZONE_FLAGS[letter] for letter in letters if letter != "O"]
    place = Place(number=zone, frame=raw)
    events = [signal_of(codes.contact_id(_NEW, code), place) for _, code in said]
    point = Signal(kind=Kind.ZONE, state=_CONTACTS[contact], zone=zone, frame=raw)
    return {"zone": zone, "flags": [name for name, _ in said]}, (point, *events)


def _output(groups: tuple[str, ...], raw: bytes, codes: Codes) -> _Said | None:
    del codes
    output, state = number(groups[0]), State.ON if groups[1] == "ON" else State.OFF
    if output is None:
        return None
    return {"output": output}, (Signal(kind=Kind.OUTPUT, state=state, zone=output, frame=raw),)


def _bus(groups: tuple[str, ...], raw: bytes, codes: Codes) -> _Said:
    del codes
    is_up = groups[0] == "ok"
    state = State.ONLINE if is_up else State.OFFLINE
    return {"ok": is_up}, (Signal(kind=Kind.PANEL, state=state, frame=raw),)


def _result(groups: tuple[str, ...], raw: bytes, codes: Codes) -> _Said:
    del raw, codes
    return {"command": groups[0], "ok": groups[1].upper() == "OK"}, ()


def _dropped(groups: tuple[str, ...], raw: bytes, codes: Codes) -> _Said:
    del groups, raw, codes
    return {}, ()


_LINES: Final = tuple(
    (kind, re.compile(shape, re.ASCII), read)
    for kind, shape, read in (
        ("event", r"G(\d{3})N(\d{3})A(\d{3})", _event),
        # either order of the flags
        (
            "area_status",
            r"RA(\d{3})([DAFSI])([MO][TO][NO][PO][AO][SO]|[PO][TO][NO][AO][SO][MO])",
            _area_status,
        ),
        ("zone_status", r"RZ(\d{3})([COTF])([AO][FO][SO][LO])", _zone_status),
        ("output", r"PGM(\d\d)(ON|OFF)", _output),
        ("bus", r"COMM&(ok|fail)", _bus),
        ("result", r"([A-Z]{2}\d{3})&(OK|ok|fail)", _result),
        ("dropped", r"(!)", _dropped),
    )
)
_NAMES: Final = {"AL": ("area", AREAS), "ZL": ("zone", ZONES), "UL": ("user", USERS)}
_NAME: Final = re.compile(rb"(AL|ZL|UL)([0-9]{3})([^\x00-\x1f]{16})")
_BEGINS: Final = re.compile(rb"G[0-9]|R[AZ][0-9]|[AZU]L[0-9]|A[AQD][0-9]|PGM|COMM&")
_REQUEST: Final = re.compile(
    r"(?:RA|RZ|AL|ZL|UL|PE|PM|PF|SR|UK|VO|VC)\d{3}|AQ\d{3}[AFSI]"
    r"|(?:AA\d{3}[AFSI]|AD\d{3})(?P<code>\d{1,6})",
    re.ASCII,
)
_RESEMBLES: Final = re.compile(rb"(?:G[0-9]|R[AZ]|[AZU]L|A[AQD]|PGM|COMM|[A-Z]{2}[0-9]{3})")
_SIZES: Final = {b"G": 12, b"RA": 12, b"RZ": 10, b"AL": 21, b"ZL": 21, b"UL": 21}
WHOLE: Final = frozenset({"event", "area_status", "zone_status", "output", "bus", "result"})
HAS_CODE: Final = (b"AA", b"AD")


class Prt3Decoder(LineDecoder):
    """Lines of the module, and what a host says to it."""

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        self._charset = charset_of(setup)
        super().__init__(self._frame, _BEGINS, _fault_of, LINE_BYTES_MAX, WHOLE)

    def _frame(self, line: bytes, raw: bytes) -> Frame | None:
        text = line.decode("latin-1")
        for kind, shape, read in _LINES:
            found = shape.fullmatch(text)
            if found is not None:
                said = read(found.groups(), raw, self._codes)
                return None if said is None else Frame(raw, kind, said[1], said[0])
        return self._name(line, raw) or _host_frame(text, raw)

    def _name(self, line: bytes, raw: bytes) -> Frame | None:
        found = _NAME.fullmatch(line)
        if found is None:
            return None
        of, most = _NAMES[found[1].decode()]
        told = int(found[2])
        if not 1 <= told <= most:
            return None
        text = found[3].decode(self._charset, "replace").rstrip()
        return Frame(raw, "name", (), {"of": of, "number": told, "text": text})


def _host_frame(text: str, raw: bytes) -> Frame | None:
    """Read what a host says: the code at its end is marked, and not shown."""
    found = _REQUEST.fullmatch(text)
    if found is None:
        return None
    code = found["code"]
    if not code:
        return Frame(raw, "request", (), {"request": text})
    shown = text[: -len(code)] + "*" * len(code)
    secrets = (Span(len(text) - len(code), len(text)),)
    return Frame(raw, "request", (), {"request": shown}, secrets=secrets)


def _fault_of(piece: bytes) -> FaultKind:
    """Say what is wrong with a piece that is no line of the protocol."""
    if not _RESEMBLES.match(piece):
        return FaultKind.NOISE
    size = _SIZES.get(piece[:1]) or _SIZES.get(piece[:2])
    return FaultKind.LENGTH if size not in (None, len(piece)) else FaultKind.SHAPE


def request(text: str) -> bytes:
    """Return a line to the module."""
    return text.encode() + b"\r"
