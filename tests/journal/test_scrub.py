"""Reading a sealed segment through finds whatever became of it.

Broken once to see it fail: with `found` not compared with the footer's runs, lost events have no
number.
"""

import re

import pytest

from edge_agent.journal.chain import Damage
from edge_agent.journal.scrub import examine
from tests.journal.sealing import drain, seal_one
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, World

NAME = "00000001.seg"


def examined(disk: SimDisk) -> list[Damage]:
    return drain(examine(disk, NAME, 1))


def sealed(events: int = 9) -> SimDisk:
    disk = SimDisk()
    world = World(disk)
    world.commit(*(Draft(b"text %d" % number) for number in range(events)))
    seal_one(disk)
    return disk


def test_what_is_whole() -> None:
    assert examined(sealed()) == []
    assert examined(sealed(1300)) == []


def test_every_flipped_bit_is_found() -> None:
    disk = sealed()
    for place in range(len(disk.nodes[NAME].data)):
        disk.nodes[NAME].data[place] ^= 4
        assert examined(disk), place
        disk.nodes[NAME].data[place] ^= 4


def test_what_is_lost_is_named() -> None:
    disk = sealed()
    data = disk.nodes[NAME].data
    data[data.index(b"text 4")] ^= 1
    data[data.index(b"text 5")] ^= 1
    damages = examined(disk)
    assert [(d.first, d.last) for d in damages if d.first is not None] == [(4, 5)]
    assert damages[0].what == "bytes unreadable"


def test_it_may_be_cut_short_or_be_another() -> None:
    disk = sealed()
    del disk.nodes[NAME].data[-1:]
    assert [d.what for d in examined(disk)] == ["footer unreadable"]
    disk.nodes[NAME].data[:] = b"x" * 5000
    assert [d.what for d in examined(disk)] == ["segment head unreadable"]


def test_whole_records_of_another_epoch_are_none_of_it() -> None:
    """As blocks that a card mixes up; seen to fail where they are counted like its own."""
    disk, stranger = sealed(), SimDisk()
    other = World(stranger, b"epoch002")
    other.commit(*(Draft(b"text %d" % number) for number in range(9)))
    seal_one(stranger)
    foreign, data = stranger.nodes[NAME].data, disk.nodes[NAME].data
    assert len(foreign) == len(data)
    at, until = [found.start() for found in re.finditer(b"\xeaRec", data)][3:5]
    data[at:until] = foreign[at:until]
    assert "bytes unreadable" in [damage.what for damage in examined(disk)]


def test_a_segment_under_the_name_of_another() -> None:
    disk = sealed()
    assert [d.what for d in drain(examine(disk, NAME, 2))] == ["segment head unreadable"]


def test_blocks_that_the_disk_cannot_read() -> None:
    disk = sealed(200)
    reads = 0

    def fail(operation: str, name: str) -> None:
        nonlocal reads
        reads += operation == "read"
        if operation == "read" and reads in {3, 4, 6}:  # a piece, all, a block
            raise OSError(5, "Input/output error")

    disk._before = fail
    damages = examined(disk)
    assert "1 blocks" in damages[0].what
    assert any(d.first is not None for d in damages)


def test_a_file_that_is_gone() -> None:
    with pytest.raises(FileNotFoundError):
        examined(SimDisk())
