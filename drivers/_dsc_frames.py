"""Frames of DSC panels (IT-100 serial, TPI over TCP) and of TPI's Honeywell flavour.

DSC, one line each, sums over all characters before them:

    CCC data SS CR LF      three digits, data, low byte of the sum as two hex digits

From the panel CCC is 500 to 999, to the panel less.  The Honeywell flavour has no sum and is read
in `drivers/_dsc_honeywell.py`.  Both are recognised whatever the profile.

Sources: open clients and mock servers of both ports; threads about their oddities.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from drivers._dsc_honeywell import honeywell
from edge_agent.domain.codes import number
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.lines import LineCutter
from edge_agent.domain.panel_clock import PanelTime, panel_time
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import Signal, Span

LINE_BYTES_MAX = 512  # the longest frame, all zone timers, has 261; more is noise
ZONES_MAX = 128

# ---- what each notification says: name, layout of its data, meaning of the groups in it

_Read = Callable[[re.Match[str], bytes], tuple[Signal, ...]]


def _int(found: re.Match[str], group: str) -> int | None:
    return number(found[group] or "0") if group in found.re.groupindex else None


def _says(kind: Kind, state: State, code: str | None = None) -> _Read:
    """Read one signal at the area, zone and user that the layout names."""

    def read(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
        area, zone, user = (_int(found, name) for name in ("area", "zone", "user"))
        return (
            Signal(kind=kind, state=state, code=code, area=area, zone=zone, user=user, frame=raw),
        )

    return read


def _silent(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
    del found, raw
    return ()


def _pair(kind: Kind, code: str) -> tuple[_Read, _Read]:
    return _says(kind, State.ACTIVE, code), _says(kind, State.RESTORED, code)


_MODES: Final = {
    "0": State.ARMED_AWAY,
    "1": State.ARMED_STAY,
    "2": State.ARMED_AWAY,  # without entry delay
    "3": State.ARMED_STAY,
    "": State.ARMED_AWAY,  # an older module does not say how
}


def _armed(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
    return _says(Kind.AREA, _MODES[found["mode"] or ""])(found, raw)


def _duress(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
    """Read a duress: its digits are the code that was entered, and are not recorded."""
    secrets = (Span(3, 3 + len(found["code"])),) if found["code"] else ()
    return (Signal(kind=Kind.DURESS, state=State.ACTIVE, code="121", frame=raw, secrets=secrets),)


LEDS: Final = ("ready", "armed", "memory", "bypass", "trouble", "program", "fire", "backlight")
_TROUBLES: Final[tuple[tuple[str, Kind, str], ...]] = (
    ("service", Kind.SYSTEM_TROUBLE, "300"),
    ("mains", Kind.POWER, "301"),
    ("phone_line", Kind.COMMS, "351"),
    ("fail_to_communicate", Kind.COMMS, "354"),
    ("zone_fault", Kind.ZONE_TROUBLE, "380"),
    ("tamper", Kind.TAMPER, "383"),
    ("low_battery", Kind.POWER, "302"),
    ("clock_lost", Kind.LOG, "626"),
)
TROUBLE_KEYS: Final = frozenset((kind, code) for _, kind, code in _TROUBLES)


def _leds(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
    """Read the lamps: the fire lamp is an alarm; which area and mode is armed they do not say."""
    if not int(found["bits"], 16) >> LEDS.index("fire") & 1:
        return ()
    return (Signal(kind=Kind.FIRE, state=State.ACTIVE, code="110", frame=raw),)


def _trouble_bits(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
    bits = int(found["bits"], 16)
    return tuple(
        Signal(kind=kind, state=State.ACTIVE, code=code, frame=raw)
        for at, (_, kind, code) in enumerate(_TROUBLES)
        if bits >> at & 1
    )


def _timers(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
    """Read the zone timers: FFFF is open now; what is at rest is left out."""
    return tuple(
        Signal(kind=Kind.ZONE, state=State.OPEN, zone=zone, frame=raw)
        for zone, ticks in enumerate(_ticks(found["map"]), 1)
        if ticks == 0xFFFF
    )


def _ticks(text: str) -> list[int]:
    data = bytes.fromhex(text)
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]


def _bypasses(found: re.Match[str], raw: bytes) -> tuple[Signal, ...]:
    return tuple(
        Signal(kind=Kind.ZONE, state=State.BYPASSED, zone=zone, frame=raw)
        for zone in _zones_of(found["map"])
    )


def _zones_of(text: str) -> list[int]:
    bits = int.from_bytes(bytes.fromhex(text), "little")
    return [at + 1 for at in range(4 * len(text)) if bits >> at & 1]


_AREA: Final = r"(?P<area>[1-8])"
_ZONE: Final = r"(?P<zone>[0-9]{3})"
_BOTH: Final = _AREA + _ZONE
_USER: Final = _AREA + r"(?P<user>[0-9]{4})"
_BITS: Final = r"(?P<bits>[0-9A-Fa-f]{2})"
_CODE: Final = r"(?P<code>[0-9]{4}(?:[0-9]{2})?)?"
_NONE: Final = ""
_ANY: Final = r".*"

_Row = tuple[str, str, _Read]


def _rows(
    first: int, names: tuple[str, str], layout: str, pair: tuple[_Read, _Read]
) -> dict[str, _Row]:
    return {str(first + at): (names[at], layout, pair[at]) for at in (0, 1)}


def _begin_end(name: str) -> tuple[str, str]:
    return name, f"{name}_restore"


_NOTES: Final[dict[str, _Row]] = {
    "500": ("acknowledge", r"(?P<acknowledged>[0-9]{3})", _silent),
    "501": ("checksum_error", _NONE, _silent),
    "502": ("system_error", r"(?P<error>[0-9]{3})", _silent),
    "505": ("login", r"(?P<login>[0-3])", _silent),
    "510": ("leds", _BITS, _leds),
    "511": ("leds_flashing", _BITS, _silent),
    "550": ("time", r"(?P<time>[0-9]{10})", _silent),
    "560": ("ring", _NONE, _silent),
    "561": ("temperature_inside", _ANY, _silent),
    "562": ("temperature_outside", _ANY, _silent),
    "570": ("label", r"(?P<number>[0-9]{3})(?P<text>.*)", _silent),
    **_rows(601, _begin_end("zone_alarm"), _BOTH, _pair(Kind.BURGLARY, "130")),
    **_rows(603, _begin_end("zone_tamper"), _BOTH, _pair(Kind.TAMPER, "383")),
    **_rows(605, _begin_end("zone_fault"), _ZONE, _pair(Kind.ZONE_TROUBLE, "380")),
    "609": ("zone_open", _ZONE, _says(Kind.ZONE, State.OPEN)),
    "610": ("zone_restored", _ZONE, _says(Kind.ZONE, State.CLOSED)),
    "615": ("zone_timers", r"(?P<map>[0-9A-Fa-f]{256}(?:[0-9A-Fa-f]{256})?)", _timers),
    "616": ("bypassed_zones", r"(?P<map>[0-9A-Fa-f]{16}(?:[0-9A-Fa-f]{16})?)", _bypasses),
    "620": ("duress", _CODE, _duress),
    **_rows(621, _begin_end("fire_key"), _NONE, _pair(Kind.FIRE, "110")),
    **_rows(623, _begin_end("auxiliary_key"), _NONE, _pair(Kind.MEDICAL, "100")),
    **_rows(625, _begin_end("panic_key"), _NONE, _pair(Kind.PANIC, "120")),
    **_rows(631, _begin_end("smoke"), _NONE, _pair(Kind.FIRE, "111")),
    "650": ("ready", _AREA, _says(Kind.AREA, State.DISARMED)),
    "651": ("not_ready", _AREA, _says(Kind.AREA, State.DISARMED)),
    "652": ("armed", _AREA + r"(?P<mode>[0-3])?", _armed),
    "653": ("ready_to_force_arm", _AREA, _says(Kind.AREA, State.DISARMED)),
    "654": ("in_alarm", _AREA, _says(Kind.AREA, State.ALARM)),
    "655": ("disarmed", _AREA, _says(Kind.AREA, State.DISARMED)),
    "656": ("exit_delay", _AREA, _says(Kind.AREA, State.EXIT_DELAY)),
    "657": ("entry_delay", _AREA, _says(Kind.AREA, State.ENTRY_DELAY)),
    "658": ("keypad_lockout", _AREA, _says(Kind.ACCESS, State.ACTIVE, "421")),
    "659": ("failed_to_arm_or_blank", _AREA, _silent),
    "660": ("output_active", r"(?P<area>[1-8])(?P<output>[0-9]{0,2})", _silent),
    "663": ("chime_on", _AREA, _silent),
    "664": ("chime_off", _AREA, _silent),
    "670": ("invalid_code", _AREA, _says(Kind.ACCESS, State.ACTIVE, "461")),
    "671": ("function_missing", _AREA, _silent),
    "672": ("arming_failed", _AREA, _says(Kind.OPEN_CLOSE, State.ACTIVE, "454")),
    "673": ("busy", _AREA, _silent),
    "674": ("system_arming", _AREA, _silent),
    "680": ("installer_mode", _NONE, _says(Kind.LOG, State.ACTIVE, "627")),
    "700": ("user_closing", _USER, _says(Kind.OPEN_CLOSE, State.ARMED, "401")),
    "701": ("special_closing", _AREA, _says(Kind.OPEN_CLOSE, State.ARMED, "400")),
    "702": ("partial_closing", _AREA, _says(Kind.OPEN_CLOSE, State.ARMED, "456")),
    "750": ("user_opening", _USER, _says(Kind.OPEN_CLOSE, State.DISARMED, "401")),
    "751": ("special_opening", _AREA, _says(Kind.OPEN_CLOSE, State.DISARMED, "400")),
    **_rows(800, _begin_end("battery"), _NONE, _pair(Kind.POWER, "302")),
    **_rows(802, _begin_end("mains"), _NONE, _pair(Kind.POWER, "301")),
    **_rows(806, _begin_end("bell"), _NONE, _pair(Kind.SYSTEM_TROUBLE, "321")),
    **_rows(810, _begin_end("phone_line_1"), _NONE, _pair(Kind.COMMS, "351")),
    "814": ("fail_to_communicate", _NONE, _says(Kind.COMMS, State.ACTIVE, "354")),
    "816": ("buffer_near_full", _NONE, _says(Kind.LOG, State.ACTIVE, "623")),
    **_rows(821, _begin_end("device_battery"), _ZONE, _pair(Kind.ZONE_TROUBLE, "384")),
    **_rows(829, _begin_end("system_tamper"), _NONE, _pair(Kind.TAMPER, "137")),
    **_rows(832, _begin_end("zone_battery"), f"(?:{_ZONE})?", _pair(Kind.ZONE_TROUBLE, "384")),
    **_rows(840, _begin_end("trouble"), _AREA, _pair(Kind.SYSTEM_TROUBLE, "300")),
    **_rows(842, _begin_end("fire_trouble"), _NONE, _pair(Kind.ZONE_TROUBLE, "373")),
    "849": ("trouble_bits", _BITS, _trouble_bits),
    **_rows(896, _begin_end("keybus_fault"), _NONE, _pair(Kind.MODULE_TROUBLE, "330")),
    "900": ("code_wanted", _ANY, _silent),
    "901": ("display", r"(?P<text>.*)", _silent),
    "903": ("led", _ANY, _silent),
    "904": ("beep", _ANY, _silent),
    "905": ("tone", _ANY, _silent),
    "906": ("buzzer", _ANY, _silent),
    "907": ("door_chime", _ANY, _silent),
    "908": ("version", r"(?P<version>[0-9]{6})", _silent),
    "912": ("output_pressed", r"(?P<area>[1-8])(?P<output>[0-9])", _silent),
    "921": ("master_code_wanted", _ANY, _silent),
    "922": ("installer_code_wanted", _ANY, _silent),
}
_LAYOUTS: Final = {code: re.compile(row[1], re.DOTALL) for code, row in _NOTES.items()}
_FREE: Final = frozenset(c for c, row in _NOTES.items() if ".*" in row[1])  # of any length
STANDING_TROUBLES: Final = frozenset(
    str(c) for c in (*range(800, 815), 821, 822, 829, 830, 832, 833, *range(840, 844), 896, 897)
)
"""What may be said again as state while the whole state is told."""

_HOST: Final[Mapping[str, str]] = {
    "000": "poll",
    "001": "status",
    "002": "labels",
    "005": "login",
    "008": "zone_timers",
    "010": "set_clock",
    "020": "output",
    "030": "arm_away",
    "031": "arm_stay",
    "032": "arm_no_entry_delay",
    "033": "arm_with_code",
    "040": "disarm",
    "055": "time_stamps",
    "056": "time_broadcast",
    "057": "temperature_broadcast",
    "058": "virtual_keypad",
    "060": "panic",
    "070": "key",
    "071": "keys",
    "080": "baud",
    "200": "send_code",
}
_SAID_PLAIN: Final = frozenset(_HOST) - {"005", "033", "040", "070", "071", "200"}

# ---- reading one line

_LINE = re.compile(rb"([0-9]{3})(.*)([0-9A-Fa-f]{2})", re.DOTALL)
_PRINTABLE = re.compile(rb"[ -~]+")


def _sum_fits(line: bytes) -> bool:
    return sum(line[:-2]) & 0xFF == int(line[-2:], 16)


def _dsc(line: bytes, raw: bytes, charset: str) -> Frame | None:
    """Read a line; None where it is none with the right sum."""
    found = _LINE.fullmatch(line)
    if found is None or not _sum_fits(line):
        return None
    command = found[1].decode()
    if command < "500":
        is_plain = command in _SAID_PLAIN or not found[2]
        shown = found[2].decode("latin-1") if is_plain else "*" * len(found[2])
        fields: dict[str, Plain] = {"command": command, "data": shown}
        secrets = () if is_plain else (Span(3, 3 + len(found[2])),)
        return Frame(raw, _HOST.get(command, "command"), (), fields, secrets=secrets)
    if command not in _NOTES:
        signal = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=raw)
        fields = {"command": command, "data": found[2].decode(charset, "replace")}
        return Frame(raw, "unknown", (signal,), fields)
    text = found[2].decode(charset, "replace")
    said = _LAYOUTS[command].fullmatch(text)
    name, _, read = _NOTES[command]
    if said is None:
        return Frame(raw, fault=FaultKind.LENGTH)
    return Frame(raw, name, read(said, raw), {"command": command, **_fields(command, said)})


def _fields(command: str, said: re.Match[str]) -> dict[str, Plain]:
    fields: dict[str, Plain] = {}
    for name, text in said.groupdict().items():
        if name == "code":
            fields["code"] = "*" * len(text or "")
        elif name not in {"bits", "map"} and text is not None:
            fields[name] = int(text) if name in {"area", "zone", "user"} else text
    if "bits" in said.re.groupindex:
        bits = int(said["bits"], 16)
        names = [name for name, _, _ in _TROUBLES] if command == "849" else LEDS
        fields["bits"] = [name for at, name in enumerate(names) if bits >> at & 1]
    if command == "616":
        fields["zones"] = [*_zones_of(said["map"])]
    if command == "615":
        fields["ticks"] = [*_ticks(said["map"])]
    return fields


def time_of(data: str) -> PanelTime:
    """Return the time of `hhmmMMDDYY`, put right with a mark where it is none."""
    hour, minute, month, day, year = (int(data[at : at + 2]) for at in range(0, 10, 2))
    return panel_time((2000 + year, month, day), (hour, minute, 0))


def dsc_line(command: str, data: str = "") -> bytes:
    """Return a frame to the panel."""
    text = f"{command}{data}"
    return f"{text}{sum(text.encode()) & 0xFF:02X}\r\n".encode()


# ---- decoder

_HONEYWELL = re.compile(rb"[%^][0-9A-Fa-f]{2},")
_PROMPT = b"Login:"
_PASSWORD = re.compile(rb"[!-~]{1,10}")  # as long as the module takes one
_LOGINS = {_PROMPT: "3", b"OK": "1", b"FAILED": "0", b"Timed Out!": "2"}

_ENDS = re.compile(rb"([\r\n$])")


class DscDecoder(LineCutter):
    """Cuts at CR and LF, and behind the `$` of the Honeywell flavour.

    A good frame is found behind a stretch of damage on its line, too.
    """

    def __init__(self, setup: Setup) -> None:
        self._charset = charset_of(setup)
        self._codes = setup.codes
        super().__init__(LINE_BYTES_MAX, _ENDS)
        self._is_asked = False  # by `Login:`, which a host answers by the bare password

    def _end(self, end: bytes) -> list[Frame]:
        return self._dollar() if end == b"$" else super()._end(end)

    def _dollar(self) -> list[Frame]:
        """End a frame of the Honeywell flavour; elsewhere `$` is a character."""
        starts = [found.start() for found in _HONEYWELL.finditer(self._line)]
        if not starts:
            return self._take(b"$")
        line = bytes(self._line) + b"$"
        self._line.clear()
        # what an earlier start began never got its `$`
        frames = self._pieces(line[: starts[-1]], b"") if starts[-1] else []
        whole = line[starts[-1] :]
        return [*frames, *self._noise.flush(), honeywell(whole, self._charset, self._codes)]

    def ended(self, line: bytes, end: bytes) -> list[Frame]:
        """See LineCutter."""
        return self._pieces(line, end)

    def _pieces(self, line: bytes, end: bytes) -> list[Frame]:
        frame = self._whole(line, line + end)
        if frame is not None:
            return [*self._noise.flush(), frame]
        for at in range(1, len(line) - 4):
            if line[at : at + 3].decode("latin-1") in _NOTES.keys() - _FREE:
                frame = _dsc(line[at:], line[at:] + end, self._charset)
                if frame is not None and frame.fault is None:
                    return [*self._pieces(line[:at], b""), *self._noise.flush(), frame]
        fault = _fault_of(line)
        if fault is FaultKind.NOISE:
            return self._noise.take(line + end)
        return [*self._noise.flush(), Frame(line + end, fault=fault)]

    def _whole(self, line: bytes, raw: bytes) -> Frame | None:
        was_asked, self._is_asked = self._is_asked, line == _PROMPT
        if line in _LOGINS:
            return Frame(raw, "login", (), {"login": _LOGINS[line]})
        frame = _dsc(line, raw, self._charset)
        if frame is None and was_asked and raw != line and _PASSWORD.fullmatch(line):
            told: dict[str, Plain] = {"password": "*" * len(line)}
            return Frame(raw, "password", (), told, secrets=(Span(0, len(line)),))
        return frame


def is_host(frame: Frame) -> bool:
    """Tell whether a frame is what a host says to a module, not what a module says."""
    command = str(frame.fields.get("command", ""))
    if frame.type == "password":
        return True
    if frame.raw[:1] == b"^":
        return frame.type == "command"
    return len(command) == 3 and command < "500"


def _fault_of(line: bytes) -> FaultKind:
    """Say what is wrong with a line in which no good frame was found."""
    if _HONEYWELL.match(line):
        return FaultKind.LENGTH  # its `$` never came
    if not re.match(rb"[0-9]{3}", line) or not _PRINTABLE.fullmatch(line):
        return FaultKind.NOISE
    if len(line) < 5:
        return FaultKind.LENGTH
    return FaultKind.CHECKSUM if _LINE.fullmatch(line) else FaultKind.SHAPE
