"""Hours and days: what a detector did is compared with what its neighbours did."""

from datetime import UTC, datetime

from edge_agent.diagnosis.health_rules import Limits
from edge_agent.diagnosis.hours import Hours, slot_of
from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, S
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.panel_watch import PanelWatch, Unlisted
from edge_agent.domain.kinds import Kind, State
from tests.diagnosis.life import OFFICE, SHOP, STORE, site


def test_the_slot_is_the_hour_of_the_day_and_apart_on_days_of_rest() -> None:
    assert slot_of(datetime(2026, 11, 23, 9, tzinfo=UTC), 0) == 9
    assert slot_of(datetime(2026, 11, 28, 9, tzinfo=UTC), 0) == 33
    assert slot_of(None, 26 * HOUR_NS) == 2


def run(days: int, silent_from: int, *, holiday: bool) -> set[str]:
    """Nine hours a day of three detectors, one of which is silent from a day on."""
    panel, hours = PanelWatch("p1", Limits(), site(), Unlisted()), Hours()
    told = set()

    def zone(number: int, at_ns: int, state: State) -> None:
        said = Observation(line=1, t_ns=at_ns, kind=Kind.ZONE, state=state, panel="p1", zone=number)
        list(panel.handle(said, at_ns))

    for day in range(days):
        for hour in range(24):
            for step in range(8 if 9 <= hour < 18 else 0):
                at_ns = day * DAY_NS + hour * HOUR_NS + step * 400 * S
                for number in (SHOP, OFFICE, STORE):
                    if day >= silent_from and (holiday or number == STORE):
                        continue
                    zone(number, at_ns + number * S, State.OPEN)
                    zone(number, at_ns + (number + 3) * S, State.CLOSED)
            over_ns = day * DAY_NS + (hour + 1) * HOUR_NS
            told |= {one.rule for _, one in hours.hour_over(panel, hour, over_ns)}
    return told


def test_silence_is_told_where_the_neighbours_saw_people() -> None:
    assert run(9, 5, holiday=False) == {"detector.silent"}


def test_a_holiday_is_no_silence() -> None:
    assert run(12, 5, holiday=True) == set()
