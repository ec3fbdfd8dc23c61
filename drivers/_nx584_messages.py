"""What the messages of the NX-584 interface mean; they are cut in `drivers/_nx584_frames.py`.

Numbers on the wire begin with 0, those of signals with 1.  The layouts are the collected facts; the
bits of the partitions snapshot and of the expanders, and types of the log that the facts leave
out, are those of open clients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from drivers._nx584_frames import Envelope, NxCutter, framed
from edge_agent.domain.codes import Codes, Place, Qualifier, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.signal import Signal, Span

WANTS_ACK = 0x80  # in the type of a message
AREAS, ZONES, BLOCK = 8, 192, 16
NOBODY = 0xFF  # the number of an entry of the log that has none
LOG_REQUEST, CLOCK, PRIMARY, SECONDARY, BYPASS_TOGGLE = 0x2A, 0x3B, 0x3C, 0x3E, 0x3F
ACK, NAK = b"\x1d", b"\x1e"
ALARM, FIRE = "130", "110"
OF_FIRE = 0x01  # in the first byte of a zone's type
REQUESTS: Final[Mapping[int, str]] = {
    0x21: "interface_configuration",
    0x23: "zone_name",
    0x24: "zone_status",
    0x25: "zones_snapshot",
    0x26: "partition_status",
    0x27: "partitions_snapshot",
    0x28: "system_status",
    0x29: "send_x10",
    LOG_REQUEST: "log_event",
    0x2B: "keypad_text",
    0x2C: "keypad_terminal",
    0x30: "program_data",
    0x31: "program_data_set",
    0x32: "user_information",
    0x33: "user_information",
    0x34: "user_code_set",
    0x35: "user_code_set",
    0x36: "user_authority_set",
    0x37: "user_authority_set",
    0x3A: "store_event",
    CLOCK: "set_clock",
    PRIMARY: "keypad_function",
    0x3D: "keypad_function",
    SECONDARY: "secondary_function",
    BYPASS_TOGGLE: "bypass_toggle",
}
OF_HOSTS: Final = range(0x20, 0x40)
CODES_AT: Final[Mapping[int, tuple[tuple[int, int], ...]]] = {
    # types whose payload holds user codes, and where
    0x12: ((2, 5),),
    0x32: ((1, 4),),
    0x34: ((1, 4), (5, 8)),
    0x35: ((2, 5),),
    0x36: ((1, 4),),
    PRIMARY: ((1, 4),),
}

# the flags of messages by byte, from bit 0; "-" is reserved
PARTITION_FLAGS: Final = (
    "bypass_code_required fire_trouble fire pulsing_buzzer tlm_memory - armed instant",
    "previous_alarm siren steady_siren alarm_memory tamper cancel code_entered cancel_pending",
    "- silent_exit stay chime entry delay_expires exit_1 exit_2",
    "led_off cross_timing recent_closing - exit_error no_auto_home sensor_battery sensor_lost",
    "bypassed force_by_auto_arm ready force_ready valid_pin chime_sounds error_beep tone",
    "entry_1 open_period sent_1 sent_2 sent_3 cancel_in_stack key_switch_armed delay_trip",
)
SYSTEM_FLAGS: Final = (
    "line_seizure off_hook handshake download dialer_delay backup_phone listen_in lockout",
    "ground phone fail_to_communicate fuse box_tamper siren_fault battery_low ac_fail",
    "x_tamper x_ac_fail x_battery_low x_lost x_over_current x_channel_fault x_bell_fault -",
    "six_digit_pin token pin_for_download buzzer siren steady_siren line_seized sniff_wanted",
    "battery_test ac_on battery_memory ground_memory fire_check smoke_reset 50_hz charging",
    "communicated power_up_delay walk_test clock_lost enroll fixture shutdown cancel_window",
    "- - - - - - - call_back",
    "line_faulted voltage house_off_hook monitor sniffing was_off_hook listen_wanted listening",
)  # x: of an expander
VALID_AREAS_AT: Final = 8  # the flag byte behind those
SNAPSHOT_FLAGS: Final = "valid ready armed stay chime entry exit previous_alarm"
ZONE_FLAGS: Final = "faulted trouble bypassed inhibited battery_low lost - -"
ZONE_SNAPSHOT_FLAGS: Final = ("faulted", "bypassed", "trouble", "alarm_memory")

SYSTEM_EVENTS: Final[Mapping[str, str]] = {
    "ground": "310",
    "phone": "351",
    "fail_to_communicate": "354",
    "fuse": "312",
    "box_tamper": "137",
    "siren_fault": "321",
    "battery_low": "302",
    "ac_fail": "301",
    "x_tamper": "341",
    "x_ac_fail": "342",
    "x_battery_low": "338",
    "x_lost": "333",
    "x_over_current": "312",
    "x_channel_fault": "350",
    "x_bell_fault": "320",
    "clock_lost": "626",
}
AREA_EVENTS: Final[Mapping[str, str]] = {"fire": FIRE, "fire_trouble": "373", "tamper": "383"}
ZONE_EVENTS: Final[Mapping[str, str]] = {"battery_low": "384", "lost": "381"}


@dataclass(frozen=True, slots=True)
class Logged:
    """What a type of the log means: its name, its code, and what its number is."""

    name: str
    code: str = ""  # none: of `kind`
    number_is: str = "device"  # zone, user, device
    qualifier: Qualifier = Qualifier.NEW
    kind: Kind = Kind.LOG


def _pair(first: int, name: str, code: str, number_is: str = "device") -> dict[int, Logged]:
    return {
        first: Logged(name, code, number_is),
        first + 1: Logged(f"{name}_restored", code, number_is, Qualifier.RESTORE),
    }


LOG: Final[Mapping[int, Logged]] = {
    **_pair(0, "alarm", ALARM, "zone"),
    **_pair(2, "bypass", "570", "zone"),
    **_pair(4, "tamper", "383", "zone"),
    **_pair(6, "trouble", "380", "zone"),
    **_pair(8, "battery_low", "384", "zone"),
    **_pair(10, "lost", "381", "zone"),
    12: Logged("cross_time_started", number_is="zone"),
    17: Logged("special", kind=Kind.UNKNOWN),
    18: Logged("duress", "121"),
    19: Logged("fire_key", "110"),
    20: Logged("auxiliary_key", "100"),
    22: Logged("panic", "120"),
    23: Logged("keypad_tamper", "137"),
    **_pair(24, "box_tamper", "137"),
    **_pair(26, "ac_fail", "301"),
    **_pair(28, "system_battery_low", "302"),
    **_pair(30, "over_current", "312"),
    **_pair(32, "siren_fault", "321"),
    **_pair(34, "phone_fault", "351"),
    **_pair(36, "expander_fault", "333"),
    38: Logged("fail_to_communicate", "354"),
    39: Logged("log_full", "624"),
    40: Logged("opening", "401", "user"),
    41: Logged("closing", "401", "user", Qualifier.RESTORE),
    42: Logged("exit_error", "457", "user"),
    43: Logged("recent_closing", "459", "user"),
    44: Logged("auto_test", "602"),
    45: Logged("program_start", "627"),
    46: Logged("program_end", "628"),
    **_pair(47, "download", "901"),
    49: Logged("cancel", "406", "user"),
    **_pair(50, "ground_fault", "310"),
    52: Logged("manual_test", "601"),
    53: Logged("closed_with_bypass", "456", "user", Qualifier.RESTORE),
    54: Logged("listen_in", "606"),
    **_pair(55, "technician", "466"),
    57: Logged("power_up", "305"),
    119: Logged("time_set", "625"),
    120: Logged("first_open", number_is="user"),
    121: Logged("last_close", number_is="user"),
    122: Logged("pin_entered", "462", "user"),
    **_pair(123, "walk_test", "607"),
    125: Logged("re_exit"),
    126: Logged("output_trip", number_is="user"),
    127: Logged("data_lost", "624"),
}
WITH_AREA: Final = frozenset({*range(13), *range(17, 24), *range(40, 44), 49, 53, *range(120, 127)})
"""Types of the log whose partition says something: the others are of the whole system."""

_Read = tuple[tuple[Signal, ...], dict[str, Plain]]


@dataclass(frozen=True, slots=True)
class _Message:
    raw: bytes
    data: bytes  # the payload behind its type
    codes: Codes
    day_first: bool
    charset: str

    def event(self, code: str, area: int | None = None, zone: int | None = None) -> Signal:
        kind = self.codes.contact_id(Qualifier.NEW, code).kind
        return Signal(
            kind=kind, code=code, state=State.ACTIVE, area=area, zone=zone, frame=self.raw
        )


def _bits(byte: int, names: str) -> list[str]:
    return [name for bit, name in enumerate(names.split()) if byte >> bit & 1 and name != "-"]


def _flags(data: bytes, names: tuple[str, ...]) -> list[str]:
    return [name for byte, row in zip(data, names, strict=False) for name in _bits(byte, row)]


# ---- zones


def _zone_state(flags: list[str]) -> State:
    if "bypassed" in flags or "inhibited" in flags:
        return State.BYPASSED
    if "trouble" in flags:
        return State.FAULT
    return State.OPEN if "faulted" in flags else State.CLOSED


def _zone_status(message: _Message) -> _Read:
    """A zone is of an area where the mask names one alone."""
    zone, mask = message.data[0] + 1, message.data[1]
    flags = _bits(message.data[5], ZONE_FLAGS)
    areas = [bit + 1 for bit in range(AREAS) if mask >> bit & 1]
    area = areas[0] if len(areas) == 1 else None
    state = _zone_state(flags)
    point = Signal(kind=Kind.ZONE, state=state, area=area, zone=zone, frame=message.raw)
    events = [
        message.event(code, area=area, zone=zone)
        for name, code in ZONE_EVENTS.items()
        if name in flags
    ]
    fields: dict[str, Plain] = {
        "zone": zone,
        "areas": [*areas],
        "zone_type": message.data[2:5].hex(),
        "is_fire": bool(message.data[2] & OF_FIRE),
        "flags": [*flags],
    }
    return (point, *events), fields


def _zones_snapshot(message: _Message) -> _Read:
    first = message.data[0] * BLOCK + 1
    nibbles = [byte >> shift & 0xF for byte in message.data[1:9] for shift in (0, 4)]
    flags = [
        [name for bit, name in enumerate(ZONE_SNAPSHOT_FLAGS) if nibble >> bit & 1]
        for nibble in nibbles
    ]
    points = tuple(
        Signal(kind=Kind.ZONE, state=_zone_state(one), zone=zone, frame=message.raw)
        for zone, one in enumerate(flags, first)
    )
    memory = [zone for zone, one in enumerate(flags, first) if "alarm_memory" in one]
    return points, {"first_zone": first, "alarm_memory": [*memory]}


def _zone_name(message: _Message) -> _Read:
    text = message.data[1:17].decode(message.charset, "replace").rstrip("\x00 ")
    return (), {"zone": message.data[0] + 1, "text": text}


# ---- partitions


def _area_state(flags: list[str]) -> State:
    """Return the first that holds of alarm, entry delay, exit delay, armed, disarmed."""
    there = set(flags)
    if there & {"siren", "steady_siren", "fire"}:
        return State.ALARM
    if there & {"entry", "entry_1"}:
        return State.ENTRY_DELAY
    if there & {"exit_1", "exit_2", "exit"}:
        return State.EXIT_DELAY
    if "armed" not in there:
        return State.DISARMED
    return State.ARMED_STAY if "stay" in there else State.ARMED_AWAY


def _partition_status(message: _Message) -> _Read:
    data = message.data
    area = data[0] + 1
    flags = _flags(data[1:5] + data[6:8], PARTITION_FLAGS)
    point = Signal(kind=Kind.AREA, state=_area_state(flags), area=area, frame=message.raw)
    events = [message.event(code, area=area) for name, code in AREA_EVENTS.items() if name in flags]
    return (point, *events), {"area": area, "flags": [*flags], "last_user": data[5]}


def _partitions_snapshot(message: _Message) -> _Read:
    """It shows no alarm, only that there was one."""
    said = {area: _bits(byte, SNAPSHOT_FLAGS) for area, byte in enumerate(message.data[:AREAS], 1)}
    there = {area: flags for area, flags in said.items() if "valid" in flags}
    points = tuple(
        Signal(kind=Kind.AREA, state=_area_state(flags), area=area, frame=message.raw)
        for area, flags in there.items()
    )
    return points, {"areas": {str(area): [*flags] for area, flags in there.items()}}


# ---- the system and its log


def _system_status(message: _Message) -> _Read:
    """What two bits say under one code is one event."""
    data = message.data
    flags = _flags(data[1:], SYSTEM_FLAGS)
    valid = data[1 + VALID_AREAS_AT]
    codes = dict.fromkeys(code for name, code in SYSTEM_EVENTS.items() if name in flags)
    fields: dict[str, Plain] = {
        "panel": data[0],
        "flags": [*flags],
        "areas": [bit + 1 for bit in range(AREAS) if valid >> bit & 1],
        "log_newest": data[-1],
    }
    return tuple(message.event(code) for code in codes), fields


def _log_event(message: _Message) -> _Read:
    at, size, told, which, partition, first, second, hour, minute = message.data[:9]
    number = which + 1 if which != NOBODY else None
    kind = told & ~WANTS_ACK
    known = LOG.get(kind, Logged("unknown", kind=Kind.UNKNOWN))
    month, day = (second, first) if message.day_first else (first, second)
    fields: dict[str, Plain] = {
        "log_number": at,
        "log_size": size,
        "event": kind,
        "name": known.name,
        "reported": not told & WANTS_ACK,
        known.number_is: number,
        "area": partition + 1,
        "time": f"{month:02d}-{day:02d}T{hour:02d}:{minute:02d}",
    }
    if not (first or second):
        return (), {**fields, "name": "empty"}  # no date: nothing was ever written there
    area = partition + 1 if kind in WITH_AREA and partition < AREAS else None
    place = Place(
        area=area,
        number=number if known.number_is != "device" else None,
        user=number if known.number_is == "user" else None,
        frame=message.raw,
    )
    if known.code:
        meaning = message.codes.contact_id(known.qualifier, known.code)
        return (signal_of(meaning, place),), fields
    zone = number if known.number_is == "zone" else None
    what = Signal(
        kind=known.kind,
        state=State.ACTIVE,
        area=area,
        zone=zone,
        user=place.user,
        frame=message.raw,
    )
    return (what,), fields


# ---- what gives no event


def _configuration(message: _Message) -> _Read:
    data = message.data
    known = int.from_bytes(data[4:6], "little")
    said: list[Plain] = [
        name for kind, (name, _, _) in MESSAGES.items() if known >> kind & 1 and kind < 16
    ]
    orders = int.from_bytes(data[6:10], "little")
    obeyed: list[Plain] = [f"{kind:02X}" for kind in REQUESTS if orders >> (kind - 0x20) & 1]
    version = data[:4].decode("latin-1").strip()
    return (), {"version": version, "says": said, "obeys": obeyed}


def _x10(message: _Message) -> _Read:
    house, unit, function = message.data[:3]
    return (), {"house": house, "unit": unit, "function": function}


def _plain(message: _Message) -> _Read:
    return (), {"data": message.data.hex()} if message.data else {}


def _user_information(message: _Message) -> _Read:
    """The code stands in it, and is not shown."""
    return (), {"user": message.data[0] + 1, "code": "******", "authority": message.data[4:].hex()}


MESSAGES: Final[Mapping[int, tuple[str, int, Callable[[_Message], _Read]]]] = {
    # type: its name, the shortest payload, how it is read
    0x01: ("interface_configuration", 11, _configuration),
    0x03: ("zone_name", 18, _zone_name),
    0x04: ("zone_status", 7, _zone_status),
    0x05: ("zones_snapshot", 10, _zones_snapshot),
    0x06: ("partition_status", 9, _partition_status),
    0x07: ("partitions_snapshot", 9, _partitions_snapshot),
    0x08: ("system_status", 12, _system_status),
    0x09: ("x10", 4, _x10),
    0x0A: ("log_event", 10, _log_event),
    0x0B: ("keypad", 1, _plain),
    0x10: ("program_data", 1, _plain),
    0x12: ("user_information", 5, _user_information),
    0x1C: ("command_failed", 1, _plain),
    0x1D: ("ack", 1, _plain),
    0x1E: ("nak", 1, _plain),
    0x1F: ("rejected", 1, _plain),
}


class NxDecoder(NxCutter):
    """Messages of the panel and requests of hosts, in either form; codes are not in `fields`."""

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        self._charset = charset_of(setup)
        self._day_first = _is_set(setup, "day_first")
        super().__init__(self._frame)

    def _frame(self, envelope: Envelope) -> Frame:
        raw, payload = envelope.raw, envelope.payload
        kind = payload[0] & ~WANTS_ACK
        fields: dict[str, Plain] = {
            "form": "binary" if envelope.binary else "ascii",
            "ack_wanted": bool(payload[0] & WANTS_ACK),
        }
        secrets = tuple(
            Span(envelope.at[first], envelope.at[last])
            for first, last in CODES_AT.get(kind, ())
            if last < len(envelope.at)
        )
        if kind in OF_HOSTS:
            return Frame(raw, "request", (), fields | _request_of(kind, payload), None, secrets)
        if kind not in MESSAGES:
            unknown = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=raw)
            return Frame(raw, "unknown", (unknown,), {**fields, "data": payload.hex()})
        name, least, read = MESSAGES[kind]
        if len(payload) < least:
            return Frame(raw, name, (), fields, FaultKind.LENGTH)
        message = _Message(raw, payload[1:], self._codes, self._day_first, self._charset)
        signals, more = read(message)
        return Frame(raw, name, signals, {**fields, **more}, None, secrets)


def _request_of(kind: int, payload: bytes) -> dict[str, Plain]:
    """Return what a host said to the panel; of a message that can hold a code its name alone."""
    fields: dict[str, Plain] = {"request": REQUESTS.get(kind, f"{kind:02x}")}
    shown = payload[4:] if kind == PRIMARY else b"" if kind in CODES_AT else payload[1:]
    return {**fields, "data": shown.hex()} if shown else fields


def _is_set(setup: Setup, name: str) -> bool:
    """Return a switch: the site's option, else the profile's fact, else off."""
    value = setup.options.get(name)
    if value is None and setup.profile is not None:
        value = setup.profile.facts.get(name)
    return value is True


def request(*payload: int, binary: bool) -> bytes:
    """Return what asks the panel, or tells it to do something."""
    return framed(bytes(payload), binary=binary)
