"""What a part of the long run is asked, what it did, and how that is said."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum

FAILURES_SHOWN_MAX = 20


class Ending(StrEnum):
    """How a part ended."""

    WHOLE = "whole"
    OUT_OF_TIME = "out of time"
    INTERRUPTED = "interrupted"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that must not be, and the command that shows it again."""

    what: str
    again: str


@dataclass(slots=True)
class Result:
    """One part: grows while it runs, so that an interrupted run still says what it saw.

    `asked` None: as many as the time allows.  `facts` are counts of what was seen; `notes` are
    printed below the table.
    """

    name: str
    asked: int | None
    done: int = 0
    seconds: float = 0.0
    ending: Ending = Ending.WHOLE
    failures: list[Failure] = field(default_factory=list)
    facts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def fail(self, what: str, again: str) -> None:
        self.failures.append(Failure(what, again))

    def plain(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self) | {"facts": dict(self.facts), "notes": self.notes}


class Watch:
    """Says how far a part is, and when its time is over."""

    def __init__(
        self,
        result: Result,
        clock: Callable[[], float],
        show: Callable[[str], None],
        seconds_max: float | None = None,
    ) -> None:
        self.result = result
        self._clock, self._show = clock, show
        self._began_s = clock()
        self._end_s = None if seconds_max is None else self._began_s + seconds_max
        self._failures_shown = 0

    def interrupt(self) -> None:
        """Let nothing further begin."""
        self.result.ending = Ending.INTERRUPTED

    def is_over(self) -> bool:
        """Return whether no further work may begin; says so in the result."""
        self.result.seconds = self._clock() - self._began_s
        if self.result.ending is Ending.INTERRUPTED:
            return True
        if self._end_s is None or self._clock() < self._end_s:
            return False
        if self.result.asked is not None:
            self.result.ending = Ending.OUT_OF_TIME
        return True

    def look(self) -> None:
        """Show progress, and each failure at once."""
        self.result.seconds = self._clock() - self._began_s
        failures = self.result.failures
        for failure in failures[self._failures_shown : FAILURES_SHOWN_MAX]:
            self._show(f"FAILED {failure.what}\n  again: {failure.again}\n")
        self._failures_shown = len(failures)
        left_s = None if self._end_s is None else self._end_s - self._clock()
        self._show(progress(self.result, left_s))


def progress(result: Result, time_left_s: float | None = None) -> str:
    """Return one line: done, rate, time left, failures."""
    of = "" if result.asked is None else f"/{result.asked:,}"
    rate = result.done / result.seconds if result.seconds > 0 else 0.0
    left_s = time_left_s
    if result.asked is not None and rate > 0:
        by_rate_s = (result.asked - result.done) / rate
        left_s = by_rate_s if left_s is None else min(by_rate_s, left_s)
    left = "" if left_s is None else f"  {duration(left_s)} left"
    failed = f"  {len(result.failures)} FAILED" if result.failures else ""
    return f"{result.name:<9}{result.done:>8,}{of}  {rate:.2f}/s{left}{failed}"


def duration(seconds: float) -> str:
    """Return it as people say it: 45 s, 12 min, 3 h 05 min."""
    minutes = round(max(seconds, 0) / 60)
    if seconds < 100:
        return f"{max(seconds, 0):.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


def table(results: list[Result]) -> str:
    """Return the closing table."""
    lines = [f"{'part':<10}{'done':>10}{'asked':>10}{'failed':>8}{'took':>12}  ended"]
    for one in results:
        asked = "-" if one.asked is None else f"{one.asked:,}"
        lines.append(
            f"{one.name:<10}{one.done:>10,}{asked:>10}{len(one.failures):>8}"
            f"{duration(one.seconds):>12}  {one.ending}"
        )
    lines += ["", *filter(None, map(facts, results))]
    return "\n".join(lines)


def facts(result: Result) -> str:
    """Return one line of what was counted."""
    counted = ", ".join(f"{count:,} {what}" for what, count in result.facts.items())
    return f"{result.name}: {counted}" if counted else ""


def verdict(results: list[Result]) -> int:
    """Return the exit code: 1 where anything failed, 130 where it was interrupted, else 0."""
    if any(one.failures for one in results):
        return 1
    return 130 if any(one.ending is Ending.INTERRUPTED for one in results) else 0
