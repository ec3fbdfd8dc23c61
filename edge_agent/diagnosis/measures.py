"""What the machines of detector and line health measure with: bounded, without I/O.

Each keeps a fixed number of values however long it runs, and takes the time as an argument: days
pass in a test within milliseconds.
"""

from dataclasses import dataclass
from math import exp, sqrt
from typing import TypeVar

S = 1_000_000_000
HOUR_NS = 3_600 * S
DAY_NS = 24 * HOUR_NS

_Value = TypeVar("_Value")


def keep(values: list[_Value], value: _Value, most: int) -> None:
    """Append a value and let go of the oldest beyond `most` (1 or more, a few dozen).

    A deque would do it, but its first block takes 700 octets however short it is, and a site has
    thousands of zones with several of them each.
    """
    values.append(value)
    del values[:-most]


class Bucket:
    """Counts what is rare and forgets it: a bucket that leaks `leak_a_day` a day.

    A burst and a slow repetition fill it alike, and what happens once a month never does.
    """

    __slots__ = ("_at_ns", "_leak_a_day", "_level")

    def __init__(self, leak_a_day: float) -> None:
        self._leak_a_day = leak_a_day
        self._level = 0.0
        self._at_ns: int | None = None

    def add(self, amount: float, now_ns: int, most: float = 1_000.0) -> float:
        """Add `amount` (below 0 takes away) and return the level, 0 to `most`."""
        self._level = min(max(self.level(now_ns) + amount, 0.0), most)
        self._at_ns = now_ns
        return self._level

    def level(self, now_ns: int) -> float:
        """Return what is left now."""
        if self._at_ns is None:
            return 0.0
        gone_days = max(now_ns - self._at_ns, 0) / DAY_NS
        return max(self._level - gone_days * self._leak_a_day, 0.0)


class Latest:
    """The last few values and their median: one wild reading does not move it."""

    __slots__ = ("_count", "_values")

    def __init__(self, count: int) -> None:
        self._count = count
        self._values: list[float] = []

    def add(self, value: float) -> None:
        """Take a value."""
        keep(self._values, value, self._count)

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()

    @property
    def full(self) -> bool:
        """Whether as many values are there as it holds."""
        return len(self._values) == self._count

    @property
    def median(self) -> float | None:
        """Return the middle of what is there, of two the mean."""
        # by hand: the library's `statistics` takes 0.15 MB of every gateway
        values = sorted(self._values)
        if not values:
            return None
        half = len(values) // 2
        return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


class Average:
    """A mean and a variance that follow slowly: after `count` values an old one has little weight.

    The first `count` values weigh the same, so that it is right from the start.
    """

    __slots__ = ("_count", "_variance", "mean", "seen")

    def __init__(self, count: int) -> None:
        self._count = count
        self.seen = 0
        self.mean = 0.0
        self._variance = 0.0

    def add(self, value: float) -> None:
        """Take a value."""
        self.seen = min(self.seen + 1, self._count)
        weight = 1 / self.seen
        off = value - self.mean
        self.mean += weight * off
        self._variance = (1 - weight) * (self._variance + weight * off * off)

    @property
    def spread(self) -> float:
        """Return the standard deviation."""
        return sqrt(self._variance)


class Settling:
    """A level that follows with a time constant, whatever the pace of the readings."""

    __slots__ = ("_at_ns", "_constant_ns", "value")

    def __init__(self, constant_ns: int) -> None:
        self._constant_ns = constant_ns
        self._at_ns: int | None = None
        self.value: float | None = None

    def add(self, value: float, now_ns: int) -> float:
        """Take a value; return the level after it."""
        if self.value is None or self._at_ns is None:
            self.value = value
        else:
            passed = max(now_ns - self._at_ns, 0) / self._constant_ns
            self.value += (1 - exp(-passed)) * (value - self.value)
        self._at_ns = now_ns
        return self.value


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line through values over time.

    `begin` and `end` are its values at the first and the last of them, `a_day` its rise, `sure` how
    many times its uncertainty the rise is (Student's t).
    """

    begin: float
    end: float
    a_day: float
    sure: float

    def days_to(self, limit: float) -> float | None:
        """Return in how many days the line reaches `limit`, None if it goes away from it."""
        left = limit - self.end
        if self.a_day == 0 or left * self.a_day < 0:
            return None
        return left / self.a_day


class Trend:
    """Means over equal spans of time, and the line through the last `count` of them.

    A span of a day takes out what returns each day: sun on a wall, a charger's cycle.
    """

    __slots__ = ("_count", "_number", "_points", "_span", "_span_ns", "_sum")

    def __init__(self, span_ns: int, count: int) -> None:
        self._span_ns = span_ns
        self._count = count
        self._points: list[tuple[float, float]] = []
        self._span: int | None = None
        self._sum = 0.0
        self._number = 0

    def add(self, value: float, now_ns: int) -> bool:
        """Take a value; return whether a span was completed by it."""
        span = now_ns // self._span_ns
        if span == self._span:
            self._sum += value
            self._number += 1
            return False
        done = self._span is not None and self._number > 0
        if done and self._span is not None:
            middle_days = (self._span + 0.5) * self._span_ns / DAY_NS
            keep(self._points, (middle_days, self._sum / self._number), self._count)
        self._span, self._sum, self._number = span, value, 1
        return done

    def clear(self) -> None:
        """Forget all: what is measured is another thing now."""
        self._points.clear()
        self._span, self._sum, self._number = None, 0.0, 0

    def __len__(self) -> int:
        return len(self._points)

    @property
    def last(self) -> float | None:
        """Return the mean of the last complete span."""
        return self._points[-1][1] if self._points else None

    def slope(self, last: int | None = None, *, running: bool = False) -> Slope | None:
        """Return the line through the newest `last` points (all of them); None below four.

        `running`: with the span that is not over yet.
        """
        points = list(self._points)
        if running and self._span is not None:
            points.append(((self._span + 0.5) * self._span_ns / DAY_NS, self._sum / self._number))
        points = points[-last:] if last else points
        if len(points) < 4:
            return None
        return line_through(points)


def line_through(points: list[tuple[float, float]]) -> Slope | None:
    """Return the least-squares line through (days, value); None where all are of one time."""
    count = len(points)
    x_mean = sum(x for x, _ in points) / count
    y_mean = sum(y for _, y in points) / count
    spread = sum((x - x_mean) ** 2 for x, _ in points)
    if spread <= 0:
        return None
    a_day = sum((x - x_mean) * (y - y_mean) for x, y in points) / spread
    left = sum((y - y_mean - a_day * (x - x_mean)) ** 2 for x, y in points)
    # a line without any scatter would be infinitely sure: a thousandth of a unit is always there
    error = sqrt((left / max(count - 2, 1) + 1e-9) / spread)
    begin, end = (y_mean + a_day * (x - x_mean) for x in (points[0][0], points[-1][0]))
    return Slope(begin, end, a_day, abs(a_day) / error)
