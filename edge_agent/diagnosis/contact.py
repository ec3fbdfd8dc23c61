"""Decides what a detector's openings say of the detector itself: loose, stuck, dead, degraded.

People open doors for seconds and walk through rooms; a loose wire opens for milliseconds, a swollen
door swings, a reed that sticks never moves again, a dirty lens sees what is not there.  Of one
opening nobody can tell; of many one can.  What people do is learned for each hour of the week's
days, and compared with what the neighbours see in the same hour: a sale makes every detector trip
more often, a fault one.

ISA-18.2: three times to alarm and back within 60 s is chattering, active for 24 h stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, Average, Bucket, S, keep
from edge_agent.diagnosis.symptom import Switch, Symptom

MINUTE_NS = 60 * S


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLimits:
    """Parameters of the rules `contact.*` and `detector.*`."""

    bounce_ms: float = 300.0
    bounce_a_day: float = 5.0
    short_s: float = 1.0
    chatter_trips: int = 3
    chatter_window_s: float = 60.0
    flicker_s: float = 10.0
    stuck_h: float = 24.0
    stuck_motion_h: float = 8.0
    lone_trips: int = 3
    lone_days: float = 7.0
    rate_times: float = 5.0
    rate_z: float = 4.0
    rate_trips: int = 6
    rate_hours: int = 4
    rate_days: float = 2.0
    rate_day_trips: int = 12
    dead_h: float = 72.0
    dead_odds: float = 1e-3
    dead_odds_contact: float = 1e-8
    dead_never_days: int = 30


@dataclass(frozen=True, slots=True)
class Around:
    """What else is known at an opening.

    `armed`: somebody's presence is not expected.  `disturbed`: supply, bus or panel misbehave, or
    power has just come back, so that an opening says nothing of the detector.  `other_ns`: when
    another zone of the panel tripped last, None for never.
    """

    armed: bool = False
    disturbed: bool = False
    other_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour that is over, as a zone's area spent it.

    `slot` is the hour of the day, plus 24 on days of rest.  `disarmed`: for most of it.  `factor`:
    how many times as much as usual the neighbours saw; `active`: they saw somebody at all.
    """

    slot: int
    disarmed: bool
    active: bool
    factor: float = 1.0


