"""Reads the clocks, and decides how far the wall clock can be trusted.

A gateway mostly has no battery clock (Raspberry Pi 3 and 4 have none, the 5 has one that needs a
battery), so the time at start is whatever the last shutdown wrote, or 1970.  A wall clock is
trusted while something disciplines it (see `discipline.py`) *and* nothing that is known for certain
contradicts it: the build date of this program, what the journal says of earlier runs, and above
all the center's receipts.  A jump of the wall clock that nobody vouches for ends the trust at once,
also between two looks.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.discipline import Discipline, Sources
from edge_agent.domain.stamp import (
    DRIFT_PPM_MAX,
    SLEW_NS_MAX,
    UNCERTAINTY_MS_MAX,
    ClockChange,
    Stamp,
    Trust,
)
from edge_agent.limits import BUILT_NS, CLOCK_DISPUTE_NS_MIN, CLOCK_STEP_NS_MIN

_RTC_FLAG = Path("/sys/class/rtc/rtc0/hctosys")
_MS = 1_000_000


class Clock(Protocol):
    """Where every time in the agent comes from."""

    def boottime_ns(self) -> int:
        """Return nanoseconds since boot, suspend included; never goes back."""

    def stamp(self) -> Stamp:
        """Return one reading of all clocks."""


class KeptClock(Clock, Protocol):
    """A clock whose trust is kept up: by looking, and by what others know of the time."""

    def look(self) -> "list[Changed]":
        """Ask the system about its wall clock; return what changed since the last look."""

    def now(self) -> "Now":
        """Return between which times the present is, whatever the wall clock says."""

    def recall(self, certain_ns: int, seen_ns: int) -> None:
        """Take what earlier runs knew: the center's newest word, their own newest trusted time."""

    def hear(self, told: "Told") -> None:
        """Take the center's word; the next `look` judges the wall clock by it."""


@dataclass(frozen=True, slots=True)
class Now:
    """Between which Unix times in ns the present is; `latest_ns` None where nobody knows."""

    earliest_ns: int
    latest_ns: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """The center's word: at `boottime_ns` of this boot the true time was between these two."""

    boottime_ns: int
    earliest_ns: int
    latest_ns: int

    def at(self, boottime_ns: int) -> Now:
        """Return what it says of another moment of this boot."""
        away = boottime_ns - self.boottime_ns
        slack = abs(away) * DRIFT_PPM_MAX // 1_000_000
        return Now(self.earliest_ns + away - slack, self.latest_ns + away + slack)


@dataclass(frozen=True, slots=True)
class Changed:
    """The wall clock changed its trust (from `was`), or was stepped by `step_ns` (on is positive).

    `source` says what disciplines it, or why it is not trusted.
    """

    change: ClockChange
    step_ns: int = 0
    was: Trust = Trust.UNSET
    source: str = ""


