"""Seeds of the simulation: as many as asked."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from edge_agent.config import Loaded
from tests.simulation.faults import Table
from tests.simulation.gateway import make_site
from tests.simulation.test_worlds import BLOCK, DEATHS
from tests.simulation.world import Outcome, play
from tests.soak.part import Result, Watch
from tests.soak.pool import Span, each, folder, spans

PIECE = 8  # seeds: some seconds of work
LAWS = {
    # law of tests/simulation/laws.py: what has happened when it is broken
    0: "defects",
    1: "lost",
    2: "numbers given twice or left out",
    3: "unverifiable",
    4: "doubled, or let go and not held",
    5: "not receipted in time",
    6: "beyond a bound",
    7: "invented",
    8: "dated wrongly",
    9: "a frame twice without a reason",
}
ALWAYS_SAID = (1, 3, 4, 7, 9)


@dataclass
class Played:
    """What some seeds gave."""

    broken: list[tuple[int, int, str]] = field(default_factory=list)  # seed, law, what
    table: Table = field(default_factory=Table)
    events: int = 0

    def add(self, outcome: Outcome) -> None:
        self.table.add(outcome.table)
        self.events += outcome.events
        if outcome.broken is not None:
            self.broken.append((outcome.seed, outcome.broken.number, str(outcome.broken)))


@cache
def _site() -> Loaded:
    return make_site(folder())


def play_span(span: Span) -> Played:
    """Play the worlds of these seeds."""
    played = Played()
    for seed in span:
        played.add(play(seed, _site()))
    return played


def run(result: Result, watch: Watch, first: int, top: Path) -> None:
    """Play `result.asked` worlds from seed `first` on."""
    table = Table()
    result.facts.update({LAWS[law]: 0 for law in ALWAYS_SAID})
    try:
        for span, played in each(play_span, spans(first, result.asked, PIECE), watch, top):
            result.done += span.count
            if isinstance(played, BaseException):
                result.fail(f"worlds {span}: {played!r}", again(span.first, span.count))
            else:
                table.add(played.table)
                _take(result, played)
    finally:
        result.notes.append(f"faults x states they met, seeds from {first}\n{table}")
    if result.done >= BLOCK and (empty := table.empty(DEATHS)):
        result.fail(f"never reached: {', '.join(empty)}", again(first, result.done))


def _take(result: Result, played: Played) -> None:
    result.facts["events at the centers"] += played.events
    for seed, law, what in played.broken:
        result.facts[LAWS[law]] += 1
        result.fail(f"seed {seed}: {what}", again(seed))


def again(first: int, count: int = 1) -> str:
    """Return the command that plays these seeds."""
    return f"./run soak --worlds {count} --seed {first}"
