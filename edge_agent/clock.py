"""Reads the clocks, and decides how far the wall clock can be trusted.

A gateway mostly has no battery clock (Raspberry Pi 3 and 4 have none, the 5 has one that needs a
battery), so the time at start is whatever the last shutdown wrote, or 1970.  What counts as
trusted: the kernel says that a daemon disciplines the clock (adjtimex(2), STA_UNSYNC clear), or
systemd-timesyncd says so by its file.  Sandboxed services may not call adjtimex even to read; then
only the file speaks.
"""

import ctypes
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.domain.stamp import ClockChange, Stamp, Trust
from edge_agent.limits import CLOCK_STEP_NS_MIN

_TIMEX_BYTES = 208  # struct timex on 64-bit Linux
_MAXERROR_AT, _STATUS_AT = 24, 40
_STA_UNSYNC = 0x40
_TIMESYNCD_FILE = Path("/run/systemd/timesync/synchronized")
_TIMESYNCD_AGE_NS_MAX = 2 * 2048 * 1_000_000_000  # two of timesyncd's longest poll intervals
_RTC_FLAG = Path("/sys/class/rtc/rtc0/hctosys")


class Clock(Protocol):
    """Where every time in the agent comes from."""

    def boottime_ns(self) -> int:
        """Return nanoseconds since boot, suspend included; never goes back."""

    def stamp(self) -> Stamp:
        """Return one reading of all clocks."""


@dataclass(frozen=True, slots=True)
class Discipline:
    """What the system says about its wall clock; `disciplined` is None where nobody can tell."""

    disciplined: bool | None
    uncertainty_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The wall clock changed its trust or was stepped by `step_ns` (later is positive)."""

    change: ClockChange
    step_ns: int = 0


class ClockWatch:
    """Decides trust, and notices steps by comparing the wall clock with boot time.

    `battery` says that the kernel set the wall clock from a battery clock at boot.
    """

    def __init__(self, battery: bool) -> None:
        self.trust = Trust.HOLDOVER if battery else Trust.UNSET
        self._offset_ns: int | None = None

    def handle(self, wall_ns: int, boottime_ns: int, discipline: Discipline) -> list[Changed]:
        """Take one reading; return what changed since the last."""
        changes = self._steps(wall_ns - boottime_ns)
        before = self.trust
        if discipline.disciplined:
            self.trust = Trust.SYNCED
        elif before is Trust.SYNCED:
            self.trust = Trust.HOLDOVER
        if self.trust is not before:
            synced = self.trust is Trust.SYNCED
            changes.append(Changed(ClockChange.TRUSTED if synced else ClockChange.LOST))
        return changes

    def _steps(self, offset_ns: int) -> list[Changed]:
        before, self._offset_ns = self._offset_ns, offset_ns
        if before is None or abs(offset_ns - before) < CLOCK_STEP_NS_MIN:
            return []
        return [Changed(ClockChange.STEPPED, offset_ns - before)]


class SystemClock:
    """The machine's clocks.  `look()` asks how trustworthy they are; call it regularly."""

    def __init__(self) -> None:
        self._boot_id = _read_boot_id()
        self._watch = ClockWatch(_battery_clock_was_read())
        self._uncertainty_ms: int | None = None
        self.look()

    def boottime_ns(self) -> int:
        """Return CLOCK_BOOTTIME."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def stamp(self) -> Stamp:
        """Return one reading of all clocks, with the trust found by the last `look`."""
        return Stamp(
            wall_ns=time.clock_gettime_ns(time.CLOCK_REALTIME),
            boottime_ns=self.boottime_ns(),
            boot_id=self._boot_id,
            trust=self._watch.trust,
            uncertainty_ms=self._uncertainty_ms,
        )

    def look(self) -> list[Changed]:
        """Ask the system about its wall clock; return what changed since the last look."""
        discipline = read_discipline()
        self._uncertainty_ms = discipline.uncertainty_ms
        wall_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
        return self._watch.handle(wall_ns, self.boottime_ns(), discipline)


def read_discipline() -> Discipline:
    """Ask the kernel, then systemd-timesyncd, whether something disciplines the wall clock."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes 0: read only
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):  # no such symbol in this C library
        state = -1
    if state >= 0:
        (maxerror_us,) = struct.unpack_from("q", timex, _MAXERROR_AT)
        (status,) = struct.unpack_from("i", timex, _STATUS_AT)
        if not status & _STA_UNSYNC:
            return Discipline(True, max(1, maxerror_us // 1000))
        return Discipline(False)
    return _timesyncd_says()


def _timesyncd_says() -> Discipline:
    try:
        synced_ns = _TIMESYNCD_FILE.stat().st_mtime_ns
    except OSError:
        return Discipline(None)
    age_ns = time.clock_gettime_ns(time.CLOCK_REALTIME) - synced_ns
    return Discipline(0 <= age_ns <= _TIMESYNCD_AGE_NS_MAX)


def _battery_clock_was_read() -> bool:
    try:
        return _RTC_FLAG.read_text().strip() == "1"
    except OSError:
        return False


def _read_boot_id() -> bytes:
    text = Path("/proc/sys/kernel/random/boot_id").read_text()
    return bytes.fromhex(text.strip().replace("-", ""))
