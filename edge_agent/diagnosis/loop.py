"""Decides what a detection loop's resistance means: cut, short, drift, intermittent contact.

A loop at rest shows its end-of-line resistor and the cable.  Both are steady: what moves them is
water in a joint (lower), corrosion (higher), and a wire that breaks or touches (at once).  The
bands are those of a common panel with 1 kOhm resistors, taken as ratios so that they fit any other:
below 0.8 tamper, up to 0.9 low, up to 1.2 normal, 1.3 to 3.5 open, above 19 cut.

A single resistor reads like a cut when its door opens.  So how this loop looks when open is learned
first; where it is not known, only time tells the two apart.
"""

from dataclasses import dataclass
from math import isfinite, sqrt

from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, Average, Latest, S, Settling, Trend
from edge_agent.diagnosis.symptom import Switch, Symptom

OHMS_MAX = 1e9  # an open circuit, as some panels put it; more says nothing more
NOMINAL_OHMS_MIN = 50  # below it the loop has no resistor, and a short is its rest


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLimits:
    """Parameters of the rules `loop.*`; ratios are to the loop's own level at rest."""

    short_ratio: float = 0.4
    cut_ratio: float = 10.0
    drift_share: float = 0.08
    band_low: float = 0.9
    band_high: float = 1.2
    foresee_days: float = 14.0
    spike_share: float = 0.15
    settle_s: float = 2.0
    open_patience_h: float = 4.0
    open_patience_motion_min: float = 10.0


