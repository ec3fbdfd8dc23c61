"""What the text on a keypad shows of a zone."""

import pytest

from drivers._keypad_lines import shown_zone
from hil.panels.machine import describe


@pytest.mark.parametrize(
    ("text", "zone", "state"),
    [
        ("FAULT 23 FRONT DOOR", 23, "open"),
        (" FAULT 5", 5, "open"),
        ("CHECK 107 SMOKE HALL", 107, "fault"),
    ],
)
def test_a_zone_that_is_named_is_open_or_faulty(text: str, zone: int, state: str) -> None:
    [signal] = shown_zone(text, 2, b"frame")
    assert tuple(describe(signal).values()) == ("zone", None, state, 2, zone, None, None)
    assert signal.frame == b"frame"


@pytest.mark.parametrize("text", ["ALARM 23", "FAULT", "FAULT 00", "FAULT 1234", "NO FAULT 23", ""])
def test_any_other_text_names_none(text: str) -> None:
    assert shown_zone(text, None, b"") == ()
