"""Subtrees and proof ranges against evidence's own tree, over any borders.

Broken once to see it fail: with `start & size` left out of `Cover.add`, the hashes of a run that
begins at an odd number are not those of its spans.
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence.tree import consistency_proof, inclusion_proof, leaf_hash, root
from edge_agent.journal.subtrees import (
    Cover,
    consistency_ranges,
    inclusion_ranges,
    range_root,
    spans,
)
from tests.journal.contents import PlainContents

NODE = PlainContents().node
LEAVES = [leaf_hash(b"event %d" % number) for number in range(300)]


@given(st.integers(0, 2**40), st.integers(1, 5000))
def test_spans_are_aligned_perfect_and_cover_exactly(first: int, count: int) -> None:
    found = list(spans(first, first + count - 1))
    at = first
    for low, high in found:
        size = high - low + 1
        assert low == at
        assert size & (size - 1) == 0
        assert low % size == 0
        at = high + 1
    assert at == first + count
    assert len(found) <= 2 * count.bit_length()


@given(st.integers(0, 299), st.integers(0, 299))
def test_a_cover_has_the_roots_of_its_spans(one: int, other: int) -> None:
    first, last = min(one, other), max(one, other)
    cover = Cover(first)
    for leaf in LEAVES[first : last + 1]:
        cover.add(leaf, NODE)
    assert cover.hashes == [root(LEAVES[low : high + 1]) for low, high in spans(first, last)]


@given(st.data())
def test_ranges_give_the_proofs_of_the_tree(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))

    def roots(ranges: list[tuple[int, int]]) -> list[bytes]:
        return [root(LEAVES[first : last + 1]) for first, last in ranges]

    assert roots(inclusion_ranges(index, size)) == inclusion_proof(LEAVES[:size], index)
    assert roots(consistency_ranges(old, size)) == consistency_proof(LEAVES[:size], old)


@given(st.data())
def test_a_root_is_put_together_from_what_is_known(data: st.DataObject) -> None:
    first = data.draw(st.integers(0, 250))
    last = data.draw(st.integers(first, 299))
    borders = sorted(data.draw(st.sets(st.integers(1, 299), max_size=8)) | {0, 300})
    known = {}
    for low, high in pairwise(borders):
        for span in spans(low, high - 1):
            known[span] = root(LEAVES[span[0] : span[1] + 1])
    known.update({(seq, seq): leaf for seq, leaf in enumerate(LEAVES)})
    expected = root(LEAVES[first : last + 1])
    if first == 0 or last - first + 1 == first & -first:
        assert range_root(first, last, known.get, NODE) == expected


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(KeyError, match="2"):
        range_root(0, 3, {(0, 1): b"x"}.get, NODE)


def test_there_are_no_proofs_of_nothing() -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_ranges(3, 3)
    with pytest.raises(ValueError, match="prefix"):
        consistency_ranges(4, 3)
    assert consistency_ranges(0, 9) == consistency_ranges(9, 9) == []
