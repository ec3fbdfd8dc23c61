"""What answers of level 4 prove, and what the panel says by itself.

Seen to fail: a zone that is omitted shown closed; an alarm told by the panel told by the map again.
"""

from drivers._galaxy_frames import framed
from drivers._galaxy_state import GalaxyState
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import Frame
from edge_agent.domain.signal import Signal

Seen = tuple[Kind, int | None, State]


def zones(name: str, *places: int) -> Frame:
    """A map of lines 1 and 2 in which these inputs of RIO 100 are marked."""
    first = sum(1 << place - 1 for place in places)
    return Frame(framed(b"X", name.encode() + b"*" + bytes([first]) + bytes(34)))


def areas(name: str, digits: str) -> Frame:
    return Frame(framed(b"C", f"{name}*{digits:0<32}".encode()))


def seen(signals: tuple[Signal, ...]) -> list[Seen]:
    return [(s.kind, s.area if s.kind is Kind.AREA else s.zone, s.state) for s in signals]


def event(kind: Kind, zone: int, state: State = State.ACTIVE) -> Signal:
    return Signal(kind=kind, state=state, zone=zone, account="2468")


def test_points_are_told_when_they_are_new() -> None:
    state = GalaxyState(zones=2, areas=1)
    first = state.told(zones("ZS201", 2, 5))
    assert seen(first) == [
        (Kind.ZONE, 1001, State.CLOSED),
        (Kind.ZONE, 1002, State.OPEN),
        (Kind.ZONE, 1005, State.OPEN),  # more than the site named, and not at rest
    ]
    assert {one.origin for one in first} == {Origin.AT_START}
    assert state.told(zones("ZS201", 2, 5)) == ()
    assert seen(state.told(zones("ZS201", 2))) == [(Kind.ZONE, 1005, State.CLOSED)]
    state.absent()
    assert len(state.told(zones("ZS201", 2))) == 3, "all is unknown again"


def test_a_zone_that_is_omitted_or_masked_hides_its_contact() -> None:
    state = GalaxyState(zones=3, areas=1)
    assert seen(state.told(zones("ZS501", 1))) == [(Kind.ZONE, 1001, State.BYPASSED)]
    assert seen(state.told(zones("ZS601", 2))) == [(Kind.ZONE, 1002, State.MASKED)]
    assert seen(state.told(zones("ZS201", 1, 2))) == [(Kind.ZONE, 1003, State.CLOSED)]
    assert state.told(zones("ZS501")) == ()
    assert seen(state.told(zones("ZS201", 1, 2))) == [(Kind.ZONE, 1001, State.OPEN)]


def test_an_area_in_alarm_is_in_alarm_however_it_is_armed() -> None:
    state = GalaxyState(zones=1, areas=1)
    assert seen(state.told(areas("SA91", "012"))) == [(Kind.AREA, 2, State.ALARM)]
    assert seen(state.told(areas("SA", "012"))) == [
        (Kind.AREA, 1, State.DISARMED),
        (Kind.AREA, 3, State.ARMED_STAY),
    ]
    assert state.told(areas("SA91", "")) == ()
    assert seen(state.told(areas("SA", "012"))) == [(Kind.AREA, 2, State.ARMED_AWAY)]


def test_a_map_tells_of_alarms_that_nobody_heard_and_of_their_end() -> None:
    state = GalaxyState(zones=1, areas=1)
    state.heard([event(Kind.FIRE, 1001)])
    [alarm] = state.told(zones("ZS101", 1, 2))
    assert (alarm.zone, alarm.code, alarm.origin) == (1002, "130", Origin.AT_START)
    assert alarm.account == "2468"
    assert state.told(zones("ZS101", 1, 2)) == ()
    assert seen(state.told(zones("ZS101"))) == [(Kind.BURGLARY, 1002, State.RESTORED)]
    assert [one.origin for one in state.told(zones("ZS101", 3))] == [Origin.LIVE]


def test_what_the_panel_says_it_also_ends() -> None:
    state = GalaxyState(zones=1, areas=1)
    state.told(zones("ZS301", 4))
    state.heard([event(Kind.TAMPER, 1004)])
    assert state.told(zones("ZS301")) == ()
    state.heard([event(Kind.TAMPER, 1004, State.RESTORED)])
    assert seen(state.told(zones("ZS301", 4))) == [(Kind.TAMPER, 1004, State.ACTIVE)]


def test_what_stands_in_the_journal_is_not_told_again() -> None:
    state = GalaxyState(zones=1, areas=1)
    state.forget([event(Kind.ZONE_TROUBLE, 1001)])
    assert state.told(zones("ZS701", 1)) == ()


def test_an_answer_that_is_no_state_says_nothing() -> None:
    state = GalaxyState(zones=1, areas=1)
    assert state.told(Frame(framed(b"8"))) == ()
    assert state.told(Frame(framed(b"C", b"SA1*1"))) == ()
    assert state.told(zones("ZS401", 1)) == ()
