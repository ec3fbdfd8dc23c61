"""Decides what happens to all zones of one bus: it fails, or its wiring touches earth.

One zone that cannot be told has a fault of its own; most zones of a bus that cannot be told have
one fault between them.  Loops that move together, by the same way within hours, share a leak.
"""

from collections import deque
from dataclasses import dataclass

from edge_agent.diagnosis.measures import HOUR_NS, S
from edge_agent.diagnosis.symptom import Switch, Symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class TogetherLimits:
    """Parameters of the rules `bus.*` and `earth.*`."""

    zones: int = 3
    bus_window_s: float = 10.0
    earth_shift: float = 0.03
    earth_window_h: float = 12.0


class Together:
    """Zones that share a bus, `size` of them; or all of a panel, where the site names no bus."""

    def __init__(self, limits: TogetherLimits, size: int) -> None:
        self._limits = limits
        self._size = size
        self._recent: deque[tuple[int, int]] = deque(maxlen=64)
        self._shifted: dict[int, tuple[float, int]] = {}
        self._lost: set[int] = set()
        self._bus = Switch("bus.lost")
        self._earth = Switch("earth.shift")

    @property
    def failing(self) -> bool:
        """Whether what hangs here cannot be believed."""
        return self._bus.on or self._earth.on

    # ---- zones that cannot be told

    def lost(self, zone: int, now_ns: int) -> list[Symptom]:
        """Take that a zone is lost; most of a bus's zones within seconds are the bus."""
        since_ns = now_ns - int(self._limits.bus_window_s * S)
        self._lost.add(zone)
        self._recent.append((now_ns, zone))
        lost = {one for at_ns, one in self._recent if at_ns >= since_ns} & self._lost
        enough = len(lost) >= max(2, min(self._limits.zones, self._size))
        if not enough or 2 * len(lost) < self._size:
            return []
        return self._bus.set(True, f"{len(lost)} of its {self._size} zones lost at once")

    def back(self, zone: int) -> list[Symptom]:
        """Take that a zone is as it should be again."""
        self._lost.discard(zone)
        return self._bus.set(False, "its zones are back") if not self._lost else []

    def told_bus(self, on: bool, detail: str) -> list[Symptom]:
        """Take the panel's own word that the bus or expander fails, or is back."""
        return self._bus.set(on, detail)

    # ---- loops that move

    def shifted(self, zone: int, jump: float, off: float, now_ns: int) -> list[Symptom]:
        """Take how far a zone's loop moved within hours, and how far it is off, as shares."""
        limit = self._limits.earth_shift
        known = self._shifted.get(zone)
        if known is None:
            if abs(jump) < limit:
                return []
            self._shifted[zone] = (jump, now_ns)
        elif abs(off) < limit / 2 and abs(jump) < limit:
            del self._shifted[zone]
            if self._shifted or not self._earth.on:
                return []
            return self._earth.set(False, "its loops are back")
        way = self._shifted[zone][0]
        since_ns = now_ns - int(self._limits.earth_window_h * HOUR_NS)
        same = [
            other
            for other, (jumped, at_ns) in self._shifted.items()
            if jumped * way > 0 and at_ns >= since_ns
        ]
        if len(same) < self._limits.zones:
            return []
        names = ", ".join(map(str, sorted(same)))
        return self._earth.set(True, f"loops of zones {names} moved together ({way:+.1%})")

    def told_earth(self, on: bool, detail: str) -> list[Symptom]:
        """Take the panel's own word that there is an earth fault, or none any more."""
        return self._earth.set(on, detail)
