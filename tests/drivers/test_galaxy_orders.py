"""What is said at level 4: orders by their numbers, answers by their bytes.

Seen to fail: a map read over its two bytes that mean nothing; a zone's type taken for a zone.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._galaxy_orders import Told, is_zone, order, read, zone_at
from edge_agent.domain.command import Act, Command


@pytest.mark.parametrize(
    ("act", "data"),
    [
        (Act.ARM_AWAY, b"SA3*1"),
        (Act.ARM_STAY, b"SA3*2"),
        (Act.DISARM, b"SA3*0"),
        (Act.BYPASS, b"SB1011*1"),
        (Act.UNBYPASS, b"SB1011*0"),
    ],
)
def test_orders(act: Act, data: bytes) -> None:
    assert order(Command(act=act, area=3, zone=1011)) == data


def test_an_order_without_an_area_is_for_the_first_and_never_for_all() -> None:
    assert order(Command(act=Act.ARM_AWAY)) == b"SA1*1"
    assert order(Command(act=Act.DISARM, area=33)) is None


@pytest.mark.parametrize("zone", [None, 1, 99, 1000, 1009, 1010, 1161, 5001, 4158 + 1])
def test_what_is_no_zone_is_not_ordered(zone: int | None) -> None:
    assert order(Command(act=Act.BYPASS, zone=zone)) is None


def test_zones_are_numbered_by_line_rio_and_input() -> None:
    assert [zone_at(rio, 0) for rio in (0, 1, 15, 16, 31, 32, 63)] == [
        *(1001, 1011, 1151, 2001, 2151, 3001, 4151)
    ]
    assert all(is_zone(zone_at(rio, place)) for rio in range(64) for place in range(8))


def test_areas_have_a_digit_each() -> None:
    assert read(b"SA*102") == Told("SA", {1: 1, 2: 0, 3: 2})
    assert read(b"SA91*" + b"0" * 31 + b"2") == Told(
        "SA91", {**dict.fromkeys(range(1, 32), 0), 32: 2}
    )
    assert read(b"SA*" + b"0" * 33) is None


@pytest.mark.parametrize(
    ("at", "zone"), [(0, 1001), (1, 1011), (4, 1021), (17, 1151), (18, 2001), (33, 2151)]
)
def test_maps_of_the_lower_lines(at: int, zone: int) -> None:
    data = bytearray(35)
    data[at] = 0x81
    assert read(b"ZS201*" + data) == Told("ZS201", {zone: 1, zone + 7: 1})


def test_what_means_nothing_in_a_map_is_no_zone() -> None:
    lower = bytes(2) + b"\xff\xff" + bytes(30) + b"\xff"
    assert read(b"ZS101*" + lower) == Told("ZS101", {})
    assert read(b"ZS102*" + bytes(32) + b"\xff") == Told("ZS102", {})
    assert read(b"ZS102*" + bytes(31) + b"\x01\x00") == Told("ZS102", {4151: 1})


@pytest.mark.parametrize("data", [b"SA", b"SA92", b"SA7", b"SB1011", b"ZS1", b"ZS702", b"SA1*5"])
def test_what_a_host_says_is_recognised(data: bytes) -> None:
    assert read(data) == Told(data.decode())


@pytest.mark.parametrize("data", [b"", b"SA*", b"ZS201*" + bytes(34), b"ZS901*" + bytes(35), b"OR"])
def test_what_is_not_known_is_not_guessed(data: bytes) -> None:
    assert read(data) is None


@settings(max_examples=30)
@given(st.binary(max_size=63))
def test_hostile_data_never_raise(data: bytes) -> None:
    read(data)
    read(b"ZS201*" + data)
