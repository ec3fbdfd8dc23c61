"""Which units of a bus are there."""

import pytest

from edge_agent.domain.recognition import NOT_IN_PROBES
from edge_agent.domain.session import Read, Table
from edge_agent.linetools.units import PROFILE_READS_MAX, UnitPlan, UnitScan

READS = (
    ("di8", (Read(0, Table.DISCRETE_INPUTS, 0, 8),)),
    ("large", (Read(0, Table.COILS, 0, 900),)),
)


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def answer(frame: bytes) -> bytes:
    """What a module with eight inputs says: it knows no registers, and no long reads."""
    unit, function, count = frame[0], frame[1], int.from_bytes(frame[4:6], "big")
    if function != 2 or count > 8:
        said = bytes((unit, function | 0x80, 2 if function < 3 else 1))
    else:
        said = bytes((unit, function, 1, 0))
    return said + crc(said)


def scan(
    units: set[int], plan: UnitPlan, deaf_to: int = 0
) -> tuple[UnitScan, list[tuple[str | None, int]]]:
    """Play a bus with these units; the first `deaf_to` requests are not heard."""
    found, asked = UnitScan(plan), []
    while (request := found.next()) is not None:
        asked.append((request.settings, request.unit))
        if request.unit in units and len(asked) > deaf_to:
            assert found.hear(answer(request.frame))
        else:
            found.silence()
    return found, asked


def test_those_that_answer_are_found_with_the_profiles_whose_reads_they_answer() -> None:
    found, _ = scan({1, 3}, UnitPlan(("9600-8N1",), (1, 2, 3), READS))
    assert [(one.unit, one.profiles) for one in found.found] == [(1, ("di8",)), (3, ("di8",))]
    assert "illegal function" in found.found[0].detail


def test_who_missed_a_request_is_asked_again_once_the_bus_is_proven() -> None:
    found, _ = scan({1, 3}, UnitPlan(("9600-8N1",), (1, 2, 3), READS), deaf_to=1)
    assert [one.unit for one in found.found] == [1, 3]


def test_settings_are_tried_until_one_answers() -> None:
    found, asked = scan(set(), UnitPlan(("9600-8N1", "9600-8E1"), (1, 2)))
    assert found.found == []
    assert asked == [("9600-8N1", 1), ("9600-8N1", 2), ("9600-8E1", 1), ("9600-8E1", 2)]


def test_requests_that_hold_an_ack_wait_for_proof() -> None:
    plan = UnitPlan(("9600-8N1",), (6, 17, 19, 21, 30))
    found, asked = scan(set(), plan)
    assert [unit for _, unit in asked] == [30]
    assert found.left_out == (6, 17, 19, 21)
    found, asked = scan({21, 30}, plan)
    assert [one.unit for one in found.found] == [21, 30]
    assert found.left_out == ()


@pytest.mark.parametrize("unit", range(1, 248))
def test_no_request_to_an_unproven_line_holds_what_a_receiver_obeys(unit: int) -> None:
    request = UnitScan(UnitPlan(("9600-8N1",), (unit,))).next()
    if unit in NOT_IN_PROBES:
        assert request is None
        return
    assert request is not None, "another count gives another sum"
    assert not set(request.frame) & set(NOT_IN_PROBES)


def test_of_a_large_map_the_first_reads_are_enough() -> None:
    many = tuple(Read(at, Table.DISCRETE_INPUTS, at, 1) for at in range(500))
    found, asked = scan({1}, UnitPlan(("9600-8N1",), (1,), (("huge", many),)))
    assert found.found[0].profiles == ("huge",)
    assert len(asked) == 1 + PROFILE_READS_MAX


def test_a_stream_that_is_no_modbus_is_no_unit() -> None:
    found = UnitScan(UnitPlan((None,), (1,), tcp=True))
    assert found.next() is not None
    assert found.hear(b"HTTP/1.1 400 Bad Request\r\n")
    assert found.next() is None
    assert found.found == []
