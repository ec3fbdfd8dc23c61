"""What is counted over many episodes: each figure with its interval, and its limit if any."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.intervals import Share
from bench.judged import Outcome
from bench.report import percentile


@dataclass(frozen=True, slots=True)
class Score:
    """One figure; `limit` None: stated, not judged.  `at_least`: it must not be below the limit."""

    name: str
    value: float
    low: float
    high: float
    unit: str = "%"
    limit: float | None = None
    at_least: bool = True
    count: int = 0

    @property
    def good(self) -> bool:
        """Whether the limit holds; where nothing was counted it does not."""
        if self.limit is None:
            return True
        if math.isnan(self.value):
            return False
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def text(self) -> str:
        """Return it as one line."""
        interval = f"[{self.low:6.2f}, {self.high:6.2f}]" if self.unit == "%" else " " * 16
        line = f"{self.name:62} {self.value:8.2f} {self.unit:4} {interval} of {self.count:6}"
        if self.limit is None:
            return line
        sense = "at least" if self.at_least else "at most"
        return f"{line}  {sense} {self.limit:g}   {'pass' if self.good else 'FAIL'}"


def share(name: str, part: Share, limit: float | None = None, *, at_least: bool = True) -> Score:
    """Return a share as a score in percent."""
    return Score(
        name, 100 * part.value, 100 * part.low, 100 * part.high, "%", limit, at_least, part.total
    )


def number(
    name: str, value: float, unit: str, limit: float | None = None, *, count: int = 0
) -> Score:
    """Return a measure that must not exceed its limit."""
    return Score(name, value, value, value, unit, limit, at_least=False, count=count)


def count(outcomes: Iterable[Outcome], hit: Callable[[Outcome], bool]) -> Share:
    """Return how many of the outcomes are such."""
    hits = [hit(outcome) for outcome in outcomes]
    return Share(sum(hits), len(hits))


# ---- which episodes


def genuine(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return burglaries, those freed by a valid code within five minutes left out."""
    return [o for o in outcomes if o.label["genuine"] and _intrusion(o) and not o.is_freed]


def false(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return false intrusion incidents.

    Where the panel called no alarm and the judge said nothing there was none: somebody came home.
    """
    return [
        o
        for o in outcomes
        if not o.label["genuine"] and _intrusion(o) and not (o.is_lost and o.label["raw_s"] is None)
    ]


def multi(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return burglaries that a second independent detector saw, and was heard to see."""
    return [
        o
        for o in genuine(outcomes)
        if o.label["second_s"] is not None
        and (not o.label["second_entry"] or o.label["kind"] == "insider")
    ]


def single(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return burglaries with one witness only."""
    several = {id(outcome) for outcome in multi(outcomes)}
    return [o for o in genuine(outcomes) if id(o) not in several]


def of_kind(outcomes: Iterable[Outcome], kind: str) -> list[Outcome]:
    """Return episodes of one kind."""
    return [outcome for outcome in outcomes if outcome.label["kind"] == kind]


def kept_low(outcome: Outcome) -> bool:
    """Whether it was left at tier 0 or 1."""
    return (outcome.final or 0) <= 1


def threshold_keeping(marks: Sequence[float], kept: int) -> float:
    """Return the highest threshold that `kept` of the marks reach; of none, one that none does."""
    return sorted(marks, reverse=True)[kept - 1] if kept else math.inf


def precision(outcomes: Sequence[Outcome]) -> Share:
    """Return how many of the intrusion incidents left at tier 2 or more are genuine."""
    high = [o for o in outcomes if _intrusion(o) and o.is_presence]
    return Share(sum(bool(o.label["genuine"]) for o in high), len(high))


def delays_s(outcomes: Iterable[Outcome]) -> list[float]:
    """Return the time from the second independent trip to the tier 2 that was kept."""
    found = []
    for outcome in multi(outcomes):
        at = outcome.raised_s()
        if at is not None and not outcome.label["second_entry"]:
            found.append(max(0.0, at - outcome.label["second_s"]))
    return found


def at(values: Sequence[float], part: float) -> float:
    """Return a percentile; of nothing, nan."""
    return percentile(values, part) if values else math.nan


def _intrusion(outcome: Outcome) -> bool:
    return bool(outcome.label["group"] == "intrusion")


@dataclass(slots=True)
class Card:
    """All scores of a run; prints as it grows unless it is to be one JSON object."""

    quiet: bool
    scores: list[Score] = field(default_factory=list)
    tables: dict[str, Any] = field(default_factory=dict)

    def add(self, score: Score) -> None:
        """Note a score."""
        self.scores.append(score)
        self.say(score.text())

    def say(self, text: str = "") -> None:
        """Print for people."""
        if not self.quiet:
            print(text, flush=True)

    def end(self) -> int:
        """Say the last word; return the exit code."""
        bad = [score.name for score in self.scores if not score.good]
        if self.quiet:
            scores = [
                {
                    "name": s.name, "value": s.value, "low": s.low, "high": s.high, "unit": s.unit,
                    "limit": s.limit, "at_least": s.at_least, "count": s.count, "good": s.good,
                }
                for s in self.scores
            ]  # fmt: skip
            print(json.dumps({"bench": "diagnosis", "scores": scores, "tables": self.tables}))
        else:
            print(f"\ndiagnosis: {'all hold' if not bad else f'{len(bad)} do not hold:'}")
            for name in bad:
                print(f"  {name}")
        return 1 if bad else 0
