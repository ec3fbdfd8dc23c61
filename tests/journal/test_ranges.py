"""Ranges against plain sets of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.ranges import contains, from_seqs, overlapping, subtract

sets = st.sets(st.integers(0, 60))


@given(sets, sets)
def test_ranges_are_sets(one: set[int], other: set[int]) -> None:
    ranges, holes = from_seqs(one), from_seqs(other)
    assert {n for a, b in ranges for n in range(a, b + 1)} == one
    left = subtract(ranges, holes)
    assert {n for a, b in left for n in range(a, b + 1)} == one - other
    assert all(contains(ranges, n) == (n in one) for n in range(62))


@given(sets, st.integers(0, 60), st.integers(0, 60))
def test_overlapping_leaves_nothing_out(one: set[int], a: int, b: int) -> None:
    first, last = min(a, b), max(a, b)
    ranges = from_seqs(one)
    wanted = [pair for pair in ranges if pair[0] <= last and pair[1] >= first]
    assert list(overlapping(ranges, first, last)) == wanted
