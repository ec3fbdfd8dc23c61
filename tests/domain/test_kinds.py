from edge_agent.domain.kinds import POINTS, STATES, Kind, Lane, State, lane_of

ALARMS = {
    Kind.MEDICAL: Lane.LIFE,
    Kind.PANIC: Lane.LIFE,
    Kind.DURESS: Lane.LIFE,
    Kind.HOLDUP: Lane.LIFE,
    Kind.FIRE: Lane.FIRE,
    Kind.GAS: Lane.FIRE,
    Kind.CO: Lane.FIRE,
    Kind.BURGLARY: Lane.INTRUSION,
    Kind.TAMPER: Lane.INTRUSION,
}


def test_alarms_travel_in_the_lanes_that_survive_a_bad_disk() -> None:
    assert {kind: lane_of(kind) for kind in ALARMS} == ALARMS


def test_an_unknown_kind_travels_as_an_alarm() -> None:
    assert lane_of(Kind.UNKNOWN) == Lane.INTRUSION


def test_points_are_state() -> None:
    assert {lane_of(kind) for kind in POINTS - {Kind.LOOP}} == {Lane.STATE}


def test_a_measurement_goes_last() -> None:
    assert lane_of(Kind.LOOP) is max(Lane)


def test_every_kind_has_a_lane_and_states() -> None:
    assert set(STATES) == set(Kind)
    assert all(STATES[kind] for kind in Kind)
    assert {lane_of(kind) for kind in Kind} <= set(Lane)


def test_every_state_fits_some_kind() -> None:
    assert frozenset().union(*STATES.values()) == set(State)


def test_an_event_can_be_active_and_restored_and_a_point_cannot() -> None:
    for kind in Kind:
        event = {State.ACTIVE, State.RESTORED} <= STATES[kind]
        assert event == (kind not in POINTS), kind
