"""A Galaxy that is asked and ordered over its line: level 4, from facts and an open receiver.

The host logs in with the remote code and is told a configuration, or refused.  Then one block: an
order for an area (SA) or a zone (SB) is acknowledged or refused, a question is answered in a block
of the same function.

    46 3F 35 34 33 32 31 30 81       login with 543210, then one of
    45 43 53 41 31 2A 31 33          C SA1*1: set area 1
    42 43 53 41 ..                   C SA: answered SA*1000..., a digit for each of 32 areas
    45 58 5A 53 32 30 31 ..          X ZS201: answered ZS201*, a bit for each zone that is open
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import xor

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.model import Model

AREAS = 32
FIRST_ADDRESS = 1001
ORDERS = {
    ("SA", "0"): "disarm area={}",
    ("SA", "1"): "arm area={}",
    ("SA", "2"): "arm area={} mode=stay",
    ("SB", "0"): "unbypass zone={}",
    ("SB", "1"): "bypass zone={}",
}
ORDER = re.compile(rb"(S[AB])([0-9]{1,4})\*([0-9])")
ALARMS = (
    "alarm",
    "entry",
    "fire",
    "smoke",
    "callpoint",
    "heat",
    "panic",
    "holdup",
    "medical",
    "gas",
)
ARMED = {State.ARMED_AWAY: "1", State.ARMED_STAY: "2"}

Stated = tuple[Signal, ...]


def block(function: str, data: bytes = b"") -> bytes:
    """Return the block of a function and its data: an answer is wanted."""
    text = bytes([0x40 + len(data)]) + function.encode() + data
    return text + bytes([reduce(xor, text, 0xFF)])


def address(number: int) -> int:
    """Return the address of the model's zone: its first are those of the first RIOs."""
    if number >= FIRST_ADDRESS:
        return number
    rio, place = divmod(number - 1, 8)
    line, rio = divmod(rio, 16)
    return 1000 * (line + 1) + 10 * rio + place + 1


@dataclass(frozen=True, slots=True)
class Reply:
    """Blocks to say, each with what it states; and the control line of what is to be done."""

    said: tuple[tuple[bytes, Stated], ...] = ()
    does: str = ""


class GalaxyControl:
    """The host's side of the line, as the panel hears it."""

    def __init__(self, model: Model, code: str) -> None:
        self._model = model
        self._code = code.encode()
        self._is_in = False

    def hear(self, function: str, data: bytes) -> Reply:
        """Take a block of a host: one question or order a login."""
        if not self._code:
            return Reply()
        was_in, self._is_in = self._is_in, False
        if function == "?":
            self._is_in = data == self._code
            return Reply(((block("@", b"AL4B1") if self._is_in else block("9"), ()),))
        if not was_in:
            return Reply(((block("9"), ()),))
        if order := ORDER.fullmatch(data):
            return self._ordered(order[1].decode(), int(order[2]), order[3].decode())
        answer = self._areas(data) if function == "C" else self._zones(data)
        if answer is None:
            return Reply(((block("9"), ()),))
        told, stated = answer
        return Reply(((block(function, data + b"*" + told), stated),))

    def _ordered(self, what: str, number: int, digit: str) -> Reply:
        line = ORDERS.get((what, digit))
        known = (
            {area: area for area in self._model.areas}
            if what == "SA"
            else {address(zone): zone for zone in self._model.zones}
        )
        if line is None or number not in known:
            return Reply(((block("9"), ()),))
        return Reply(((block("8"), ()),), line.format(known[number]))

    # ---- areas

    def _areas(self, data: bytes) -> tuple[bytes, Stated] | None:
        here = self._model.areas
        if data == b"SA91":
            alarms = [number for number, area in here.items() if area.alarm]
            digits = "".join("1" if at in alarms else "0" for at in range(1, AREAS + 1))
            states = dict.fromkeys(alarms, State.ALARM)
        elif data == b"SA":
            states = {number: self.armed(number) for number in here}
            digits = "".join(ARMED.get(states.get(at, State.DISARMED), "0") for at in range(1, 33))
        else:
            return None
        stated = (Signal(kind=Kind.AREA, state=state, area=at) for at, state in states.items())
        return digits.encode(), tuple(stated)

    def armed(self, number: int) -> State:
        """Return how an area is armed: while people leave it is not yet."""
        area = self._model.areas[number]
        return State.DISARMED if area.exit_at_ns is not None else area.armed

    # ---- zones

    def _zones(self, data: bytes) -> tuple[bytes, Stated] | None:
        zones = self._model.zones
        tests: dict[bytes, Callable[[int], bool]] = {
            b"ZS10": lambda at: any(at in self._model.stands(word) for word in ALARMS),
            b"ZS20": lambda at: zones[at].is_open(),
            b"ZS30": lambda at: zones[at].tampered,
            b"ZS50": lambda at: zones[at].bypassed,
            b"ZS60": lambda at: zones[at].loop.state() is State.MASKED,
            b"ZS70": lambda at: zones[at].troubled,
        }
        test = tests.get(data[:-1])
        if test is None or data[-1:] not in (b"1", b"2"):
            return None
        is_low = data[-1:] == b"1"
        numbers = [at for at in zones if (address(at) < 3000) is is_low]
        marked = {address(at) for at in numbers if test(at)}
        stated = [one for at in numbers if (one := _stated(data[:-1], address(at), marked))]
        return _bits(marked, is_low), tuple(one for pair in stated for one in pair)


def _stated(what: bytes, zone: int, marked: set[int]) -> Stated:
    is_marked = zone in marked
    if what == b"ZS20":
        state = State.OPEN if is_marked else State.CLOSED
        return (Signal(kind=Kind.ZONE, state=state, zone=zone),)
    points = {b"ZS50": State.BYPASSED, b"ZS60": State.MASKED}
    if what in points:
        return (Signal(kind=Kind.ZONE, state=points[what], zone=zone),) if is_marked else ()
    kind, code = {
        b"ZS10": (Kind.BURGLARY, "130"),
        b"ZS30": (Kind.TAMPER, "383"),
        b"ZS70": (Kind.ZONE_TROUBLE, "380"),
    }[what]
    state = State.ACTIVE if is_marked else State.RESTORED
    return (Signal(kind=kind, code=code, state=state, zone=zone),)


def _bits(marked: set[int], is_low: bool) -> bytes:
    """Return a bit for each zone: in the lower half two bytes mean nothing behind RIO 101."""
    rios = bytearray(32)
    for zone in marked:
        line, rest = divmod(zone, 1000)
        rio, place = divmod(rest, 10)
        rios[((line - 1) * 16 + rio) % 32] |= 1 << (place - 1)
    return bytes(rios[:2] + bytes(2) + rios[2:] + bytes(1) if is_low else rios + bytes(1))
