"""What the frames of a Honeywell VISTA-128/250 automation port mean; cut in `_hex_frames.py`.

The case of the type's letters varies by firmware, so it is not looked at: what a host sends is told
from the panel's answer by its length.  Older panels say events without year, with shorter numbers.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from drivers._hex_frames import HexDecoder, spelled, unmarked
from drivers._hex_frames import request as _request
from drivers._keypad_lines import shown_zone
from edge_agent.domain.codes import number
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.panel_clock import PanelTime, panel_time
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import Signal, Span

UNCOUNTED = 0  # LL counts all characters
AREAS = 8
BLOCK_ZONES = 64  # of one zone status frame
_ARMED_IN_PART = re.compile("STAY|NIGHT|INSTANT")  # in the text, beside the lamp of arming

_AREA_STATES: Final[Mapping[str, State]] = {
    "A": State.ARMED_AWAY,
    "M": State.ARMED_AWAY,  # maximum
    "H": State.ARMED_STAY,  # home
    "I": State.ARMED_STAY,  # instant
    "D": State.DISARMED,
}
_NEW, _OVER = State.ACTIVE, State.RESTORED
_Event = tuple[Kind, str | None, State, str]


def _pair(first: int, kind: Kind, code: str | None, of: str = "zone") -> dict[str, _Event]:
    """Return the event of this number and, one above it, its end."""
    ends = {f"{first:02X}": _NEW, f"{first + 1:02X}": _OVER}
    return {name: (kind, code, state, of) for name, state in ends.items()}


# number of the event -> kind, code, state, and what its number is
EVENTS: Final[Mapping[str, _Event]] = {
    **_pair(0x01, Kind.FIRE, "110"),
    **_pair(0x03, Kind.ZONE_TROUBLE, "380"),
    **_pair(0x05, Kind.BYPASS, "570"),
    "07": (Kind.OPEN_CLOSE, "401", State.ARMED, "user"),
    "08": (Kind.OPEN_CLOSE, "401", State.DISARMED, "user"),
    "0D": (Kind.TEST, "601", _NEW, ""),
    "0E": (Kind.LOG, "305", _NEW, ""),
    "0F": (Kind.EXIT_ERROR, "374", _NEW, "user"),
    **_pair(0x11, Kind.DURESS, "121", "user"),
    "17": (Kind.OPEN_CLOSE, "407", State.ARMED, "user"),
    "18": (Kind.OPEN_CLOSE, "407", State.DISARMED, "user"),
    **_pair(0x1B, Kind.POWER, "301", ""),
    "1D": (Kind.TEST, "602", _NEW, ""),
    "1F": (Kind.EXIT_ERROR, "374", _NEW, "zone"),
    **_pair(0x21, Kind.BURGLARY, "146"),
    "27": (Kind.OPEN_CLOSE, "408", State.ARMED, "user"),
    **_pair(0x29, Kind.POWER, "302", ""),
    "2D": (Kind.TEST, "607", _NEW, "user"),
    "3D": (Kind.TEST, "607", _OVER, "user"),
    **_pair(0x31, Kind.BURGLARY, "133"),
    "37": (Kind.OPEN_CLOSE, "409", State.ARMED, "user"),
    "38": (Kind.OPEN_CLOSE, "409", State.DISARMED, "user"),
    "3E": (Kind.LOG, "305", _NEW, ""),
    **_pair(0x41, Kind.BURGLARY, "131"),
    **_pair(0x43, Kind.FIRE_SUPERVISORY, "200"),
    "47": (Kind.OPEN_CLOSE, "456", State.ARMED, "user"),
    "4E": (Kind.LOG, "306", _NEW, "user"),
    **_pair(0x51, Kind.BURGLARY, "132"),
    **_pair(0x53, Kind.TAMPER, "341", ""),
    "5F": (Kind.CANCEL, "406", _NEW, "user"),
    **_pair(0x63, Kind.MODULE_TROUBLE, "333", ""),
    **_pair(0x89, Kind.ZONE_TROUBLE, "384"),
    "9E": (Kind.BURGLARY, "459", _NEW, "zone"),
    **_pair(0xA1, Kind.MODULE_TROUBLE, "333", ""),
    **_pair(0xA3, Kind.MODULE_TROUBLE, "333", ""),
    "AD": (Kind.LOG, "627", _NEW, "user"),
    **_pair(0xB1, Kind.ENVIRONMENT, "150"),
    **_pair(0xB3, Kind.TAMPER, "383"),
    "B7": (Kind.OPEN_CLOSE, "441", State.ARMED, "user"),
    "BD": (Kind.LOG, "628", _NEW, "user"),
    **_pair(0xC1, Kind.FIRE, "111"),
    **_pair(0xC3, Kind.ZONE_TROUBLE, "373"),
    **_pair(0xD1, Kind.FIRE, "113"),
    **_pair(0xD3, Kind.COMMS, "354", ""),
    **_pair(0xE1, Kind.FIRE_SUPERVISORY, "200"),
    **_pair(0xE3, Kind.SYSTEM_TROUBLE, "321", ""),
    "F3": (Kind.SYSTEM_TROUBLE, "322", _NEW, ""),
    "F4": (Kind.SYSTEM_TROUBLE, "322", _OVER, ""),
    "F5": (Kind.ZONE, None, State.OPEN, "zone"),
    "F6": (Kind.ZONE, None, State.CLOSED, "zone"),
    "FD": (Kind.LOG, "336", _NEW, ""),
    "FE": (Kind.LOG, "336", _OVER, ""),
}
_OPEN, _TROUBLE, _ALARM, _BYPASSED = 1, 2, 4, 8  # bits of a zone's nibble


def _event(raw: bytes, groups: tuple[str, ...]) -> Frame:
    name, zone, user, area, minute, hour, day, month, year = groups
    time = None
    if year:
        date = 2000 + int(year), int(month), int(day)
        time = panel_time(date, (int(hour), int(minute), 0))
    fields: dict[str, Plain] = {
        "event": name,
        "zone": int(zone),
        "user": int(user),
        "area": int(area),
        "time": f"{month}-{day} {hour}:{minute}",
        "year": 2000 + int(year) if year else None,
        "time_corrected": time is not None and time.corrected,
    }
    signal = _signal(name, number(zone), number(user), number(area), time, raw)
    return Frame(raw, "event", (signal,), fields)


def _signal(
    name: str,
    zone: int | None,
    user: int | None,
    area: int | None,
    time: PanelTime | None,
    raw: bytes,
) -> Signal:
    kind, code, state, of = EVENTS.get(name, (Kind.UNKNOWN, None, _NEW, "zone"))
    if kind is Kind.ZONE and zone is None:  # a contact of no zone is no point
        kind, state = Kind.UNKNOWN, _NEW
    return Signal(
        kind=kind,
        code=code,
        state=state,
        area=area,
        zone=zone if of == "zone" else None,
        user=user if of == "user" else None,
        panel_time=time.iso if time else None,
        frame=raw,
    )


def _log(raw: bytes, groups: tuple[str, ...]) -> Frame:
    """The panel's own log: what was, not what is."""
    event = _event(raw, groups)
    told = tuple(
        Signal(
            kind=s.kind,
            code=s.code,
            state=s.state,
            origin=Origin.BACKFILL,
            area=s.area,
            zone=s.zone,
            user=s.user,
            panel_time=s.panel_time,
            frame=raw,
        )
        for s in event.signals
        if s.kind is not Kind.ZONE
    )
    return Frame(raw, "log", told, event.fields)


