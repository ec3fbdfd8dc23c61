"""What diagnosis costs an alarm on a live agent: `python -m bench.judging`.

Two gateways run side by side, each with its own panel, broker and center; in one of them nothing
judges.  Alarms are said to both in turns, so that whatever else the machine does meets both alike.
From the last byte on the wire to the receipt:

1. Idle: a burglary that is judged may take 20 ms more (95th percentile).  A panic alarm waits for
   nothing: its median may not differ by more than what two medians of one thing do.
2. The same while a start judges its journal again, and sends all of it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.latency import PANIC, Alarms, rig, running_epoch, with_backlog
from bench.report import Report, median, percentile
from hil.rig import Setup, wait_until

ADDED_MS_MAX = 20.0
LIFE_ADDED_MS_MAX, LIFE_SHARE_MAX = 2.0, 0.15  # what two medians of one thing differ by
BURGLARY = "130"
GAP_S = 0.05
UNJUDGED = (sys.executable, str(Path(__file__).with_name("unjudged.py")))


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    alarms: int  # of each kind, to each gateway
    journal: int  # events that the start judges again


FULL, QUICK = Sizes(300, 40_000), Sizes(60, 8_000)


@dataclass(frozen=True, slots=True)
class Pair:
    """One gateway that judges, and one that does not."""

    judged: Alarms
    plain: Alarms

    def say(
        self, code: str, count: int, going_on: Callable[[], bool] = lambda: True
    ) -> tuple[list[float], list[float]]:
        """Say alarms to both in turns; return what they took, in ms: of the one, of the other."""
        said = 0
        while said < count and going_on():
            for alarms in (self.judged, self.plain):
                alarms.say(1, GAP_S, code=code)
            said += 1
        took = [
            alarms.took_ms(running_epoch(alarms.stack.agent), said)[0] if said else []
            for alarms in (self.judged, self.plain)
        ]
        return took[0], took[1]


def compare(report: Report, when: str, pair: Pair, sizes: Sizes) -> None:
    """Judge both kinds."""
    burglary = pair.say(BURGLARY, sizes.alarms)
    panic = pair.say(PANIC, sizes.alarms)
    for name, (judged, plain) in (("burglary", burglary), ("panic", panic)):
        for how, took in (("judged", judged), ("not judged", plain)):
            report.fact(f"{when}: {name}, {how}: median", median(took), "ms")
            report.fact(f"{when}: {name}, {how}: 95th percentile", percentile(took, 0.95), "ms")
    added_ms = percentile(burglary[0], 0.95) - percentile(burglary[1], 0.95)
    report.check(f"{when}: added to a burglary", added_ms, ADDED_MS_MAX, "ms", "95th percentiles")
    life_ms, plain_ms = median(panic[0]) - median(panic[1]), median(panic[1])
    limit_ms = max(LIFE_ADDED_MS_MAX, LIFE_SHARE_MAX * plain_ms)
    report.check(
        f"{when}: added to a panic alarm", life_ms, limit_ms, "ms", "medians; chance alone"
    )


def rebuilding(alarms: Alarms) -> bool:
    """Tell whether the start still judges its journal again."""
    return bool(alarms.stack.agent.status().get("judging", {}).get("state") == "rebuilding")


def restarted(report: Report, pair: Pair, sizes: Sizes) -> None:
    """The same while a start judges its journal again."""
    for alarms in (pair.plain, pair.judged):  # the latter last: it is not to be done before
        with_backlog(alarms.stack, sizes.journal)
    judged, plain = pair.say(BURGLARY, sizes.alarms, lambda: rebuilding(pair.judged))
    report.fact("while a start judges again: alarms", len(judged))
    added_ms = percentile(judged, 0.95) - percentile(plain, 0.95)  # without any: a failed run
    report.fact("while a start judges again: the longest", max(judged), "ms")
    report.fact("while a start judges nothing: the longest", max(plain), "ms")
    name = "while a start judges again: added to a burglary"
    report.check(name, added_ms, ADDED_MS_MAX, "ms", "95th percentiles")


@contextmanager
def pair_of() -> Iterator[Pair]:
    """Start both."""
    with rig(Setup()) as judged, rig(Setup(within=UNJUDGED)) as plain:
        wait_until(lambda: not rebuilding(judged), "the judging gateway judges")
        assert rebuilding(plain), "nothing judges there, not even what was before"
        yield Pair(judged, plain)


def main() -> int:
    parser = argparse.ArgumentParser(description="What diagnosis costs an alarm on a live agent.")
    parser.add_argument("--quick", action="store_true", help="few alarms, a short journal")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args()
    sizes = QUICK if chosen.quick else FULL
    report = Report("judging", quiet=chosen.json)
    with pair_of() as pair:
        compare(report, "idle", pair, sizes)
        restarted(report, pair, sizes)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
