"""At which settings a serial line is listened to, and what its bytes say about wrong ones.

Pure.  A byte sampled at a wrong speed has its stop bit in the wrong place: the port counts framing
errors, and what comes out is no text.  A parity bit that nobody asked for looks like data or like a
missing stop bit.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_agent.domain.session import Nature
from edge_agent.linetools import chinese
from edge_agent.linetools.recognise import Candidate, line_of

ERRORS_OF_A_WRONG_SPEED: Final = 0.05  # of all bytes: a good cable has none, a bad one few
BYTES_TO_JUDGE: Final = 12  # fewer may be a click at plugging in
_PARITIES_OF_A_BUS: Final = "NE"  # Modbus asks for even, most modules come with none


UNCLAIMED: Final = ("4800-8N1",)
"""No driver is met at these, but fire panels of other dialects are: there it is only listened."""


def settings_to_try(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """Return the settings of all drivers, those of most of them first, then those of others."""
    wanted: Counter[str] = Counter()
    for candidate in candidates:
        if not {"serial", "modbus_rtu"} & set(candidate.driver.lines):
            continue
        wanted.update(settings_of(candidate))
    found = sorted(wanted, key=lambda one: (-wanted[one], _baud(one), one))
    return (*found, *(one for one in UNCLAIMED if one not in wanted))


def settings_of(candidate: Candidate) -> frozenset[str]:
    """Return the settings at which a driver's panels are met."""
    driver = candidate.driver
    parities = _PARITIES_OF_A_BUS if driver.nature is Nature.BUS else "N"
    found = {f"{baud}-8{parity}1" for baud in driver.bauds for parity in parities}
    own = [line for one in candidate.profiles if (line := line_of(one)) is not None]
    if driver.nature is not Nature.BUS and own:
        # a speed that a profile names with another format is met in that format alone
        bauds = {line.partition("-")[0] for line in own}
        found = {one for one in found if one.partition("-")[0] not in bauds}
    return frozenset(found | set(own))


def _baud(settings: str) -> int:
    return int(settings.partition("-")[0])


class Look(Enum):
    """What bytes look like that no driver reads."""

    NOTHING = "nothing"
    TOO_LITTLE = "too_little"
    SEVEN_EVEN = "seven_even"  # seven bits with even parity, heard as eight bits
    SEVEN_ODD = "seven_odd"
    WRONG_SPEED = "wrong_speed"
    TEXT = "text"  # the settings are right, and nobody knows the words
    BINARY = "binary"  # no framing errors: perhaps right settings


@dataclass(frozen=True, slots=True)
class Reception:
    """What was heard at one setting; `errors` None where the port does not count them."""

    data: bytes
    errors: int | None = None


def look(heard: Reception) -> Look:
    """Return what bytes look like that no driver could read."""
    data = heard.data
    if not data:
        return Look.NOTHING if not heard.errors else Look.WRONG_SPEED
    if len(data) < BYTES_TO_JUDGE:
        return Look.TOO_LITTLE
    if has_errors(heard):
        return Look.WRONG_SPEED
    if parity := _parity_in_top_bit(data):
        return parity
    plain = sum(0x20 <= byte < 0x7F or byte in b"\r\n\t" for byte in data) + chinese.size(data)
    if plain >= 0.9 * len(data):
        return Look.TEXT
    # without a count of errors, what is no text is most likely a wrong speed
    return Look.BINARY if heard.errors is not None else Look.WRONG_SPEED


def _parity_in_top_bit(data: bytes) -> Look | None:
    """Find seven bits with parity: the top bit of every byte is the parity of the others."""
    if len({byte >> 7 for byte in data}) < 2:
        return None
    odd_ones = {byte.bit_count() & 1 for byte in data}
    if len(odd_ones) != 1:
        return None
    return Look.SEVEN_ODD if odd_ones == {1} else Look.SEVEN_EVEN


def has_errors(heard: Reception) -> bool:
    """Tell whether so much was refused that the settings are wrong, whatever could be read."""
    errors = heard.errors or 0
    return bool(heard.data) and errors > ERRORS_OF_A_WRONG_SPEED * len(heard.data)


def parities(settings: str) -> list[str]:
    """Return the settings to try where frames can be read, with errors: a parity bit is there.

    Where a stop bit was expected it counts as an error whenever it is 0.
    """
    if settings.partition("-")[2] != "8N1":
        return []
    return [f"{_baud(settings)}-8{parity}1" for parity in "EO"]


def seven_bits(data: bytes) -> bytes:
    """Return bytes without their top bit."""
    return bytes(byte & 0x7F for byte in data)


def with_parity(settings: str, seen: Look) -> str:
    """Return the settings that fit seven bits with parity at the same speed."""
    return f"{_baud(settings)}-7{'E' if seen is Look.SEVEN_EVEN else 'O'}1"


def rank(heard: Reception) -> int:
    """Return how good unknown bytes look, 0 the best: text first, a wrong speed last."""
    order = (Look.TEXT, Look.SEVEN_EVEN, Look.SEVEN_ODD, Look.BINARY, Look.TOO_LITTLE)
    seen = look(heard)
    return order.index(seen) if seen in order else len(order)
