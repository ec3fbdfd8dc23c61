"""Level 4 of a Galaxy: what asks it and orders it, and how its answers are read.

Before each question the host logs in with the remote code (`?`) and is answered with a
configuration (`@`), or refused (9).  Then it says one control block (C) or extended block (X):

    C SA           how areas are armed      C SA*00100...    32 digits: 0 not, 1 set, 2 part set
    C SA91         their alarms             C SA91*00200...  1 alarm, 2 has to be reset
    C SA1*2        set area 1 in part       8
    C SB1011*1     omit zone 1011           8
    X ZS201        open zones               X ZS201*         and a bit for each zone

Maps are of lines 1 and 2 (..1), or 3 and 4 (..2).  Each byte is a RIO with its eight zones, the
lowest bit first.  The first map has two bytes that mean nothing behind its first two RIOs, and
another at its end, the second one at its end.

Sources: the facts name commands and maps; how they are written is read in an open receiver.
"""

import re
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.command import Act, Command

AREAS_MAX = 32
RIOS, INPUTS = 16, 8  # RIOs of a line, zones of a RIO
_ORDERS: Final = {Act.DISARM: 0, Act.ARM_AWAY: 1, Act.ARM_STAY: 2, Act.UNBYPASS: 0, Act.BYPASS: 1}
_OF_ZONES: Final = frozenset({Act.BYPASS, Act.UNBYPASS})
_HOLE_AT, _HOLE_BYTES = 2, 2
_MAP_BYTES: Final = {1: 35, 2: 33}

_ASKED = re.compile(rb"SA(?:9[12])?|SB[0-9]{4}|SA[0-9]{1,2}|ZS[12]|ZS[1-7]0[12]|ZS[0-9]{4}")
_ORDERED = re.compile(rb"S[AB][0-9]{0,4}\*[0-9]|ZS[0-9]{4}\*[0-9]")
_AREAS = re.compile(rb"(SA(?:9[12])?)\*([0-9]{2,32})")
_ZONES = re.compile(rb"(ZS(?:[1-7]0)?([12]))\*(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Told:
    """What a control or extended block says: of which question, and which numbers have which digit.

    Of a map of zones those that are marked have digit 1.  A block that asks or orders has no
    question: an order and the answer about one area or zone are the same bytes.
    """

    of: str
    digits: dict[int, int] | None = None


def data_of(block: bytes) -> bytes:
    """Return the data of a block: behind header and function, before the parity."""
    return block[2:-1]


def read(data: bytes) -> Told | None:
    """Return what the data of a block C or X say, None where that is not known."""
    if areas := _AREAS.fullmatch(data):
        return Told(areas[1].decode(), {at + 1: one - 0x30 for at, one in enumerate(areas[2])})
    if (zones := _ZONES.fullmatch(data)) and len(zones[3]) == _MAP_BYTES[int(zones[2])]:
        return Told(zones[1].decode(), dict.fromkeys(_marked(int(zones[2]), zones[3]), 1))
    if _ASKED.fullmatch(data) or _ORDERED.fullmatch(data):
        return Told(data.decode())
    return None


def order(command: Command) -> bytes | None:
    """Return the data of the control block that orders it; None where the number is none.

    Two digits in a zone's place would be a type of zones, and nothing would be all areas.
    """
    digit = _ORDERS[command.act]
    if command.act in _OF_ZONES:
        zone = command.zone or 0
        return b"SB%d*%d" % (zone, digit) if is_zone(zone) else None
    area = command.area or 1
    return b"SA%d*%d" % (area, digit) if area <= AREAS_MAX else None


def is_zone(number: int) -> bool:
    """Whether a number is a zone's address: line, RIO in two digits, input."""
    line, rest = divmod(number, 1000)
    rio, place = divmod(rest, 10)
    return 1 <= line <= 4 and rio < RIOS and 1 <= place <= INPUTS


def zone_at(rio: int, place: int) -> int:
    """Return the address of a zone: its RIO, counted from 0 on line 1, and its place, from 0."""
    line, number = divmod(rio, RIOS)
    return 1000 * (line + 1) + 10 * number + place + 1


def _marked(half: int, data: bytes) -> list[int]:
    rios = data[:-1] if half == 2 else data[:_HOLE_AT] + data[_HOLE_AT + _HOLE_BYTES : -1]
    first = (half - 1) * 2 * RIOS
    return [
        zone_at(first + rio, place)
        for rio, byte in enumerate(rios)
        for place in range(INPUTS)
        if byte >> place & 1
    ]
