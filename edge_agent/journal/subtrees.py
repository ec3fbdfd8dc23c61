"""The perfect subtrees that exactly cover a run of leaves, and what proofs need of them.

In the tree of RFC 9162 a subtree over the leaves k * 2^h up to (k + 1) * 2^h - 1 has the same hash
in every tree that reaches so far.  Any run of leaves is covered by at most 2 log2 n of them, so a
segment that keeps those of its own events speaks for them without being read.  Pure arithmetic.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edge_agent.journal.format import Range

Node = Callable[[bytes, bytes], bytes]
Spans = dict[Range, bytes]
"""Hash by the leaves (first, last) that a perfect, aligned subtree covers."""


def spans(first: int, last: int) -> Iterator[Range]:
    """Yield the perfect subtrees that cover exactly first..last, from the left."""
    while first <= last:
        size = first & -first or 1 << (last + 1).bit_length()
        while size > last - first + 1:
            size >>= 1
        yield first, first + size - 1
        first += size


@dataclass(slots=True)
class Cover:
    """Takes a run's leaves in order; `hashes` are those of `spans(first, last)`."""

    first: int
    count: int = 0
    hashes: list[bytes] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)

    def add(self, leaf: bytes, node: Node) -> None:
        """Put the next leaf behind the others."""
        size, start = 1, self.first + self.count
        self.count += 1
        while self._sizes and self._sizes[-1] == size and start & size:
            leaf = node(self.hashes.pop(), leaf)
            start -= self._sizes.pop()
            size *= 2
        self.hashes.append(leaf)
        self._sizes.append(size)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the leaves whose roots are the audit path of leaf `index`, lowest first (2.1.3.1).

    Raises ValueError where a tree of `size` has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[Range] = []
    first, last = 0, size - 1
    while first < last:
        middle = first + _split(last - first + 1)
        if index < middle:
            path.append((middle, last))
            last = middle - 1
        else:
            path.append((first, middle - 1))
            first = middle
    path.reverse()
    return path


def consistency_ranges(old_size: int, size: int) -> list[Range]:
    """Return the leaves whose roots prove a tree of `old_size` to be a prefix (2.1.4.1).

    Empty where there is nothing to prove.  Raises ValueError where the old tree is larger.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} has no prefix of {old_size}")
    if old_size in (0, size):
        return []
    proof: list[Range] = []
    first, last, whole = 0, size - 1, True
    while old_size != last + 1:
        middle = first + _split(last - first + 1)
        if old_size <= middle:
            proof.append((middle, last))
            last = middle - 1
        else:
            proof.append((first, middle - 1))
            first, whole = middle, False
    if not whole:  # the old root itself need not be told
        proof.append((first, last))
    proof.reverse()
    return proof


def _split(size: int) -> int:
    """Return the largest power of two below `size` (2 or more)."""
    return 1 << (size - 1).bit_length() - 1


def range_root(first: int, last: int, find: Callable[[Range], bytes | None], node: Node) -> bytes:
    """Return the root over the leaves first..last; `find` knows subtrees and all single leaves.

    Raises KeyError with the number of a leaf that it does not know.
    """
    if (known := find((first, last))) is not None:
        return known
    if first == last:
        raise KeyError(first)
    middle = first + _split(last - first + 1)
    left = range_root(first, middle - 1, find, node)
    return node(left, range_root(middle, last, find, node))
