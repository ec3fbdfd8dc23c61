"""Supervised loops: ohms by the resistors and the cable, and what a panel takes them for.

Values from public notes on end-of-line resistors: 4.7 kOhm, double: 4700 at rest, 9400 open.
"""

import pytest

from edge_agent.domain.kinds import State
from hil.panels.loops import ENDLESS_OHMS, Loop, Resistors


@pytest.mark.parametrize(
    ("resistors", "what", "ohms", "state"),
    [
        (Resistors.NONE, "", 0, State.CLOSED),
        (Resistors.NONE, "contact_open", ENDLESS_OHMS, State.OPEN),
        (Resistors.SINGLE, "", 4700, State.CLOSED),
        (Resistors.SINGLE, "contact_open", ENDLESS_OHMS, State.OPEN),
        (Resistors.SINGLE, "short", 0, State.OPEN),
        (Resistors.DOUBLE, "", 4700, State.CLOSED),
        (Resistors.DOUBLE, "contact_open", 9400, State.OPEN),
        (Resistors.DOUBLE, "cut", ENDLESS_OHMS, State.TAMPER),
        (Resistors.DOUBLE, "short", 0, State.TAMPER),
        (Resistors.TRIPLE, "contact_open", 9400, State.OPEN),
        (Resistors.TRIPLE, "masked", 14100, State.MASKED),
        (Resistors.TRIPLE, "cut", ENDLESS_OHMS, State.TAMPER),
    ],
)
def test_a_loop_measures_what_its_wiring_says(
    resistors: Resistors, what: str, ohms: int, state: State
) -> None:
    loop = Loop(resistors)
    if what:
        setattr(loop, what, True)
    assert (loop.ohms(), loop.state()) == (ohms, state)


def test_a_bad_joint_adds_and_water_takes_away() -> None:
    loop = Loop(series_ohms=100)
    assert loop.ohms() == 4800
    assert loop.state() is State.CLOSED
    wet = Loop(contact_open=True, leak_ohms=100_000)
    assert wet.ohms() == 9400 * 100_000 // 109_400
    assert wet.state() is State.OPEN
    drowned = Loop(contact_open=True, leak_ohms=9000)
    assert drowned.state() is State.CLOSED, "an open contact that nobody sees"
    assert Loop(series_ohms=2000).state() is State.FAULT
