"""Sealing one segment: nothing is lost or changed by it, whatever step the power fails at.

Broken once each to see them fail: without `file.sync()` in `_replace` a cut leaves holes in what
was committed; with the rename before the check, a disk that gives other bytes back ruins a segment;
with the check against what was copied, one that changes its mind between two reads does;
with `end` ignored, what a refused write left behind the last commit is sealed with it.
"""

import errno
import os
from random import Random

import pytest

from edge_agent.journal import Record, RecordKind, Times, read_disk
from edge_agent.journal.footer import Receipted, Span
from edge_agent.journal.format import BLOCK_BYTES, encode_record
from edge_agent.journal.sealing import NotWhole, Sealed, seal
from tests.journal.contents import PlainContents
from tests.journal.sealing import CONTENTS, drain, end_of, seal_one
from tests.journal.simdisk import PowerCut, SimDisk, SimFile
from tests.journal.world import Draft, World, drafts

NAME = "00000001.seg"


class Sim(World):
    """A run on a disk that forgets."""

    disk: SimDisk

    def __init__(self) -> None:
        super().__init__(SimDisk())


def world_of(*texts: bytes) -> Sim:
    world = Sim()
    for text in texts:
        world.commit(Draft(text))
    return world


def records(disk: SimDisk) -> list[Record]:
    damages: list[object] = []
    found = [stored.record for stored in read_disk(disk, damages.append)]
    assert damages == []
    return found


def test_the_records_stay_as_they_were_and_take_less_room() -> None:
    world = world_of(*(b"text %d" % number for number in range(40)))
    world.commit(*drafts(30, lane=4))
    world.release(world.epoch, range(5, 20))
    world.wait(20)
    world.scribe.finish(world.now_ns)
    before = records(world.disk)
    outcome = seal_one(world.disk)
    assert isinstance(outcome, Sealed)
    assert records(world.disk) == before
    assert outcome.size == len(world.disk.nodes[NAME].data) < 25_000
    footer = outcome.footer
    assert (footer.events, footer.records, footer.ended) == (70, len(before), 70)
    assert footer.runs == ((0, 69),)
    assert footer.receipts == (Receipted(0, world.epoch, 5, 19),)
    assert (footer.noted, footer.note) == (70, b"peaks 70 of " + world.epoch)
    data = bytes(world.disk.nodes[NAME].data)
    assert all(data.startswith(b"\xeaRec", place) for place, _ in footer.marks)


def test_time_is_what_the_payloads_say() -> None:
    world = world_of(b"", b"")
    disk = world.disk

    class Timed(PlainContents):
        def times(self, data: bytes) -> Times | None:
            seq = int(data.split(b" ")[1])
            return super().times(b"@%d x" % (50 - seq)) if seq else None

    outcome = drain(seal(disk, NAME, 1, end_of(disk, NAME, 1), Timed()))
    assert isinstance(outcome, Sealed)
    assert outcome.footer.span == Span(49, 49, 49, 49, 1)


def test_sealed_twice_is_sealed_once() -> None:
    world = world_of(b"a", b"b")
    first = seal_one(world.disk)
    world.disk.refusing = dict.fromkeys(("create", "write", "rename", "remove"), errno.EROFS)
    assert seal_one(world.disk) == first


@pytest.mark.parametrize("place", [0, 30, BLOCK_BYTES + 8, BLOCK_BYTES + 110, 2 * BLOCK_BYTES])
def test_what_is_not_whole_is_left_alone(place: int) -> None:
    world = world_of(b"a", b"b", b"c")
    end = end_of(world.disk, NAME, 1)
    world.disk.nodes[NAME].data[place] ^= 1
    before = bytes(world.disk.nodes[NAME].data)
    assert isinstance(drain(seal(world.disk, NAME, 1, end, CONTENTS)), NotWhole)
    assert bytes(world.disk.nodes[NAME].data) == before
    assert list(world.disk.nodes) == [NAME]


def test_what_a_refused_write_left_behind_is_not_taken_along() -> None:
    world = world_of(b"a", b"b")
    end = end_of(world.disk, NAME, 1)
    world.disk.refusing = {"sync": errno.EIO}
    world.submit(Draft(b"refused here, written in the next segment"))
    world.scribe.turn(world.now_ns)
    world.disk.refusing = {}
    world.settle()
    assert end_of(world.disk, NAME, 1) > end, "the remains look whole"
    before = [(r.seq, r.data) for r in records(world.disk) if r.kind is RecordKind.ENVELOPE]
    outcome = drain(seal(world.disk, NAME, 1, end, CONTENTS))
    assert isinstance(outcome, Sealed)
    assert outcome.footer.runs == ((0, 1),)
    after = [(r.seq, r.data) for r in records(world.disk) if r.kind is RecordKind.ENVELOPE]
    assert after == before


