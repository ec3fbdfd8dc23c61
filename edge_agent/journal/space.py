"""Decides how full the journal is, what is said about it, and which lanes may still write.

What the journal can have is the smaller of its quota and what the filesystem has left for it, so
another program that fills the card is noticed as well.  Telemetry is refused first, then the
agent's own events of state, then those of faults; alarms never: they go on into the spare segments
that were made while there was room, and past the quota as long as the disk takes them.

A pure machine without clock: it is shown what was measured, and says what changed.
"""

from dataclasses import dataclass

from edge_agent.journal.format import LANES

MIB = 1 << 20

LEVELS = (70, 85, 95)
"""Percent of the space at which somebody is told: time to order a card, to come, to hurry."""

EASE_PERCENT = 5
"""How far below a level the use must fall before that is told: a segment more or less is not."""

FREE_BYTES_KEPT = 32 * MIB
"""Left to everything else on the filesystem: logs, updates, a shell to mend it with.  Of a small
one at most 2 %."""

QUOTA_SHARE = 2
"""Without a quota the journal may have this part of the filesystem: one half."""

_RESERVES = {6: (100, 256 * MIB, 4 * MIB), 5: (60, 128 * MIB, 3 * MIB), 4: (30, 64 * MIB, 2 * MIB)}
"""By lane: it writes while this much is left: permille of the space, at most, at least.  What is
kept from it is for the lanes before it; 2 MiB hold 500 lone alarms or 5,000 that share commits."""

READMIT_PERCENT = 125
"""A lane that was refused needs this much of its reserve free before it is admitted again."""

LANE_ALWAYS = 3
"""Lanes up to this one are never refused for lack of space."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found: bytes of the journal's files, `spare_bytes` of them made ahead and empty;
    bytes that the filesystem has free for us, and all that it has."""

    journal_bytes: int
    spare_bytes: int
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """How full it is: `used_bytes` of `capacity_bytes`; `level` is the highest of LEVELS that is
    told, 0 for none; lanes up to `lane_max` are admitted."""

    used_bytes: int = 0
    capacity_bytes: int = 0
    level: int = 0
    lane_max: int = LANES - 1

    @property
    def percent(self) -> int:
        """How much of the space is used, 0 to 100."""
        if self.used_bytes >= self.capacity_bytes:
            return 100 if self.used_bytes else 0
        return self.used_bytes * 100 // self.capacity_bytes

    @property
    def left_bytes(self) -> int:
        """How much more it may take."""
        return max(0, self.capacity_bytes - self.used_bytes)


@dataclass(frozen=True, slots=True)
class LevelRose:
    """Say that the journal is this full."""

    room: Room


@dataclass(frozen=True, slots=True)
class LevelFell:
    """Say that there is room again."""

    room: Room


@dataclass(frozen=True, slots=True)
class Admit:
    """From now on lanes up to `lane_max` are recorded; `before` it was up to that one."""

    lane_max: int
    before: int


Action = LevelRose | LevelFell | Admit


class NoSpace(Exception):  # noqa: N818  reads as what it says
    """Events of this lane are not recorded now: what is left is kept for more urgent ones."""

    def __init__(self, lane: int) -> None:
        super().__init__(f"the journal is nearly full: lane {lane} is not recorded")
        self.lane = lane


class Space:
    """Watches the space; `quota_bytes` None: a share of the filesystem."""

    def __init__(self, quota_bytes: int | None = None) -> None:
        self._quota_bytes = quota_bytes
        self.room = Room()

    def handle(self, measured: Measured) -> list[Action]:
        """Take one measurement; return what changed, the admission of lanes last."""
        before = self.room
        used = measured.journal_bytes - measured.spare_bytes
        room = Room(used, self._capacity(measured), before.level, before.lane_max)
        self.room = room = Room(used, room.capacity_bytes, _level(room), _lane_max(room))
        actions: list[Action] = []
        if room.level > before.level:
            actions.append(LevelRose(room))
        elif room.level < before.level:
            actions.append(LevelFell(room))
        if room.lane_max != before.lane_max:
            actions.append(Admit(room.lane_max, before.lane_max))
        return actions

    def _capacity(self, measured: Measured) -> int:
        kept = min(FREE_BYTES_KEPT, measured.total_bytes // 50)
        possible = measured.journal_bytes + max(0, measured.free_bytes - kept)
        quota = self._quota_bytes or measured.total_bytes // QUOTA_SHARE
        return min(quota, possible)


def _level(room: Room) -> int:
    reached = max((level for level in LEVELS if room.percent >= level), default=0)
    if reached >= room.level:
        return reached
    kept = (level for level in LEVELS if room.percent >= level - EASE_PERCENT)
    return min(room.level, max(kept, default=0))


def _lane_max(room: Room) -> int:
    lane_max = LANES - 1
    while lane_max > LANE_ALWAYS:
        permille, most, least = _RESERVES[lane_max]
        wanted = max(least, min(most, room.capacity_bytes * permille // 1000))
        if lane_max > room.lane_max:
            wanted = wanted * READMIT_PERCENT // 100
        if room.left_bytes >= wanted:
            break
        lane_max -= 1
    return lane_max