def _arming(raw: bytes, groups: tuple[str, ...]) -> Frame:
    """Letters of no proven meaning say that the state of the area is unknown."""
    areas = tuple(
        Signal(kind=Kind.AREA, state=_AREA_STATES.get(c, State.UNKNOWN), area=at, frame=raw)
        for at, c in enumerate(groups[0].upper(), start=1)
    )
    return Frame(raw, "arming", areas, {"areas": groups[0]})


def _zones(raw: bytes, groups: tuple[str, ...]) -> Frame:
    block, nibbles = int(groups[0]), groups[1]
    points: list[Signal] = []
    events: list[Signal] = []
    for zone, nibble in enumerate(nibbles, start=block * BLOCK_ZONES + 1):
        bits = int(nibble, 16)
        state = State.OPEN if bits & _OPEN else State.CLOSED
        state = State.BYPASSED if bits & _BYPASSED else state
        points.append(Signal(kind=Kind.ZONE, state=state, zone=zone, frame=raw))
        for bit, kind, code in (
            (_ALARM, Kind.BURGLARY, "130"),
            (_TROUBLE, Kind.ZONE_TROUBLE, "380"),
        ):
            if bits & bit:
                events.append(Signal(kind=kind, code=code, state=_NEW, zone=zone, frame=raw))
    return Frame(raw, "zones", (*points, *events), {"block": block, "zones": nibbles})


def _programming(raw: bytes, groups: tuple[str, ...]) -> Frame:
    del groups
    begins = raw[2:4].upper() == b"XF"
    signal = Signal(kind=Kind.LOG, code="627" if begins else "628", state=_NEW, frame=raw)
    return Frame(raw, "programming", (signal,), {"programming": begins})


