"""Whether somebody can have walked what tripped."""

import pytest

from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.witness import can_be_walked, confirms
from tests.diagnosis.timeline import DOOR, HALL, OFFICE, ROOM, SHOP, STORE, WINDOW, YARD


@pytest.mark.parametrize(
    ("trips", "walked"),
    [
        ([(HALL, 0), (ROOM, 1.0)], True),  # next door, at a run
        ([(HALL, 0), (ROOM, 0.1)], False),
        ([(DOOR, 0), (ROOM, 1.0)], False),  # two rooms on
        ([(DOOR, 0), (HALL, 1.6), (ROOM, 3.2)], True),
        ([(DOOR, 0), (HALL, 0.3), (ROOM, 0.6), (STORE, 0.9)], False),
        ([(91, 0), (92, 0)], True),  # where they are nobody said: two may be
        ([(91, 0), (92, 0.2), (93, 0.4)], False),
        ([(91, 0), (92, 0.8), (93, 1.6)], True),
    ],
)
def test_walks(trips: list[tuple[int, float]], walked: bool) -> None:
    timed = [(("p1", zone), round(t * NS)) for zone, t in trips]
    assert can_be_walked(Site(SHOP), timed) is walked


def test_who_can_confirm() -> None:
    site = Site(SHOP)
    assert [confirms(site, ("p1", zone), None) for zone in (WINDOW, OFFICE, 99)] == [True] * 3
    assert not confirms(site, ("p1", YARD), None)
    assert not confirms(site, ("p1", None), None)
