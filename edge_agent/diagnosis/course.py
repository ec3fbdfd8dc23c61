"""Puts the stamps of events on one line of time, over restarts, steps of the clock, and boots.

Within a boot only boot time counts: a clock that is set or stepped moves nothing.  From one boot to
the next the wall clock tells how long the gateway was off, where it was trusted on both sides.
Where not, the time between is a gap: no shorter than the new boot has lasted, and nobody knows how
much longer.  Judging raises tiers over a gap, and lowers none.
"""

from dataclasses import dataclass

from edge_agent.diagnosis.observation import NS
from edge_agent.domain.stamp import Stamp, Trust

DAY_NS = 86_400 * NS
LATE_NS = NS
"""An event that is handed over so much later than others of its time tells nothing by how soon it
came.  Fires overtake what waits for a shared commit, by no more than this."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was heard: `t_ns` never falls; `gap`: before it an unknown time passed."""

    t_ns: int
    wall_ns: int | None
    gap: bool
    dated: bool


class Course:
    """The time of one sitting.  Begins at the time of day of its first stamp, as far as known."""

    def __init__(self) -> None:
        self.t_ns = 0
        self._boot: bytes | None = None
        self._offset_ns = 0  # from boot time to ours
        self._known: tuple[int, int] | None = None  # a trusted wall clock, and our time of it

    def take(self, stamp: Stamp) -> Moment:
        """Return when an event was heard, in the order in which they are handed over."""
        wall_ns = stamp.wall_ns if stamp.trust is not Trust.UNSET else None
        gap = stamp.boot_id != self._boot and self._is_gap(stamp, wall_ns)
        t_ns = self._offset_ns + stamp.boottime_ns
        dated = t_ns >= self.t_ns - LATE_NS
        self.t_ns = max(self.t_ns, t_ns)
        if wall_ns is not None:
            self._known = wall_ns, t_ns
        return Moment(self.t_ns, wall_ns, gap, dated)

    def at(self, boottime_ns: int) -> int:
        """Return our time of a boot time of the newest boot."""
        return max(self.t_ns, self._offset_ns + boottime_ns)

    def boottime_ns(self, t_ns: int) -> int:
        """Return the boot time, of the newest boot, of one of our times."""
        return t_ns - self._offset_ns

    def _is_gap(self, stamp: Stamp, wall_ns: int | None) -> bool:
        """Begin another boot; return whether nobody knows how long it is since the one before."""
        first, self._boot = self._boot is None, stamp.boot_id
        if first:
            self.t_ns = (wall_ns or 0) % DAY_NS
            self._offset_ns = self.t_ns - stamp.boottime_ns
            return False
        passed_ns = None
        if wall_ns is not None and self._known is not None:
            passed_ns = wall_ns - self._known[0] - (self.t_ns - self._known[1])
        unknown = passed_ns is None or passed_ns < 0  # a clock that goes back tells nothing
        # whatever was heard before was heard before this boot began
        self.t_ns += max(0 if passed_ns is None else passed_ns, stamp.boottime_ns)
        self._offset_ns = self.t_ns - stamp.boottime_ns
        if unknown:
            self._known = None
        return unknown
