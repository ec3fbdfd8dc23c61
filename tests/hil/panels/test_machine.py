"""Control lines and the ledger's JSON."""

import json

import pytest

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Entry, Said


def test_a_control_line_is_a_name_words_and_settings() -> None:
    command = Command.parse("Input 3  on unit=2")
    assert command == Command("input", ("3", "on"), {"unit": "2"})
    assert command.number("unit", None, 1, 9) == 2
    assert command.number("zone", 7, 1, 9) == 7
    assert command.word(1, "") == "on"
    assert command.word(2, "x") == "x"
    assert command.seconds_ns(0, 1.0) == 3_000_000_000


@pytest.mark.parametrize("line", ["x y", "x -1", "x 1e9", "x nan"])
def test_seconds_are_bounded(line: str) -> None:
    with pytest.raises(CommandError, match="x: "):
        Command.parse(line).seconds_ns(0, 0)


def test_an_empty_line_is_refused() -> None:
    with pytest.raises(CommandError):
        Command.parse("  ")


def test_the_ledger_line() -> None:
    signal = Signal(kind=Kind.FIRE, state=State.ACTIVE, code="110", zone=3, account="2468")
    line = Entry(7, Said.ACKED, signal, b"\x35\x30", unit=2).to_json("p1", 99)
    assert json.loads(line) == {
        "id": 7,
        "panel": "p1",
        "state": "acked",
        "signal": {
            "kind": "fire",
            "code": "110",
            "state": "active",
            "area": None,
            "zone": 3,
            "user": None,
            "account": "2468",
        },
        "frame": "3530",
        "t_ns": 99,
        "unit": 2,
    }
    assert json.loads(Entry(0, Said.OPEN, line="/dev/x").to_json("p", 1))["line"] == "/dev/x"
