"""Arithmetic on ranges of sequence numbers: sorted, both ends included, never touching."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from edge_agent.journal.format import Range


def from_seqs(seqs: Iterable[int]) -> list[Range]:
    """Return the ranges that cover exactly these numbers, in any order and with doubles."""
    ranges: list[Range] = []
    for seq in sorted(set(seqs)):
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1] = (ranges[-1][0], seq)
        else:
            ranges.append((seq, seq))
    return ranges


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Return the fewest ranges that cover the same numbers, for ranges in any order."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def subtract(ranges: Sequence[Range], holes: Iterable[Range]) -> list[Range]:
    """Return what of `ranges` is in none of `holes`."""
    left = list(ranges)
    for low, high in holes:
        kept: list[Range] = []
        for first, last in left:
            if first < low:
                kept.append((first, min(last, low - 1)))
            if last > high:
                kept.append((max(first, high + 1), last))
            if first >= low and last <= high:
                continue
        left = [pair for pair in kept if pair[0] <= pair[1]]
    return left


def contains(ranges: Iterable[Range], seq: int) -> bool:
    """Tell whether `seq` is in one of the ranges."""
    return any(first <= seq <= last for first, last in ranges)


def overlapping(ranges: Sequence[Range], first: int, last: int) -> Sequence[Range]:
    """Return those of sorted, disjoint `ranges` that share a number with first..last."""
    start = bisect_left(ranges, first, key=lambda pair: pair[1])
    return ranges[start : bisect_right(ranges, last, key=lambda pair: pair[0])]
