"""The RFC 9162 tree: published vectors, all small trees exhaustively, wrong proofs refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence import tree
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.tree import Peaks, leaf_hash

# The reference tree of Certificate Transparency (RFC 6962): its leaves, roots and proofs are the
# same in all its implementations (certificate-transparency, trillian, transparency-dev/merkle).
CT_LEAVES = [
    leaf_hash(bytes.fromhex(digits))
    for digits in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
G = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
CT_INCLUSION = [
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [D, E, CT_ROOTS[4]]),
    (2, 3, [CT_ROOTS[2]]),
    (1, 5, [CT_ROOTS[1], B, D]),
]
CT_CONSISTENCY = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [F, E, CT_ROOTS[4]]),
    (2, 5, [B, D]),
    (6, 7, [F, G, CT_ROOTS[4]]),
]


@pytest.mark.parametrize("size", range(9))
def test_reference_roots(size: int) -> None:
    assert tree.root(CT_LEAVES[:size]).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), CT_INCLUSION)
def test_reference_inclusion_proofs(index: int, size: int, proof: list[str]) -> None:
    made = tree.inclusion_proof(CT_LEAVES[:size], index)
    assert [step.hex() for step in made] == proof
    root = bytes.fromhex(CT_ROOTS[size])
    assert tree.verify_inclusion(CT_LEAVES[index], index, size, made, root)


@pytest.mark.parametrize(("old", "new", "proof"), CT_CONSISTENCY)
def test_reference_consistency_proofs(old: int, new: int, proof: list[str]) -> None:
    made = tree.consistency_proof(CT_LEAVES[:new], old)
    assert [step.hex() for step in made] == proof
    roots = bytes.fromhex(CT_ROOTS[old]), bytes.fromhex(CT_ROOTS[new])
    assert tree.verify_consistency(old, new, *roots, made)


# ---- exhaustive

SIZE = 40
LEAVES = [leaf_hash(bytes([at])) for at in range(SIZE)]


def defined(leaves: list[bytes]) -> bytes:
    """The root by the recursive definition of RFC 9162 section 2.1.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else tree.EMPTY_ROOT
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return tree.node_hash(defined(leaves[:half]), defined(leaves[half:]))


ROOTS = [defined(LEAVES[:size]) for size in range(SIZE + 1)]


def wrong(proof: list[bytes]) -> list[list[bytes]]:
    """Every way to get a proof wrong by one step."""
    flipped = [
        [*proof[:at], bytes([step[0] ^ 1]) + step[1:], *proof[at + 1 :]]
        for at, step in enumerate(proof)
    ]
    swapped = [
        [*proof[:at], two, one, *proof[at + 2 :]]
        for at, (one, two) in enumerate(pairwise(proof))
        if one != two
    ]
    cut = [proof[1:], proof[:-1]] if proof else []
    return [*flipped, *swapped, *cut, [*proof, LEAVES[0]], [LEAVES[0], *proof]]


def test_every_root_of_every_size() -> None:
    peaks = Peaks()
    for size in range(SIZE + 1):
        assert peaks.root() == tree.root(LEAVES[:size]) == ROOTS[size]
        assert peaks.size == size
        if size < SIZE:
            peaks.append(LEAVES[size])


@pytest.mark.parametrize("size", range(1, SIZE + 1))
def test_every_inclusion_proof(size: int) -> None:
    for index in range(size):
        proof = tree.inclusion_proof(LEAVES[:size], index)
        verify = tree.verify_inclusion
        assert verify(LEAVES[index], index, size, proof, ROOTS[size])
        assert not verify(LEAVES[(index + 1) % SIZE], index, size, proof, ROOTS[size])
        assert not verify(LEAVES[index], index, size, proof, ROOTS[size - 1])
        assert not any(verify(LEAVES[index], at, size, proof, ROOTS[size]) for at in (-1, size))
        for bad in wrong(proof):
            assert not verify(LEAVES[index], index, size, bad, ROOTS[size])


