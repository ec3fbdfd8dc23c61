"""Supervised loops: the worked figures of makers' notes, bands, hysteresis.

Worked: Rs = R = 4.7 kOhm, double: at rest 0.500 of the reference, open 0.667, short 0, cut 1; with
100 Ohm of cable 0.505; open with a wet cable of 100 kOhm in parallel 0.646.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.end_of_line import (
    ENDLESS_OHMS,
    STATES,
    Band,
    Circuit,
    bands_of,
    check_bands,
)
from edge_agent.domain.kinds import State

FULL = 10_000
R = 4700


def circuit(bands: tuple[Band, ...] | None = None, wiring: str = "double") -> Circuit:
    return Circuit(R, R, FULL, bands or bands_of(wiring, R, 0.2), 0.05, 0, 0.02)


@pytest.mark.parametrize(
    ("share", "ohms", "state"),
    [
        (0.500, 4700, State.CLOSED),
        (0.505, 4795, State.CLOSED),
        (0.667, 9414, State.OPEN),
        (0.646, 8577, State.OPEN),
        (0.000, 0, State.TAMPER),
        (1.000, ENDLESS_OHMS, State.TAMPER),
        (0.580, 6490, State.FAULT),  # between the bands
    ],
)
def test_the_worked_figures(share: float, ohms: int, state: State) -> None:
    found = circuit().ohms(round(share * FULL))
    assert found == ohms
    assert circuit().state(found) is state


@pytest.mark.parametrize(
    ("wiring", "states"),
    [
        ("single", {0: "tamper", 1: "closed", 2: "fault", 5: "open"}),
        ("double", {0: "tamper", 1: "closed", 2: "open", 3: "fault", 5: "tamper"}),
        ("triple", {0: "tamper", 1: "closed", 2: "open", 3: "masked", 5: "tamper"}),
    ],
)
def test_the_wirings(wiring: str, states: dict[int, str]) -> None:
    bands = bands_of(wiring, R, 0.2)
    assert check_bands(bands) == bands
    found = circuit(bands)
    assert {times: found.state(times * R).value for times in states} == states
    assert found.state(ENDLESS_OHMS).value == states[5]


def test_a_supply_that_drifts_cancels_out() -> None:
    found = circuit()
    assert found.ohms(5000, 10_000) == found.ohms(4500, 9000) == found.ohms(5000) == R
    assert found.ohms(5000, 9000) == 5875


def test_without_a_reference_nothing_is_measured_and_that_is_a_fault() -> None:
    found = circuit()
    assert found.ohms(0, 0) is None
    assert found.ohms(65535) is None, "more than the reference is no loop"
    assert found.ohms(10_300) == ENDLESS_OHMS, "a little more is an error of measurement"
    assert found.state(None) is State.FAULT


def test_an_edge_is_left_only_when_it_is_clearly_passed() -> None:
    found = circuit()
    edge = 1.2 * R
    assert found.state(round(edge * 1.04), State.CLOSED) is State.CLOSED
    assert found.state(round(edge * 1.06), State.CLOSED) is State.FAULT
    assert found.state(round(edge * 0.97), State.FAULT) is State.FAULT
    assert found.state(round(edge * 0.94), State.FAULT) is State.CLOSED
    assert found.state(2 * R, State.CLOSED) is State.OPEN


PUBLISHED = [  # of one maker for 1 kOhm: ohms below which, and what it is
    *((800, State.TAMPER), (900, State.CLOSED), (1200, State.CLOSED), (1300, State.CLOSED)),
    *((3500, State.OPEN), (4500, State.FAULT), (19_000, State.MASKED)),
]


def test_bands_that_a_maker_publishes_are_taken_as_they_are() -> None:
    bands = (*(Band(below, state) for below, state in PUBLISHED), Band(float("inf"), State.TAMPER))
    found = circuit(check_bands(bands))
    shown = [found.state(ohms).value for ohms in (799, 800, 1299, 1300, 3499, 3500, 4500, 19_000)]
    assert shown == ["tamper", "closed", "closed", "open", "open", "fault", "masked", "tamper"]


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ((), "without end"),
        ((Band(1, State.CLOSED),), "without end"),
        ((Band(2, State.OPEN), Band(2, State.CLOSED), Band(float("inf"), State.OPEN)), "rises"),
        ((Band(2, State.OPEN), Band(float("inf"), State.TAMPER)), "never be at rest"),
    ],
)
def test_bands_that_make_no_sense_are_refused(bands: tuple[Band, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_bands(bands)


@given(st.integers(0, 65535), st.none() | st.integers(0, 65535), st.sampled_from(STATES))
def test_any_two_words_are_some_state(word: int, full: int | None, before: State) -> None:
    ohms = circuit().ohms(word, full)
    assert ohms is None or 0 <= ohms <= ENDLESS_OHMS
    assert circuit().state(ohms, before) in STATES
