"""Proofs out of footers against evidence's own tree, over random borders; bytes are counted.

Broken once to see it fail: with a footer's hashes given to the wrong leaves, and with every
segment's leaves read (the count of bytes finds it).
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from edge_agent.journal.format import SEGMENT_BYTES
from edge_agent.journal.proofs import NotProvable, Prover
from edge_agent.journal.scribe import Scribe
from tests.journal.sealing import CONTENTS, seal_all, seal_one
from tests.journal.simdisk import SimDisk, SimFile
from tests.journal.world import Draft, World

EPOCH = b"epoch001"


def roll(scribe: Scribe) -> None:
    """The next commit opens a segment."""
    if scribe._writer._active is not None:
        scribe._writer._active.end = SEGMENT_BYTES


def bordered(sizes: list[int]) -> tuple[SimDisk, list[bytes]]:
    """A journal with so many events in each segment, and the leaves of its tree."""
    disk = SimDisk()
    world = World(disk, EPOCH)
    for size in sizes:
        world.commit(*(Draft(b"x" * 40) for _ in range(size)))
        roll(world.scribe)
    return disk, [leaf_hash(record.data) for record in world.log.durable]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.randoms(), st.booleans())
def test_proofs_are_those_of_the_tree(sizes: list[int], random: Random, all_sealed: bool) -> None:
    disk, leaves = bordered(sizes)
    for number in range(1, len(sizes) + 1):
        if all_sealed or random.random() < 0.6:
            seal_one(disk, number)
    prover = Prover(disk, CONTENTS, EPOCH)
    for _ in range(5):
        size = random.randint(1, len(leaves))
        seq, old = random.randrange(size), random.randint(0, size)
        proof = prover.inclusion(seq, size)
        assert proof == inclusion_proof(leaves[:size], seq)
        assert prover.root(size) == root(leaves[:size])
        assert verify_inclusion(prover.leaf(seq), seq, size, proof, root(leaves[:size]))
        proof = prover.consistency(old, size)
        assert proof == consistency_proof(leaves[:size], old)
        assert verify_consistency(old, size, root(leaves[:old]), root(leaves[:size]), proof)


def test_a_proof_reads_the_records_of_one_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimDisk()
    world = World(disk, EPOCH)
    for _ in range(12):
        world.commit(*(Draft(b"x" * 2500) for _ in range(40)))
        roll(world.scribe)
    seal_all(disk)
    read: dict[str, int] = {}
    plain = SimFile.read

    def counted(file: SimFile, offset: int, size: int) -> bytes:
        data = plain(file, offset, size)
        read[file._name] = read.get(file._name, 0) + len(data)
        return data

    monkeypatch.setattr(SimFile, "read", counted)
    prover = Prover(disk, CONTENTS, EPOCH)
    assert prover.inclusion(205, 480) == inclusion_proof(
        [leaf_hash(record.data) for record in world.log.durable], 205
    )
    whole = len(disk.nodes["00000006.seg"].data)
    assert read.pop("00000006.seg") >= whole
    assert len(read) == 11
    assert max(read.values()) < 13_000 < whole / 7, "head and footer only"


def test_what_was_forgone_cannot_be_proved_and_is_named() -> None:
    disk, _ = bordered([4, 4, 4])
    seal_all(disk)
    del disk.nodes["00000002.seg"]
    prover = Prover(disk, CONTENTS, EPOCH)
    assert len(prover.inclusion(1, 4)) == 2
    with pytest.raises(NotProvable, match=r"event [4567] "):
        prover.inclusion(9, 12)
    with pytest.raises(NotProvable, match="event 5 "):
        prover.leaf(5)
    with pytest.raises(ValueError, match="no leaf"):
        prover.inclusion(9, 9)


def test_epochs_have_trees_of_their_own() -> None:
    disk, leaves = bordered([3, 5])
    other = World(disk, b"epoch002")
    other.commit(Draft(), Draft())
    seal_all(disk)
    assert Prover(disk, CONTENTS, EPOCH).root(8) == root(leaves)
    theirs = [leaf_hash(record.data) for record in other.log.durable]
    assert Prover(disk, CONTENTS, b"epoch002").root(2) == root(theirs)