def _keypad(raw: bytes, groups: tuple[str, ...]) -> Frame:
    """Which area's keypad it is was said by whoever asked for it, not by the answer."""
    text, led = unmarked(groups[0]), int(groups[1], 16)
    fields: dict[str, Plain] = {
        "text": text,
        "backlight": ord(groups[0][0]) >= 0x80,
        "ready": bool(led & 1),
        "trouble": bool(led & 2),
        "armed": bool(led & 4),
    }
    state = State.DISARMED
    if led & 4:
        state = State.ARMED_STAY if _ARMED_IN_PART.search(text) else State.ARMED_AWAY
    area = Signal(kind=Kind.AREA, state=state, frame=raw)
    return Frame(raw, "keypad", (area, *shown_zone(text, None, raw)), fields)


def _name(raw: bytes, groups: tuple[str, ...]) -> Frame:
    """The last one, of zone 0 and without a text, ends the list."""
    return Frame(raw, "zone_name", (), {"zone": int(groups[0]), "text": groups[1].rstrip()})


def _plain(name: str) -> Callable[[bytes, tuple[str, ...]], Frame]:
    return lambda raw, groups: Frame(raw, name, (), {"data": groups[0]})


def _host(raw: bytes, groups: tuple[str, ...]) -> Frame:
    """What a host said; arming and keys hold a user code."""
    kind = raw[2:4].decode()
    is_secret = kind.upper() in {"AA", "AH", "AD", "KS"}
    shown = re.sub(r"\d", "*", groups[0]) if is_secret else groups[0]
    secrets = (Span(4, 4 + len(groups[0])),) if is_secret and groups[0] else ()
    return Frame(raw, "request", (), {"request": kind, "data": shown}, secrets=secrets)


_TWO, _TIME = r"(\d\d)", r"(\d\d)(\d\d)(\d\d)(\d\d)"
_EVENT = rf"([0-9A-F]{{2}})(\d{{3}})(\d{{3}})(\d){_TIME}(\d\d)"
_OLD_EVENT = rf"([0-9A-F]{{2}})(\d\d)(\d\d)(\d){_TIME}()"
_Row = tuple[str, Callable[[bytes, tuple[str, ...]], Frame]]
# type in capitals -> layouts, tried in order
_LAYOUTS: Final[Mapping[str, tuple[_Row, ...]]] = {
    "AS": ((r"()", _host), (r"([A-Z]{8})", _arming)),
    "ZS": (
        (r"()", _host),
        (r"(\d)([0-9A-F]{64})", _zones),
        (r"([0-9A-F]{97})", _plain("old_zones")),
    ),
    "ZP": ((r"()", _host), (r"(\d[0-9A-F]{64})", _plain("zone_areas"))),
    "ZD": ((r"()", _host), (r"(\d{3})\"(.*)\"", _name), (r"(.+)", _plain("zone_name"))),
    "LD": ((r"()", _host), (_EVENT, _log), (_OLD_EVENT, _log)),
    "LC": ((r"(.*)", _plain("log_end")),),
    "KD": ((r"(\d)", _host), (r"(.{32})([0-9A-F])", _keypad)),
    "NQ": ((_EVENT, _event), (_OLD_EVENT, _event)),
    "XF": ((r"(.*)", _programming),),
    "XN": ((r"(.*)", _programming),),
    "DC": ((r"(.*)", _plain("display_changed")),),
    "FV": ((r"(.*)", _plain("form_refused")),),
    "OK": ((r"(.*)", _plain("ok")),),
    **dict.fromkeys(("AA", "AH", "AD", "KS", "ZK"), ((r"(.*)", _host),)),
}


@cache
def _layout(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.DOTALL)


class VistaDecoder(HexDecoder):
    """Frames of the panel and of a host; printed lines between them are noise."""

    def __init__(self, setup: Setup) -> None:
        charset = charset_of(setup)
        super().__init__(
            UNCOUNTED,
            lambda *parts: spelled(_frame(*parts), charset, "text"),
            lambda kind: kind.upper() in _LAYOUTS,
        )


def _frame(raw: bytes, kind: str, data: str, tail: str) -> Frame:
    rows = _LAYOUTS.get(kind.upper())
    if rows is None:
        unknown = Signal(kind=Kind.UNKNOWN, state=_NEW, frame=raw)
        return Frame(raw, "unknown", (unknown,), {"kind": kind, "data": data + tail})
    for pattern, read in rows:
        found = _layout(pattern).fullmatch(data)
        if found is not None and tail == "00":
            return read(raw, found.groups())
    return Frame(raw, fault=FaultKind.SHAPE)


def request(kind: str, data: str = "") -> bytes:
    """Return what asks the panel, or tells it to do something."""
    return _request(kind, data, uncounted=UNCOUNTED)
