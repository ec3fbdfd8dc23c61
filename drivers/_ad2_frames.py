"""Lines of an AlarmDecoder AD2 on a VISTA or DSC keypad bus: read by their shape, without a sum.

    [20 flags],nnn,[hex],"32 characters"   what a keypad shows; `!KPM:` may stand before it
    !LRR:ddd,p,CID_qxyz,cc                 a report in Contact ID; older ones a word for CID_...
    !EXP:aa,cc,vv   !REL:aa,cc,vv          a zone expander's channel, a relay
    !RFX:sssssss,hh                        a radio transmitter: serial number, bits
    !VER: !CONFIG> !AUI: !KPE: !CRC:       the adapter itself, also !Ready and !Sending...done

Each ends with CR LF.  A keypad line says no partition: where the adapter sits is the site's matter.

Sources: the maker's open client and its tests.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from drivers._keypad_lines import shown_zone
from edge_agent.domain.codes import Codes, Place, Qualifier, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import Signal, Span

LINE_BYTES_MAX = 512  # a keypad line has 105 characters, a configuration some 200
FLAGS: Final = (
    *("ready", "armed_away", "armed_stay", "backlight", "programming", "beeps", "bypass", "mains"),
    *("chime", "alarm_memory", "alarm", "battery_low", "instant", "fire", "check", "perimeter"),
)
BEEPS_AT: Final = 5
FIRE, BATTERY, MAINS = (Kind.FIRE, "110"), (Kind.POWER, "302"), (Kind.POWER, "301")
EXPANDERS: Final = range(7, 12)  # of VISTA panels without fixed zones: eight channels each
RELAYS: Final = range(12, 16)
CHANNELS, RELAY_CHANNELS, FIRST_ZONE = 8, 4, 9

_Said = tuple[dict[str, Plain], tuple[Signal, ...]]


# ---- what a keypad shows


def _keypad(found: re.Match[str], raw: bytes, codes: Codes) -> _Said:
    del codes
    bits, told, data, text = found.groups()
    flags = {name for name, bit in zip(FLAGS, bits, strict=False) if bit not in "0-"}
    fields: dict[str, Plain] = {
        "flags": [name for name in FLAGS if name in flags and name != "beeps"],
        "beeps": int(bits[BEEPS_AT]) if bits[BEEPS_AT] != "-" else 0,
        "fault": bits[16],
        "panel": {"A": "ademco", "D": "dsc"}.get(bits[17]),
        "number": told,
        "address_mask": data[2:10],
        "text": text,
    }
    signals = [Signal(kind=Kind.AREA, state=_area_state(flags), frame=raw)]
    for flag, (kind, code) in (("fire", FIRE), ("battery_low", BATTERY)):
        if flag in flags:
            signals.append(Signal(kind=kind, code=code, state=State.ACTIVE, frame=raw))
    return fields, (*signals, *shown_zone(text, None, raw))


def _area_state(flags: set[str]) -> State:
    if "alarm" in flags:
        return State.ALARM
    if "armed_away" in flags:
        return State.ARMED_AWAY
    return State.ARMED_STAY if flags & {"armed_stay", "perimeter"} else State.DISARMED


# ---- reports

_NEW, _OVER = Qualifier.NEW, Qualifier.RESTORE
_WORDS: Final[Mapping[str, tuple[Qualifier, str]]] = {
    "ALARM_PANIC": (_NEW, "120"),
    "ALARM_FIRE": (_NEW, "110"),
    "ALARM_ENTRY": (_NEW, "134"),
    "ALARM_PERIMETER": (_NEW, "131"),
    "ALARM_AUX": (_NEW, "150"),
    "ALARM_SILENT": (_NEW, "122"),
    "ARM_AWAY": (_OVER, "401"),
    "ARM_STAY": (_OVER, "441"),
    "OPEN": (_NEW, "401"),
    "CLOSE": (_OVER, "401"),
    "CANCEL": (_NEW, "406"),
    "ACLOSS": (_NEW, "301"),
    "AC_RESTORE": (_OVER, "301"),
    "LOWBAT": (_NEW, "302"),
    "LOWBAT_RESTORE": (_OVER, "302"),
    "RFLOWBAT": (_NEW, "384"),
    "RFLOWBAT_RESTORE": (_OVER, "384"),
    "TROUBLE": (_NEW, "380"),
    "TROUBLE_RESTORE": (_OVER, "380"),
    "BYPASS": (_NEW, "570"),
    "BYPASS_RESTORE": (_OVER, "570"),
}
NO_REPORT_CODE: Final = ("00", "FF")


def _report(found: re.Match[str], raw: bytes, codes: Codes) -> _Said:
    """Read a report; a report code that was programmed replaces the last two digits."""
    told, area, qualifier, code, report = found.groups()
    fields: dict[str, Plain] = {"number": told, "partition": int(area), "report_code": report}
    if report.upper() not in NO_REPORT_CODE:
        code = code[0] + report.upper()
    meaning = codes.contact_id(Qualifier(int(qualifier)), code)
    place = Place(area=number(area), number=number(told), frame=raw)
    return fields, (signal_of(meaning, place),)


def _old_report(found: re.Match[str], raw: bytes, codes: Codes) -> _Said:
    told, area, word = found.groups()
    fields: dict[str, Plain] = {"number": told, "partition": int(area), "word": word}
    place = Place(area=number(area), number=number(told), frame=raw)
    if word not in _WORDS:
        unknown = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, area=place.area, frame=raw)
        return fields, (unknown,)
    return fields, (signal_of(codes.contact_id(*_WORDS[word]), place),)


# ---- what else hangs on the bus


def _expander(found: re.Match[str], raw: bytes, codes: Codes) -> _Said | None:
    """Read a channel: 0 is at rest, 1 open, 2 faulty; which zone it is follows from the address."""
    del codes
    address, channel, value = (int(digits) for digits in found.groups())
    fields: dict[str, Plain] = {"address": address, "channel": channel, "value": value}
    state = {0: State.CLOSED, 1: State.OPEN, 2: State.FAULT}.get(value)
    if state is None or not 1 <= channel <= CHANNELS:
        return None
    if address not in EXPANDERS:
        return fields, ()
    zone = FIRST_ZONE + (address - EXPANDERS.start) * CHANNELS + channel - 1
    return fields, (Signal(kind=Kind.ZONE, state=state, zone=zone, frame=raw),)


def _relay(found: re.Match[str], raw: bytes, codes: Codes) -> _Said | None:
    del codes
    address, channel, value = (int(digits) for digits in found.groups())
    fields: dict[str, Plain] = {"address": address, "channel": channel, "value": value}
    if value > 1 or not channel:
        return None
    if address not in RELAYS or channel > RELAY_CHANNELS:
        return fields, ()
    output = (address - RELAYS.start) * RELAY_CHANNELS + channel
    state = State.ON if value else State.OFF
    return fields, (Signal(kind=Kind.OUTPUT, state=state, zone=output, frame=raw),)


_RADIO_BITS: Final = {
    1: "battery_low",
    2: "supervision",  # asked for by a receiver, no fault
    4: "loop_3",
    5: "loop_2",
    6: "loop_4",
    7: "loop_1",
}


def _radio(found: re.Match[str], raw: bytes, codes: Codes) -> _Said:
    """Read a transmitter: which zone it is only the panel knows."""
    serial, value = found[1], int(found[2], 16)
    bits: list[Plain] = [name for at, name in _RADIO_BITS.items() if value >> at & 1]
    fields: dict[str, Plain] = {"serial": serial, "bits": bits}
    if "battery_low" not in bits:
        return fields, ()
    meaning = codes.contact_id(_NEW, "384")
    return fields, (signal_of(meaning, Place(text=serial, frame=raw)),)


def _of_adapter(found: re.Match[str], raw: bytes, codes: Codes) -> _Said:
    del raw, codes
    return {"text": found[1]}, ()


_Read = Callable[[re.Match[str], bytes, Codes], _Said | None]
_PAIR = r"(\d\d),(\d\d),(\d\d)"
_KEYPAD = (
    r"(?:!KPM:)?\[([01-]{5}[0-7-][01-]{10}[0-9A-Fa-f-][AD-][0-9A-Fa-f-]{2})\]"
    r",([0-9A-Fa-f]{3}),\[((?:[0-9A-Fa-f]{2}){8,32})\],\"([^\x00-\x1f]{32})\""
)
_LINES: Final[tuple[tuple[str, re.Pattern[str], _Read], ...]] = tuple(
    (kind, re.compile(shape, re.ASCII), read)
    for kind, shape, read in (
        ("keypad", _KEYPAD, _keypad),
        ("report", r"!LRR:(\d{3}),(\d),CID_([136])([0-9A-F]{3}),([0-9A-Fa-f]{2})", _report),
        ("old_report", r"!LRR:(\d{3}),(\d),([A-Z][A-Z_]+)", _old_report),
        ("expander", rf"!EXP:{_PAIR}", _expander),
        ("relay", rf"!REL:{_PAIR}", _relay),
        ("radio", r"!RFX:(\d{7}),([0-9A-Fa-f]{2})", _radio),
        ("version", r"!VER:([ -~]*)", _of_adapter),
        ("configuration", r"!CONFIG>([ -~]*)", _of_adapter),
        ("adapter", r"!((?:AUI|KPE|CRC):[ -~]*|Ready|Sending\.{1,16}done)", _of_adapter),
    )
)
WHOLE: Final = frozenset({"keypad", "report", "expander", "relay", "radio"})
_BEGINS: Final = re.compile(rb"\[[01-]{5}|![A-Z]{3}:|!CONFIG>|!Ready|!Sending")
_KEYS: Final = re.compile(r"[0-9*#]{1,32}")
_CODE: Final = re.compile(r"[0-9]{3,}")
_REQUEST: Final = re.compile(r"V|C[A-Z]*=?[ -~]*|L\d\d[0-2]|K\d\d[0-9*#]+|=", re.ASCII)
_PIECES: Final = re.compile(rb'^[\[!]|^[0-9*#]+$|\],|"$')


class Ad2Decoder(LineDecoder):
    """Lines of the adapter, and what a host sends it."""

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        self._charset = charset_of(setup)
        super().__init__(self._frame, _BEGINS, _fault_of, LINE_BYTES_MAX, WHOLE)

    def _frame(self, line: bytes, raw: bytes) -> Frame | None:
        text = line.decode("latin-1")
        for kind, shape, read in _LINES:
            found = shape.fullmatch(text)
            if found is not None:
                said = read(found, raw, self._codes)
                if said is None:
                    return None
                fields = said[0]
                if kind == "keypad":  # its text is in the panel's own characters
                    fields["text"] = line[-33:-1].decode(self._charset, "replace")
                return Frame(raw, kind, said[1], fields)
        return _host_frame(text, raw)


def _host_frame(text: str, raw: bytes) -> Frame | None:
    """Read keys and settings of a host: what may be a code is marked, and not shown."""
    if _KEYS.fullmatch(text) or (_REQUEST.fullmatch(text) and text[0] == "K"):
        secrets = tuple(Span(one.start(), one.end()) for one in _CODE.finditer(text))
        shown = _CODE.sub(lambda one: "*" * len(one[0]), text)
        return Frame(raw, "keys", (), {"keys": shown}, secrets=secrets)
    if _REQUEST.fullmatch(text):
        return Frame(raw, "request", (), {"request": text})
    return None


def _fault_of(piece: bytes) -> FaultKind:
    """Say what is wrong with a piece that is no line of the protocol."""
    if not _PIECES.search(piece):
        return FaultKind.NOISE
    is_message = re.fullmatch(rb"!(?!LRR|EXP|REL|RFX|KPM)[A-Za-z]{3,}[:> -~]*", piece)
    return FaultKind.UNSUPPORTED if is_message else FaultKind.SHAPE


def request(text: str) -> bytes:
    """Return a line to the adapter itself; keys are sent bare."""
    return text.encode() + b"\r"