class ClockWatch:
    """Decides trust, and notices steps by comparing the wall clock with boot time (pure).

    `battery` says that the kernel set the wall clock from a battery clock at boot.
    """

    def __init__(self, battery: bool, built_ns: int = BUILT_NS) -> None:
        self.trust = Trust.HOLDOVER if battery else Trust.UNSET
        self.told: Told | None = None
        self._floor_ns = built_ns  # certain: the present is later than this
        self._seen_ns = built_ns  # likely: an earlier run believed to have seen this time
        self._offset_ns: int | None = None
        self._synced: tuple[int, int | None] | None = None  # boot time, uncertainty, when last so
        self._doubted = ""

    # ---- what is known besides

    def recall(self, certain_ns: int, seen_ns: int) -> None:
        """Take what an earlier run knew: the center's newest word, its own newest trusted time."""
        self._floor_ns = max(self._floor_ns, certain_ns)
        self._seen_ns = max(self._seen_ns, certain_ns, seen_ns)

    def hear(self, told: Told) -> None:
        """Take the center's word; the next `handle` judges the wall clock by it."""
        self.told = told
        self._floor_ns = max(self._floor_ns, told.earliest_ns)
        self._seen_ns = max(self._floor_ns, told.earliest_ns)  # what was seen may have been wrong

    # ---- the wall clock

    def handle(self, wall_ns: int, boottime_ns: int, discipline: Discipline) -> list[Changed]:
        """Take one reading; return what changed since the last."""
        before, offset_ns = self._offset_ns, wall_ns - boottime_ns
        self._offset_ns = offset_ns
        stepped = before is not None and abs(offset_ns - before) >= CLOCK_STEP_NS_MIN
        was = self.trust
        doubt = self._doubt(wall_ns, boottime_ns, disciplined=bool(discipline.disciplined))
        self.trust = self._judge(discipline, stepped=stepped, doubted=bool(doubt))
        if self.trust is Trust.SYNCED:
            self._synced = boottime_ns, discipline.uncertainty_ms
        elif self.trust is Trust.UNSET:
            self._synced = None
        changes = []
        if stepped and before is not None:
            changes.append(Changed(ClockChange.STEPPED, offset_ns - before, was))
        vouched = bool(discipline.disciplined) or was is not Trust.UNSET
        newly = doubt if vouched and doubt != self._doubted else ""
        self._doubted = doubt if vouched else ""
        if newly:
            changes.append(Changed(ClockChange.DOUBTED, 0, was, newly))
        elif self.trust is not was:
            synced = self.trust is Trust.SYNCED
            change = ClockChange.TRUSTED if synced else ClockChange.LOST
            changes.append(Changed(change, 0, was, discipline.source if synced else ""))
        return changes

    def _judge(self, discipline: Discipline, *, stepped: bool, doubted: bool) -> Trust:
        if doubted:
            return Trust.UNSET
        if discipline.disciplined:
            return Trust.SYNCED
        if stepped or self.trust is Trust.UNSET:
            return Trust.UNSET  # whoever stepped it, nobody vouches for him
        return Trust.HOLDOVER

    def _doubt(self, wall_ns: int, boottime_ns: int, *, disciplined: bool) -> str:
        """Return why this wall clock cannot be right, empty where it can.

        What only an earlier run saw is no argument against a time source that speaks now: that run
        may have been the one that was lied to.
        """
        if self.told is not None:
            now = self.told.at(boottime_ns)
            if wall_ns < now.earliest_ns - CLOCK_DISPUTE_NS_MIN:
                return "behind the center's time"
            if now.latest_ns is not None and wall_ns > now.latest_ns + CLOCK_DISPUTE_NS_MIN:
                return "ahead of the center's time"
        floor_ns = self._floor_ns if disciplined else self._seen_ns
        if wall_ns < floor_ns - CLOCK_DISPUTE_NS_MIN:
            return "older than what this gateway has seen already"
        return ""

    def trust_of(self, wall_ns: int, boottime_ns: int) -> Trust:
        """Return how far a reading between two looks can be trusted: not at all after a jump."""
        known = self._offset_ns
        if known is None or abs(wall_ns - boottime_ns - known) >= CLOCK_STEP_NS_MIN:
            return Trust.UNSET
        return self.trust

    def uncertainty_ms(self, boottime_ns: int) -> int | None:
        """Return the bound of a trusted wall clock's error; it grows while nothing disciplines it.

        None where nobody can say: an unset clock, or one that came from a battery.
        """
        if self._synced is None:
            return None
        synced_ns, uncertainty_ms = self._synced
        known_ms = UNCERTAINTY_MS_MAX if uncertainty_ms is None else uncertainty_ms
        away_ns = max(0, boottime_ns - synced_ns)
        if self.trust is Trust.SYNCED:
            return known_ms
        return known_ms + (SLEW_NS_MAX + away_ns * DRIFT_PPM_MAX // 1_000_000) // _MS

    def now(self, wall_ns: int, boottime_ns: int) -> Now:
        """Return between which times the present is."""
        doubt_ms = self.uncertainty_ms(boottime_ns)
        if self.trust_of(wall_ns, boottime_ns) is not Trust.UNSET and doubt_ms is not None:
            return Now(wall_ns - doubt_ms * _MS, wall_ns + doubt_ms * _MS)
        if self.told is not None:
            return self.told.at(boottime_ns)
        return Now(self._seen_ns, None)


class SystemClock:
    """The machine's clocks.  `look()` asks how trustworthy they are; call it regularly."""

    def __init__(self) -> None:
        self._boot_id = _read_boot_id()
        self.watch = ClockWatch(_battery_clock_was_read())
        self._sources = Sources()
        self._news: list[Changed] = []
        self.look()

    def recall(self, certain_ns: int, seen_ns: int) -> None:
        """Take what earlier runs knew; a wall clock that it contradicts is not trusted from now."""
        self.watch.recall(certain_ns, seen_ns)
        self._news = self.look()

    def hear(self, told: Told) -> None:
        """Take the center's word."""
        self.watch.hear(told)

    def boottime_ns(self) -> int:
        """Return CLOCK_BOOTTIME."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def stamp(self) -> Stamp:
        """Return one reading of all clocks, with the trust found by the last `look`."""
        wall_ns, boottime_ns = _wall_ns(), self.boottime_ns()
        trust = self.watch.trust_of(wall_ns, boottime_ns)
        return Stamp(
            wall_ns=wall_ns,
            boottime_ns=boottime_ns,
            boot_id=self._boot_id,
            trust=trust,
            uncertainty_ms=(
                None if trust is Trust.UNSET else self.watch.uncertainty_ms(boottime_ns)
            ),
        )

    def now(self) -> Now:
        """Return between which times the present is, whatever the wall clock says."""
        return self.watch.now(_wall_ns(), self.boottime_ns())

    def look(self) -> list[Changed]:
        """Ask the system about its wall clock; return what changed since the last look."""
        wall_ns = _wall_ns()
        discipline = self._sources.ask(wall_ns, self.boottime_ns())
        news, self._news = self._news, []
        return news + self.watch.handle(_wall_ns(), self.boottime_ns(), discipline)


def system_now() -> Now:
    """Return the present as the wall clock has it, unquestioned: what TLS libraries go by."""
    wall_ns = _wall_ns()
    return Now(wall_ns, wall_ns)


def now_ms() -> int:
    """Return the same as a Unix time in ms: what a command of somebody's is dated by."""
    return _wall_ns() // _MS


def _wall_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def _battery_clock_was_read() -> bool:
    try:
        return _RTC_FLAG.read_text().strip() == "1"
    except OSError:
        return False


def _read_boot_id() -> bytes:
    text = Path("/proc/sys/kernel/random/boot_id").read_text()
    return bytes.fromhex(text.strip().replace("-", ""))
