"""Journals with sealed segments, for tests."""

from collections.abc import Generator
from typing import Any, TypeVar

from edge_agent.journal.disk import Disk
from edge_agent.journal.files import list_segments
from edge_agent.journal.format import BLOCK_BYTES
from edge_agent.journal.scan import scan_segment
from edge_agent.journal.sealing import Outcome, Sealed, seal
from tests.journal.contents import PlainContents
from tests.journal.simdisk import SimDisk
from tests.journal.world import World, drafts

CONTENTS = PlainContents()
_Outcome = TypeVar("_Outcome")


def drain(steps: Generator[None, None, _Outcome]) -> _Outcome:
    """Take all steps of a work; return what came of it."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            outcome: _Outcome = stop.value
            return outcome


def end_of(disk: Any, name: str, number: int) -> int:
    """Where the last whole commit of a segment ends."""
    file = disk.open(name)
    return scan_segment(file.read(0, file.size()), number).end


def seal_one(disk: Disk, number: int = 1) -> Outcome:
    name = f"{number:08d}.seg"
    return drain(seal(disk, name, number, end_of(disk, name, number), CONTENTS))


def seal_all(disk: SimDisk, *, but_last: bool = False) -> int:
    """Seal every segment that can be; return how many."""
    files, _ = list_segments(disk, disk.names())
    left = [file for file in files if not file.sealed and disk.nodes[file.name].data.strip(b"\0")]
    done = [seal_one(disk, file.number) for file in (left[:-1] if but_last else left)]
    return sum(isinstance(outcome, Sealed) for outcome in done)


def filled(world: World, segments: int, *, lone: bool = False) -> None:
    """Commit until so many segments have been begun."""
    while (segment := world.scribe._segment) is None or (
        segment.number < segments or segment.end < 3 * BLOCK_BYTES
    ):
        world.commit(*drafts(1 if lone else 60))