@pytest.mark.parametrize("operation", ["create", "write", "sync", "rename", "sync_names"])
def test_a_disk_that_refuses_changes_nothing(operation: str) -> None:
    world = world_of(b"a", b"b")
    before = records(world.disk)
    world.disk.refusing = {operation: errno.ENOSPC}
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        seal_one(world.disk)
    world.disk.refusing = {}
    assert records(world.disk) == before
    assert list(world.disk.nodes) == [NAME], "no space is kept by what failed"
    assert isinstance(seal_one(world.disk), Sealed)
    assert records(world.disk) == before


def test_a_disk_that_gives_other_bytes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(b"a", b"b")
    before = bytes(world.disk.nodes[NAME].data)

    def rot(file: SimFile) -> None:
        file._node.data[200] ^= 1

    monkeypatch.setattr(SimFile, "uncache", rot)
    with pytest.raises(OSError, match="give back"):
        seal_one(world.disk)
    assert bytes(world.disk.nodes[NAME].data) == before
    assert list(world.disk.nodes) == [NAME]


def test_what_changes_while_it_is_copied_is_not_sealed() -> None:
    world = world_of(b"a", b"b")
    steps = seal(world.disk, NAME, 1, end_of(world.disk, NAME, 1), CONTENTS)
    for _ in range(2):
        next(steps)  # both commits are found whole
    data = world.disk.nodes[NAME].data
    data[data.index(b"\xeaRec") + 40] ^= 1
    with pytest.raises(OSError, match="give back"):
        drain(steps)
    assert list(world.disk.nodes) == [NAME]


def test_the_power_may_fail_at_every_step() -> None:
    step, done = 0, False
    while not done:
        world = world_of(*(b"text %d" % number for number in range(12)))
        before = [(r.kind, r.seq, r.data) for r in records(world.disk)]
        done = not cut_at(step, world.disk)
        for seed in range(8):
            left_over = world.disk.after_cut(Random(f"{step} {seed}"))
            found = [(r.kind, r.seq, r.data) for r in records(left_over)]
            assert found == before, (step, seed)
        step += 1
    assert step > 5


def cut_at(step: int, disk: SimDisk) -> bool:
    """Seal until the power fails at an operation; return whether it did."""
    left = step

    def cut(operation: str, name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise PowerCut

    disk._before = cut
    try:
        seal_one(disk)
    except PowerCut:
        return True
    finally:
        disk._before = None
    return False


def test_short_writes() -> None:
    world = world_of(*(b"x" * 3000 for _ in range(20)))
    before = records(world.disk)
    world.disk.short = Random(1)
    assert isinstance(seal_one(world.disk), Sealed)
    assert records(world.disk) == before


def test_every_byte_of_a_sealed_segment_may_be_damaged() -> None:
    """What is whole is served, what is lost is named, nothing wrong is taken for right."""
    world = world_of(*(b"text %d" % number for number in range(6)))
    seal_one(world.disk)
    signed = world.log.signed
    random = Random(1)
    whole = bytes(world.disk.nodes[NAME].data)
    for place in range(0, len(whole), 2):
        damaged = world.disk.copy()
        size = random.choice((1, 1, 8, 300))
        for at in range(place, min(place + size, len(whole))):
            damaged.nodes[NAME].data[at] ^= 0x55
        check(damaged, signed, f"{place=} {size=}")


def test_a_sealed_segment_may_end_anywhere() -> None:
    world = world_of(*(b"text %d" % number for number in range(12)))
    seal_one(world.disk)
    signed = world.log.signed
    for size in range(1, len(world.disk.nodes[NAME].data)):
        short = world.disk.copy()
        del short.nodes[NAME].data[size:]
        check(short, signed, f"{size=}")


def check(disk: SimDisk, signed: list[Record], context: str) -> None:
    damages: list[object] = []
    found = [
        stored.record
        for stored in read_disk(disk, damages.append)
        if stored.record.kind is RecordKind.ENVELOPE
    ]
    assert damages, context
    assert all(record in signed for record in found), context
    data = bytes(disk.nodes[NAME].data)
    for record in signed:
        assert record in found or encode_record(record) not in data, (context, record.seq)
