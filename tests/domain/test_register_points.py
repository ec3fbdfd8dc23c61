"""What a value means: what stands, and what is proven to be over."""

import pytest

from edge_agent.domain.end_of_line import Circuit, bands_of
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.register_map import register_map
from edge_agent.domain.register_points import Bit, Loop, Point, Standing, Switch, Word
from edge_agent.domain.session import Table
from edge_agent.resources import load_profile

FIRE = Standing(Kind.FIRE, "110")
FAULT = Standing(Kind.ZONE_TROUBLE, "380")
ISOLATED = Standing(Kind.BYPASS, "571")
UNKNOWN = Standing(Kind.UNKNOWN)
LOG = Standing(Kind.LOG)


def word_of(profile: str) -> Word:
    meaning = register_map(load_profile(profile)).points[0].meaning
    assert isinstance(meaning, Word)
    return meaning


def shown(profile: str, word: int) -> tuple[str | None, list[str]]:
    reading = word_of(profile).reading(word)
    stands = [event.code or event.kind.value for event in reading.active]
    return reading.state and reading.state.value, stands


@pytest.mark.parametrize("profile", ["gst_200", "gst_5000"])
@pytest.mark.parametrize(
    ("value", "state", "stands"),
    [  # values of the GST map: facts, section 3
        (0, "closed", []),
        (1, "open", ["110"]),
        (2, "fault", ["380"]),
        (3, None, ["log"]),
        (4, "closed", []),
        (5, "on", []),
        (6, "off", []),
        (7, "bypassed", ["571"]),
        (8, "closed", []),
        (9, "closed", []),
        (0x0101, "open", ["110"]),  # the low byte counts
        (12, "unknown", ["unknown"]),
    ],
)
def test_gst_values(profile: str, value: int, state: str | None, stands: list[str]) -> None:
    assert shown(profile, value) == (state, stands)


def test_what_a_register_hides_is_not_over() -> None:
    word = word_of("gst_200")
    assert word.reading(2).over == {UNKNOWN}, "a fire goes on behind a fault"
    assert word.reading(0).over >= {FIRE, FAULT, ISOLATED, LOG, UNKNOWN}
    assert word.reading(8).over == {ISOLATED, UNKNOWN}


@pytest.mark.parametrize(
    ("word", "state", "stands"),
    [  # flags and kinds of the Notifier gateway: facts, section 3
        (0x1400, "closed", []),
        (0x0C10, "open", ["110"]),
        (0x0C11, "open", ["130"]),
        (0x0C20, "open", ["130"]),
        (0x0C13, "open", ["100"]),
        (0x0C14, "open", ["162"]),
        (0x0C30, "open", ["200"]),
        (0x0C40, "open", ["200"]),
        (0x0C71, "open", ["log"]),
        (0x0C55, "open", ["unknown"]),  # a kind of no table
        (0x5400, "closed", ["118"]),
        (0x3400, "fault", ["380"]),
        (0x1200, "bypassed", ["571"]),
        (0x6E10, "open", ["110", "118", "380", "571"]),  # all at a time
        (0x00FF, "unknown", []),
        (0x0CFF, "unknown", []),
    ],
)
def test_notifier_words(word: int, state: str, stands: list[str]) -> None:
    assert shown("notifier_gateway", word) == (state, stands)


def test_flags_that_are_not_shown_are_over_but_of_a_point_that_is_not_there() -> None:
    word = word_of("notifier_gateway")
    assert FIRE in word.reading(0x3400).over
    assert FIRE not in word.reading(0x0C10).over
    assert word.reading(0x00FF).over == frozenset()


def loop(kind: Kind = Kind.BURGLARY) -> Loop:
    circuit = Circuit(4700, 4700, 4095, bands_of("triple", 4700, 0.2), 0.05, 0, 0.02)
    event = Standing(kind, "130")
    return Loop(circuit, event, Standing(Kind.TAMPER, "383"), FAULT, 7)


def test_an_alarm_is_over_only_when_the_loop_is_at_rest() -> None:
    readings = {state: loop().readings[state] for state in loop().readings}
    alarm = Standing(Kind.BURGLARY, "130")
    assert [state for state, reading in readings.items() if alarm in reading.over] == [State.CLOSED]
    assert readings[State.CLOSED].at_rest
    assert not readings[State.MASKED].at_rest
    assert readings[State.MASKED].active == readings[State.TAMPER].active
    assert readings[State.OPEN].over == {Standing(Kind.TAMPER, "383"), FAULT}


def test_a_loop_and_its_reference_are_of_one_answer() -> None:
    assert loop().is_whole(0, 8)
    assert not loop().is_whole(0, 7)
    assert loop().reading(loop().ohms(2000, 4000)).state is State.CLOSED


def test_a_bit_and_an_output() -> None:
    bit, switch = Bit(3, 1, FIRE), Switch(None, 0)
    assert bit.reading(0b1000).state is State.CLOSED
    assert bit.reading(0b0111).active == (FIRE,)
    assert [switch.reading(value).state for value in (0, 1)] == [State.OFF, State.ON]


def point(**changes: object) -> Point:
    settings: dict[str, object] = {"meaning": Bit(None, 0, FIRE), "zone": 7, "area": 2, **changes}
    return Point(Table.COILS, 0, **settings)  # type: ignore[arg-type]


def test_signals_of_a_point() -> None:
    zone = point().state_signal(State.OPEN, Origin.LIVE, b"f")
    assert zone is not None
    assert (zone.kind, zone.zone, zone.area, zone.code, zone.frame) == (
        *(Kind.ZONE, 7, 2, None, b"f"),
    )
    event = point().event_signal(FIRE, State.ACTIVE, Origin.AT_START, b"")
    assert (event.kind, event.code, event.text, event.origin) == (
        *(Kind.FIRE, "110", None, Origin.AT_START),
    )
    log = point().event_signal(Standing(Kind.LOG, None, "feedback"), State.ACTIVE, Origin.LIVE, b"")
    assert log.text == "feedback"
    measured = point().measured(4711, Origin.LIVE, b"")
    assert (measured.kind, measured.ohms, measured.zone) == (Kind.LOOP, 4711, 7)


def test_what_has_no_contact_or_no_number_has_no_state() -> None:
    assert point(zone=None).state_signal(State.OPEN, Origin.LIVE, b"") is None
    assert point(contact=False).state_signal(State.OPEN, Origin.LIVE, b"") is None
    output = point(meaning=Switch(None, 0))
    assert output.state_signal(State.UNKNOWN, Origin.LIVE, b"") is None
    on = output.state_signal(State.ON, Origin.LIVE, b"")
    assert on is not None
    assert (on.kind, on.zone) == (Kind.OUTPUT, 7)
