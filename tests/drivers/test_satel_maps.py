"""What the maps of a Satel INTEGRA show beside its log, and the state that nine of them make."""

import pytest

from drivers._satel_maps import (
    AREA_MAPS,
    area_state,
    is_area_fire,
    is_covered,
    is_shown,
    is_system_trouble,
    key_of,
)
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal


def event(kind: Kind, code: str, zone: int | None = None) -> Signal:
    return Signal(kind=kind, code=code, state=State.ACTIVE, zone=zone)


@pytest.mark.parametrize(
    ("maps", "state"),
    [
        ((), State.DISARMED),
        (("0A",), State.ARMED_AWAY),
        (("0A", "0B"), State.ARMED_STAY),
        (("2A",), State.ARMED_STAY),
        (("0A", "10"), State.EXIT_DELAY),
        (("0A", "0E"), State.ENTRY_DELAY),
        (("0A", "0E", "14"), State.ALARM),
        (AREA_MAPS, State.ALARM),
    ],
)
def test_the_first_that_holds_is_how_an_area_is(maps: tuple[str, ...], state: State) -> None:
    assert area_state(2, dict.fromkeys(maps, (2,))) is state
    assert area_state(1, dict.fromkeys(maps, (2,))) is State.DISARMED


@pytest.mark.parametrize(
    ("name", "signal", "shown", "covered"),
    [
        ("01", event(Kind.TAMPER, "144", 3), True, True),
        ("01", event(Kind.TAMPER, "145"), True, False),  # of a module
        ("02", event(Kind.FIRE, "111", 3), True, True),
        ("02", event(Kind.TAMPER, "144", 3), False, False),
        ("07", event(Kind.ZONE_TROUBLE, "380", 3), True, False),  # of this kind or another
        ("08", event(Kind.ZONE_TROUBLE, "384", 3), False, False),
    ],
)
def test_what_a_map_of_zones_is_about(
    name: str, signal: Signal, shown: bool, covered: bool
) -> None:
    assert is_shown(name, signal) is shown
    assert is_covered(name, signal) is covered


def test_what_is_of_no_zone() -> None:
    assert is_system_trouble(event(Kind.POWER, "301"))
    assert not is_system_trouble(event(Kind.POWER, "309"))
    assert is_area_fire(event(Kind.FIRE, "110"))
    assert not is_area_fire(event(Kind.FIRE, "110", 12))


def test_the_same_event_in_a_map_and_in_the_log() -> None:
    assert key_of(event(Kind.TAMPER, "383", 3)) == key_of(event(Kind.TAMPER, "144", 3))
    assert key_of(event(Kind.BURGLARY, "130", 3)) != key_of(event(Kind.FIRE, "110", 3))
    assert key_of(event(Kind.POWER, "301")) != key_of(event(Kind.POWER, "302"))
