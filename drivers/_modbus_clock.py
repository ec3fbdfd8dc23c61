"""The clock of a device that is read by register map: compared with ours, set where that may be."""

from typing import Final

from edge_agent.domain.finding import Finding
from edge_agent.domain.panel_clock import PanelClock, panel_time
from edge_agent.domain.register_map import Block, Clock
from edge_agent.domain.session import Action, ClockRead, Setup, Table

LOOK_NS: Final = 60_000_000_000
SET_AGAIN_NS: Final = 3_600_000_000_000  # a clock that will not stay right is not set all day
SET_UNSEEN_NS: Final = 86_400_000_000_000  # one that cannot be read is set once a day


class DeviceClock:
    """What a session does about it; `where` is None for a device without one."""

    def __init__(self, where: Clock | None, setup: Setup) -> None:
        self._where = where
        self._ours = PanelClock(setup.zone)
        self._may_set = where is not None and where.write and "clock" in setup.allow
        self._off = False  # as last compared
        self.open()

    @property
    def can_write(self) -> bool:
        """Whether the device takes time at all."""
        return self._where is not None and self._where.write

    @property
    def count(self) -> int:
        """How many registers it is in."""
        return len(self._where.parts) if self._where else 0

    def open(self) -> None:
        """The line is up: look soon."""
        self._looked_ns: int | None = None
        self._set_ns: int | None = None

    def read(self, ours: ClockRead) -> None:
        """Take what our own clock is worth."""
        self._ours.read(ours)

    def due(self, now_ns: int) -> Block | None:
        """Return what to read now, None where nothing is due; counts as read."""
        where = self._where
        if where is None or not where.read or not _is_over(self._looked_ns, LOOK_NS, now_ns):
            return None
        self._looked_ns = now_ns
        return Block(Table.HOLDING_REGISTERS, where.address, len(where.parts))

    def compare(self, values: tuple[int, ...], now_ns: int) -> list[Action]:
        """Judge what it shows."""
        assert self._where is not None, "asked for by `due`"
        told = dict(zip(self._where.parts, values, strict=False))
        year = told["year"] + (self._where.century if told["year"] < 100 else 0)
        shown = panel_time(
            (year, told["month"], told["day"]), (told["hour"], told["minute"], told["second"])
        )
        findings: list[Finding] = self._ours.compare(shown.local, now_ns)
        for finding in findings:
            self._off = finding.active
        return list(findings)

    def set_due(self, now_ns: int) -> bool:
        """Tell whether to set it now, unasked."""
        if not self._may_set or self._where is None or self._ours.now(now_ns) is None:
            return False
        if not self._where.read:
            return _is_over(self._set_ns, SET_UNSEEN_NS, now_ns)
        return self._off and _is_over(self._set_ns, SET_AGAIN_NS, now_ns)

    def registers(self, now_ns: int) -> tuple[int, tuple[int, ...]] | None:
        """Return address and values to write; None where our own clock is not synced."""
        now = self._ours.now(now_ns)
        if self._where is None or now is None:
            return None
        self._set_ns = now_ns
        century = self._where.century
        year = now.year - century if 0 <= now.year - century < 100 else now.year
        parts = {
            "year": year,
            "month": now.month,
            "day": now.day,
            "hour": now.hour,
            "minute": now.minute,
            "second": now.second,
        }
        return self._where.address, tuple(parts[part] for part in self._where.parts)

    def was_set(self, now_ns: int) -> None:
        """Look at what came of it with the next round."""
        self._looked_ns = None
        self._set_ns = now_ns


def _is_over(since_ns: int | None, wait_ns: int, now_ns: int) -> bool:
    return since_ns is None or now_ns - since_ns >= wait_ns
