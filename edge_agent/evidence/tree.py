"""The Merkle tree over an epoch's envelopes, with its proofs: pure arithmetic.

Source: RFC 9162 section 2.1 (same hashes as RFC 6962): a leaf is SHA-256 of 00 and the whole
envelope, a node SHA-256 of 01 and its two children, the tree over nothing SHA-256 of nothing; a
tree of n leaves splits at the largest power of two below n.

`Peaks` is the running tree: the roots of the full subtrees, largest first, one for each bit set in
the size.  The proofs here hash the leaves anew each time: readers make them, not the hot path.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Self

from edge_agent.evidence.cbor import Malformed

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
SIZE_MAX = 2**63 - 1  # what a database column holds; a gateway makes less in its whole life
_PROOF_MAX = 63  # levels of a tree of SIZE_MAX leaves
_SIZE_BYTES = 8


def leaf_hash(envelope: bytes) -> bytes:
    """Return the hash of one leaf, which is a whole envelope."""
    return hashlib.sha256(b"\x00" + envelope).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Peaks:
    """A tree that grows: `append` and `root` take O(log size).

    peaks = Peaks()
    event = Event(..., seq=peaks.size, root=peaks.root(), ...)
    peaks.append(leaf_hash(seal(event, signer)))
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self._size = size
        self._hashes = list(hashes)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the peaks, largest first."""
        return iter(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash (see `leaf_hash`)."""
        size = self._size
        while size & 1:  # two subtrees of one size become one
            leaf = node_hash(self._hashes.pop(), leaf)
            size >>= 1
        self._hashes.append(leaf)
        self._size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for peak in reversed(self._hashes[:-1]):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """Return the size (8 bytes, big endian) and the peaks, largest first."""
        return self._size.to_bytes(_SIZE_BYTES, "big") + b"".join(self._hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what `to_bytes` wrote.  Raises Malformed."""
        size = int.from_bytes(data[:_SIZE_BYTES], "big")
        expected = _SIZE_BYTES + size.bit_count() * HASH_BYTES
        if size > SIZE_MAX or len(data) != expected:
            raise Malformed(f"{len(data)} bytes are no peaks of a tree of {size} leaves")
        hashes = (data[at : at + HASH_BYTES] for at in range(_SIZE_BYTES, expected, HASH_BYTES))
        return cls(size, hashes)

    def copy(self) -> Self:
        """Return an independent tree of the same leaves."""
        return type(self)(self._size, self._hashes)


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    peaks = Peaks()
    for leaf in leaves:
        peaks.append(leaf)
    return peaks.root()


def _split(size: int) -> int:
    """Return the largest power of two below `size` (2 or more)."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf `index`, lowest first (RFC 9162 2.1.3.1).

    Raises ValueError where there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {len(leaves)}")
    path: list[bytes] = []
    first, size = 0, len(leaves)
    while size > 1:
        half = _split(size)
        if index - first < half:
            path.append(root(leaves[first + half : first + size]))
            size = half
        else:
            path.append(root(leaves[first : first + half]))
            first, size = first + half, size - half
    path.reverse()
    return path


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether `proof` shows leaf hash `leaf` at `index` under `root` (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size <= SIZE_MAX or not _are_hashes(proof):
        return False
    node, at, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(step, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the proof that the tree of `old_size` leaves is a prefix (RFC 9162 2.1.4.1).

    Empty where there is nothing to prove: the sizes are equal or the old tree was empty.  Raises
    ValueError where the old tree is larger.
    """
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} has no prefix of {old_size}")
    if old_size in (0, len(leaves)):
        return []
    return _consistency(
        old_size, len(leaves), lambda first, size: root(leaves[first : first + size])
    )


def grown_proof(peaks: Peaks, more: Sequence[bytes]) -> list[bytes]:
    """Return the proof that the tree of `peaks` is a prefix of itself with the leaves `more`.

    The same as `consistency_proof`, without the leaves that are in the old tree: all that the proof
    needs of it are its peaks.
    """
    if peaks.size == 0 or not more:
        return []
    old, first = {}, 0
    for peak in peaks:
        old[first] = peak
        first += 1 << (peaks.size - first).bit_length() - 1

    def of(first: int, size: int) -> bytes:
        at = first - peaks.size
        return root(more[at : at + size]) if at >= 0 else old[first]

    return _consistency(peaks.size, peaks.size + len(more), of)


def _consistency(old: int, size: int, root_of: Callable[[int, int], bytes]) -> list[bytes]:
    proof: list[bytes] = []
    first, whole = 0, True
    while old != size:
        half = _split(size)
        if old <= half:
            proof.append(root_of(first + half, size - half))
            size = half
        else:
            proof.append(root_of(first, half))
            first, size, old, whole = first + half, size - half, old - half, False
    if not whole:  # the old root itself need not be told
        proof.append(root_of(first, size))
    proof.reverse()
    return proof


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether `proof` shows the old tree as a prefix of the new one (RFC 9162 2.1.4.2)."""
    if not 0 <= old_size <= new_size <= SIZE_MAX or not _are_hashes(proof):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    old, new = _climb(path, old_size - 1, new_size - 1)
    return old == old_root and new == new_root


def _climb(path: list[bytes], at: int, last: int) -> tuple[bytes, bytes]:
    """Return both roots that a consistency path leads to; empty where it does not fit the sizes."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            return b"", b""
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else (b"", b"")


def _are_hashes(proof: Sequence[bytes]) -> bool:
    return len(proof) <= _PROOF_MAX + 1 and all(len(step) == HASH_BYTES for step in proof)
