"""What tells a Satel INTEGRA to do something, and what shows that it did.

An order is a command, eight bytes of user code, and a map of areas, zones or outputs; 8E has the
time as fourteen digits instead.
"""

from datetime import datetime

from drivers._satel_frames import AREAS, ZONES, ZONES_LARGE, framed, map_of, packed_code
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import Kind
from edge_agent.domain.polled import BYPASSES, is_shown
from edge_agent.domain.session import Frame
from edge_agent.domain.signal import Signal

_ORDERS = {
    Act.ARM_AWAY: 0x80,
    Act.ARM_STAY: 0x82,
    Act.DISARM: 0x84,
    Act.BYPASS: 0x86,
    Act.UNBYPASS: 0x87,
    Act.OUTPUT_ON: 0x88,
    Act.OUTPUT_OFF: 0x89,
}
_OF_AREAS = frozenset({Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM})
CHECKS = {
    **dict.fromkeys(_OF_AREAS, "7F"),  # when nothing is new the areas are as they were read
    **dict.fromkeys(BYPASSES, "06"),
    **dict.fromkeys((Act.OUTPUT_ON, Act.OUTPUT_OFF), "17"),
    Act.CLOCK: "1A",
}
"""The request whose answer shows whether it was done."""


def order_of(command: Command, code: str, ours: datetime | None, *, large: bool) -> bytes:
    """Return what orders it; nothing where a number is missing, or none that a map has."""
    if command.act is Act.CLOCK:
        return clock_order(code, ours) if ours else b""
    is_area = command.act in _OF_AREAS
    number = (command.area or 1) if is_area else (command.zone or 0)
    size = (AREAS if is_area else ZONES_LARGE if large else ZONES) // 8
    if not 1 <= number <= 8 * size:
        return b""
    return framed(_ORDERS[command.act], packed_code(code) + map_of([number], size))


def clock_order(code: str, at: datetime) -> bytes:
    """Return what sets the panel's clock to `at`, the site's local time."""
    return framed(0x8E, packed_code(code) + f"{at:%Y%m%d%H%M%S}".encode())


def is_done(command: Command, frame: Frame) -> bool:
    """Judge by the answer to the check; of areas by how they all are."""
    if command.act in BYPASSES:
        zones = frame.fields["zones"]
        is_in = isinstance(zones, list) and command.zone in zones
        return is_in is (command.act is Act.BYPASS)
    states = {signal.state for signal in frame.signals if _is_meant(command, signal)}
    return is_shown(command.act, states)


def _is_meant(command: Command, signal: Signal) -> bool:
    if signal.kind is Kind.OUTPUT:
        return signal.zone == command.zone
    return signal.area == (command.area or 1)
