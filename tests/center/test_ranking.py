"""Which incident comes first, how many there are, and who waits longest; whatever changes."""

import random

from edge_agent.center.ranking import Kind, Ranking, is_first, rank
from tests.center.test_incidents import Site, site
from tests.center.world import NOW_MS

__all__ = ["site"]


def test_what_is_kept_in_order_is_what_sorting_gives(site: Site) -> None:
    """Seen to fail where what had changed stayed at its old place."""
    chance = random.Random(5)
    ranking = Ranking()
    for step in range(40):
        number, tier = chance.randrange(1, 9), chance.randrange(5)
        rule = chance.choice(("fire.first", "bs8243.unconfirmed"))
        site.verdict_at(NOW_MS + step * 1000, number, tier, rule)
        if step % 7 == 3:
            site.say(number, chance.choice(("sent", "test")))
        for one in site.incidents():
            ranking.put(one)
        found = sorted((one for one in site.incidents() if one.is_open), key=rank)
        assert [one.place for one in ranking.top(99)] == [one.place for one in found]
        assert len(ranking) == len(found)
        assert ranking.firsts == sum(map(is_first, found))
        assert sum(count for _, count in ranking.kinds) == len(found)
        waiting = [one.grave_ms for one in found if one.touched is None and one.verdict.tier]
        assert ranking.waits_since_ms == min(waiting, default=None)


def test_kinds_stand_in_the_order_of_what_is_at_stake(site: Site) -> None:
    for number, (tier, rule) in enumerate(
        ((1, "bs8243.unconfirmed"), (2, "fire.first"), (3, "own"), (4, "life.panic")), 1
    ):
        site.verdict(number, tier, rule)
    ranking = Ranking(site.incidents())
    assert ranking.kinds == [
        (Kind(4, False), 1), (Kind(2, True), 1), (Kind(3, False), 1), (Kind(1, False), 1),
    ]  # fmt: skip
