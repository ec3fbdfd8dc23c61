"""What diagnosis hears of an event: live words, a log's alarms, links, the way to the center."""

from edge_agent.diagnosis.events import Events
from edge_agent.diagnosis.observation import Measure, Observation
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Kind, Lane, Origin, State
from edge_agent.domain.stamp import Trust
from edge_agent.evidence.bodies import ActBody, LinkBody, PathBody
from tests.diagnosis.runs import ARMED, BURGLARY, Clocks, backfilled, signal


class Ear:
    def __init__(self) -> None:
        self.clocks, self.events, self.line = Clocks(), Events(), 0

    def hear(self, type_: EventType, body: Body) -> tuple[Observation, ...]:
        self.line += 1
        event = Numbered(bytes(8), self.line, Draft(type_, Lane.STATE, self.clocks.stamp(), body))
        return self.events.take(event, self.line).observations


def test_a_signal_is_heard_as_it_was_said() -> None:
    (seen,) = Ear().hear(EventType.SIGNAL, signal(**BURGLARY, zone=3))
    assert (seen.kind, seen.state, seen.panel) == (Kind.BURGLARY, State.ACTIVE, "p1")
    assert (seen.area, seen.zone, seen.code, seen.dated, seen.line) == (1, 3, "130", True, 1)
    (loop,) = Ear().hear(
        EventType.SIGNAL, signal(kind=Kind.LOOP, state=State.STATUS, zone=3, ohms=990)
    )
    assert (loop.kind, loop.state, loop.ohms) == (Measure.LOOP, None, 990)


def test_of_a_panels_log_only_alarms_are_heard_and_nothing_follows_from_their_time() -> None:
    ear = Ear()
    (seen,) = ear.hear(EventType.SIGNAL, backfilled(**BURGLARY, zone=3))
    assert not seen.dated
    assert ear.hear(EventType.SIGNAL, backfilled(**ARMED)) == ()
    start = signal(**BURGLARY, zone=3, origin=Origin.AT_START)
    assert not ear.hear(EventType.SIGNAL, start)[0].dated


def test_links_are_heard_where_they_are_known() -> None:
    ear = Ear()
    states = [ear.hear(EventType.LINK, LinkBody("p1", up).to_body()) for up in (True, False, None)]
    assert [[one.state for one in seen] for seen in states] == [
        [State.ONLINE],
        [State.OFFLINE],
        [],
    ]


def test_a_walk_test_of_the_gateway_is_heard_and_no_other_act() -> None:
    ear = Ear()

    def act(what: str, panel: str | None, outcome: str) -> list[State | None]:
        body = ActBody(what, "root", panel=panel, outcome=outcome).to_body()
        return [one.state for one in ear.hear(EventType.ACT, body)]

    assert act("walk_test", "p1", "begins") == [State.ACTIVE]
    assert act("walk_test", "p1", "ends") == [State.RESTORED]
    assert act("walk_test", None, "begins") == act("walk_test", "p1", "odd") == []
    assert act("self_test", "p1", "begins") == []


def test_the_center_is_reached_as_long_as_any_way_is_up() -> None:
    ear = Ear()

    def path(name: str, up: bool) -> list[bool | None]:
        return [one.up for one in ear.hear(EventType.PATH, PathBody("c", name, up).to_body())]

    assert path("a", False) == [False]
    assert path("a", True) == [True]
    assert path("b", True) == path("a", False) == []
    assert path("b", False) == [False]
    path("a", True)
    assert ear.hear(EventType.GENESIS, {}) == (), "a restart is no loss of the center"
    assert path("a", True) == []


def test_an_unknown_gap_is_heard_before_the_event_behind_it() -> None:
    ear = Ear()
    ear.hear(EventType.ACT, {})
    ear.clocks.off(60, Trust.UNSET)
    gap, seen = ear.hear(EventType.SIGNAL, signal(**BURGLARY, zone=3))
    assert (gap.kind, seen.kind) == (Measure.GAP, Kind.BURGLARY)


def test_what_cannot_be_read_moves_time_and_no_more() -> None:
    ear = Ear()
    for type_ in EventType:
        assert ear.hear(type_, {1: b"\x00"}) == ()
