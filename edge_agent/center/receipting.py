"""Which receipts follow from what was stored (pure).

One receipt for each gateway and transaction, cut where it would grow beyond what a receipt may
hold.  A range is a run of numbers without a hole, in one epoch; a fork's other bytes are a range
of their own, so that each side of it finds itself receipted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.evidence.receipt import RANGES_MAX, Range, Receipt, range_digest


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event stands, and its leaf hash."""

    epoch: bytes
    seq: int
    leaf: bytes


def ranges_of(places: Iterable[Place]) -> list[Range]:
    """Return the ranges that cover `places`, each once."""
    runs: list[list[Place]] = []
    forks: list[list[Place]] = []
    for place in sorted(set(places)):
        last = runs[-1][-1] if runs else None
        if last is None or last.epoch != place.epoch or place.seq > last.seq + 1:
            runs.append([place])
        elif place.seq == last.seq:
            forks.append([place])
        else:
            runs[-1].append(place)
    return [
        Range(run[0].epoch, run[0].seq, run[-1].seq, range_digest(one.leaf for one in run))
        for run in runs + forks
    ]


def receipts_of(gateway: str, center: str, time_ms: int, places: Iterable[Place]) -> list[Receipt]:
    """Return the receipts that tell `gateway` that `center` holds what is at `places`."""
    ranges = ranges_of(places)
    return [
        Receipt(gateway, center, time_ms, tuple(ranges[start : start + RANGES_MAX]))
        for start in range(0, len(ranges), RANGES_MAX)
    ]
