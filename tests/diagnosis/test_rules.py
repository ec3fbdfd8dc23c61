"""The rule table: complete, in range, and the same times as a configuration takes."""

from edge_agent.diagnosis.rules import TIMES
from edge_agent.domain.site import TIME_NAMES


def test_every_time_that_can_be_stated_has_its_default_and_range() -> None:
    assert set(TIMES) == set(TIME_NAMES)
    assert all(one.allows(one.default) and one.clause for one in TIMES.values())
