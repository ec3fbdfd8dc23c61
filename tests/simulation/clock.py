"""The gateway's clocks: boot time, and a wall clock that is stepped, lost and set again."""

from dataclasses import dataclass, field
from random import Random

from edge_agent.clock import Changed, ClockWatch, Now, Told
from edge_agent.discipline import Discipline
from edge_agent.domain.stamp import Stamp, Trust
from tests.simulation.loop import VirtualLoop

WALL_NS = 1_795_000_000_000_000_000
SYNC_MS = 20  # how far a disciplined clock may be off


@dataclass
class Wall:
    """The wall clock: its distance from the world's time, and whether something disciplines it.

    A machine without a battery starts in 1970; a time source that answers sets it right.  One that
    lies, or a hand, sets it wrong: then nothing but the center knows better.
    """

    offset_ns: int = WALL_NS
    disciplined: bool = True
    random: Random = field(default_factory=lambda: Random("wall"))
    liar: bool = field(init=False)  # in some worlds it is always the time source

    def __post_init__(self) -> None:
        self.liar = self.random.random() < 0.3

    def set_right(self) -> None:
        self.offset_ns, self.disciplined = WALL_NS, True

    def set_wrong(self, step_ns: int) -> None:
        """By a source that lies, or a hand: that the kernel takes for undisciplined."""
        self.offset_ns += step_ns
        self.disciplined = self.liar

    def start_without_battery(self, now_ns: int) -> None:
        self.offset_ns, self.disciplined = -now_ns, False


class SimClock:
    """The clocks of one boot, with the real judgement of how far they can be trusted.

    Boot time drifts, by as much as a crystal may and the same all through the boot.
    """

    def __init__(self, loop: VirtualLoop, wall: Wall, boot: int, booted_ns: int) -> None:
        self._loop, self._wall, self._booted_ns = loop, wall, booted_ns
        self._boot_id = boot.to_bytes(16, "big")
        self._watch = ClockWatch(battery=False)
        self._news: list[Changed] = []
        self.look()

    def boottime_ns(self) -> int:
        passed_ns = self._loop.now_ns - self._booted_ns
        return passed_ns + passed_ns * drift_ppm(self._boot_id) // 1_000_000

    def stamp(self) -> Stamp:
        wall_ns, boottime_ns = self._wall_ns(), self.boottime_ns()
        trust = self._watch.trust_of(wall_ns, boottime_ns)
        doubt_ms = None if trust is Trust.UNSET else self._watch.uncertainty_ms(boottime_ns)
        return Stamp(wall_ns, boottime_ns, self._boot_id, trust, doubt_ms)

    def now(self) -> Now:
        return self._watch.now(self._wall_ns(), self.boottime_ns())

    def recall(self, certain_ns: int, seen_ns: int) -> None:
        self._watch.recall(certain_ns, seen_ns)
        self._news = self.look()

    def hear(self, told: Told) -> None:
        self._watch.hear(told)

    def look(self) -> list[Changed]:
        discipline = Discipline(self._wall.disciplined, SYNC_MS, "world")
        news, self._news = self._news, []
        return news + self._watch.handle(self._wall_ns(), self.boottime_ns(), discipline)

    def _wall_ns(self) -> int:
        return max(0, self._loop.now_ns + self._wall.offset_ns)


def drift_ppm(boot_id: bytes) -> int:
    return int.from_bytes(boot_id, "big") * 37 % 181 - 90


def passed_ns(boot_id: bytes, boottime_ns: int) -> int:
    """Return the true time since boot, to the microsecond."""
    return boottime_ns * 1_000_000 // (1_000_000 + drift_ppm(boot_id))