class Loop:
    """One zone's loop; `eol_ohms` is its resistor where the site tells it."""

    def __init__(self, limits: LoopLimits, eol_ohms: float | None, *, motion: bool) -> None:
        self._limits = limits
        self._eol_ohms = eol_ohms
        self._patience_ns = int(
            limits.open_patience_motion_min * 60 * S if motion else limits.open_patience_h * HOUR_NS
        )
        self._first = Average(10_000)  # of the first day: its level, with the day's wave in it
        self._first_ns: int | None = None
        self._recent = Latest(3)
        self._now = Settling(2 * HOUR_NS)
        self._slow = Settling(48 * HOUR_NS)
        self._noise = Average(200)  # of a reading against the one before, squared
        self._last: float | None = None
        self._days = Trend(DAY_NS, 21)
        self._hours = Trend(HOUR_NS, 24)
        self._hourly = Average(24 * 7)
        self._open_ratio = Average(8)
        self._suspect: tuple[str, int, int] | None = None  # cut or short, since, readings
        self._previous: tuple[float, int] | None = None  # ratio and time of the last at rest
        self._spike: float | None = None
        self._cut, self._short = Switch("loop.cut"), Switch("loop.short")
        self._drift = Switch("loop.drift")
        self._trend = Switch("loop.trend")

    # ---- what others ask

    @property
    def level(self) -> float | None:
        """Return the loop's own resistance at rest, as learned; None before the first reading."""
        if self._first.seen:
            return self._first.mean
        return self._eol_ohms or self._recent.median

    @property
    def deviation(self) -> float | None:
        """Return how far the last hours are off the level, as a share (0.1: higher)."""
        now, level = self._now.value, self.level
        if now is None or not level or not self._recent.full:
            return None
        return now / level - 1

    @property
    def jump(self) -> float:
        """Return how far the loop moved within hours; 0 where noise or its day's wave do so."""
        middle, level, slow = self._recent.median, self.level, self._slow.value
        if middle is None or not level or slow is None or self._first.seen < 4:
            return 0.0
        moved = (middle - slow) / level
        noise = 3 * sqrt(self._noise.mean / 2) / level
        wave = 4 * self._hourly.spread if self._hourly.seen >= 24 else 0.06
        return moved if abs(moved) > max(noise, wave) else 0.0

    @property
    def broken(self) -> bool:
        """Whether the loop is cut or shorted: nothing else about this zone can be judged."""
        return self._cut.on or self._short.on

    @property
    def suspect(self) -> bool:
        """Whether the last reading was far out, though it does not count yet."""
        return self._suspect is not None or self.broken

    @property
    def drifting(self) -> bool:
        """Whether the loop has left its level or is about to leave its band."""
        return self._drift.on or self._trend.on

    def holds(self) -> dict[str, bool]:
        """Return which rules hold now."""
        return {one.rule: one.on for one in (self._cut, self._short, self._drift, self._trend)}

    # ---- readings

    def handle(
        self, ohms: float, state: str, moved_ns: int | None, now_ns: int
    ) -> tuple[list[Symptom], bool]:
        """Take a reading while the zone is in `state`, which it took at `moved_ns`.

        Return what changed, and whether the loop jumped and came back: a contact that fails for a
        moment.
        """
        if not isfinite(ohms) or ohms < 0:
            ohms = OHMS_MAX
        level = self.level or ohms
        ratio = min(ohms, OHMS_MAX) / max(level, 1e-9)
        fresh = moved_ns is not None and now_ns - moved_ns < self._limits.settle_s * S
        told = self._judge_break(ratio, level, state, now_ns)
        if self._suspect is not None or fresh or state in ("open", "tamper", "fault", "masked"):
            if state == "open" and not fresh and self._suspect is None:
                self._open_ratio.add(min(ratio, 1_000.0))
            self._previous, self._spike = None, None
            return told, False
        spiked = self._judge_spike(ratio, moved_ns, now_ns)
        if self._spike is None:
            told += self._learn(min(ohms, OHMS_MAX), now_ns)
        return told, spiked

    # ---- cut and short

    def _judge_break(self, ratio: float, level: float, state: str, now_ns: int) -> list[Symptom]:
        kind = self._kind_of(ratio, level)
        if kind is None or not self._counts(kind, state):
            self._suspect = None
            if kind is None and 0.5 < ratio < 3.5:
                return [*self._cut.set(False, "whole again"), *self._short.set(False, "clear")]
            return []
        if self._suspect is None or self._suspect[0] != kind:
            self._suspect = (kind, now_ns, 0)
        _, since_ns, readings = self._suspect
        self._suspect = (kind, since_ns, readings + 1)
        patience_ns = self._patience_ns if self._is_ambiguous(kind, state) else 0
        sure = state in ("tamper", "fault") or readings >= 1
        if not sure or now_ns - since_ns < patience_ns:
            return []
        detail = f"{ratio * level:.0f} ohms, at rest {level:.0f}"
        if kind == "cut":
            return [*self._short.set(False), *self._cut.set(True, detail)]
        return [*self._cut.set(False), *self._short.set(True, detail)]

    def _kind_of(self, ratio: float, level: float) -> str | None:
        if ratio >= self._limits.cut_ratio and ratio * level > 1_000:
            return "cut"
        if ratio <= self._limits.short_ratio and level >= NOMINAL_OHMS_MIN:
            return "short"
        return None

    def _counts(self, kind: str, state: str) -> bool:
        """Whether an open zone's reading may be a break: not where openings look just so."""
        if state != "open" or self._open_ratio.seen == 0:
            return True
        usual = self._open_ratio.mean
        alike = usual >= self._limits.cut_ratio if kind == "cut" else usual <= 0.5
        return not alike

    def _is_ambiguous(self, kind: str, state: str) -> bool:
        return state == "open" and self._open_ratio.seen == 0 and kind in ("cut", "short")

    # ---- intermittent contact

    def _judge_spike(self, ratio: float, moved_ns: int | None, now_ns: int) -> bool:
        """Judge the reading before this one: it stood alone, and the zone did not move."""
        limit = self._limits.spike_share
        middle, level = self._recent.median, self.level
        if middle is None or not level or not self._recent.full:
            self._previous = (ratio, now_ns)
            return False
        usual = middle / level
        off = abs(ratio - usual) > limit
        came_back = self._spike is not None and not off
        at_rest = self._previous is None or moved_ns is None or moved_ns < self._previous[1]
        if off and self._spike is not None and abs(ratio - self._spike) < limit / 2:
            self._spike = None  # it stayed there: a step, not a spike
        else:
            self._spike = ratio if off and self._spike is None else None
        self._previous = (ratio, now_ns)
        return came_back and at_rest

    # ---- level and drift

    def _learn(self, ohms: float, now_ns: int) -> list[Symptom]:
        if self._last is not None:
            self._noise.add((ohms - self._last) ** 2)
        self._last = ohms
        self._recent.add(ohms)
        middle = self._recent.median
        if middle is not None and self._recent.full:
            if self._is_learning(now_ns) and not self._is_far_from_resistor(middle):
                self._first.add(middle)
            self._now.add(middle, now_ns)
            self._slow.add(middle, now_ns)
        day_done = self._days.add(ohms, now_ns)
        hour_done = self._hours.add(ohms, now_ns)
        level = self.level
        if hour_done and level and (mean := self._hours.last) is not None and not self._drift.on:
            self._hourly.add(mean / level - 1)
        told = self._judge_level()
        if day_done or hour_done:
            told += self._judge_trend()
        return told

    def _is_learning(self, now_ns: int) -> bool:
        if self._first_ns is None:
            self._first_ns = now_ns
        return self._first.seen < 4 or now_ns - self._first_ns < DAY_NS

    def _is_far_from_resistor(self, ohms: float) -> bool:
        """A loop that is off its resistor from the start is not learned as normal."""
        if self._eol_ohms is None:
            return False
        return not self._limits.band_low <= ohms / self._eol_ohms <= self._limits.band_high

    def _judge_level(self) -> list[Symptom]:
        off, limit = self.deviation, self._limits.drift_share
        if off is None:
            return []
        on = abs(off) > (limit * 0.6 if self._drift.on else limit)
        return self._drift.set(on, f"{off:+.1%} of {self.level:.0f} ohms, limit {limit:.0%}")

    def _judge_trend(self) -> list[Symptom]:
        level = self.level
        if not level or self._first.seen < 4:
            return []
        found = self._daily(level) or self._hourly_run(level)
        if found is None:
            off = self.deviation or 0.0
            return self._trend.set(self._trend.on and abs(off) > 0.015, "steady again")
        days, a_day = found
        return self._trend.set(True, f"{a_day / level:+.1%} a day: leaves its band in {days:.1f} d")

    def _daily(self, level: float) -> tuple[float, float] | None:
        """The line through days: slow drift, long before it matters."""
        for last in (5, 10, None):  # a drift may have begun any day
            slope = self._days.slope(last)
            if slope is None or slope.sure < 6 or abs(slope.end / level - 1) < 0.02:
                continue
            if (found := self._reaches(slope.end, slope.a_day, level)) is not None:
                return found
        return None

    def _hourly_run(self, level: float) -> tuple[float, float] | None:
        """The line through the last hours: drift that would be there before the days tell.

        It must stand out of what the loop does each day by itself.
        """
        slope = self._hours.slope(8)
        if slope is None or slope.sure < 6 or self._hourly.seen < 24:
            return None
        if abs(slope.end / level - 1) < max(0.04, 4 * self._hourly.spread):
            return None
        return self._reaches(slope.end, slope.a_day, level)

    def _reaches(self, end: float, a_day: float, level: float) -> tuple[float, float] | None:
        limits = self._limits
        band = limits.band_high if a_day > 0 else limits.band_low
        left = band * level - end
        if left * a_day <= 0:  # it is beyond already
            return (0.0, a_day) if abs(end / level - 1) > 0.05 else None
        days = left / a_day
        return (days, a_day) if days <= limits.foresee_days else None
