"""Orders to a Satel INTEGRA: their bytes, and what shows that they were done."""

from datetime import datetime
from typing import Any

import pytest

from drivers._satel_orders import is_done, order_of
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Frame
from edge_agent.domain.signal import Signal
from hil.panels.satel_frames import bits, framed
from tests.drivers.golden_satel import ARM

CODE = bytes.fromhex("2468FFFFFFFFFFFF")


def order(act: Act, *, large: bool = False, **where: Any) -> bytes:
    return order_of(Command(act=act, **where), "2468", None, large=large)


@pytest.mark.parametrize(
    ("act", "command"),
    [(Act.BYPASS, 0x86), (Act.UNBYPASS, 0x87), (Act.OUTPUT_ON, 0x88), (Act.OUTPUT_OFF, 0x89)],
)
def test_orders_of_zones_and_outputs(act: Act, command: int) -> None:
    assert order(act, zone=128) == framed(command, CODE + bits([128], 16))
    assert order(act, zone=129) == b""
    assert order(act) == b""
    assert order(act, zone=256, large=True) == framed(command, CODE + bits([256], 32))


def test_orders_of_areas() -> None:
    assert order(Act.ARM_AWAY) == ARM, "area 1, where none is named"
    assert order(Act.ARM_STAY, area=32) == framed(0x82, CODE + bits([32], 4))
    assert order(Act.DISARM, area=2) == framed(0x84, CODE + bits([2], 4))
    assert order(Act.DISARM, area=33) == b""


def test_the_clock_is_set_to_a_time_of_fourteen_digits() -> None:
    at = datetime(2026, 11, 23, 20, 15, 7)  # noqa: DTZ001  a panel's
    told = order_of(Command(act=Act.CLOCK), "2468", at, large=False)
    assert told == framed(0x8E, CODE + b"20261123201507")
    assert order(Act.CLOCK) == b"", "our own time is not known"


@pytest.mark.parametrize(
    ("act", "state", "done"),
    [
        (Act.ARM_AWAY, State.EXIT_DELAY, True),
        (Act.ARM_AWAY, State.ARMED_STAY, False),
        (Act.ARM_STAY, State.ARMED_STAY, True),
        (Act.ARM_STAY, State.ARMED_AWAY, False),
        (Act.DISARM, State.DISARMED, True),
        (Act.DISARM, State.ALARM, False),
    ],
)
def test_areas_are_judged_by_how_they_are(act: Act, state: State, done: bool) -> None:
    areas = tuple(Signal(kind=Kind.AREA, state=s, area=n) for n, s in ((1, state), (2, state)))
    assert is_done(Command(act=act, area=2), Frame(b"", "areas", areas)) is done
    assert is_done(Command(act=act, area=3), Frame(b"", "areas", areas)) is False


def test_bypasses_and_outputs_are_judged_by_their_maps() -> None:
    bypassed = Frame(b"", "zones_bypass", (), {"zones": [2]})
    assert is_done(Command(act=Act.BYPASS, zone=2), bypassed)
    assert not is_done(Command(act=Act.UNBYPASS, zone=2), bypassed)
    on = Frame(b"", "outputs", (Signal(kind=Kind.OUTPUT, state=State.ON, zone=2),))
    assert is_done(Command(act=Act.OUTPUT_ON, zone=2), on)
    assert not is_done(Command(act=Act.OUTPUT_OFF, zone=2), on)
