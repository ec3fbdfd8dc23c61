"""Timelines from anybody: what is read, what is counted, and that nothing raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.diagnosis.observation import NS, Measure, Observation
from edge_agent.diagnosis.reading import LINE_CHARS_MAX, Reader
from edge_agent.domain.kinds import Kind, State

START = b'{"start": "2026-11-23T00:00:00+08:00"}'


def read(*lines: bytes | dict[str, Any]) -> tuple[list[Observation], Reader]:
    reader = Reader()
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return list(reader.read(texts)), reader


def test_an_event_and_its_line_number() -> None:
    alarm = {"t": 7300.1, "panel": "p1", "kind": "burglary", "code": "134", "state": "active"}
    found, reader = read(START, {**alarm, "area": 1, "zone": 1, "user": None})
    assert found == [
        Observation(
            line=2,
            t_ns=7_300_100_000_000,
            wall_ns=1_795_363_200 * NS + 7_300_100_000_000,
            kind=Kind.BURGLARY,
            state=State.ACTIVE,
            panel="p1",
            area=1,
            zone=1,
            code="134",
        )
    ]
    assert found[0].is_alarm
    assert reader.offset_s == 8 * 3600
    assert not +reader.problems


def test_measurements() -> None:
    found, reader = read(
        {"t": 1, "panel": "p1", "kind": "loop", "zone": 5, "ohms": 1180},
        {"t": 2, "panel": "p1", "kind": "supply", "supply": "s1", "volts": 11.6, "load_test": True},
        {"t": 3, "panel": "p1", "kind": "radio", "zone": 7, "rssi_dbm": -91, "interference": False},
        {"t": 4, "kind": "uplink", "state": "down"},
        {"t": 5, "panel": "p1", "kind": "line", "frames": 1000, "bad": 14},
        {"t": 6, "panel": "p1", "kind": "panel", "state": "offline"},
    )
    assert [one.kind for one in found[:5]] == [*list(Measure)[:3], Measure.UPLINK, Measure.LINE]
    assert (found[0].ohms, found[1].volts, found[1].load_test) == (1180.0, 11.6, True)
    assert (found[2].rssi_dbm, found[2].interference, found[3].up) == (-91.0, False, False)
    assert (found[4].frames, found[4].bad) == (1000, 14)
    assert found[5].state is State.OFFLINE
    assert found[0].wall_ns is None  # nobody said when it began
    assert not +reader.problems


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "no_json"),
        (b"\xff\xfe", "no_json"),
        (b"[" * 50_000, "no_json"),
        (b"9" * 5000, "no_json"),
        (b"[]", "no_object"),
        (b" " * (LINE_CHARS_MAX + 1), "line_too_long"),
        (b'{"t": 1}', "kind"),
        (b'{"t": 1, "kind": ["zone"]}', "kind"),
        (b'{"t": 1, "kind": "volcano", "state": "active"}', "kind"),
        (b'{"start": 7}', "start"),
        (b'{"start": "2026-11-23T00:00:00"}', "start"),
    ],
)
def test_a_line_that_says_nothing_is_counted(line: bytes, problem: str) -> None:
    found, reader = read(line)
    assert not found
    assert +reader.problems == {problem: 1}


NO_NUMBERS: tuple[Any, ...] = (-1, 1.5, True, "5", 10**9, 10**40, [], [1], {})
NO_TIMES: tuple[Any, ...] = (None, "1", True, -1, 1e10, float("nan"), float("inf"), 10**400)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("zone", bad) for bad in NO_NUMBERS],
        ("panel", 7),
        ("panel", "p" * 1000),
        ("code", 134),
        *[("t", bad) for bad in NO_TIMES],
    ],
)
def test_an_alarm_with_a_broken_field_is_still_an_alarm(field: str, value: Any) -> None:
    alarm = {"t": 5, "panel": "p1", "kind": "burglary", "state": "active", "zone": 1, "code": "130"}
    found, reader = read({**alarm, field: value})
    assert found[0].is_alarm
    assert found[0].dated is (field != "t")
    if field != "t":
        assert getattr(found[0], field) is None
    assert +reader.problems == {field: 1}


@pytest.mark.parametrize("number", NO_NUMBERS)
@pytest.mark.parametrize("field", ["area", "zone", "user"])
def test_what_speaks_of_nobody_knows_what_says_nothing(field: str, number: Any) -> None:
    lines = [
        {"t": 5, "panel": "p1", "kind": kind, "state": state, field: number}
        for kind, state in [
            *(("area", "disarmed"), ("open_close", "disarmed"), ("cancel", "active")),
            *(("test", "active"), ("bypass", "active"), ("burglary", "restored")),
        ]
    ]
    found, reader = read(*lines)
    assert not found
    assert reader.observations == 0
    assert +reader.problems == {field: 6}


@pytest.mark.parametrize("broken", [{"panel": 7}, {"code": 403}])
def test_nor_does_what_comes_from_nobody_knows_where(broken: dict[str, Any]) -> None:
    disarmed = {"t": 5, "panel": "p1", "kind": "open_close", "state": "disarmed", "user": 3}
    assert not read({**disarmed, **broken})[0]


@pytest.mark.parametrize(
    ("kind", "state"), [("area", "armed_away"), ("area", "armed_stay"), ("open_close", "armed")]
)
def test_what_is_armed_is_armed_by_nobody_knows_whom_too(kind: str, state: str) -> None:
    arming = {"t": 5, "panel": "p1", "kind": kind, "state": state, "area": 1}
    found, reader = read({**arming, "user": "x"}, {**arming, "area": "x"})
    assert [(one.area, one.user) for one in found] == [(1, None)]
    assert +reader.problems == {"user": 1, "area": 1}


def test_its_time_is_time_all_the_same() -> None:
    cancel = {"t": 90, "kind": "cancel", "state": "active", "area": "x"}
    found, _ = read(cancel, {"kind": "panic", "state": "active"})
    assert (found[0].t_ns, found[0].dated) == (90 * NS, False)


def test_a_zone_is_what_it_is_said_to_be_whatever_stands_beside_it() -> None:
    lines = [
        {"t": 5, "kind": "zone", "state": state, "zone": 3, "area": "x"}
        for state in ("open", "closed")
    ]
    assert [(one.zone, one.area) for one in read(*lines)[0]] == [(3, None)] * 2


def test_a_number_that_the_panel_prints_as_0_is_not_said() -> None:
    found, reader = read({"kind": "area", "state": "disarmed", "t": 5, "area": 1, "user": 0})
    assert (found[0].area, found[0].user) == (1, None)
    assert not +reader.problems


def test_a_byte_order_mark_before_the_first_line_is_none_of_it() -> None:
    mark = b"\xef\xbb\xbf"
    _, reader = read(mark + START, {"t": 1, "kind": "log", "state": "active"})
    assert reader.offset_s == 8 * 3600
    assert not +reader.problems
    assert +read(START, mark + START)[1].problems == {"no_json": 1}


def test_time_stands_still_where_it_would_go_back() -> None:
    found, reader = read(
        {"t": 9, "kind": "log", "state": "active"},
        {"t": 3, "kind": "log", "state": "active"},
        {"t": 10, "kind": "log", "state": "active"},
        {"t": 9, "kind": "log", "state": "active"},  # told a moment too late
    )
    assert [(one.t_ns // NS, one.dated) for one in found] == [
        *((9, True), (9, False), (10, True), (10, True))
    ]
    assert +reader.problems == {"t": 1}


def test_the_start_stands_only_once_and_first() -> None:
    later = {"start": "2030-01-01T00:00:00Z"}
    found, reader = read(START, later, {"t": 0, "kind": "log", "state": "active"}, later)
    assert found[0].wall_ns == 1_795_363_200 * NS
    assert found[0].line == 3
    assert +reader.problems == {"start_again": 2}


def test_a_state_of_another_kind_is_not_said() -> None:
    found, reader = read({"t": 1, "kind": "burglary", "state": "open"}, {"t": 1, "kind": "zone"})
    assert [one.state for one in found] == [None, None]
    assert +reader.problems == {"state": 1}


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    read(data)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
NAMES = ("t", "kind", "state", "panel", "zone", "volts", "ohms", "frames", "supply", "user")


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING), st.sampled_from([*Measure, *Kind]))
def test_no_object_raises(said: dict[str, Any], kind: str) -> None:
    found, _ = read({**said, "kind": str(kind)})
    assert all(one.t_ns >= 0 for one in found)
