"""What a ledger's lines make of a signal: spoken, due, acknowledged."""

import json

import pytest

from edge_agent.demo.ledger import Ledger, key_of
from tests.demo.figures import line, noted


@pytest.mark.parametrize(
    ("acknowledged", "states", "due"),
    [
        (True, ("said",), False),
        (True, ("said", "acked"), True),
        (True, ("said", "gave_up"), False),
        (True, ("said", "gave_up", "acked"), True),
        (False, ("set", "said"), True),
        (False, ("set", "found"), False),
    ],
)
def test_which_signals_have_to_arrive(
    acknowledged: bool, states: tuple[str, ...], due: bool
) -> None:
    (one,) = noted(acknowledged, *states).spoken.values()
    assert one.due is due
    assert one.found is ("found" in states)


@pytest.mark.parametrize("states", [("set",), ("set", "missed"), ("dropped",)])
def test_what_nobody_can_have_heard_is_not_spoken(states: tuple[str, ...]) -> None:
    assert not noted(False, *states).spoken


def test_times_are_of_the_first_byte_said_and_of_the_ack() -> None:
    (one,) = noted(True, "said", "acked").spoken.values()
    assert (one.said_ns, one.acked_ns) == (10, 11)


def test_the_line_comes_and_goes() -> None:
    ledger = Ledger("p1", acknowledged=True)
    where = line(0, "open", 1, signal=None, line="/run/tty")
    assert ledger.note(where) is None
    assert ledger.line == "/run/tty"
    ledger.note(line(0, "closed", 2, signal=None))
    assert ledger.line is None


def test_a_frame_is_the_same_with_and_without_its_end() -> None:
    told = json.loads(line(1, "said", 1))["signal"]
    assert key_of("p1", told, b"50\x14", by_frame=True) == key_of("p1", told, b"50", by_frame=True)
    assert key_of("p1", told, b"50", by_frame=True) != key_of("p1", told, b"51", by_frame=True)
    assert key_of("p1", told, b"5", by_frame=False) == key_of("p1", told, b"7", by_frame=False)
