"""Frames of TPI's Honeywell flavour: a VISTA panel through the same module, without check sums.

    %cc,data$      from the module          ^cc,data$      to it          ^cc,ee$      its answer

A damaged frame is known by its shape alone, so every length is exact.

Sources: open clients and mock servers of the module; threads about their oddities.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from drivers._keypad_lines import shown_zone
from edge_agent.domain.codes import Codes, Place, Qualifier, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Frame, Plain
from edge_agent.domain.signal import Signal, Span

_Said = tuple[dict[str, Plain], tuple[Signal, ...]]
EVENT: Final = re.compile(r"([136])([0-9A-F]{3})(0[0-9])([0-9]{3})0")

_LED_BITS: Final[Mapping[int, str]] = {
    0: "alarm",
    1: "alarm_memory",
    2: "armed_away",
    3: "mains",
    4: "bypass",
    5: "chime",
    7: "armed_instant",
    8: "fire_zone_alarm",
    9: "trouble",
    12: "ready",
    13: "fire",
    14: "battery_low",
    15: "armed_stay",
}
_AREA_STATES: Final[Mapping[str, State | None]] = {
    "00": None,  # there is no such area
    "01": State.DISARMED,
    "02": State.DISARMED,
    "03": State.DISARMED,
    "04": State.ARMED_STAY,
    "05": State.ARMED_AWAY,
    "06": State.ARMED_STAY,  # armed instant: stay without entry delay
    "07": State.EXIT_DELAY,
    "08": State.ALARM,
    "09": State.DISARMED,  # memory of an alarm
    "10": State.ARMED_AWAY,  # armed maximum: away without entry delay
}
_ANSWERS: Final = ("ok", "busy", "unknown_command", "syntax", "overflow", "timeout")


def _keypad(data: str, raw: bytes) -> _Said | None:
    found = re.fullmatch(
        r"([0-9]{2}),([0-9A-F]{4}),([0-9A-F]{2,3}),([0-9]{2}),(.{32})", data, re.DOTALL
    )
    if found is None:
        return None
    area, word = number(found[1]), int(found[2], 16)
    bits = {name for at, name in _LED_BITS.items() if word >> at & 1}
    fields: dict[str, Plain] = {
        "partition": area,
        "bits": [name for name in _LED_BITS.values() if name in bits],
        "zone_or_user": found[3],
        "beep": int(found[4]),
        "text": found[5],
    }
    signals = [Signal(kind=Kind.AREA, state=_keypad_state(bits), area=area, frame=raw)]
    if bits & {"fire", "fire_zone_alarm"}:
        signals.append(Signal(kind=Kind.FIRE, state=State.ACTIVE, code="110", area=area, frame=raw))
    if "battery_low" in bits:
        signals.append(Signal(kind=Kind.POWER, state=State.ACTIVE, code="302", frame=raw))
    if found[3].isdecimal():
        signals += shown_zone(found[5], area, raw)
    return fields, tuple(signals)


def _keypad_state(bits: set[str]) -> State:
    if "alarm" in bits:
        return State.ALARM
    if bits & {"armed_stay", "armed_instant"}:
        return State.ARMED_STAY if "armed_away" not in bits else State.ARMED_AWAY
    return State.ARMED_AWAY if "armed_away" in bits else State.DISARMED


def _zone_map(data: str, raw: bytes) -> _Said | None:
    if not re.fullmatch(r"[0-9A-F]{16}|[0-9A-F]{32}", data):
        return None
    bits = int.from_bytes(bytes.fromhex(data), "little")
    opened = {at + 1: bool(bits >> at & 1) for at in range(4 * len(data))}
    zones: list[Plain] = [zone for zone, is_open in opened.items() if is_open]
    signals = (
        Signal(
            kind=Kind.ZONE,
            state=State.OPEN if is_open else State.CLOSED,
            zone=zone,
            frame=raw,
        )
        for zone, is_open in opened.items()
    )
    return {"zones": zones}, tuple(signals)


def _partitions(data: str, raw: bytes) -> _Said | None:
    states = re.findall(r"..", data)
    if len(data) != 16 or any(state not in _AREA_STATES for state in states):
        return None
    signals = tuple(
        Signal(kind=Kind.AREA, state=state, area=area, frame=raw)
        for area, digits in enumerate(states, 1)
        if (state := _AREA_STATES[digits]) is not None
    )
    return {"partitions": [*states]}, signals


def _event(data: str, raw: bytes, codes: Codes) -> _Said | None:
    """Read a Contact ID event."""
    found = EVENT.fullmatch(data)
    if found is None:
        return None
    qualifier, code, area, digits = found.groups()
    fields: dict[str, Plain] = {
        "qualifier": qualifier,
        "code": code,
        "partition": area,
        "number": digits,
    }
    meaning = codes.contact_id(Qualifier(int(qualifier)), code)
    place = Place(area=number(area), number=number(digits), frame=raw)
    return fields, (signal_of(meaning, place),)


def _timers(data: str, raw: bytes) -> _Said | None:
    if not re.fullmatch(r"(?:[0-9A-F]{4}){64,128}", data):
        return None
    binary = bytes.fromhex(data)
    ticks = [int.from_bytes(binary[at : at + 2], "little") for at in range(0, len(binary), 2)]
    signals = tuple(
        Signal(kind=Kind.ZONE, state=State.OPEN, zone=zone, frame=raw)
        for zone, left in enumerate(ticks, 1)
        if left == 0xFFFF
    )
    return {"ticks": [*ticks]}, signals


_READERS: Final[Mapping[str, tuple[str, Callable[[str, bytes], _Said | None]]]] = {
    "00": ("keypad", _keypad),
    "01": ("zones", _zone_map),
    "02": ("partitions", _partitions),
    "FF": ("zone_timers", _timers),
}


def honeywell(raw: bytes, charset: str, codes: Codes) -> Frame:
    """Read a frame from its `%` or `^` to its `$`."""
    command, data = raw[1:3].decode().upper(), raw[4:-1].decode(charset, "replace")
    fields: dict[str, Plain] = {"command": command}
    if raw[:1] == b"^":
        if re.fullmatch(r"0[0-5]", data):
            return Frame(raw, "answer", (), {**fields, "answer": _ANSWERS[int(data)]})
        keyed = re.finditer(rb"[0-9]{3,}", raw[4:-1])
        secrets = tuple(Span(4 + one.start(), 4 + one.end()) for one in keyed)
        fields["data"] = re.sub(r"[0-9]{3,}", _masked, data)
        return Frame(raw, "command", (), fields, secrets=secrets)
    if command == "03":
        name, said = "event", _event(data, raw, codes)
    elif command in _READERS:
        name, read = _READERS[command]
        said = read(data, raw)
    else:
        signal = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=raw)
        return Frame(raw, "unknown", (signal,), {**fields, "data": data})
    if said is None:
        return Frame(raw, fault=FaultKind.LENGTH if "," not in data else FaultKind.SHAPE)
    return Frame(raw, name, said[1], fields | said[0])


def _masked(found: re.Match[str]) -> str:
    return "*" * len(found[0])


KEYS = "^03"


def pressed(area: int, keys: str) -> str:
    """Return what presses keys of a VISTA panel, one a line."""
    return "".join(f"{KEYS},{area},{key}$\r\n" for key in keys)
