"""What happens how often: the published shares, within what chance allows."""

from collections import Counter
from random import Random

import pytest

from hil.sites.mixes import (
    EQUIPMENT_CAUSES,
    HEARD,
    MIXES,
    SEEDS,
    STANDARD_CAUSES,
    draw_causes,
    draw_counts,
)
from hil.sites.timeline import simulate


@pytest.mark.parametrize("causes", [STANDARD_CAUSES, EQUIPMENT_CAUSES])
def test_shares_are_of_a_hundred(causes: dict[str, float]) -> None:
    assert sum(causes.values()) == 100


def test_causes_are_drawn_so_that_they_are_heard_in_their_shares() -> None:
    rng = Random(1)
    drawn = Counter(cause for _ in range(4000) for cause in draw_causes(rng, MIXES["standard"], 10))
    heard = {cause: drawn[cause] * part for cause, part in HEARD.items()}
    for cause, share in STANDARD_CAUSES.items():
        assert 100 * heard[cause] / sum(heard.values()) == pytest.approx(share, abs=1.2), cause


def test_a_few_sites_give_most_of_the_events() -> None:
    rng = Random(1)
    drawn = sorted(
        (draw_counts(rng, MIXES["standard"], 14).false for _ in range(4000)), reverse=True
    )
    assert 0.62 < sum(drawn[:800]) / sum(drawn) < 0.85


def test_the_share_of_false_alarms_is_as_published() -> None:
    labels = [
        label for seed in range(1, 81) for label in simulate(seed, MIXES["standard"], 7).labels
    ]
    heard = [label["genuine"] for label in labels if label["alarmed"] and is_intrusion(label)]
    assert len(heard) > 200
    assert 1 - sum(map(bool, heard)) / len(heard) == pytest.approx(0.92, abs=0.05)


def is_intrusion(label: dict[str, object]) -> bool:
    return label["group"] == "intrusion"


def test_blind_seeds_are_no_dev_seeds() -> None:
    assert SEEDS["dev"].stop <= SEEDS["blind"].start
