"""Decides what a supply's voltage means: low, sagging, a battery that fails, and when it will.

Three things look alike on a meter.  A power supply that fails sags while the mains is there; a
battery that is empty sags because the mains is not; a battery that ages sags only under load, a
little more each week.  So a reading counts with what else is known: whether the mains is there, and
whether it was a load test.

Levels for sealed lead-acid sets: low at 11.2 V of 12, good again at 12.0 V; a 24 V set below 24.4 V
with its charger off.  A set is taken for 24 V where it shows over 18.
"""

from collections import deque
from dataclasses import dataclass
from math import isfinite, sqrt

from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, Average, Slope, Trend
from edge_agent.diagnosis.symptom import Switch, Symptom

VOLTS_MAX = 60.0  # more is no battery-backed supply
FLOATS_MIN = 8  # readings after which the floating level is known
SAG_V = 0.3  # of 12 V below it: the supply's doing, and load tests fall with it
SAG_DAYS = 7.0  # what stays lower for longer is the level now: somebody has set the charger


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLimits:
    """Parameters of the rules `supply.*` and `battery.*`; `_12` and `_24` by the set's voltage."""

    low_12_v: float = 11.2
    good_12_v: float = 12.0
    low_24_v: float = 22.4
    off_low_24_v: float = 24.4
    good_24_v: float = 24.8
    foresee_days: float = 7.0
    fall_v: float = 0.25
    drop_v: float = 0.5
    recharge_h: float = 48.0
    slow_h: float = 48.0


