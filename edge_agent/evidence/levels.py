"""A whole tree in memory that proves any of its leaves in O(log n): for readers that make many.

RFC 9162 section 2.1, like `tree`; 64 bytes a leaf.  `levels[h]` holds the roots of the perfect
subtrees of 2^h leaves, from the left.
"""

from collections.abc import Iterable

from edge_agent.evidence.tree import EMPTY_ROOT, HASH_BYTES, Peaks, node_hash


class Levels:
    """The tree over `leaves`, by their hashes.  Every method raises ValueError beyond its size."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        row = b"".join(leaves)
        self.size = len(row) // HASH_BYTES
        self._levels = [row]
        while len(row) >= 2 * HASH_BYTES:
            pairs = range(0, len(row) - 2 * HASH_BYTES + 1, 2 * HASH_BYTES)
            row = b"".join(node_hash(row[at : at + 32], row[at + 32 : at + 64]) for at in pairs)
            self._levels.append(row)

    def leaf(self, seq: int) -> bytes:
        """Return the hash of one leaf."""
        return self._range(seq, seq)

    def root(self, size: int) -> bytes:
        """Return the root over the first `size` leaves."""
        return self._range(0, size - 1) if size else EMPTY_ROOT

    def peaks(self, size: int) -> Peaks:
        """Return the running tree over the first `size` leaves."""
        hashes, first = [], 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                hashes.append(self._range(first, first + (1 << height) - 1))
                first += 1 << height
        return Peaks(size, hashes)

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """Return the audit path of leaf `seq` in the tree of the first `size` (2.1.3.1)."""
        if not 0 <= seq < size:
            raise ValueError(f"no leaf {seq} in a tree of {size}")
        path: list[bytes] = []
        first, last = 0, size - 1
        while first < last:
            middle = first + _split(last - first + 1)
            if seq < middle:
                path.append(self._range(middle, last))
                last = middle - 1
            else:
                path.append(self._range(first, middle - 1))
                first = middle
        return path[::-1]

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `old_size` is a prefix of that of `size` (2.1.4.1)."""
        if not 0 <= old_size <= size:
            raise ValueError(f"a tree of {size} has no prefix of {old_size}")
        if old_size in (0, size):
            return []
        proof: list[bytes] = []
        first, last, whole = 0, size - 1, True
        while old_size != last + 1:
            middle = first + _split(last - first + 1)
            if old_size <= middle:
                proof.append(self._range(middle, last))
                last = middle - 1
            else:
                proof.append(self._range(first, middle - 1))
                first, whole = middle, False
        if not whole:
            proof.append(self._range(first, last))
        return proof[::-1]

    def _range(self, first: int, last: int) -> bytes:
        """Return the root over leaves that begin where a perfect subtree of their size may."""
        if not 0 <= first <= last < self.size:
            raise ValueError(f"no leaves {first} to {last} in a tree of {self.size}")
        count = last - first + 1
        if count & (count - 1) == 0 and first % count == 0:
            height = count.bit_length() - 1
            at = (first >> height) * HASH_BYTES
            return self._levels[height][at : at + HASH_BYTES]
        middle = first + _split(count)
        return node_hash(self._range(first, middle - 1), self._range(middle, last))


def _split(size: int) -> int:
    """Return the largest power of two below `size` (2 or more)."""
    return 1 << (size - 1).bit_length() - 1
