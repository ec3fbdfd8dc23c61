"""Frames of GB/T 26875.3 typed from the facts, never made by an encoder.

"Facts" are the collected facts on the protocol: section 2 holds examples that were built and summed
by hand; the others were put together by hand from the layouts of section 1 and summed by hand.
"""

from typing import Any, NamedTuple


class Golden(NamedTuple):
    """One frame and what it says; signals list kind, code, state, area, zone, user, account."""

    source: str
    frame: bytes
    type: str | None
    signals: tuple[tuple[Any, ...], ...]
    fault: str | None = None


DEVICE = "000000002468"

CALL_POINT = bytes.fromhex(
    "40 40 02 01 01 00 1E 14 0A 17 0B 1A 68 24 00 00 00 00 01 00 00 00 00 00 30 00 02 02 01 01 01"
    "17 15 00 03 00 03 00 C8 FD B2 E3 B6 AB B2 E0 CA D6 B1 A8 00 00 00 00 00 00 00 00 00 00 00 00"
    "00 00 00 00 00 00 00 1C 14 0A 17 0B 1A 2E 23 23"
)
ACKNOWLEDGE = bytes.fromhex(
    "40 40 02 01 01 00 1F 14 0A 17 0B 1A 01 00 00 00 00 00 68 24 00 00 00 00 00 00 03 0D 23 23"
)
DUTY_CHECK = bytes.fromhex(
    "40 40 07 00 01 00 00 1E 0A 17 0B 1A 01 00 00 00 00 00 68 24 00 00 00 00 03 00 01 5B 01 0A 63"
    "23 23"
)
DUTY_ANSWER = bytes.fromhex(
    "40 40 03 01 01 00 14 1E 0A 17 0B 1A 68 24 00 00 00 00 01 00 00 00 00 00 0A 00 02 18 01 20 01"
    "14 1E 0A 17 0B 1A C8 23 23"
)
# serial and version 5, time 120, addresses 140 + 1, length and command 11, type, count and
# state 23, time 120: 420 = 1A4h
DEVICE_NORMAL = bytes.fromhex(
    "40 40 03 01 01 00 14 1E 0A 17 0B 1A 68 24 00 00 00 00 01 00 00 00 00 00 09 00 02 15 01 01"
    "14 1E 0A 17 0B 1A A4 23 23"
)
# serial and version 5, time 100, addresses 1 + 140, length and command 9, type and count 91,
# time 100: 446 = 1BEh
SET_CLOCK = bytes.fromhex(
    "40 40 04 00 01 00 00 1E 0A 17 0B 1A 01 00 00 00 00 00 68 24 00 00 00 00 08 00 01 5A 01"
    "00 1E 0A 17 0B 1A BE 23 23"
)
# serial 5, version 1 + 20, time 100, addresses 140 + 1, length and command 3, data 22: 292 = 124h
REGISTRATION = bytes.fromhex(
    "40 40 05 00 01 14 00 1E 0A 17 0B 1A 68 24 00 00 00 00 01 00 00 00 00 00 01 00 02 16 24 23 23"
)

GOLDEN = (
    Golden(
        "facts 2, first example: manual call point, loop 3 point 21",
        CALL_POINT,
        "component_state",
        (("fire", "115", "active", 3, 21, None, DEVICE),),
    ),
    Golden("facts 2, second example: the center acknowledges", ACKNOWLEDGE, "acknowledge", ()),
    Golden("facts 2, third example: duty check, 10 minutes", DUTY_CHECK, "duty_check", ()),
    Golden(
        "facts 2, fourth example: the operator answers",
        DUTY_ANSWER,
        "device_operation",
        (("log", None, "active", None, None, 1, DEVICE),),
    ),
    Golden("facts 2, last line: device state normal", DEVICE_NORMAL, "device_state", ()),
    Golden("facts 2, last line: clock set", SET_CLOCK, "set_clock", ()),
    Golden("facts 4, quirks 1 and 2: registration, version 1.20", REGISTRATION, "registration", ()),
)
