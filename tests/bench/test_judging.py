"""What the program about the cost of judging judges, on made-up measurements."""

from collections.abc import Callable
from typing import Any

from bench.judging import ADDED_MS_MAX, BURGLARY, Sizes, compare
from bench.report import Report


class Pair:
    """Each kind takes so long: judged, and not."""

    def __init__(self, **took: tuple[float, float]) -> None:
        self.took = took

    def say(
        self, code: str, count: int, going_on: Callable[[], bool] = lambda: True
    ) -> tuple[list[float], list[float]]:
        judged, plain = self.took["burglary" if code == BURGLARY else "panic"]
        return [judged] * count, [plain] * count


def verdicts(**took: tuple[float, float]) -> dict[str, bool]:
    report, pair = Report("judging", quiet=True), Pair(**took)
    made: Any = pair
    compare(report, "idle", made, Sizes(20, 0))
    return {check.name: check.good for check in report.checks}


def test_a_burglary_may_take_a_little_longer_and_a_call_for_help_may_not() -> None:
    assert all(verdicts(burglary=(5.0 + ADDED_MS_MAX, 5.0), panic=(5.0, 5.0)).values())
    found = verdicts(burglary=(5.1 + ADDED_MS_MAX, 5.0), panic=(5.0, 5.0))
    assert found == {"idle: added to a burglary": False, "idle: added to a panic alarm": True}
    found = verdicts(burglary=(5.0, 5.0), panic=(8.0, 5.0))
    assert found == {"idle: added to a burglary": True, "idle: added to a panic alarm": False}
