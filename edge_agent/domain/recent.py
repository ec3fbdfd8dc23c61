"""The newest recorded frames of a panel: what a new session is told of.

Frames of events and frames that tell states alone are counted apart.  At each link-up a panel shows
the state of all it has: counted together, its zones would push out what is known of its log, and
the same entries would be read and recorded a second time.

So are alarms of life and fire out of a panel's own log: they are recorded before the older entries
of their gap, however many those are, and must be known when the log is read again.
"""

from collections.abc import Iterator
from typing import Final

from edge_agent.domain.kinds import POINTS, Lane, Origin, State, lane_of
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp

FRAMES_MAX: Final = 32  # of events, and of states: more than any panel repeats unacknowledged
AHEAD_MAX: Final = 256  # alarms told ahead of their turn: more than ring while a gateway is away

_AHEAD, _EVENT, _STATE = range(3)
_SHARES: Final = (AHEAD_MAX, FRAMES_MAX, FRAMES_MAX)
_Kept = tuple[bytes, Stamp, int]  # the first of the shares that what it said is of


class RecentFrames:
    """Frames and when each was heard last, oldest first.

    recent.take(signal, stamp)       # it is durable
    recent.repeated(frame, stamp)    # a copy came, perhaps before the first one was durable
    """

    def __init__(self) -> None:
        self._kept: list[_Kept] = []
        self._copy: tuple[bytes, Stamp] | None = None

    def __iter__(self) -> Iterator[tuple[bytes, Stamp]]:
        """Go through them, oldest first."""
        return ((frame, stamp) for frame, stamp, _ in self._kept)

    def take(self, signal: Signal, stamp: Stamp) -> None:
        """Take the frame of a signal, once for all that it said, in the order they were heard."""
        frame, share = signal.frame, _share_of(signal)
        if self._copy is not None and self._copy[0] == frame and is_later(self._copy[1], stamp):
            stamp = self._copy[1]
        at = len(self._kept)
        while at and is_later(self._kept[at - 1][1], stamp):
            at -= 1
        if at and self._kept[at - 1][:2] == (frame, stamp):
            at -= 1
            share = min(self._kept.pop(at)[2], share)
        self._kept.insert(at, (frame, stamp, share))
        alike = [place for place, kept in enumerate(self._kept) if kept[2] == share]
        if len(alike) > _SHARES[share]:
            del self._kept[alike[0]]

    def repeated(self, frame: bytes, stamp: Stamp) -> None:
        """Take a copy of the newest frame, which is as young as that."""
        self._copy = frame, stamp
        if self._kept and self._kept[-1][0] == frame:
            self._kept[-1] = frame, stamp, self._kept[-1][2]


def _share_of(signal: Signal) -> int:
    if signal.kind in POINTS:
        return _STATE
    is_alarm = signal.state is State.ACTIVE and lane_of(signal.kind) <= Lane.FIRE
    return _AHEAD if is_alarm and signal.origin is Origin.BACKFILL else _EVENT


def is_later(one: Stamp, other: Stamp) -> bool:
    """Tell whether a stamp is later than another of the same boot."""
    return one.boot_id == other.boot_id and one.boottime_ns > other.boottime_ns
