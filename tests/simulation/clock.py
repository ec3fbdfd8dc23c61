"""The gateway's clocks: boot time, and a wall clock that is stepped, lost and set again."""

from dataclasses import dataclass

from edge_agent.clock import Changed, ClockWatch, Discipline
from edge_agent.domain.stamp import Stamp
from tests.simulation.loop import VirtualLoop

WALL_NS = 1_795_000_000_000_000_000


@dataclass
class Wall:
    """The wall clock: its distance from the world's time, and whether something disciplines it."""

    offset_ns: int = WALL_NS
    disciplined: bool = True


class SimClock:
    """The clocks of one boot, with the real judgement of how far they can be trusted."""

    def __init__(self, loop: VirtualLoop, wall: Wall, boot: int, booted_ns: int) -> None:
        self._loop, self._wall, self._booted_ns = loop, wall, booted_ns
        self._boot_id = boot.to_bytes(16, "big")
        self._watch = ClockWatch(battery=False)
        self.look()

    def boottime_ns(self) -> int:
        return self._loop.now_ns - self._booted_ns

    def stamp(self) -> Stamp:
        return Stamp(self._wall_ns(), self.boottime_ns(), self._boot_id, self._watch.trust)

    def look(self) -> list[Changed]:
        discipline = Discipline(self._wall.disciplined)
        return self._watch.handle(self._wall_ns(), self.boottime_ns(), discipline)

    def _wall_ns(self) -> int:
        return max(0, self._loop.now_ns + self._wall.offset_ns)
