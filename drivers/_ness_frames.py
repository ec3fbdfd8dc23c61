"""Frames of the Ness D8x, D16x and D32x serial port: cut from the stream, read, made.

From the panel, hex digits, CR LF at the end; all bytes add up to 0 mod 256:

    START [ADDR] LEN CMD D1 D2 D3 [YYMMDDHHMMSS] CK

START bits: 01 address present, 02 always, 04 time present, 80 ASCII; LEN is 3, its bit 7 toggles
with each new message; CMD 61 is an event (number, id, area), 60 the answer to a status request
(request, two bytes), which has an address although its START says 82.  Ids of zones and users are
decimal digits: zone 16 arrives as 16.

To the panel: `83 A LL 60 data CK ?`, some hosts say CR LF for `?`: address one hex digit, data
characters (S and two digits, or keys), CK the complement of the sum of the characters.  Nothing is
acknowledged.

Source: the maker's published protocol paper; an open client with captures.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.codes import number
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.lines import LineCutter
from edge_agent.domain.panel_clock import PanelTime, panel_time
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.signal import Signal, Span

LINE_BYTES_MAX = 512  # the longest message has 28 characters, a request 39; more is noise

AREAS = (1, 2)
KEYPAD = "F0"
KEY_SWITCH, SHORT_ARM = 57, 58
MODELS: Final[Mapping[str, str]] = {
    "00": "D8x",
    "04": "D8x 3G",
    "05": "D8x 4G",
    "06": "D32x",
    "10": "D16x",
    "14": "D8x with modem",
    "15": "D16x with modem",
    "16": "DPlus8",
}


# ---- events: what the three bytes of command 61 mean


@dataclass(frozen=True, slots=True)
class _Event:
    """One event message: its bytes as hex digits, and when the panel says it was."""

    number: str
    ident: str
    place: str
    time: PanelTime | None
    raw: bytes

    @property
    def zone(self) -> int | None:
        return number(self.ident)

    @property
    def area(self) -> int | None:
        """The area, None for the modes, kinds and doors that stand in the same byte."""
        area = number(self.place)
        return area if area in AREAS else None

    def signal(
        self,
        kind: Kind,
        code: str | None,
        state: State,
        *,
        zone: int | None = None,
        user: int | None = None,
    ) -> Signal:
        return Signal(
            kind=kind,
            code=code,
            state=state,
            area=self.area,
            zone=zone,
            user=user,
            panel_time=self.time.iso if self.time else None,
            frame=self.raw,
        )


# what the area byte says of an alarm; the other alarms are of no stated kind
_ALARM_KINDS: Final[Mapping[str, tuple[Kind, str]]] = {
    "81": (Kind.FIRE, "110"),
    "82": (Kind.PANIC, "120"),
    "83": (Kind.MEDICAL, "100"),
    "84": (Kind.DURESS, "121"),
}


def _alarm(event: _Event, state: State) -> Signal:
    kind, code = _ALARM_KINDS.get(event.place, (Kind.BURGLARY, "130"))
    if kind is Kind.DURESS:
        return event.signal(kind, code, state, user=event.zone)
    return event.signal(kind, code, state, zone=event.zone)


def _tamper(event: _Event, state: State) -> Signal:
    """Id 00 is the main unit, F0 a keypad: no zone."""
    code = "137" if event.zone is None else "383"
    return event.signal(Kind.TAMPER, code, state, zone=event.zone)


def _battery(event: _Event, state: State) -> Signal:
    match event.place:
        case "91":  # a radio detector
            return event.signal(Kind.ZONE_TROUBLE, "384", state, zone=event.zone)
        case "92":  # a radio key
            return event.signal(Kind.ZONE_TROUBLE, "384", state, user=event.zone)
    return event.signal(Kind.POWER, "302", state)


def _of_zone(kind: Kind, code: str) -> Callable[[_Event, State], Signal]:
    return lambda event, state: event.signal(kind, code, state, zone=event.zone)


def _of_panel(kind: Kind, code: str) -> Callable[[_Event, State], Signal]:
    return lambda event, state: event.signal(kind, code, state)


def _arming(code: str, by_key: str, quick: str) -> Callable[[_Event, State], Signal]:
    def read(event: _Event, state: State) -> Signal:
        who = event.zone
        chosen = {KEY_SWITCH: by_key, SHORT_ARM: quick}.get(who or 0, code)
        user = None if who in {KEY_SWITCH, SHORT_ARM} else who
        return event.signal(Kind.OPEN_CLOSE, chosen, state, user=user)

    return read


def _point(kind: Kind) -> Callable[[_Event, State], Signal]:
    def read(event: _Event, state: State) -> Signal:
        return event.signal(kind, None, state, zone=None if kind is Kind.AREA else event.zone)

    return read


_AWAY = _arming("401", "409", "408")
_STAY = _arming("441", "442", "408")

_EVENTS: Final[Mapping[str, tuple[str, Callable[[_Event, State], Signal] | None, State]]] = {
    "00": ("unsealed", _point(Kind.ZONE), State.OPEN),
    "01": ("sealed", _point(Kind.ZONE), State.CLOSED),
    "02": ("alarm", _alarm, State.ACTIVE),
    "03": ("alarm_restore", _alarm, State.RESTORED),
    "04": ("manual_exclude", _of_zone(Kind.BYPASS, "570"), State.ACTIVE),
    "05": ("manual_include", _of_zone(Kind.BYPASS, "570"), State.RESTORED),
    "06": ("auto_exclude", _of_zone(Kind.BYPASS, "570"), State.ACTIVE),
    "07": ("auto_include", _of_zone(Kind.BYPASS, "570"), State.RESTORED),
    "08": ("tamper", _tamper, State.ACTIVE),
    "09": ("tamper_normal", _tamper, State.RESTORED),
    "10": ("mains_fail", _of_panel(Kind.POWER, "301"), State.ACTIVE),
    "11": ("mains_ok", _of_panel(Kind.POWER, "301"), State.RESTORED),
    "12": ("battery_fail", _battery, State.ACTIVE),
    "13": ("battery_ok", _battery, State.RESTORED),
    "14": ("report_fail", _of_panel(Kind.COMMS, "354"), State.ACTIVE),
    "15": ("report_ok", _of_panel(Kind.COMMS, "354"), State.RESTORED),
    "16": ("supervision_fail", _of_zone(Kind.ZONE_TROUBLE, "381"), State.ACTIVE),
    "17": ("supervision_ok", _of_zone(Kind.ZONE_TROUBLE, "381"), State.RESTORED),
    "19": ("clock_set", _of_panel(Kind.LOG, "625"), State.ACTIVE),
    "20": ("entry_delay_start", _point(Kind.AREA), State.ENTRY_DELAY),
    "21": ("entry_delay_end", None, State.UNKNOWN),  # disarmed or in alarm: it does not say
    "22": ("exit_delay_start", _point(Kind.AREA), State.EXIT_DELAY),
    "23": ("exit_delay_end", None, State.UNKNOWN),
    "24": ("armed_away", _AWAY, State.ARMED),
    "25": ("armed_home", _STAY, State.ARMED),
    "26": ("armed_day", _STAY, State.ARMED),
    "27": ("armed_night", _STAY, State.ARMED),
    "28": ("armed_vacation", _AWAY, State.ARMED),
    "2E": ("armed_highest", _AWAY, State.ARMED),
    "2F": ("disarmed", _AWAY, State.DISARMED),
    "30": ("arming_delayed", _of_panel(Kind.OPEN_CLOSE, "405"), State.ACTIVE),
    "31": ("output_on", _point(Kind.OUTPUT), State.ON),
    "32": ("output_off", _point(Kind.OUTPUT), State.OFF),
}
AREA_UNSAID = frozenset({"21", "23"})  # after these it is asked how the areas are


def _event_frame(raw: bytes, head: dict[str, Plain], body: str, stamp: str) -> Frame:
    time = _time(stamp)
    event = _Event(body[0:2], body[2:4], body[4:6], time, raw)
    name, read, state = _EVENTS.get(event.number, ("unknown", None, State.UNKNOWN))
    fields: dict[str, Plain] = {
        **head,
        "event": event.number,
        "name": name,
        "id": event.ident,
        "area": event.place,
        "time": stamp or None,
        "time_corrected": bool(stamp) and (time is None or time.corrected),
    }
    if name == "unknown":
        return Frame(raw, "event", (event.signal(Kind.UNKNOWN, None, State.ACTIVE),), fields)
    return Frame(raw, "event", (read(event, state),) if read else (), fields)


def _time(stamp: str) -> PanelTime | None:
    """Read YYMMDDHHMMSS; the panel says a full hour as minute 60.  None where it is no number."""
    if not stamp.isdecimal():
        return None
    year, month, day, hour, minute, second = (int(stamp[at : at + 2]) for at in range(0, 12, 2))
    return panel_time((2000 + year, month, day), (hour, minute, second))


# ---- status: what the two bytes of an answer (command 60) mean

_ZONES_OPEN = ("00", "01", "02", "20", "21", "22")
ZONES_BYPASSED = ("06", "07", "19", "26", "27", "33")
_ZONE_EVENTS: Final[Mapping[str, tuple[Kind, str]]] = {
    **dict.fromkeys(("05", "25"), (Kind.BURGLARY, "130")),
    **dict.fromkeys(("09", "29"), (Kind.ZONE_TROUBLE, "381")),
    **dict.fromkeys(("11", "31"), (Kind.ZONE_TROUBLE, "384")),
    **dict.fromkeys(("12", "32"), (Kind.TAMPER, "383")),
}


def covers(request: str, signal: Signal) -> bool:
    """Tell whether the answer to `request` would show this event if it stood."""
    said = signal.kind, signal.code or ""
    if request == "13":
        return signal.zone is None and any(said == (kind, code) for _, kind, code in _MISC.values())
    above = 16 if request >= "20" else 0
    in_map = signal.zone is not None and above < signal.zone <= above + 16
    return in_map and _ZONE_EVENTS.get(request) == said


_STATUS_NAMES: Final[Mapping[str, str]] = {
    **dict(zip(("00", "20"), ("unsealed",) * 2, strict=True)),
    **dict(zip(("01", "21"), ("unsealed_radio",) * 2, strict=True)),
    **dict(zip(("02", "22"), ("unsealed_bus",) * 2, strict=True)),
    **dict(zip(("03", "23"), ("in_delay",) * 2, strict=True)),
    **dict(zip(("04", "24"), ("double_trigger",) * 2, strict=True)),
    **dict(zip(("05", "25"), ("alarm",) * 2, strict=True)),
    **dict(zip(("06", "26"), ("excluded",) * 2, strict=True)),
    **dict(zip(("07", "27"), ("auto_excluded",) * 2, strict=True)),
    **dict(zip(("08", "28"), ("supervision_pending",) * 2, strict=True)),
    **dict(zip(("09", "29"), ("supervision_fail",) * 2, strict=True)),
    **dict(zip(("10", "30"), ("doors_open",) * 2, strict=True)),
    **dict(zip(("11", "31"), ("detector_battery",) * 2, strict=True)),
    **dict(zip(("12", "32"), ("detector_tamper",) * 2, strict=True)),
    **dict(zip(("19", "33"), ("excluded_or_auto",) * 2, strict=True)),
    "13": "misc_alarms",
    "14": "arming",
    "15": "outputs",
    "16": "view",
    "17": "version",
    "18": "aux_outputs",
}
_MISC: Final[Mapping[int, tuple[str, Kind | None, str]]] = {
    0x0100: ("duress", Kind.DURESS, "121"),
    0x0200: ("panic", Kind.PANIC, "120"),
    0x0400: ("medical", Kind.MEDICAL, "100"),
    0x0800: ("fire", Kind.FIRE, "110"),
    0x1000: ("install_end", None, ""),
    0x2000: ("external_tamper", Kind.TAMPER, "137"),
    0x4000: ("panel_tamper", Kind.TAMPER, "137"),
    0x8000: ("keypad_tamper", Kind.TAMPER, "137"),
    0x0001: ("pendant_panic", Kind.PANIC, "120"),
    0x0002: ("panel_battery_low", Kind.POWER, "302"),
    0x0004: ("panel_battery_low_2", Kind.POWER, "302"),
    0x0008: ("mains_fail", Kind.POWER, "301"),
    0x0010: ("bus_fail", Kind.MODULE_TROUBLE, "330"),
}
_ARMING: Final[Mapping[int, str]] = {
    0x0100: "area_1",
    0x0200: "area_2",
    0x0400: "area_1_fully",
    0x0800: "area_2_fully",
    0x1000: "home",
    0x2000: "day",
    0x4000: "entry_1",
    0x8000: "entry_2",
    0x0001: "exclude_mode",
    0x0002: "memory",
    0x0004: "day_select",
}
_OUTPUTS: Final[Mapping[int, str]] = {
    0x0100: "siren_loud",
    0x0200: "siren_soft",
    0x0400: "siren_soft_home",
    0x0800: "siren_fire",
    0x1000: "strobe",
    0x2000: "reset",
    0x4000: "sonalert",
    0x8000: "keypad_display",
    0x0001: "aux_1",
    0x0002: "aux_2",
    0x0004: "aux_3",
    0x0008: "aux_4",
    0x0010: "home",
    0x0020: "power_fail",
    0x0040: "battery_fail",
    0x0080: "tamper",
}
_VIEWS: Final[Mapping[str, str]] = {
    "F000": "normal",
    "E000": "chime",
    "D000": "home",
    "C000": "memory",
    "B000": "",
    "A000": "exclude",
    "9000": "user_programming",
    "8000": "installer",
}
AUX_OUTPUTS = {"15": 4, "18": 8}


def _status_frame(raw: bytes, head: dict[str, Plain], body: str) -> Frame:
    request, data = body[:2], body[2:]
    fields: dict[str, Plain] = {
        **head,
        "request": request,
        "name": _STATUS_NAMES.get(request, "unknown"),
        "data": data,
    }
    if request not in _STATUS_NAMES:
        return Frame(raw, "status", (), fields)
    more, signals = _status(request, data, raw)
    return Frame(raw, "status", tuple(signals), fields | more)


def _status(request: str, data: str, raw: bytes) -> tuple[dict[str, Plain], list[Signal]]:
    value = int(data, 16)
    match request:
        case "13":
            return _misc(value, raw)
        case "14":
            return {"bits": _names(_ARMING, value)}, _areas(value, raw)
        case "15" | "18":
            names: list[Plain] = _names(_OUTPUTS, value) if request == "15" else []
            return {"bits": names}, [
                Signal(kind=Kind.OUTPUT, state=_on(value, at), zone=at + 1, frame=raw)
                for at in range(AUX_OUTPUTS[request])
            ]
        case "16":
            return {"view": _VIEWS.get(data, "")}, []
        case "17":
            version = f"{int(data[2], 16)}.{int(data[3], 16)}"
            return {"model": MODELS.get(data[:2], "unknown"), "version": version}, []
    return _zones(request, data, raw)


def _zones(request: str, data: str, raw: bytes) -> tuple[dict[str, Plain], list[Signal]]:
    """First byte zones 1 to 8, bit 0 the lowest; second byte 9 to 16; requests from 20: + 16."""
    bits = int.from_bytes(bytes.fromhex(data), "little")
    above = 16 if request >= "20" else 0
    marked = {at + 1 + above: bool(bits >> at & 1) for at in range(16)}
    zones: list[Plain] = [zone for zone, is_marked in marked.items() if is_marked]
    signals: list[Signal] = []
    if request in _ZONES_OPEN:
        whole = request in ("00", "20")  # the others show zones of one kind only
        signals = [
            Signal(kind=Kind.ZONE, state=State.OPEN if on else State.CLOSED, zone=zone, frame=raw)
            for zone, on in marked.items()
            if on or whole
        ]
    elif request in ZONES_BYPASSED:
        signals = [
            Signal(kind=Kind.ZONE, state=State.BYPASSED, zone=zone, frame=raw)
            for zone, on in marked.items()
            if on
        ]
    elif request in _ZONE_EVENTS:
        kind, code = _ZONE_EVENTS[request]
        signals = [
            Signal(kind=kind, code=code, state=State.ACTIVE, zone=zone, frame=raw)
            for zone, on in marked.items()
            if on
        ]
    return {"zones": zones}, signals


def _misc(value: int, raw: bytes) -> tuple[dict[str, Plain], list[Signal]]:
    said = {(kind, code): None for bit, (_, kind, code) in _MISC.items() if value & bit and kind}
    signals = [
        Signal(kind=kind, code=code, state=State.ACTIVE, frame=raw) for kind, code in said if kind
    ]
    return {"bits": [name for bit, (name, _, _) in _MISC.items() if value & bit]}, signals


def _areas(value: int, raw: bytes) -> list[Signal]:
    return [
        Signal(kind=Kind.AREA, state=_area(value, area), area=area, frame=raw) for area in AREAS
    ]


def _area(value: int, area: int) -> State:
    """Return the first that holds of entry delay, home, fully armed, armed (leaving), disarmed."""
    armed, fully, entry = ((0x0100, 0x0400, 0x4000), (0x0200, 0x0800, 0x8000))[area - 1]
    if value & entry:
        return State.ENTRY_DELAY
    if not value & armed:
        return State.DISARMED
    if value & 0x1000:
        return State.ARMED_STAY
    return State.ARMED_AWAY if value & fully else State.EXIT_DELAY


def _names(table: Mapping[int, str], value: int) -> list[Plain]:
    return [name for bit, name in table.items() if value & bit]


def _on(value: int, at: int) -> State:
    return State.ON if value >> at & 1 else State.OFF


# ---- decoder

_HEX = re.compile(rb"[0-9A-Fa-f]+")
_ENDS = re.compile(rb"([\r\n?])")
_STARTS = re.compile(rb"8[2367]")
_REQUEST = re.compile(rb"83([0-9A-F])([0-9A-F]{2})60([0-9A-Z*#]*)([0-9A-F]{2})")
_CODE = re.compile(r"[0-9]{3,}")
# layouts by START and command: is there an address, is there a time
_LAYOUTS: Final[Mapping[bytes, tuple[tuple[bool, bool], ...]]] = {
    b"82": ((True, False), (False, False)),  # an answer has an address in spite of its START
    b"83": ((True, False),),
    b"86": ((False, True),),
    b"87": ((True, True),),
}


def _bytes_of(address: bool, time: bool) -> int:
    return 14 + 2 * address + 12 * time


class NessDecoder(LineCutter):
    """Cuts at CR, LF and `?`; what stands between is read as messages, end to end.

    Requests of a host end with `?` or CR LF; codes among their keys are not shown.
    """

    def __init__(self, setup: Setup) -> None:
        del setup  # one dialect, no text
        super().__init__(LINE_BYTES_MAX, _ENDS)

    def ended(self, line: bytes, end: bytes) -> list[Frame]:
        """See LineCutter."""
        return self._request(line, end) if end == b"?" else self._messages(line, end)

    def _request(self, line: bytes, end: bytes) -> list[Frame]:
        at = line.rfind(b"83", 0, max(0, len(line) - 8))
        while at >= 0:
            found = _REQUEST.fullmatch(line, at)
            if found and -sum(line[at:-2]) & 0xFF == int(found[4], 16):
                noise = self._noise.take(line[:at]) if at else []
                return [*noise, *self._noise.flush(), _host_frame(found, line[at:] + end)]
            at = line.rfind(b"83", 0, at + 1) if at else -1
        return self._refused(line, end)

    def _messages(self, line: bytes, end: bytes) -> list[Frame]:
        frames: list[Frame] = []
        at = begun = 0
        while at < len(line):
            frame = _message_at(line, at, end)
            if frame is None or not _may_follow(line, at + len(frame.raw.rstrip(b"\r\n"))):
                at += 1
                continue
            if at > begun:
                frames += self._refused(line[begun:at], b"")
            frames += [*self._noise.flush(), frame]
            at = begun = at + len(frame.raw.rstrip(b"\r\n"))
        # what is left may be a host's request that ends with CR LF instead of `?`
        return frames + self._request(line[begun:], end) if begun < len(line) else frames

    def _refused(self, piece: bytes, end: bytes) -> list[Frame]:
        fault = _fault_of(piece)
        if fault is FaultKind.NOISE:
            return self._noise.take(piece + end)
        return [*self._noise.flush(), Frame(piece + end, fault=fault)]


def _host_frame(found: re.Match[bytes], raw: bytes) -> Frame:
    """Return what a host said to the panel: recognised, without signals, codes masked."""
    address, length, keys, _ = (group.decode() for group in found.groups())
    if int(length, 16) != len(keys):
        return Frame(raw, fault=FaultKind.LENGTH)
    fields: dict[str, Plain] = {"address": int(address, 16)}
    if keys[:1] == "S" and keys[1:].isdecimal():
        return Frame(raw, "request", (), fields | {"request": keys[1:]})
    shown = _CODE.sub(lambda m: "*" * len(m[0]), keys)
    at = found.start(3) - found.start()
    secrets = tuple(Span(at + code.start(), at + code.end()) for code in _CODE.finditer(keys))
    return Frame(raw, "keys", (), fields | {"keys": shown}, secrets=secrets)


def _message_at(line: bytes, at: int, end: bytes) -> Frame | None:
    """Return the good message that begins at `at`, None where there is none."""
    for address, time in _LAYOUTS.get(line[at : at + 2], ()):
        size = _bytes_of(address, time)
        piece = line[at : at + size]
        if len(piece) < size or not _HEX.fullmatch(piece):
            continue
        text = piece.decode().upper()
        length, command = text[2 + 2 * address :][:2], text[4 + 2 * address :][:2]
        # only an answer breaks the rule of START; one that lost its address (00) has the right sum
        is_answer = text[:2] == "82" and address
        fits = length in ("03", "83") and command == ("60" if is_answer else "61")
        if not fits or sum(bytes.fromhex(text)) & 0xFF:
            continue
        raw = piece + (end if at + size == len(line) else b"")
        head: dict[str, Plain] = {
            "address": int(text[2:4], 16) if address else None,
            "sequence": int(length == "83"),
        }
        body = text[6 + 2 * address :][:6]
        stamp = text[12 + 2 * address : -2] if time else ""
        if command == "60":
            return _status_frame(raw, head, body)
        return _event_frame(raw, head, body, stamp)
    return None


def _may_follow(line: bytes, at: int) -> bool:
    """Tell whether a message can end here: the line ends, or another begins.

    The beginning of a message that was cut and glued to the next can have the right sum by chance.
    """
    return at == len(line) or _STARTS.match(line, at) is not None


def _fault_of(piece: bytes) -> FaultKind:
    """Say what is wrong with a piece in which no good message was found."""
    if not _STARTS.match(piece) or len(piece) < 8:
        return FaultKind.NOISE
    if not _HEX.fullmatch(piece):
        return FaultKind.SHAPE if re.fullmatch(rb"[ -~]+", piece) else FaultKind.NOISE
    sizes = {_bytes_of(*layout) for layout in _LAYOUTS[piece[:2]]}
    if len(piece) not in sizes:
        return FaultKind.LENGTH
    if sum(bytes.fromhex(piece.decode())) & 0xFF:
        return FaultKind.CHECKSUM
    return FaultKind.UNSUPPORTED


# ---- to the panel


def request(address: int, data: str) -> bytes:
    """Return what asks the panel, or presses its keys."""
    text = f"83{address:X}{len(data):02X}60{data}"
    return f"{text}{-sum(text.encode()) & 0xFF:02X}?\r\n".encode()