class Volts:
    """One supply of a panel."""

    def __init__(self, limits: SupplyLimits) -> None:
        self._limits = limits
        self._most = 0.0
        self._hours = Trend(HOUR_NS, 48)
        self._days = Trend(DAY_NS, 21)
        self._tests = Trend(HOUR_NS, 42)
        self._newest: deque[tuple[int, float]] = deque(maxlen=3)  # load tests that count
        self._scatter = Average(30)  # of one load test against the one before, squared
        self._drained_ns: int | None = None  # when its panel last ran on it
        self._usual: float | None = None  # the level before what happens now
        self._usual_ns: int | None = None
        self._supply_low = Switch("supply.sags")
        self._battery_low = Switch("battery.low")
        self._battery_trend = Switch("battery.trend")
        self._supply_trend = Switch("supply.trend")
        self._float = Average(48)  # the level while the mains is there and nothing loads it
        self._sagged_ns: int | None = None  # since when it is below that
        self._tested = False  # whether its battery is ever tested under load
        self.low_since_ns: int | None = None
        self.low_until_ns: int | None = None

    @property
    def failing(self) -> bool:
        """Whether what hangs on this supply may misbehave for it."""
        return self._supply_low.on or self._battery_low.on

    @property
    def battery_suspect(self) -> bool:
        """Whether its battery is low or about to be."""
        return self._battery_low.on or self._battery_trend.on

    def handle(
        self, volts: float, *, load_test: bool, mains_lost: bool, now_ns: int
    ) -> list[Symptom]:
        """Take a reading; `mains_lost`: its panel runs on battery."""
        if not isfinite(volts) or not 0 <= volts <= VOLTS_MAX:
            return []
        self._most = max(self._most, volts)
        if mains_lost:
            self.drained(now_ns)
        off = load_test or mains_lost
        told = self._judge_level(volts, off, now_ns)
        if load_test:
            self._tested = True
            self._tests.add(volts, now_ns)
            if self._sagged_ns is not None:
                return told  # how the battery is cannot be told while its charger fails
            slopes = [self._tests.slope(last, running=True) for last in (6, 12, None)]
            slopes.insert(0, self._drop(volts, now_ns))
            told += self._judge_trend(self._battery_trend, slopes, "load test")
        elif not mains_lost:
            self._judge_float(volts, now_ns)
            hour_done = self._hours.add(volts, now_ns)
            self._days.add(volts, now_ns)
            if hour_done and not self._supply_low.on:  # what has fallen needs no forecast
                told += self._judge_fall()
        return told

    def _judge_float(self, volts: float, now_ns: int) -> None:
        """See whether the charger holds its level."""
        scale = 2.0 if self._most > 18 else 1.0
        since_ns = self._sagged_ns
        if self._float.seen >= FLOATS_MIN and volts < self._float.mean - SAG_V * scale:
            self._sagged_ns = since_ns = now_ns if since_ns is None else since_ns
            if now_ns - since_ns <= SAG_DAYS * DAY_NS:
                return
            self._float = Average(48)
        self._sagged_ns = None
        self._float.add(volts)

    def drained(self, now_ns: int) -> None:
        """The panel runs on the battery: what a load test shows next is how full it is."""
        self._drained_ns = now_ns
        self._newest.clear()

    def told_low(self, on: bool, detail: str, now_ns: int) -> list[Symptom]:
        """The panel itself says that the battery is low, or good again."""
        self._mark(on or self._supply_low.on, now_ns)
        return self._battery_low.set(on, detail)

    # ---- level

    def _levels(self, off: bool) -> tuple[float, float]:
        limits = self._limits
        if self._most <= 18:
            return limits.low_12_v, limits.good_12_v
        return (limits.off_low_24_v if off else limits.low_24_v), limits.good_24_v

    def _judge_level(self, volts: float, off: bool, now_ns: int) -> list[Symptom]:
        low, good = self._levels(off)
        detail = f"{volts:.2f} V, limit {low:.1f}"
        if volts < low:
            self._mark(True, now_ns)
            known = self._supply_low.on and not off
            if not known and (off or self._is_battery(volts, now_ns)):
                return self._battery_low.set(True, detail)
            return [] if self._battery_low.on else self._supply_low.set(True, detail)
        if volts >= good:
            if not off:
                self._usual, self._usual_ns = volts, now_ns
            self._mark(False, now_ns)
            told = self._supply_low.set(False, detail) if not off else []
            # a charger hides an empty battery: only a load test, or the panel, clears it
            return told + (self._battery_low.set(False, detail) if off else [])
        return []

    def _is_battery(self, volts: float, now_ns: int) -> bool:
        """Whether it is the battery that is low, though the mains is there.

        A supply breaks within hours; what takes days is a battery that empties or ages.
        """
        if self._tested or self._usual is None or self._usual_ns is None or self._usual <= volts:
            return False
        slow = now_ns - self._usual_ns > self._limits.slow_h * HOUR_NS
        return slow or self._battery_trend.on

    def _mark(self, low: bool, now_ns: int) -> None:
        if low:
            self.low_since_ns = now_ns if self.low_since_ns is None else self.low_since_ns
            self.low_until_ns = None
        elif self.low_since_ns is not None:
            self.low_since_ns, self.low_until_ns = None, now_ns

    # ---- trend

    def _judge_fall(self) -> list[Symptom]:
        """Judge a fall without load: of the supply, or of a battery that nobody tests otherwise.

        Where load tests tell of the battery, what is seen between them is the supply.  Without
        them days of falling are a battery's way, and hours a supply's.
        """
        days = [self._days.slope(5), self._days.slope(10), self._days.slope()]
        hours = [self._hours.slope() if len(self._hours) >= 24 else None]
        if self._tested:
            return self._judge_trend(self._supply_trend, [*hours, *days], "level")
        told = self._judge_trend(self._battery_trend, days, "level")
        return told or self._judge_trend(self._supply_trend, hours, "level")

    def _drop(self, volts: float, now_ns: int) -> Slope | None:
        """Return the line through three load tests of which each is lower, far out of their usual
        scatter: a battery that fails within days gives no time for more of them.

        After the mains was gone a battery is not full, and tests low without being worse.
        """
        limits, newest = self._limits, self._newest
        drained_ns = self._drained_ns
        if drained_ns is not None and now_ns - drained_ns < limits.recharge_h * HOUR_NS:
            return None
        if newest and now_ns - newest[-1][0] < HOUR_NS:
            return None  # a test repeated tells no more than the first
        newest.append((now_ns, volts))
        if len(newest) < 3:
            return None
        (first_ns, first), (_, middle), _ = newest
        usual = sqrt(self._scatter.mean)
        known = self._scatter.seen >= 3
        self._scatter.add((middle - first) ** 2)
        scale = 2.0 if self._most > 18 else 1.0
        fell = first - volts
        if not known or not first > middle > volts or fell < limits.drop_v * scale:
            return None
        a_day = -fell * DAY_NS / (now_ns - first_ns)
        return Slope(first, volts, a_day, fell / max(usual, 1e-3))

    def _judge_trend(self, switch: Switch, slopes: list[Slope | None], what: str) -> list[Symptom]:
        known = [slope for slope in slopes if slope is not None]
        for slope in known:
            days = self._days_left(slope)
            if days is not None:
                detail = (
                    f"{what} {slope.end:.2f} V, {slope.a_day:+.2f} V a day: low in {days:.1f} d"
                )
                return switch.set(True, detail)
        if not known or not switch.on:
            return []
        newest = known[0]
        recovered = newest.a_day >= 0 and newest.end > self._levels(off=True)[0]
        return switch.set(not recovered, "steady again")

    def _days_left(self, slope: Slope) -> float | None:
        """Return in how many days the battery is low, None where it does not fall for certain."""
        limits, scale = self._limits, 2.0 if self._most > 18 else 1.0
        if slope.a_day >= 0 or slope.sure < 6 or slope.begin - slope.end < limits.fall_v * scale:
            return None
        days = slope.days_to(self._levels(off=True)[0])
        return days if days is not None and days <= limits.foresee_days else None
