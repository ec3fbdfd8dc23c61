"""The board: one finding a cause, the better explanation alone, and no coming and going."""

from edge_agent.diagnosis.board import Board, Place
from edge_agent.diagnosis.finding import Finding
from edge_agent.diagnosis.health_rules import RULES
from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, S
from edge_agent.diagnosis.symptom import Symptom

ZONE, SUPPLY, PANEL = Place("p1", ("zone", 5)), Place("p1", ("supply", "s1")), Place("p1")


class Desk:
    def __init__(self) -> None:
        self.board = Board(lambda place: (SUPPLY, PANEL) if place == ZONE else ())
        self.found: list[Finding] = []

    def take(self, place: Place, rule: str, now_ns: int, *, holds: bool = True) -> None:
        self.until(now_ns)
        self.board.take(place, Symptom(rule, "so", holds), now_ns, line=3)
        self.found += self.board.settle(now_ns)

    def until(self, now_ns: int) -> None:
        while (due_ns := self.board.deadline_ns()) is not None and due_ns <= now_ns:
            self.found += self.board.settle(due_ns)

    @property
    def said(self) -> list[tuple[str, bool]]:
        return [(str(one.cause), one.over) for one in self.found]


def test_a_symptom_is_told_once_its_rule_has_waited() -> None:
    desk = Desk()
    desk.take(ZONE, "loop.cut", 0)
    assert desk.said == []
    assert [one.rule for one in desk.board.suspicions(ZONE)] == ["loop.cut"]
    desk.until(5 * S)
    assert desk.said == [("cable_cut", False)]
    found = desk.found[0]
    assert (found.t_ns, found.part, found.reasons, found.lines) == (
        5 * S, ("zone", 5), ("loop.cut",), (3,),
    )  # fmt: skip
    assert found.remedy == RULES["loop.cut"].remedy
    assert desk.board.standing() == [found]


def test_what_is_over_before_it_counts_is_not_told() -> None:
    desk = Desk()
    desk.take(ZONE, "loop.cut", 0)
    desk.take(ZONE, "loop.cut", 2 * S, holds=False)
    desk.until(DAY_NS)
    assert desk.said == []
    assert desk.board.deadline_ns() is None


def test_what_the_supply_explains_is_not_told_of_the_zone() -> None:
    desk = Desk()
    desk.take(ZONE, "contact.loose", 0)
    desk.take(SUPPLY, "supply.sags", 4 * S)
    desk.until(HOUR_NS)
    assert desk.said == [("supply_low", False)]
    desk.take(SUPPLY, "supply.sags", HOUR_NS, holds=False)
    desk.until(DAY_NS)
    assert desk.said == [("supply_low", False), ("supply_low", True)]


def test_a_state_that_outlives_its_explanation_is_told() -> None:
    desk = Desk()
    desk.take(SUPPLY, "supply.sags", 0)
    desk.take(ZONE, "detector.stuck", S)
    desk.take(SUPPLY, "supply.sags", HOUR_NS, holds=False)
    desk.until(4 * HOUR_NS)
    assert ("sensor_stuck", False) in desk.said


def test_two_rules_of_one_cause_are_one_finding_unless_it_grows_worse() -> None:
    desk = Desk()
    desk.take(SUPPLY, "battery.trend", 0)
    desk.until(HOUR_NS)
    desk.take(SUPPLY, "battery.low", DAY_NS)
    desk.until(2 * DAY_NS)
    assert [(one.cause, one.severity) for one in desk.found] == [
        ("battery_low", "maintain"),
        ("battery_low", "urgent"),
    ]
    assert desk.found[1].reasons == ("battery.low", "battery.trend")
    desk.take(ZONE, "loop.trend", 3 * DAY_NS)
    desk.take(ZONE, "loop.drift", 4 * DAY_NS)
    desk.until(5 * DAY_NS)
    assert [str(one.cause) for one in desk.found].count("loop_drift") == 1


def test_what_comes_and_goes_is_told_once_and_over_once() -> None:
    desk = Desk()
    for minute in range(0, 60, 4):
        desk.take(PANEL, "link.panel", minute * 60 * S)
        desk.take(PANEL, "link.panel", (minute * 60 + 100) * S, holds=False)
    desk.until(DAY_NS)
    assert desk.said == [("link_loss", False), ("link_loss", True)]
    assert desk.board.standing() == []


def test_what_is_seen_already_waits_no_longer() -> None:
    desk = Desk()
    desk.take(PANEL, "mains.lost", 0)
    desk.board.hasten(PANEL, "mains.lost", 3 * S)
    desk.until(3 * S)
    assert desk.said == [("mains_loss", False)]
    desk.board.hasten(ZONE, "mains.lost", 4 * S)  # nothing there to hasten


def test_flapping_for_days_keeps_few_deadlines() -> None:
    desk = Desk()
    for second in range(5_000):
        desk.take(ZONE, "contact.loose", second * S, holds=second % 2 == 0)
    assert len(desk.board._due) < 100
