"""Register maps: what a profile may say, what it becomes, and the words when it is wrong."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from edge_agent import resources
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.register_map import Block, register_map
from edge_agent.domain.register_points import Loop
from edge_agent.domain.session import Plain, Profile, Table
from edge_agent.resources import load_profile

POINT: dict[str, Plain] = {
    "table": "holding_registers",
    "address": 11,
    "bit": 3,
    "zone": 7,
    "kind": "fire",
    "code": "111",
    "normal": 1,
}
BLOCK: dict[str, Plain] = {"table": "holding_registers", "address": 10, "count": 2}
COIL: dict[str, Plain] = {"table": "coils", "address": 0, "zone": 1, "kind": "fire"}
LOOP: dict[str, Plain] = {
    "name": "l",
    "wiring": "double",
    "eol_ohms": 1000,
    "series_ohms": 1000,
    "full": 4095,
}
INPUT: dict[str, Plain] = {
    "table": "input_registers",
    "address": 0,
    "zone": 1,
    "kind": "fire",
    "loop": "l",
}
SHIPPED = [p.name for p in resources.profiles().values() if p.driver == "modbus_map"]


def profile(**facts: Any) -> Profile:
    told = {"points": [POINT]} | facts
    return Profile("test", "1", "modbus_map", "Test", told)


def points(*entries: dict[str, Plain], **facts: Any) -> list[tuple[int, int | None, int | None]]:
    found = register_map(profile(points=list(entries), **facts))
    return [(point.address, point.area, point.zone) for point in found.points]


def test_a_bit_of_a_register_is_a_point() -> None:
    found = register_map(profile(blocks=[BLOCK]))
    ((_, point, offset),) = found.within(found.blocks[0])
    assert not isinstance(point.meaning, Loop)
    assert (offset, point.meaning.reading(0b1000).state) == (1, State.CLOSED)


def test_an_entry_of_many_counts_its_numbers_up() -> None:
    assert points({**COIL, "count": 3, "zone": 5}) == [(0, None, 5), (1, None, 6), (2, None, 7)]
    loops = {**COIL, "count": 5, "area": 1, "zones_per_area": 2}
    assert [place[1:] for place in points(loops)] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]
    bits = {**POINT, "bit": 1, "bits": 2, "count": 2}
    assert points(bits) == [(11, None, 7), (11, None, 8), (12, None, 9), (12, None, 10)]


def test_a_smaller_panel_reads_less() -> None:
    whole, small = (register_map(load_profile("gst_5000"), most) for most in (None, 480))
    assert (len(whole.points), len(small.points)) == (4802, 482)
    assert small.points[479].area == 2
    assert small.points[-1].address == 4999, "single points are read whatever the limit"


def test_reads_are_made_of_the_points_and_differ_in_length_from_the_next() -> None:
    """An answer on a serial bus does not say what it is about: its length has to."""
    found = register_map(load_profile("gst_200"))
    assert found.blocks == (
        Block(Table.HOLDING_REGISTERS, 0, 100),
        Block(Table.HOLDING_REGISTERS, 100, 99),
        Block(Table.HOLDING_REGISTERS, 199, 46),
    )
    for name in SHIPPED:
        blocks = register_map(load_profile(name)).blocks
        for one, other in pairwise(blocks):
            assert (one.table, one.count) != (other.table, other.count), name


def test_a_loop_is_read_with_its_reference() -> None:
    found = register_map(profile(points=[{**INPUT, "reference": 1}], loops=[LOOP]))
    assert found.blocks == (Block(Table.INPUT_REGISTERS, 0, 2),)
    hold = found.points[0].hold
    assert (hold.alarm_ns, hold.restore_ns, hold.undefined_ns) == (300e6, 400e6, 2000e6)
    fast = register_map(profile(points=[{**INPUT, "alarm_ms": 10}], loops=[LOOP])).points[0].hold
    assert (fast.alarm_ns, fast.restore_ns) == (10e6, 400e6)


def test_the_cable_of_a_fire_loop_is_trouble_of_others_tamper() -> None:
    def damaged(kind: str) -> tuple[Kind, str | None]:
        found = register_map(profile(points=[{**INPUT, "kind": kind}], loops=[LOOP]))
        meaning = found.points[0].meaning
        assert isinstance(meaning, Loop)
        return meaning.tamper.kind, meaning.tamper.code

    assert damaged("fire") == (Kind.ZONE_TROUBLE, "373")
    assert damaged("burglary") == (Kind.TAMPER, "383")


def test_a_second_entry_of_a_zone_tells_beside_its_contact() -> None:
    found = register_map(profile(points=[COIL, {**COIL, "address": 1, "kind": "tamper"}]))
    assert [point.contact for point in found.points] == [True, False]
    tamper = {**COIL, "address": 2, "kind": "tamper"}
    areas = [{**COIL, "area": 1}, {**COIL, "address": 1, "area": 2}, tamper]
    found = register_map(profile(points=areas))
    assert [point.contact for point in found.points] == [True, True, False]


def test_a_clock() -> None:
    clock = register_map(profile(clock={"address": 5, "write": True})).clock
    assert clock is not None
    assert (clock.address, clock.read, clock.write, clock.parts[0]) == (5, True, True, "year")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_profile_that_is_shipped_says_what_device_it_is_of(name: str) -> None:
    device = register_map(load_profile(name)).device
    told = load_profile(name).facts["device"]
    assert isinstance(told, dict)
    assert {"maker", "model", "firmware"} <= told.keys()
    assert (device.verified_by is None) is (device.verified_when is None)
    assert device.verified_by is None, "said of the field, and nobody was there"


def test_all_kinds_of_maps_are_there() -> None:
    assert set(SHIPPED) >= {
        *("generic_di8", "generic_di8_relay8", "adam_4100", "adam_2051z"),
        *("generic_ai8_loops", "gst_200", "gst_5000", "notifier_gateway"),
    }


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"poll_ms": 2500}, "'poll_ms' is 2500, allowed 20 to 2000"),
        ({"blocks": []}, "'blocks' holds no entry"),
        ({"pol_ms": 1}, "unknown key 'pol_ms'"),
        ({"blocks": [1]}, "blocks.0.: found 1"),
        ({"blocks": [{"table": "coil", "address": 0, "count": 1}]}, "'table' is 'coil', allowed"),
        ({"blocks": [{"table": "coils", "address": 0, "count": 1}]}, "no block reads zone 7"),
        ({"blocks": [{**BLOCK, "count": 126}]}, "1 to 125"),
        ({"points": []}, "'points' holds no entry"),
        ({"points": [{"table": "coils", "address": 0, "bit": 1}]}, "has no 'bit'"),
        ({"points": [{**POINT, "bits": 14}]}, "'bits' is 14, allowed 1 to 13"),
        ({"points": [{**COIL, "kind": "zone"}]}, "'kind' is 'zone', allowed medical"),
        ({"points": [{**COIL, "text": ""}]}, "'text' is ''"),
        ({"points": [{**COIL, "address": 65535, "count": 2}]}, "beyond address 65535"),
        ({"points": [{**COIL, "count": 20_000}]}, "20000 points, allowed 10000"),
        ({"points": [{"table": "coils", "address": 0, "count": 2, "kind": "fire"}]}, "'zone'"),
        ({"points": [{**COIL, "output": 1, "word": "w"}]}, "found word and output"),
        ({"points": [{**INPUT, "word": "w", "loop": "l"}]}, "found word and loop"),
        ({"points": [INPUT]}, "'loop' is 'l', allowed none is defined"),
        ({"points": [{**COIL, "loop": "l"}], "loops": [LOOP]}, "coils entry is one bit"),
        ({"points": [{**INPUT, "bit": 1}], "loops": [LOOP]}, "a whole register: no 'bit'"),
        ({"points": [{**INPUT, "reference": 9}], "loops": [LOOP]}, "not in one block"),
        ({"clock": {"address": 0, "parts": ["year"]}}, "'parts' is"),
        ({"device": {"maker": 3}}, "'maker' is 3"),
    ],
)
def test_a_wrong_profile_is_refused_by_name(facts: Mapping[str, Plain], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        register_map(profile(**facts))
