"""Features for a learner: one row of one length for every intrusion."""

from bench.features import features
from hil.sites.mixes import MIXES
from hil.sites.timeline import simulate


def test_every_intrusion_has_a_row_and_all_are_alike() -> None:
    timelines = [simulate(seed, MIXES["standard"], 7) for seed in range(1, 9)]
    rows = [row for timeline in timelines for row in features(timeline).values()]
    labels = [label for timeline in timelines for label in timeline.labels]
    assert len(rows) == sum(bool(la["alarmed"]) and la["group"] == "intrusion" for la in labels) > 5
    assert len({len(row) for row in rows}) == 1
    assert all(isinstance(value, float) for row in rows for value in row)
