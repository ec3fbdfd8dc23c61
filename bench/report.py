"""What a bench program says: facts, measures against their limits, and the exit code."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """One measure against its limit; `why` says where the limit comes from."""

    name: str
    measured: float
    limit: float
    unit: str
    why: str

    @property
    def good(self) -> bool:
        return self.measured <= self.limit


@dataclass(slots=True)
class Report:
    """Prints as it grows, so that a long run shows where it is; `quiet`: one JSON at the end."""

    name: str
    quiet: bool = False
    facts: dict[str, float | str] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    def fact(self, name: str, value: float | str, unit: str = "") -> None:
        """Note what was measured and has no limit of its own."""
        self.facts[f"{name} {unit}".strip()] = value
        text = value if isinstance(value, str) else f"{value:,.{places(value)}f}"
        self._print(f"{name:58} {text:>12} {unit}")

    def check(self, name: str, measured: float, limit: float, unit: str, why: str) -> None:
        """Note a measure that must not exceed `limit`."""
        check = Check(name, measured, limit, unit, why)
        self.checks.append(check)
        verdict = "good" if check.good else "BEYOND THE LIMIT"
        self._print(
            f"{name:58} {measured:12,.{places(measured)}f} {unit:5}  "
            f"limit {limit:,.{places(limit)}f} ({why})   {verdict}"
        )

    def end(self) -> int:
        """Say the last word; return the exit code."""
        good = all(check.good for check in self.checks)
        if self.quiet:
            checks = [{**asdict(check), "good": check.good} for check in self.checks]
            print(json.dumps({"bench": self.name, "facts": self.facts, "checks": checks}))
        else:
            bad = [check.name for check in self.checks if not check.good]
            print(f"{self.name}: {'all within limits' if good else 'BEYOND: ' + ', '.join(bad)}")
        return 0 if good else 1

    def _print(self, line: str) -> None:
        if not self.quiet:
            print(line, flush=True)


def places(value: float) -> int:
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of all are not above."""
    assert values, "nothing was measured"
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the median; nothing measured is a failed run."""
    assert values, "nothing was measured"
    return statistics.median(values)
