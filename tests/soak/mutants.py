"""Planted bugs, one by one: each must be caught."""

from functools import cache
from pathlib import Path

from edge_agent.config import Loaded
from tests.mutants.catch import catch
from tests.mutants.listing import MUTANTS
from tests.simulation.gateway import make_site
from tests.soak.part import Result, Watch
from tests.soak.pool import each, folder


@cache
def _site() -> Loaded:
    return make_site(folder())


def hunt(number: int) -> str | None:
    """Return what caught this one, None where it lived."""
    return catch(MUTANTS[number], _site())


def run(result: Result, watch: Watch, first: int, top: Path) -> None:
    """Plant every bug of the list."""
    del first
    caught: dict[int, str] = {}
    for number, by in each(hunt, iter(range(len(MUTANTS))), watch, top):
        result.done += 1
        name = MUTANTS[number].name
        if isinstance(by, str):
            result.facts["caught"] += 1
            caught[number] = f"  {name}: {MUTANTS[number].breaks}\n    caught by {by}"
        else:
            result.fail(f"{name} is not caught: {by!r}", "./run soak --mutants")
    result.notes.append("planted bugs\n" + "\n".join(caught[n] for n in sorted(caught)))
