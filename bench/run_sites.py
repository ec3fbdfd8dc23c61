"""Runs simulated sites past every judge and keeps what is counted, on several cores."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from bench import causes, rivals
from bench.causes import Attribution
from bench.features import features
from bench.judged import Outcome, Said, outcomes, shipped, uncited_falls
from hil.sites.mixes import MIXES, SEEDS
from hil.sites.timeline import simulate

OURS = "shipped"
DAYS = 14
CHUNK = 8  # sites handed to a core at a time


@dataclass(frozen=True, slots=True)
class SiteRun:
    """What one site gave."""

    seed: int
    days: int
    by_judge: dict[str, list[Outcome]]
    attributions: list[Attribution]
    false_findings: list[Said]
    violations: list[str]
    orphans: int  # incidents that belong to no episode
    features: dict[int, list[float]] = field(default_factory=dict)  # by episode


def run_site(mix: str, seeds: str, seed: int) -> SiteRun:
    """Simulate one site and put it before all judges; sites to train on need none."""
    timeline = simulate(seed, MIXES[mix], DAYS)
    said = [] if seeds == "train" else shipped(timeline)
    ours = outcomes(timeline, said)
    by_judge = {OURS: ours}
    for name, rule in rivals.RIVALS.items():
        by_judge[name] = outcomes(timeline, rivals.verdicts(timeline, rule))
    owned = {line for label in timeline.labels for line in label["lines"]}
    verdicts = [one for one in said if one["type"] == "verdict"]
    held = {one["incident"] for one in verdicts if owned & set(one["lines"])}
    return SiteRun(
        seed,
        timeline.days,
        by_judge,
        causes.attributions(timeline, said, ours),
        causes.false_findings(timeline, said),
        uncited_falls(timeline, said),
        len({one["incident"] for one in verdicts} - held),
        features(timeline),
    )


def run_mix(mix: str, seeds: str, episodes: int, jobs: int) -> Iterator[SiteRun]:
    """Yield sites of a mix until so many intrusion episodes are judged, in the order of seeds.

    Mixes without alarms count faults instead, and those without either count sites.
    """
    judged = 0
    work = partial(run_site, mix, seeds)
    numbers = SEEDS[seeds]
    with multiprocessing.Pool(jobs) as pool:
        for begin in range(0, len(numbers), CHUNK * jobs):
            for run in pool.map(work, numbers[begin : begin + CHUNK * jobs], chunksize=1):
                yield run
                judged += _counts(mix, run)
                if judged >= episodes:
                    return


def _counts(mix: str, run: SiteRun) -> int:
    if mix == "quiet":
        return 1
    if mix == "faults":
        return len(run.attributions)
    return sum(outcome.label["group"] == "intrusion" for outcome in run.by_judge[OURS])
