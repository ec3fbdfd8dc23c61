"""What a center asks, byte for byte by the layouts of the standard."""

from datetime import datetime

from drivers._gb26875_memory import Memory
from drivers._gb26875_orders import clock_order, duty_order, state_orders
from tests.drivers.golden_gb26875 import DUTY_CHECK, SET_CLOCK


def test_controls_are_those_of_the_examples() -> None:
    told = datetime(2026, 11, 23, 10, 30, 0)  # noqa: DTZ001  a panel knows no time zone
    assert clock_order(told) == SET_CLOCK[27:-3]
    assert duty_order(10) == DUTY_CHECK[27:-3]


def test_all_that_was_named_is_asked_for() -> None:
    memory = Memory()
    memory.stood((0x2468, 2, 11, 3, 23, 0x00030015), 2)
    memory.stood((0x2468, 1, 1, 1), 0)
    since = bytes.fromhex("1E 14 0A 17 0B 1A")
    assert [data.hex(" ") for _, data in state_orders(memory, since)] == [
        "51 01 00",
        "3d 01 0b 03",
        "3d 01 01 01",
        "3e 01 0b 03 15 00 03 00",
        "54 01 14 1e 14 0a 17 0b 1a",
        "40 01 0b 03 14 1e 14 0a 17 0b 1a",
        "40 01 01 01 14 1e 14 0a 17 0b 1a",
    ]


def test_no_log_is_read_without_a_gap() -> None:
    assert [data[0] for _, data in state_orders(Memory(), None)] == [81, 61]