class Contact:
    """One detector's openings.

    `motion`: it sees movement; `entry`: who comes home passes it; `known`: it is known which of the
    two it is.
    """

    __slots__ = (
        *("_active_days", "_before", "_chatter", "_day_expected", "_day_trips", "_day_usual"),
        *("_dead", "_entry", "_high", "_high_days", "_limits", "_lone", "_lonely", "_loose"),
        *("_loose_bucket", "_low_days", "_masked", "_motion", "_rate", "_scatter", "_silent_days"),
        *("_stuck", "_trips", "_usual", "_weak"),
        *("by_point", "hour_trips", "known", "moved_ns", "since_ns", "state", "trip_ns"),
    )

    def __init__(
        self, limits: ContactLimits, *, motion: bool, entry: bool = False, known: bool = True
    ) -> None:
        self._limits = limits
        self._motion = motion
        self._entry = entry
        self._loose_bucket = Bucket(limits.bounce_a_day)
        self._trips: list[int] = []
        self._lone: list[int] = []
        self._usual: dict[int, Average] = {}  # trips an hour, by slot
        self._scatter = Average(500)
        self._high: list[int] = []
        self._low_days = self._high_days = 0
        self._active_days = Average(30)
        self._day_usual = Average(30)  # trips of a day that has any
        self._silent_days = 0  # of use, without a trip
        self._day_trips, self._day_expected = 0, 0.0
        self.state = "closed"
        self.known = False  # whether any state was ever told
        self.by_point = False  # whether its panel tells the state, and not only alarms
        self.since_ns = 0
        self.moved_ns: int | None = None
        self.trip_ns: int | None = None
        self._before: str = "closed"
        self.hour_trips = 0
        self._loose = Switch("contact.loose")
        self._chatter = Switch("contact.chatter")
        self._lonely = Switch("contact.lone" if known and not motion else "detector.lone")
        self._rate = Switch("contact.rate" if known and not motion else "detector.rate")
        self._weak = Switch("detector.weak")
        self._stuck = Switch("detector.stuck")
        self._dead = Switch("detector.silent")
        self._masked = Switch("detector.masked")

    # ---- what others ask

    @property
    def day_trips(self) -> int:
        """Return how often it tripped today."""
        return self._day_trips

    def looseness(self, now_ns: int) -> float:
        """Return how full the bucket of loose contacts is: 1 is where it counts."""
        return self._loose_bucket.level(now_ns) / self._limits.bounce_a_day

    def expected(self, slot: int) -> float:
        """Return how many trips such an hour usually has.

        Before five such hours were seen, what the busiest hours known have stands in for it.
        """
        usual = self._usual.get(slot)
        if usual is not None and usual.seen >= 5:
            return usual.mean
        known = [one.mean for one in self._usual.values() if one.seen >= 2]
        return max(known) if len(known) >= 6 else 0.0

    def holds(self) -> Mapping[str, bool]:
        """Return which rules hold now."""
        parts = (self._loose, self._chatter, self._lonely, self._rate, self._weak, self._stuck)
        return {part.rule: part.on for part in (*parts, self._dead, self._masked)}

    # ---- what it says

    def handle(self, state: str, around: Around, now_ns: int) -> list[Symptom]:
        """Take the zone's state of `now_ns`; the same state again says nothing new."""
        was, since_ns = self.state, self.since_ns
        if state == was and self.known:
            return []
        first, self.known = not self.known, True
        self._before, self.state, self.since_ns = was, state, now_ns
        told = self._masked.set(state == "masked", "the detector says that it is covered")
        if first:
            return told
        self.moved_ns = now_ns
        if state == "open":
            told += self._opened(around, now_ns)
        if not around.disturbed:
            told += self._judge_pulse(was, state, now_ns - since_ns, now_ns)
        if state == "closed" and self._stuck.on:
            told += self._stuck.set(False, "it moved")
        return told

    def _opened(self, around: Around, now_ns: int) -> list[Symptom]:
        self.hour_trips += 1
        self._day_trips += 1
        self.trip_ns = now_ns
        told = self._dead.set(False, "it tripped")
        if around.disturbed:
            return told
        keep(self._trips, now_ns, self._limits.chatter_trips)
        spent_ns = now_ns - self._trips[0]
        within = spent_ns <= self._limits.chatter_window_s * S
        chatters = len(self._trips) == self._limits.chatter_trips and within
        if chatters and self._counts_as_chatter(around, spent_ns, now_ns):
            detail = f"{len(self._trips)} times open within {spent_ns / S:.0f} s"
            told += self._chatter.set(True, detail)
            self._trips.clear()
        return told

    def _counts_as_chatter(self, around: Around, spent_ns: int, now_ns: int) -> bool:
        """A door in use and a detector in a busy room open often: only speed tells them apart.

        So they do while armed, where other zones trip in between: somebody walks about.  A movement
        detector that sees somebody opens again and again, armed or not.
        """
        if self._motion:
            return False
        if spent_ns <= 2 * S * self._limits.chatter_trips:
            return True
        window_ns = int(self._limits.chatter_window_s * S)
        return around.armed and (around.other_ns is None or now_ns - around.other_ns > window_ns)

    def again(self, around: Around, now_ns: int) -> list[Symptom]:
        """It trips again, and its panel never told that the trip before was over.

        How long it was closed in between nobody knows; within a second it is the same trip, told
        twice.
        """
        if now_ns - self.since_ns < S:
            return []
        self.since_ns = self.moved_ns = now_ns
        return self._opened(around, now_ns)

    def _judge_pulse(self, was: str, state: str, lasted_ns: int, now_ns: int) -> list[Symptom]:
        limits = self._limits
        amount = 0.0
        if state in ("open", "closed") and was in ("open", "closed"):
            if lasted_ns < limits.bounce_ms * S // 1000:
                amount = 1.0
            elif was == "open" and lasted_ns < limits.short_s * S and not self._motion:
                amount = 0.5
            elif was == "open":
                amount = -0.1  # it opened and closed as it should
        elif state == "closed" and was in ("fault", "tamper") and lasted_ns < limits.flicker_s * S:
            amount = 1.0
        return self.suspect_loose(amount, now_ns, f"{was} for {lasted_ns / 1e6:.0f} ms")

    def suspect_loose(self, amount: float, now_ns: int, detail: str) -> list[Symptom]:
        """Add what speaks for a loose contact (a loop that jumps does as well)."""
        level = self._loose_bucket.add(amount, now_ns, 4 * self._limits.bounce_a_day)
        if self._loose.on:
            return []
        limit = self._limits.bounce_a_day
        said = f"{level:.0f} short interruptions within a day, the last {detail}"
        return self._loose.set(level >= limit, said)

    def alone(self, now_ns: int) -> list[Symptom]:
        """It tripped while armed, nobody else did, nobody came, and it was not an entry."""
        keep(self._lone, now_ns, self._limits.lone_trips)
        days = (now_ns - self._lone[0]) / DAY_NS
        enough = len(self._lone) == self._limits.lone_trips and days <= self._limits.lone_days
        if not enough:
            return []
        return self._lonely.set(True, f"{len(self._lone)} times within {days:.1f} d")

    # ---- hours and days

    def hour_over(self, hour: Hour, now_ns: int) -> list[Symptom]:
        """Judge the hour that ended: how often it tripped, and how long it stands open."""
        told = self._judge_stuck(now_ns)
        told += self._let_go(now_ns)
        trips, self.hour_trips = self.hour_trips, 0
        if not hour.disarmed:
            return told
        usual = self._usual.setdefault(hour.slot, Average(12))
        expected = self.expected(hour.slot) * max(hour.factor, 0.2)
        self._day_expected += expected if hour.active else 0.0
        if usual.seen >= 2 and self._is_high(trips, max(expected, 1.0)):
            keep(self._high, now_ns, self._limits.rate_hours)
            usual.add(self._limits.rate_times * max(expected, 1.0))  # a new habit is learned slowly
            return told + self._judge_rate(trips, expected, now_ns)
        if usual.seen >= 5:
            off = trips - usual.mean
            self._scatter.add(off * off / max(usual.mean, 1.0))
        usual.add(float(trips))
        return told

    def day_over(self, occupied: bool, factor: float, now_ns: int) -> list[Symptom]:
        """Judge the day that ended.

        `occupied`: somebody was there; `factor`: how many times their usual the neighbours saw.
        """
        trips, expected = self._day_trips, self._day_expected
        self._day_trips, self._day_expected = 0, 0.0
        if not occupied:
            return []
        told = self._judge_day(trips, factor, now_ns)
        told += self._judge_silence(trips, teaches=not self._high_days)
        return told + self._judge_weakness(trips, expected)

    def _judge_day(self, trips: int, factor: float, now_ns: int) -> list[Symptom]:
        """Two days far above the usual, where the neighbours' are not: for quiet detectors too."""
        limits, usual = self._limits, self._day_usual
        expected = max(usual.mean * max(factor, 0.5), 1.0)
        many = trips >= limits.rate_day_trips and trips > limits.rate_times * expected
        if usual.seen < 2 or not many or trips - expected <= limits.rate_z * sqrt(2 * expected):
            self._high_days = 0
            return []
        self._high_days += 1
        if self._high_days < limits.rate_days:
            return []
        keep(self._high, now_ns, self._limits.rate_hours)
        return self._rate.set(True, f"{trips} trips in a day, usually {expected:.1f}")

    def _judge_stuck(self, now_ns: int) -> list[Symptom]:
        limits = self._limits
        if not self.by_point and self.known:
            return []  # many panels never tell the end of an alarm
        if self.state not in ("open", "tamper", "fault"):
            return self._stuck.set(False, "it moved")
        hours = limits.stuck_motion_h if self._motion else limits.stuck_h
        stood_h = (now_ns - self.since_ns) / HOUR_NS
        return self._stuck.set(stood_h >= hours, f"{self.state} for {stood_h:.0f} h")

    def _let_go(self, now_ns: int) -> list[Symptom]:
        """End what did not show for a while."""
        told = []
        if self._loose.on and self._loose_bucket.level(now_ns) <= 0:
            told += self._loose.set(False, "no interruption for days")
        quiet_ns = now_ns - (self.trip_ns or 0)
        if self._chatter.on and quiet_ns > 7 * DAY_NS:
            told += self._chatter.set(False, "quiet for 7 d")
        if self._rate.on and now_ns - self._high[-1] > 2 * DAY_NS:
            told += self._rate.set(False, "as often as usual")
        if self._lonely.on and now_ns - self._lone[-1] > 7 * DAY_NS:
            told += self._lonely.set(False, "quiet for 7 d")
        return told

    def _is_high(self, trips: int, expected: float) -> bool:
        """Whether the hour was out of the ordinary, once some ordinary ones were seen."""
        limits = self._limits
        learned = sum(one.seen for one in self._usual.values())
        if learned < 16 or trips < limits.rate_trips or trips <= limits.rate_times * expected:
            return False
        spread = sqrt(expected * max(self._scatter.mean, 1.0))
        return trips - expected > limits.rate_z * spread

    def _judge_rate(self, trips: int, expected: float, now_ns: int) -> list[Symptom]:
        """One busy afternoon is a delivery; the same on the next day is the detector."""
        first_ns = self._high[0]
        enough = len(self._high) == self._limits.rate_hours
        lasts_ns = now_ns - first_ns
        if not enough or not 10 * HOUR_NS <= lasts_ns <= (self._limits.rate_days + 1) * DAY_NS:
            return []
        return self._rate.set(True, f"{trips} trips in an hour, usually {expected:.1f}")

    def _judge_silence(self, trips: int, *, teaches: bool) -> list[Symptom]:
        """Days without a trip, against how many days usually have one.

        Quiet days teach once it trips again: a silence that is being judged is no habit.
        """
        if trips:
            for _ in range(self._silent_days):
                self._active_days.add(0.0)
            self._active_days.add(1.0)
            if teaches:
                self._day_usual.add(float(trips))
            self._silent_days = 0
            return []
        self._silent_days += 1
        quiet = self._silent_days
        if self.trip_ns is None:
            never = (self._motion or self._entry) and quiet >= self._limits.dead_never_days
            return self._dead.set(True, f"never tripped in {quiet} days of use") if never else []
        if not self._is_too_quiet(quiet):
            return []
        return self._dead.set(True, f"no trip in {quiet} days of use")

    def _is_too_quiet(self, days: int) -> bool:
        """Whether chance explains the silence.

        Two witnesses: the share of days with trips, by Laplace's rule for what few days have
        taught, and how many trips a day has, counted as if five came together each time.
        """
        limits, usual = self._limits, self._active_days
        if days * 24 < limits.dead_h or usual.seen < 2:
            return False
        share = (usual.mean * usual.seen + 1) / (usual.seen + 2)
        a_day = usual.mean * self._day_usual.mean
        quiet_day = min(log(1 - share) if usual.seen >= 3 else 0.0, -a_day / 5)
        odds = limits.dead_odds if self._motion or self._entry else limits.dead_odds_contact
        return days * quiet_day < log(odds)

    def _judge_weakness(self, trips: int, expected: float) -> list[Symptom]:
        """A detector of movement that sees a fifth of what it did, while its neighbours do not."""
        if expected < 30:
            return []
        few = 0 < trips * self._limits.rate_times < expected
        self._low_days = self._low_days + 1 if few else 0
        if not self._motion or (self._low_days < 3 and not self._weak.on):
            return []
        return self._weak.set(few, f"{trips} trips in a day, {expected:.0f} were likely")
