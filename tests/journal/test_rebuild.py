"""A start finds the same whether a journal is sealed, partly sealed, or not at all.

Broken once to see it fail: with receipts of footers applied before the segment's events, with
`expected` of `Summed` ignored (an event indexed twice), with CENTER records left out of footers.
"""

from random import Random
from typing import Any

import pytest

from edge_agent.journal import Record, Recovery, read_disk, recover
from edge_agent.journal.rebuild import VISITED_MAX
from tests.journal.histories import CENTERS, history
from tests.journal.sealing import seal_all, seal_one
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, World, drafts

SEEDS = range(8)
SAID = (
    *("epoch", "count", "note", "noted", "head", "tail", "orderly", "torn_bytes", "damages"),
    *("known", "centers", "unreceipted", "foreign", "refused", "next_number"),
)


def facts(found: Recovery) -> dict[str, Any]:
    """What a start says, but for sizes and places."""
    said: dict[str, Any] = {name: getattr(found, name) for name in SAID}
    said["segments"] = [
        (s.number, s.epoch, s.first if s.span else 0, s.span, s.lanes, s.held, s.owed, s.headed)
        for s in found.index.segments
    ]
    return said


def start(disk: SimDisk) -> tuple[dict[str, Any], list[Record], list[Any], list[Record]]:
    """Start on a copy; return its facts, what was visited, what is owed, and what is read."""
    left = disk.copy()
    visited: list[Record] = []
    said = facts(recover(left, visited.append))
    world = World(left, b"thenext1", centers=CENTERS[:2])
    owed = [world.fetched(lane, 10**6, name) for lane in range(7) for name in CENTERS[:2]]
    return said, visited, owed, [stored.record for stored in read_disk(disk)]


@pytest.mark.parametrize("seed", SEEDS)
def test_sealed_or_not_a_start_finds_the_same(seed: int) -> None:
    random = Random(seed)
    disk = history(random)
    recover(disk)  # cuts what was torn, as a start does before anything is sealed
    before = start(disk)
    partly = disk.copy()
    for name in sorted(partly.nodes):
        if random.random() < 0.5 and partly.nodes[name].data.strip(b"\0"):
            seal_one(partly, int(name[:8]))
    assert start(partly) == before
    seal_all(disk)
    assert start(disk) == before


def test_the_newest_events_are_shown_in_order_out_of_sealed_segments() -> None:
    disk = SimDisk()
    world = World(disk)
    for _ in range(6):
        world.commit(*drafts(250, b"x" * 400))
    world.scribe.finish(0)
    later = World(disk, b"epoch002")
    later.commit(*drafts(3))
    seal_all(disk, but_last=True)
    visited: list[Record] = []
    recover(disk.copy(), visited.append)
    assert len(visited) == VISITED_MAX
    expected = [(b"epoch001", seq) for seq in range(1500 - VISITED_MAX + 3, 1500)]
    assert [(r.epoch, r.seq) for r in visited] == expected + [(b"epoch002", n) for n in range(3)]


def test_a_start_on_sealed_segments_reads_little_of_them() -> None:
    disk = SimDisk()
    world = World(disk)
    for _ in range(60):
        world.commit(*(Draft(b"x" * 2000) for _ in range(50)))
    world.scribe.finish(0)
    seal_all(disk)
    disk.operations.clear()
    read = 0
    taken = disk.before

    def count(operation: str, name: str) -> None:
        nonlocal read
        read += operation == "read"
        taken(operation, name)

    disk.before = count  # type: ignore[method-assign]
    found = recover(disk)
    assert len(found.index.segments) >= 6
    assert read <= 5 * len(found.index.segments), "head and footer, nothing else"
