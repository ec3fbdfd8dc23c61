"""What the maps of a Satel INTEGRA show beside its log, and how nine of them make an area's state.

A name is the command in hex, as it is asked for.
"""

from collections.abc import Collection, Mapping
from typing import Final

from drivers._satel_frames import AREA_STATES, SYSTEM_TROUBLES
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal

ALARMS = ("13", "14")
_DELAYS = ("0E", "0F", "10")
_ARMED = ("2A", "0B", "0C", "0A")  # who is armed to stay may be armed in mode 0 as well
AREA_MAPS = (*ALARMS, *_DELAYS, *_ARMED)
"""The first of them that shows an area says how it is."""

_INTRUSIONS = frozenset(
    {
        *(Kind.BURGLARY, Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.PANIC, Kind.HOLDUP, Kind.MEDICAL),
        *(Kind.DURESS, Kind.GAS, Kind.CO, Kind.ENVIRONMENT),
    }
)
# what a map of zones shows beside contacts, by the request for it: kinds, and codes (none: all)
SHOWN: Final[Mapping[str, tuple[frozenset[Kind], frozenset[str]]]] = {
    "01": (frozenset({Kind.TAMPER}), frozenset()),
    "02": (_INTRUSIONS, frozenset()),
    "07": (frozenset({Kind.ZONE_TROUBLE}), frozenset({"380"})),
    "08": (frozenset({Kind.ZONE_TROUBLE}), frozenset({"380"})),
}
_WHOLE = frozenset({"01", "02"})  # what these would show if it stood, they end
_SYSTEM_CODES = frozenset(code for _, _, code in SYSTEM_TROUBLES.values())

Key = tuple[Kind, int | str | None, State]


def area_state(area: int, maps: Mapping[str, Collection[int]]) -> State:
    """Return how an area is, by the maps in which it stands."""
    for name in AREA_MAPS:
        if area in maps.get(name, ()):
            return AREA_STATES[int(name, 16)]
    return State.DISARMED


def uncovered(_: Signal) -> bool:
    """Of a map that proves the end of nothing."""
    return False


def is_shown(name: str, signal: Signal) -> bool:
    """Whether this map of zones is about such events."""
    kinds, codes = SHOWN[name]
    return signal.kind in kinds and (not codes or signal.code in codes)


def is_covered(name: str, signal: Signal) -> bool:
    """Whether this map of zones would show the event if it stood."""
    return name in _WHOLE and signal.zone is not None and is_shown(name, signal)


def is_system_trouble(signal: Signal) -> bool:
    """Whether 1B would show this if it stood."""
    return signal.code in _SYSTEM_CODES and signal.zone is None


def is_area_fire(signal: Signal) -> bool:
    """Whether the map of areas in fire alarm would show this if it stood."""
    return signal.kind is Kind.FIRE and signal.zone is None


def key_of(signal: Signal) -> Key:
    """Return what makes an event the same one in a map and in the log, whose code says more."""
    return signal.kind, signal.zone or signal.code, signal.state