def test_a_proof_from_peaks_is_that_from_all_leaves() -> None:
    for new in range(len(LEAVES) + 1):
        old = Peaks()
        for size in range(new + 1):
            made = tree.grown_proof(old, LEAVES[size:new])
            assert made == tree.consistency_proof(LEAVES[:new], size)
            if size < new:
                old.append(LEAVES[size])


@pytest.mark.parametrize("new", range(SIZE + 1))
def test_every_consistency_proof(new: int) -> None:
    verify = tree.verify_consistency
    for old in range(new + 1):
        proof = tree.consistency_proof(LEAVES[:new], old)
        assert verify(old, new, ROOTS[old], ROOTS[new], proof)
        assert not verify(old, new, LEAVES[0][::-1], ROOTS[new], proof)
        assert not verify(old, new, ROOTS[old], LEAVES[0][::-1], proof) or old == 0
        for bad in wrong(proof):
            assert not verify(old, new, ROOTS[old], ROOTS[new], bad)
        assert old == new or not verify(new, old, ROOTS[new], ROOTS[old], proof)


def test_a_proof_fits_only_its_index() -> None:
    proof = tree.inclusion_proof(LEAVES, 5)
    fits = [
        at for at in range(SIZE) if tree.verify_inclusion(LEAVES[5], at, SIZE, proof, ROOTS[-1])
    ]
    assert fits == [5]


def test_hostile_proofs_are_refused() -> None:
    root = ROOTS[8]
    assert not tree.verify_inclusion(LEAVES[0], 0, 2**64, [LEAVES[1]] * 64, root)
    assert not tree.verify_inclusion(LEAVES[0], 0, 2**63 - 1, [LEAVES[1]] * 1000, root)
    assert not tree.verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1][:31]], ROOTS[2])
    short = LEAVES[1][:31]
    assert not tree.verify_inclusion(LEAVES[0], 0, 2, [short], tree.node_hash(LEAVES[0], short))
    assert not tree.verify_consistency(3, 8, ROOTS[3], root, [b""])
    grown = tree.node_hash(LEAVES[0], short)
    assert not tree.verify_consistency(1, 2, LEAVES[0], grown, [short])
    assert not tree.verify_consistency(2**64, 2**64, root, root, [])
    assert not tree.verify_consistency(-3, -3, root, root, [])
    assert not tree.verify_consistency(3, 8, ROOTS[3], root, [])
    assert not tree.verify_consistency(0, 8, ROOTS[3], root, [])
    assert not tree.verify_consistency(-1, 8, ROOTS[3], root, [])


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion_proof(LEAVES[:3], index)


@pytest.mark.parametrize("old", [-1, 4])
def test_there_is_no_prefix_longer_than_the_tree(old: int) -> None:
    with pytest.raises(ValueError, match="no prefix"):
        tree.consistency_proof(LEAVES[:3], old)


# ---- peaks


@given(st.integers(0, 300))
def test_peaks_round_trip(size: int) -> None:
    peaks = Peaks()
    for at in range(size):
        peaks.append(leaf_hash(at.to_bytes(2, "big")))
    twin = Peaks.from_bytes(peaks.to_bytes())
    assert (twin.size, twin.root(), twin.to_bytes()) == (size, peaks.root(), peaks.to_bytes())
    assert len(peaks.to_bytes()) == 8 + 32 * size.bit_count()
    copy = peaks.copy()
    copy.append(LEAVES[0])
    assert twin.root() == peaks.root() != copy.root()


@pytest.mark.parametrize(
    "data",
    [b"", bytes(7), bytes(9), bytes(40), b"\x00" * 7 + b"\x01", b"\xff" * 8 + bytes(64 * 32)],
)
def test_bytes_that_are_no_peaks_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        Peaks.from_bytes(data)


def test_a_root_costs_a_hash_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = Peaks()
    for at in range(1023):  # the most peaks below 1024
        peaks.append(leaf_hash(at.to_bytes(2, "big")))
    calls = 0
    node = tree.node_hash

    def counted(left: bytes, right: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return node(left, right)

    monkeypatch.setattr(tree, "node_hash", counted)
    peaks.root()
    assert calls == 9
