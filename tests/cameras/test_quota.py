"""Which clips must go."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cameras.quota import Held, allowed_bytes, to_remove

MIB = 1 << 20


def held(*sizes: int) -> list[Held]:
    return [Held(f"c{number}", size, number * 100) for number, size in enumerate(sizes)]


def test_the_journal_keeps_three_parts_of_four() -> None:
    assert allowed_bytes(100 * MIB, 1000 * MIB, 0, journal_full=False) == 100 * MIB
    assert allowed_bytes(100 * MIB, 100 * MIB, 0, journal_full=False) == 25 * MIB
    assert allowed_bytes(100 * MIB, 60 * MIB, 40 * MIB, journal_full=False) == 25 * MIB


def test_a_full_journal_leaves_nothing() -> None:
    assert allowed_bytes(100 * MIB, 1000 * MIB, 0, journal_full=True) == 0


def test_the_oldest_go_until_there_is_room() -> None:
    assert [one.clip for one in to_remove(held(10, 10, 10), 5, 30)] == ["c0"]
    assert [one.clip for one in to_remove(held(10, 10, 10), 15, 30)] == ["c0", "c1"]
    assert to_remove(held(10, 10, 10), 0, 30) == []


def test_old_ones_go_though_there_is_room() -> None:
    gone = to_remove(held(1, 1, 1), 0, 100, older_than_ns=101)
    assert [(one.clip, one.is_old) for one in gone] == [("c0", True), ("c1", True)]


@given(st.lists(st.integers(1, 50), max_size=8), st.integers(0, 100), st.integers(0, 200))
def test_what_is_left_fits(sizes: list[int], wanted: int, allowed: int) -> None:
    wanted = min(wanted, allowed)
    gone = to_remove(held(*sizes), wanted, allowed)
    left = sum(sizes) - sum(one.size for one in gone)
    assert left + wanted <= allowed
    if gone:  # not one more than needed
        assert left + gone[-1].size + wanted > allowed
