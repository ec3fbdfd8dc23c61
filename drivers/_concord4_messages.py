"""What the messages of a Concord 4's automation module mean; they are cut in `_concord4_frames`.

Types and layouts are the collected facts; specific types beyond them are those of an open client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from drivers._concord4_frames import ConcordCutter
from edge_agent.domain.codes import Codes, Qualifier, number
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.signal import Signal, Span

LIST, REFRESH, KEYS = 0x02, 0x20, 0x40
ZONES_SOURCE = 2  # of an alarm
ALARM, CANCEL, RESTORE = 1, 2, 3
OPENING, CLOSING = 10, 11
DURESS_USERS = range(238, 246)
QUICK_USER, KEY_SWITCH_USER = 250, 251

LEVELS: Final[Mapping[int, tuple[str, State]]] = {
    0: ("test", State.DISARMED),
    1: ("off", State.DISARMED),
    2: ("stay", State.ARMED_STAY),
    3: ("away", State.ARMED_AWAY),
    4: ("night", State.ARMED_STAY),
    5: ("silent", State.UNKNOWN),  # armed, but not how
    8: ("phone_test", State.DISARMED),
    9: ("sensor_test", State.DISARMED),
}
ZONE_FLAGS: Final = ("tripped", "faulted", "alarm", "trouble", "bypassed")
SOURCES: Final = ("bus", "phone", "zone", "system", "remote_phone")

ALARMS: Final[Mapping[int, str]] = {
    # specific type of an alarm, its cancel and its restore
    0: "140",
    **dict.fromkeys((1, 2), "110"),
    **dict.fromkeys((3, 4), "120"),
    **dict.fromkeys((5, 6), "100"),
    7: "150",
    8: "101",
    9: "383",
    10: "102",
    11: "138",
    13: "159",
    14: "158",
    15: "461",
    16: "121",
    17: "374",
    18: "151",
    19: "162",
    20: "150",
    21: "642",
    22: "145",
    23: "129",
    24: "113",
    25: "114",
    26: "321",
    27: "111",
    28: "145",
    29: "205",
    30: "206",
    31: "203",
    32: "202",
    33: "201",
    34: "204",
    35: "134",
    36: "131",
    37: "132",
    38: "138",
    39: "154",
}
TROUBLES: Final[Mapping[int, str]] = {2: "310", 4: "381", 5: "384", 6: "383", 10: "301"}
SYSTEM_TROUBLES: Final[Mapping[int, str]] = {
    **dict.fromkeys((0, 21), "333"),
    1: "341",
    2: "302",
    **dict.fromkeys((3, 4), "338"),
    5: "301",
    **dict.fromkeys((6, 7), "342"),
    8: "312",
    9: "331",
    11: "351",
    12: "352",
    14: "305",
    15: "303",
    16: "304",
    17: "336",
    18: "623",
    **dict.fromkeys((19, 20), "624"),
    22: "354",
    **dict.fromkeys((23, 28, 45, 47), "353"),
    24: "341",
    25: "330",
    44: "321",
    51: "335",
}
ARMINGS: Final[Mapping[int, str]] = {
    # specific type of an opening or closing
    1: "451",
    2: "452",
    4: "450",
    5: "464",
    6: "409",
    7: "403",
    8: "407",
}
PARTITION_EVENTS: Final[Mapping[int, str]] = {5: "462", 11: "461", 14: "455"}
TESTS: Final[Mapping[int, tuple[str, Qualifier]]] = {
    0: ("601", Qualifier.NEW),
    1: ("602", Qualifier.NEW),
    2: ("608", Qualifier.NEW),
    **dict.fromkeys((5, 10), ("607", Qualifier.NEW)),
    **dict.fromkeys((6, 11), ("607", Qualifier.RESTORE)),
    15: ("604", Qualifier.NEW),
}
CONFIGURATIONS: Final[Mapping[int, tuple[str, Qualifier]]] = {
    0: ("627", Qualifier.NEW),
    **dict.fromkeys((1, 2), ("628", Qualifier.NEW)),
    3: ("901", Qualifier.NEW),
    **dict.fromkeys((4, 5), ("901", Qualifier.RESTORE)),
    **dict.fromkeys((6, 7), ("413", Qualifier.NEW)),
    8: ("625", Qualifier.NEW),
    **dict.fromkeys((13, 14), ("305", Qualifier.NEW)),
}
SYSTEM_EVENTS: Final[Mapping[int, str]] = {0: "411", 4: "621"}
OUTPUT_ON, OUTPUT_OFF = 5, 6

_Read = tuple[tuple[Signal, ...], dict[str, Plain]]


@dataclass(frozen=True, slots=True)
class _Message:
    raw: bytes
    data: bytes  # behind the type, without the sum
    codes: Codes

    @property
    def where(self) -> dict[str, Plain]:
        return {"partition": self.data[0], "area": self.data[1]}


@dataclass(frozen=True, slots=True)
class _Place:
    area: int | None
    zone: int | None
    user: int | None


def _event(
    message: _Message, place: _Place, code: str, qualifier: Qualifier = Qualifier.NEW
) -> Signal:
    meaning = message.codes.contact_id(qualifier, code)
    is_user = meaning.number_is == "user"
    return Signal(
        kind=meaning.kind,
        code=code,
        state=meaning.state,
        area=place.area,
        zone=place.zone,
        user=place.user if is_user else None,
        frame=message.raw,
    )


# ---- zones


def _zone_of(message: _Message, zone: int, state: int) -> tuple[tuple[Signal, ...], list[Plain]]:
    """Return how a zone is, and the alarm that it is in: of which kind this does not say."""
    flags = [name for bit, name in enumerate(ZONE_FLAGS) if state >> bit & 1]
    if "bypassed" in flags:
        told = State.BYPASSED
    elif "trouble" in flags or "faulted" in flags:
        told = State.FAULT
    else:
        told = State.OPEN if "tripped" in flags else State.CLOSED
    area = message.data[0] or None
    if not zone:
        return (), [*flags]
    point = Signal(kind=Kind.ZONE, state=told, area=area, zone=zone, frame=message.raw)
    place = _Place(area, zone, None)
    events = (_event(message, place, "130"),) if "alarm" in flags else ()
    return (point, *events), [*flags]


def _zone_status(message: _Message) -> _Read:
    zone = int.from_bytes(message.data[2:4])
    signals, flags = _zone_of(message, zone, message.data[4])
    return signals, {**message.where, "zone": zone, "flags": flags}


def _zone_data(message: _Message) -> _Read:
    data = message.data
    zone = int.from_bytes(data[3:5])
    signals, flags = _zone_of(message, zone, data[6])
    more: dict[str, Plain] = {
        "group": data[2],
        "zone": zone,
        "zone_type": data[5],
        "flags": flags,
        "tokens": data[7:].hex(),
    }
    return signals, {**message.where, **more}


# ---- partitions


def _area_of(message: _Message, level: int, user: int | None) -> tuple[Signal, ...]:
    _, state = LEVELS.get(level, ("", State.UNKNOWN))
    area = message.data[0] or None
    if area is None:
        return ()
    known = user if user and user not in DURESS_USERS else None
    return (Signal(kind=Kind.AREA, state=state, area=area, user=known, frame=message.raw),)


def _partition_data(message: _Message) -> _Read:
    level = message.data[2]
    name, _ = LEVELS.get(level, ("unknown", State.UNKNOWN))
    fields: dict[str, Plain] = {"level": name, "tokens": message.data[3:].hex()}
    return _area_of(message, level, None), {**message.where, **fields}


def _arming_level(message: _Message) -> _Read:
    """Users 238 to 245 are codes of duress."""
    key_fob, user, level = message.data[2:5]
    name, _ = LEVELS.get(level, ("unknown", State.UNKNOWN))
    signals = _area_of(message, level, user)
    if user in DURESS_USERS and not key_fob:
        signals += (_event(message, _Place(message.data[0] or None, None, user), "121"),)
    fields: dict[str, Plain] = {"user": user, "key_fob": key_fob, "level": name}
    return signals, {**message.where, **fields}


def _delay(message: _Message) -> _Read:
    """The end of a delay does not say how the area is then."""
    flags = message.data[2]
    is_exit, is_end = bool(flags & 0x40), bool(flags & 0x80)
    state = State.EXIT_DELAY if is_exit else State.ENTRY_DELAY
    area = message.data[0] or None
    fields: dict[str, Plain] = {
        **message.where,
        "exit": is_exit,
        "ended": is_end,
        "delay_s": int.from_bytes(message.data[3:5]),
    }
    if is_end or area is None:
        return (), fields
    return (Signal(kind=Kind.AREA, state=state, area=area, frame=message.raw),), fields


# ---- events


def _alarm(message: _Message) -> _Read:
    """General and specific type say what; the source's number is a zone's where it is a zone."""
    data = message.data
    source, which = data[2], int.from_bytes(data[3:6])
    general, specific, more = data[6], data[7], int.from_bytes(data[8:10])
    fields: dict[str, Plain] = {
        **message.where,
        "source": SOURCES[source] if source < len(SOURCES) else source,
        "number": which,
        "general": general,
        "specific": specific,
        "data": more,
    }
    zone = number(str(which)) if source == ZONES_SOURCE else None
    user = number(str(more)) if general in (CANCEL, OPENING, CLOSING) else None
    place = _Place(data[0] or None, zone, user)
    if general == 18 and specific in (OUTPUT_ON, OUTPUT_OFF) and which:
        state = State.ON if specific == OUTPUT_ON else State.OFF
        return (
            Signal(kind=Kind.OUTPUT, state=state, zone=number(str(which)), frame=message.raw),
        ), fields
    found = _meaning(general, specific, place)
    if isinstance(found, Kind):
        unread = Signal(
            kind=found, state=State.ACTIVE, area=place.area, zone=zone, frame=message.raw
        )
        return (unread,), fields
    return (_event(message, place, *found),), fields


def _meaning(general: int, specific: int, place: _Place) -> tuple[str, Qualifier] | Kind:
    """Return the code of an event, or its kind where it has none."""
    match general:
        case 1 | 3:
            code = ALARMS.get(specific, "140")
            # the tamper of what is no zone is that of equipment
            code = "137" if code == "383" and place.zone is None else code
            return code, Qualifier.NEW if general == ALARM else Qualifier.RESTORE
        case 2:
            return "406", Qualifier.NEW
        case 4 | 5 | 6 | 7:
            usual = "373" if general < 6 else "380"
            return TROUBLES.get(specific, usual), _by_turns(general, 4, 6)
        case 8 | 9:
            return "570", _by_turns(general, 8)
        case 10 | 11:
            return _arming(general, specific, place.user)
        case 12:
            return "306", Qualifier.NEW
        case 13:
            code = PARTITION_EVENTS.get(specific, "")
            return (code, Qualifier.NEW) if code else Kind.LOG
        case 14:
            return TESTS.get(specific, Kind.TEST)
        case 15 | 16:
            return SYSTEM_TROUBLES.get(specific, "300"), _by_turns(general, 15)
        case 17:
            return CONFIGURATIONS.get(specific, ("306", Qualifier.NEW))
        case 18:
            code = SYSTEM_EVENTS.get(specific, "")
            return (code, Qualifier.NEW) if code else Kind.LOG
    return Kind.UNKNOWN


def _by_turns(general: int, *begins: int) -> Qualifier:
    return Qualifier.NEW if general in begins else Qualifier.RESTORE


def _arming(general: int, specific: int, user: int | None) -> tuple[str, Qualifier]:
    if specific == 3:  # it was not done when it was due
        return ("453" if general == OPENING else "454"), Qualifier.NEW
    if specific == 9:
        return "459", Qualifier.NEW
    by_user = {QUICK_USER: "408", KEY_SWITCH_USER: "409"}.get(user or 0, "401")
    qualifier = Qualifier.NEW if general == OPENING or specific == 5 else Qualifier.RESTORE
    return ARMINGS.get(specific, by_user), qualifier


# ---- what gives no event


def _panel(message: _Message) -> _Read:
    data = message.data
    fields: dict[str, Plain] = {
        "panel": data[0],
        "hardware": data[1:3].hex(),
        "software": data[3:5].hex(),
        "serial": int.from_bytes(data[5:9]),
    }
    return (), fields


def _plain(message: _Message) -> _Read:
    return (), {"data": message.data.hex()} if message.data else {}


def _hidden(message: _Message) -> _Read:
    """User data hold an access code."""
    del message
    return (), {}


MESSAGES: Final[Mapping[tuple[int, ...], tuple[str, int, Callable[[_Message], _Read]]]] = {
    # type, and its second byte: the name, the fewest bytes behind, how they are read
    (0x01,): ("panel", 9, _panel),
    (LIST,): ("list", 0, _plain),
    (0x03,): ("zone_data", 7, _zone_data),
    (0x04,): ("partition_data", 3, _partition_data),
    (0x05,): ("bus_device", 0, _plain),
    (0x06,): ("bus_capabilities", 0, _plain),
    (0x07,): ("output_data", 0, _plain),
    (0x08,): ("list_done", 0, _plain),
    (0x09,): ("user_data", 0, _hidden),
    (0x0A,): ("schedule", 0, _plain),
    (0x0B,): ("scheduled_event", 0, _plain),
    (0x0C,): ("light_attachment", 0, _plain),
    (REFRESH,): ("refresh", 0, _plain),
    (0x21,): ("zone_status", 5, _zone_status),
    (0x22, 0x01): ("arming_level", 5, _arming_level),
    (0x22, 0x02): ("alarm", 10, _alarm),
    (0x22, 0x03): ("delay", 5, _delay),
    (0x22, 0x04): ("siren_setup", 0, _plain),
    (0x22, 0x05): ("siren_sync", 0, _plain),
    (0x22, 0x06): ("siren_go", 0, _plain),
    (0x22, 0x09): ("touchpad", 0, _plain),
    (0x22, 0x0B): ("siren_stop", 0, _plain),
    (0x22, 0x0C): ("features", 0, _plain),
    (0x22, 0x0D): ("temperature", 0, _plain),
    (0x22, 0x0E): ("time", 0, _plain),
    (0x23, 0x01): ("lights", 0, _plain),
    (0x23, 0x02): ("user_lights", 0, _plain),
    (0x23, 0x03): ("key_fob", 0, _plain),
}
KEYS_AT, USER_AT = 9, 5  # where the keys of a request, and user data, begin in their frames


class ConcordDecoder(ConcordCutter):
    """Messages of the panel and requests of hosts.

    The panel's words for lost events (02) and a cleared image (20) are those by which a host asks
    for the list and a refresh.
    """

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        super().__init__(self._frame)

    def _frame(self, raw: bytes, data: bytes) -> Frame:
        if data[0] == KEYS or (data[0] == LIST and len(data) > 1):
            return _request(raw, data)
        known = MESSAGES.get((data[0],)) or MESSAGES.get(tuple(data[:2]))
        if known is None:
            unknown = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=raw)
            return Frame(raw, "unknown", (unknown,), {"data": data.hex()})
        name, least, read = known
        rest = data[1:] if (data[0],) in MESSAGES else data[2:]
        if len(rest) < least:
            return Frame(raw, name, fault=FaultKind.LENGTH)
        signals, fields = read(_Message(raw, rest, self._codes))
        is_secret = name == "user_data" and len(rest) > 0
        secrets = (Span(USER_AT, len(raw) - 2),) if is_secret else ()
        return Frame(raw, name, signals, fields, None, secrets)


def _request(raw: bytes, data: bytes) -> Frame:
    """Return what a host asks, or the keys that it presses: they can be a code."""
    if data[0] == LIST:
        return Frame(raw, "request", (), {"request": "list", "of": data[1]})
    fields: dict[str, Plain] = {"request": "keys", "keys": "*" * max(0, len(data) - 3)}
    secrets = (Span(KEYS_AT, len(raw) - 2),) if len(data) > 3 else ()
    return Frame(raw, "request", (), fields, None, secrets)
