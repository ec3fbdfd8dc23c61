"""Causes and labels, where something is known."""

import pytest

from tests.diagnosis.timeline import (
    DOOR,
    ROOM,
    STORE,
    WINDOW,
    YARD,
    Line,
    alarm,
    armed,
    at,
    closes,
    opens,
    run,
)


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ([alarm(7300, ROOM)], None),
        ([alarm(7300 + 10 * n, WINDOW) for n in range(3)], "loose_contact"),
        ([alarm(7300 + 10 * n, ROOM) for n in range(3)], "nuisance"),
        ([alarm(7300, YARD)], "nuisance"),
        ([at(7299, "exit_error", code="374", zone=DOOR, area=1), alarm(7300, DOOR)], "exit_error"),
        ([at(7299, "access", code="461"), alarm(7300, DOOR)], "wrong_code"),
        ([at(7299, "access", code="921"), alarm(7300, DOOR)], "wrong_code"),
        ([at(7299, "access", code="422"), alarm(7300, DOOR)], None),
        (
            [at(7290, "radio", None, zone=STORE, interference=True), alarm(7300, STORE)],
            "radio_interference",
        ),
        ([at(7000, "loop", None, zone=WINDOW, ohms=1250), alarm(7300, WINDOW)], "loop_drift"),
    ],
)
def test_what_lies_behind_a_single_trip(lines: list[Line], cause: str | None) -> None:
    assert run(armed(), *lines)[-1]["cause"] == cause


@pytest.mark.parametrize(
    ("lines", "label"),
    [
        ([alarm(7300, ROOM), alarm(7310, ROOM)], "cp01.swinger"),
        ([alarm(7300 + 10 * n, ROOM) for n in range(3)], "isa.chattering"),
        ([alarm(150, ROOM)], "cp01.recent_close"),
        ([alarm(7300, DOOR, "134")], "cp01.entry"),
        ([alarm(7300, DOOR, "134")], "schedule.closed"),
        ([alarm(36_000, ROOM)], "schedule.open"),
        ([alarm(7300, YARD)], "bs8243.outdoors"),
        ([alarm(7300 + n, ROOM) for n in range(11)], "isa.flood"),
        (
            [opens(7300, ROOM), alarm(7300, ROOM), closes(7302, ROOM), alarm(7400, ROOM)],
            "isa.fleeting",
        ),
        (
            [alarm(7300, ROOM), at(7301, "zone_trouble", zone=ROOM, code="378"), alarm(7400, ROOM)],
            "cp01.cross_zone",
        ),
        ([opens(10, ROOM), alarm(86_500, ROOM)], "isa.stale"),
    ],
)
def test_labels(lines: list[Line], label: str) -> None:
    said = run(armed(), *lines, until_s=100_000)
    assert label in said[-1]["reasons"]


def test_what_is_there_to_verify_with() -> None:
    said = run(armed(), alarm(7300, ROOM))
    assert said[0]["available"] == ["sequential", "user_code", "schedule"]
    assert said[0]["missing"] == ["technical", "image", "audio", "call_back"]
    measured = run(armed(), at(7000, "loop", None, zone=ROOM, ohms=1000), alarm(7300, ROOM))
    assert "technical" in measured[0]["available"]
