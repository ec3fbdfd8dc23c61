"""The same proofs as `tree` makes by hashing everything anew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence import tree
from edge_agent.evidence.levels import Levels

LEAVES = [tree.leaf_hash(bytes([number])) for number in range(70)]


@settings(max_examples=60)
@given(st.data())
def test_proofs_are_those_of_the_tree(data: st.DataObject) -> None:
    levels = Levels(LEAVES)
    size = data.draw(st.integers(1, len(LEAVES)))
    seq, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    assert levels.inclusion(seq, size) == tree.inclusion_proof(LEAVES[:size], seq)
    assert levels.consistency(old, size) == tree.consistency_proof(LEAVES[:size], old)
    assert levels.root(size) == tree.root(LEAVES[:size])
    peaks = tree.Peaks()
    for leaf in LEAVES[:old]:
        peaks.append(leaf)
    assert levels.peaks(old).to_bytes() == peaks.to_bytes()


def test_nothing_beyond_its_size() -> None:
    levels = Levels(LEAVES[:5])
    assert (levels.size, levels.leaf(4)) == (5, LEAVES[4])
    assert Levels([]).root(0) == tree.EMPTY_ROOT
    for wrong in (lambda: levels.leaf(5), lambda: levels.inclusion(2, 6), lambda: levels.root(6)):
        with pytest.raises(ValueError, match="no lea"):
            wrong()
    with pytest.raises(ValueError, match="no leaf 3"):
        levels.inclusion(3, 3)
    with pytest.raises(ValueError, match="no prefix"):
        levels.consistency(4, 3)
