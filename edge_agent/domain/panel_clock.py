"""What a panel's own clock says: read with its oddities, compared with ours, set where allowed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.session import ClockRead
from edge_agent.domain.stamp import Trust

OFF_S_MAX = 60  # a panel may be so far off before it is a finding
BACK_S_MAX = 30  # and has to be so near to be right again, else it would come and go
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PanelTime:
    """A panel's time: `iso` without zone, as signals carry it; `corrected` where it was wrong."""

    iso: str
    corrected: bool = False

    @property
    def local(self) -> datetime:
        """The same as a value."""
        return datetime.fromisoformat(self.iso)


def panel_time(date: tuple[int, int, int], clock: tuple[int, int, int]) -> PanelTime:
    """Return year, month, day and hour, minute, second as a panel said them, put right.

    A second or minute of 60 and an hour of 24 are carried; a date that is in no calendar (day 0,
    month 13, February 30) becomes the nearest that is.
    """
    year, month, day = date
    fit_year = min(max(year, 1), 9998)
    fit_month = min(max(month, 1), 12)
    fit_day = min(max(day, 1), monthrange(fit_year, fit_month)[1])
    hour, minute, second = clock
    carried = timedelta(hours=hour, minutes=minute, seconds=second)
    told = datetime(fit_year, fit_month, fit_day) + carried  # noqa: DTZ001  panels tell no zone
    same = (told.year, told.month, told.day, told.hour, told.minute, told.second)
    return PanelTime(told.isoformat(), same != (*date, *clock))


def bcd(data: bytes) -> list[int]:
    """Return the number of two digits that each byte holds; halves above 9 count on."""
    return [10 * (byte >> 4) + (byte & 0x0F) for byte in data]


def bcd_time(data: bytes) -> PanelTime:
    """Return year (of this century), month, day, hour, minute and second, each a byte in BCD."""
    year, month, day, hour, minute, second = bcd(data)
    return panel_time((2000 + year, month, day), (hour, minute, second))


def digits_time(text: str) -> PanelTime:
    """Return year (of this century), month, day, hour, minute and second, two digits each."""
    year, month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(0, 12, 2))
    return panel_time((2000 + year, month, day), (hour, minute, second))


class PanelClock:
    """Compares a panel's clock with ours, and says what time to give it; `zone` is the site's.

    Without `summer_time` the panel's clock shows the zone's standard time all the year.

    clock = PanelClock(setup.zone)
    clock.read(happened)                  # each ClockRead
    clock.compare(time.local, now_ns)     # [Finding(...)] when it went off or came right
    """

    def __init__(self, zone: tzinfo, *, summer_time: bool = True) -> None:
        self._zone = zone
        self._summer_time = summer_time
        self._ours = ClockRead(None, Trust.UNSET)
        self._off = False

    def read(self, ours: ClockRead) -> None:
        """Take what our clock is worth from now on."""
        self._ours = ours

    def now(self, now_ns: int) -> datetime | None:
        """Return what the panel's clock should show; None unless our clock is synced."""
        offset_ns = self._ours.offset_ns
        if offset_ns is None or self._ours.trust is not Trust.SYNCED:
            return None
        utc = _EPOCH + timedelta(microseconds=(now_ns + offset_ns) // 1000)
        local = utc.astimezone(self._zone)
        summer = timedelta() if self._summer_time else local.dst() or timedelta()
        return local.replace(tzinfo=None) - summer

    def compare(self, told: datetime, now_ns: int) -> list[Finding]:
        """Judge what a panel's clock shows at `now_ns`; nothing unless ours is synced."""
        ours = self.now(now_ns)
        if ours is None:
            return []
        off_s = (told - ours).total_seconds()
        limit_s = BACK_S_MAX if self._off else OFF_S_MAX
        if (abs(off_s) > limit_s) is self._off:
            return []
        self._off = not self._off
        return [Finding(Cause.PANEL_CLOCK, self._off, f"{off_s:+.0f} s")]

    def compare_time_of_day(self, clock: tuple[int, int, int], now_ns: int) -> list[Finding]:
        """Judge hour, minute, second of a panel that says no date: half a day is the most."""
        ours = self.now(now_ns)
        if ours is None:
            return []
        hour, minute, second = clock
        midnight = ours.replace(hour=0, minute=0, second=0, microsecond=0)
        ahead = timedelta(hours=hour, minutes=minute, seconds=second) - (ours - midnight)
        return self.compare(ours + (ahead + _DAY / 2) % _DAY - _DAY / 2, now_ns)
