"""Whether a bundle holds what its scope says, and nothing else (pure)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from edge_agent.evidence.bundle import Kind, Scope
from edge_agent.evidence.bundle_report import Fault, Report
from edge_agent.evidence.cited import Place
from edge_agent.evidence.sample import places

Held = Sequence[list[int]]
"""Numbers that were there, as first and last of each range, rising."""


def check_scope(report: Report, scope: Scope, epochs: Iterable[tuple[bytes, Held]]) -> None:
    """Name what is missing of the scope, or does not belong; `epochs` are those of the bundle."""
    if scope.kind is Kind.SAMPLE:
        _sample(report, scope, epochs)
    else:
        _whole(report, scope, dict(epochs))


def _whole(report: Report, scope: Scope, held: dict[bytes, Held]) -> None:
    for epoch, first, last in scope.stretches:
        ranges, at = held.get(epoch, []), first
        for index in range(max(0, bisect_right(ranges, [first + 1]) - 1), len(ranges)):
            low, high = ranges[index]
            if low > last:
                break
            if high >= at:
                _missing(report, epoch, at, low - 1)
                at = high + 1
        _missing(report, epoch, at, last)


def _missing(report: Report, epoch: bytes, first: int, last: int) -> None:
    if first <= last:
        detail = f"events {first} to {last} are missing"
        report.found(Fault.GAP, Place(epoch, first), detail, last)


def _sample(report: Report, scope: Scope, epochs: Iterable[tuple[bytes, Held]]) -> None:
    assert scope.nonce is not None
    assert scope.count is not None
    drawn = set(places(scope.nonce, scope.stretches, scope.count))
    for epoch, held in epochs:
        for first, last in held:
            for seq in range(first, last + 1):
                place = Place(epoch, seq)
                if place not in drawn:
                    report.found(Fault.SAMPLE, place, "the nonce does not draw it")
                drawn.discard(place)
    for place in sorted(drawn):
        report.found(Fault.SAMPLE, place, "the nonce draws it, and it is missing")
