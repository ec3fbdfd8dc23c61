"""The named meanings of a profile: words and loops, and the sentences when one is wrong."""

from typing import Any

import pytest

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.profile_entry import Entry
from edge_agent.domain.register_meanings import circuits, words

LOOP = {"name": "l", "wiring": "double", "eol_ohms": 1000, "series_ohms": 1000, "full": 4095}


def facts(**values: Any) -> Entry:
    return Entry("p", values, {"words", "loops"})


def word(*values: dict[str, Any], **more: Any) -> Entry:
    return facts(words=[{"name": "w", "values": list(values), **more}])


def loop(**changes: Any) -> Entry:
    told = {**LOOP, **changes}
    return facts(loops=[{key: value for key, value in told.items() if value is not None}])


def test_a_word_is_read() -> None:
    found = words(
        word(
            {"is": [0, 9], "name": "rest", "state": "closed", "ends": "all"},
            {"is": 1, "name": "fire", "state": "open", "kind": "fire", "code": "110"},
            mask=0x00FF,
        )
    )["w"]
    assert (found.reading(0xAB01).state, found.reading(0xAB09).state) == (State.OPEN, State.CLOSED)
    [event] = found.reading(1).active
    assert (event.kind, event.code, event.text) == (Kind.FIRE, "110", "fire")


def test_a_loop_is_read() -> None:
    found = circuits(loop(hysteresis_percent=0, measure_s=60, measure_percent=5))["l"]
    assert (found.ohms(2047), found.hysteresis) == (1000, 0)
    assert (found.measure_ns, found.measure_share) == (60_000_000_000, 0.05)


def test_the_maker_s_own_bands_of_10_4_and_2_2_kohm() -> None:
    """One maker's contact closes on alarm: 8.2 kOhm with 2.2 in series, 2.2 when closed."""
    bands = [
        {"below_ohms": 1000, "state": "fault"},
        {"below_ohms": 5000, "state": "open"},
        {"below_ohms": 14_000, "state": "closed"},
        {"state": "fault"},
    ]
    found = circuits(loop(wiring=None, bands=bands))["l"]
    assert [found.state(ohms).value for ohms in (0, 2200, 10_400, 10_000_000)] == [
        *("fault", "open", "closed", "fault"),
    ]


def test_a_profile_without_any_is_fine() -> None:
    assert (words(facts()), circuits(facts())) == ({}, {})


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (word(), "'values' holds no entry"),
        (word({"is": 256, "name": "a"}, mask=0xFF), "'is' has bits outside of mask 0x00ff"),
        (word({"is": 1}), "'name' is missing"),
        (word({"is": 1, "name": "a", "state": "alarm"}), "'state' is 'alarm', allowed closed"),
        (word({"is": 1, "name": "a", "ends": ["b"]}), "'ends' names 'b', which is no value"),
        (word({"is": 1, "name": "a", "ends": "b"}), "'ends' is 'b', allowed \"all\""),
        (word({"is": 1, "name": "a", "code": "130", "kind": "x"}), "'kind' is 'x'"),
        (facts(words=[{"name": "w", "values": [{"is": 1, "name": "a"}]}] * 2), "two of name 'w'"),
    ],
)
def test_a_wrong_word_is_refused(made: Entry, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        words(made)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (loop(eol_ohms=0), "'eol_ohms' is 0"),
        (loop(full=None), "'full' is None"),
        (loop(wiring="quadruple"), "'wiring' is 'quadruple', allowed single, double, triple"),
        (loop(tolerance_percent=30), "'tolerance_percent' is 30"),
        (loop(bands=[{"state": "closed"}]), "found wiring and bands"),
        (loop(wiring=None, bands=[{"state": "open"}]), "loops\\[0\\]: no band is 'closed'"),
        (loop(wiring=None, bands=[{"state": "bypassed"}]), "'state' is 'bypassed'"),
    ],
)
def test_a_wrong_loop_is_refused(made: Entry, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        circuits(made)
