"""What objects of GB/T 26875.3 say, bit for bit; data typed from the layouts of the standard."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._gb26875_frames import Command
from drivers._gb26875_objects import (
    Reading,
    Said,
    UnfitError,
    read_data,
    signals_of,
    words_of,
)
from edge_agent.domain.kinds import Kind, State
from edge_agent.resources import load_codes

CODES = load_codes()
TIME = bytes.fromhex("1C 14 0A 17 0B 1A")
ISO = "2026-11-23T10:20:28"


def read(data: bytes, command: int = Command.SEND, addressing: str = "loop_point") -> Said:
    frame = bytes(27) + data
    return read_data(
        data, command, Reading(CODES, "gb18030", addressing, "000000002468", 0x2468, frame, TIME)
    )


def told(said: Said) -> list[tuple[str, str | None, str]]:
    return [(s.kind.value, s.code, s.state.value) for s in signals_of(CODES, said)]


def component(kind: int, status: int, address: str = "15 00 03 00", text: bytes = b"") -> bytes:
    head = bytes((2, 1, 1, 1, kind)) + bytes.fromhex(address)
    return head + status.to_bytes(2, "little") + text.ljust(31, b"\x00") + TIME


@pytest.mark.parametrize(
    ("kind", "code", "word"),
    [
        (23, "115", "fire"),
        (24, "115", "fire"),
        (30, "114", "fire"),
        (37, "114", "fire"),
        (40, "111", "fire"),
        (44, "111", "fire"),
        (51, "110", "fire"),
        (61, "117", "fire"),
        (69, "117", "fire"),
        (96, "113", "fire"),
        (25, "110", "fire"),
        (74, "110", "fire"),
        (10, "151", "gas"),
        (200, "110", "fire"),
    ],
)
def test_a_fire_has_the_code_of_its_detector(kind: int, code: str, word: str) -> None:
    [signal] = signals_of(CODES, read(component(kind, 3)))
    assert (signal.kind.value, signal.code, signal.state) == (word, code, State.ACTIVE)
    assert (signal.area, signal.zone, signal.panel_time) == (3, 21, ISO)


@pytest.mark.parametrize(
    ("bit", "expected"),
    [
        (2, ("zone_trouble", "380", "active")),
        (3, ("bypass", "571", "active")),
        (4, ("fire_supervisory", "200", "active")),
        (5, ("output", None, "on")),
        (6, ("log", None, "active")),
        (7, ("log", None, "active")),
        (8, ("module_trouble", "337", "active")),
    ],
)
def test_bits_of_a_component(bit: int, expected: Any) -> None:
    assert told(read(component(86, 1 | 1 << bit))) == [expected]


@pytest.mark.parametrize(
    ("bit", "expected"),
    [
        (1, ("fire", "110", "active")),
        (2, ("system_trouble", "300", "active")),
        (3, ("bypass", "571", "active")),
        (4, ("fire_supervisory", "200", "active")),
        (5, ("output", None, "on")),
        (6, ("log", None, "active")),
        (7, ("log", None, "active")),
        (8, ("power", "301", "active")),
        (9, ("power", "302", "active")),
        (10, ("module_trouble", "331", "active")),
        (11, ("log", None, "active")),
        (12, ("log", None, "active")),
        (13, ("log", None, "active")),
    ],
)
def test_bits_of_a_system(bit: int, expected: Any) -> None:
    said = read(bytes((1, 1, 1, 1)) + (1 | 1 << bit).to_bytes(2, "little") + TIME)
    assert told(said) == [expected]
    assert bool(said.resets) is (bit == 13)


@pytest.mark.parametrize(
    ("bit", "expected"),
    [
        (1, ("fire", "110", "active")),
        (2, ("system_trouble", "300", "active")),
        (3, ("power", "301", "active")),
        (4, ("power", "302", "active")),
        (5, ("comms", "350", "active")),
        (6, ("module_trouble", "330", "active")),
    ],
)
def test_bits_of_the_transmission_device(bit: int, expected: Any) -> None:
    assert told(read(bytes((21, 1, 1 | 1 << bit)) + TIME)) == [expected]


def test_all_bits_clear_is_test_and_not_healthy() -> None:
    assert told(read(component(42, 0))) == [("test", "604", "active")]
    assert told(read(component(42, 1))) == [("zone", None, "closed")]
    assert told(read(component(42, 2))) == [("fire", "111", "active")]  # beside a fire: the fire


@pytest.mark.parametrize("bit", range(7))
def test_an_operator_is_never_a_fire(bit: int) -> None:
    said = read(bytes((4, 1, 1, 1, 1 << bit, 9)) + TIME)
    assert told(said) == [("log", None, "active")]
    assert said.acts[0].user == 9
    assert bool(said.resets) is (bit == 0)
    said = read(bytes((24, 1, 1 << bit, 0)) + TIME)
    assert told(said) == [("log", None, "active")]
    assert said.acts[0].user is None
    assert said.is_duty_answer is (bit == 5)


def test_several_objects_in_one_frame() -> None:
    one, two = component(42, 3)[2:], component(31, 5, "07 00 02 00")[2:]
    said = read(bytes((2, 2)) + one + two)
    assert [(s.code, s.area, s.zone) for s in signals_of(CODES, said)] == [
        ("111", 3, 21),
        ("380", 2, 7),
    ]


@pytest.mark.parametrize(
    ("addressing", "place"),
    [("loop_point", (3, 21)), ("point_loop", (21, 3)), ("number", (None, 196629))],
)
def test_where_the_loop_stands_in_an_address(addressing: str, place: Any) -> None:
    [signal] = signals_of(CODES, read(component(42, 3), addressing=addressing))
    assert (signal.area, signal.zone) == place


def test_an_address_that_no_panel_prints_is_kept_in_the_fields() -> None:
    said = read(component(42, 3, "FF FF FF FF"), addressing="number")
    [signal] = signals_of(CODES, said)
    assert (signal.area, signal.zone) == (None, None)
    assert said.fields["objects"] == [
        {
            "system_type": 1,
            "system": 1,
            "component_type": 42,
            "address": 0xFFFFFFFF,
            "loop": None,
            "point": None,
            "status": 3,
            "test": False,
            "text": "",
            "time": ISO,
        }
    ]


@pytest.mark.parametrize(
    ("kind", "steps", "value", "unit"),
    [
        (2, "EB 00", 2.35, "m"),
        (3, "FF FF", -0.1, "C"),
        (8, "F0 00", 24.0, "V"),
        (99, "07 00", 7.0, ""),
    ],
)
def test_measurements_are_fields_in_engineering_units(
    kind: int, steps: str, value: float, unit: str
) -> None:
    head = bytes((3, 1, 1, 1, 31)) + bytes.fromhex("15 00 03 00") + bytes((kind,))
    said = read(head + bytes.fromhex(steps) + TIME)
    assert told(said) == []
    objects = said.fields["objects"]
    assert isinstance(objects, list)
    [fields] = objects
    assert isinstance(fields, dict)
    assert (fields["value"], fields["unit"], fields["point"]) == (value, unit, 21)


@pytest.mark.parametrize(
    ("data", "name", "fields"),
    [
        ("05 01 01 02 03 04", "system_version", {"system_type": 1, "system": 2, "version": "3.4"}),
        ("19 01 03 04", "device_version", {"version": "3.4"}),
        ("1C 01 1C 14 0A 17 0B 1A", "device_clock", {"time": ISO}),
        (
            "08 01 01 02 1C 14 0A 17 0B 1A",
            "system_clock",
            {"system_type": 1, "system": 2, "time": ISO},
        ),
        ("1A 01 04 D2 BB C2 A5", "device_configuration", {"text": "一楼"}),
        (
            "06 01 01 02 04 D2 BB C2 A5",
            "system_configuration",
            {"system_type": 1, "system": 2, "text": "一楼"},
        ),
    ],
)
def test_versions_clocks_and_texts_are_fields(data: str, name: str, fields: Any) -> None:
    said = read(bytes.fromhex(data), Command.REPLY)
    assert (said.type, said.fields["objects"], told(said)) == (name, [fields], [])


def test_the_text_of_a_component_is_a_field() -> None:
    data = (
        bytes((7, 1, 1, 1, 42))
        + bytes.fromhex("15 00 03 00")
        + "烟感".encode("gbk").ljust(31, b"\x00")
    )
    said = read(data, Command.REPLY)
    assert said.type == "component_configuration"
    assert "烟感" in str(said.fields)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("3D 01 01 01", "read_system_state"),
        ("3E 01 01 01 15 00 03 00", "read_component_state"),
        ("3F 01 01 01 15 00 03 00", "read_analogue"),
        ("40 01 01 01 05 1C 14 0A 17 0B 1A", "read_operations"),
        ("41 01 01 01", "read_system_version"),
        ("42 01 01 01", "read_system_configuration"),
        ("43 01 01 01 15 00 03 00", "read_component_configuration"),
        ("44 01 01 01", "read_system_clock"),
        ("51 01 00", "read_device_state"),
        ("54 01 05 1C 14 0A 17 0B 1A", "read_device_operations"),
        ("55 01 00", "read_device_version"),
        ("56 01 00", "read_device_configuration"),
        ("58 01 00", "read_device_clock"),
        ("59 01 00", "initialise"),
        ("5A 01 1C 14 0A 17 0B 1A", "set_clock"),
        ("5B 01 0A", "duty_check"),
    ],
)
def test_what_a_center_says_is_recognised_without_signals(data: str, name: str) -> None:
    said = read(bytes.fromhex(data), Command.REQUEST)
    assert (said.type, told(said)) == (name, [])


@pytest.mark.parametrize("kind", [0, 9, 29, 96, 128, 150, 254])
def test_what_is_of_the_maker_or_reserved_is_kept(kind: int) -> None:
    said = read(bytes((kind, 1, 2, 3)))
    assert told(said) == [("unknown", None, "active")]
    assert said.fields["vendor"] is (kind >= 128)
    assert said.acts[0].frame.endswith(bytes((kind, 1, 2, 3)))


@pytest.mark.parametrize(
    "data",
    [
        b"\x02",
        component(42, 3)[:-1],
        component(42, 3) + b"\x00",
        b"\x02\x02" + component(42, 3)[2:],
        b"\x02\x00\x01",
        b"\x1a\x01\x05abc",
        b"\x1a\x02\x01a",
        b"\x06\x01\x01\x01",
    ],
)
def test_contents_that_do_not_fit_are_refused(data: bytes) -> None:
    with pytest.raises(UnfitError):
        read(data)


def test_an_answer_may_hold_nothing() -> None:
    assert read(b"\x18\x00", Command.REPLY).fields == {"objects": []}


def test_texts_of_the_field() -> None:
    full = "一二三四五六七八九十一二三四五六".encode("gb18030")[:31]
    assert words_of(full, "gb18030") == "一二三四五六七八九十一二三四五"  # half a character
    for utf8 in ("防火一区三楼", "三楼烟", "2层A区", "三层"):
        assert words_of(utf8.encode().ljust(31, b"\x00"), "gb18030") == utf8
    assert words_of("三层东侧走道手动报警按钮".encode()[:31], "gb18030") == "三层东侧走道手动报警"
    for gb in ("联通", "三层东侧手报", "一层大厅", "é"):
        assert words_of(gb.encode("gb18030").ljust(31, b"\x00"), "gb18030") == gb
    assert words_of(bytes(31), "gb18030") == ""
    assert words_of(b"\x07\x1bA\x7f", "gb18030") == "A"
    assert words_of(b"\xff\xff\xff", "gb18030") == ""
    assert words_of(b"\xff\xff-A", "punycode")


@given(st.binary(max_size=200), st.sampled_from(Command))
@settings(max_examples=100, deadline=None)
def test_any_data_is_read_or_refused(data: bytes, command: Command) -> None:
    try:
        said = read(data, command)
    except UnfitError:
        return
    for signal in signals_of(CODES, said):
        assert signal.kind in Kind
