"""The cache changes how long a start takes, never what it finds.

Broken once to see it fail: without the comparison of marks, a stale cache answers for one that
was sealed anew; without the CRC, a flipped bit gives another footer.
"""

from random import Random

import pytest

from edge_agent.journal import cache, recover
from edge_agent.journal.cache import CACHE_NAME, Cache
from tests.journal.histories import history
from tests.journal.sealing import seal_all
from tests.journal.simdisk import Node, SimDisk
from tests.journal.test_rebuild import start
from tests.journal.upkeeping import kept_up
from tests.journal.world import World, drafts


def cached(random: Random) -> SimDisk:
    """A sealed journal with a cache of all of it."""
    disk = history(random)
    recover(disk)
    seal_all(disk)
    kept_up(disk)
    assert CACHE_NAME in disk.nodes
    return disk


def opened(disk: SimDisk) -> set[str]:
    """Which segments a start opens."""
    disk.operations.clear()
    recover(disk)
    return {name for operation, name in disk.operations if operation == "read"} - {CACHE_NAME}


def spoil(random: Random, data: bytearray, older: bytes) -> bytes | None:
    """Do something to the cache; None removes it."""
    match random.randrange(5):
        case 0:
            return None
        case 1:
            return bytes(data[: random.randrange(len(data) + 1)])
        case 2:
            for _ in range(random.choice((1, 1, 5, 50))):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            return bytes(data)
        case 3:
            return older
    return random.randbytes(random.choice((0, 7, 5000)))


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_to_it_a_start_finds_the_same(seed: int) -> None:
    random = Random(seed)
    disk = cached(random)
    older = bytes(disk.nodes[CACHE_NAME].data)
    later = World(disk, b"another1")
    for _ in range(4):
        later.commit(*drafts(40, b"y" * 2500))
    recover(disk)
    seal_all(disk)
    kept_up(disk)
    before = start(disk)
    assert opened(disk) == set(), "it spares opening what is sealed"
    for _ in range(7):
        spoilt = disk.copy()
        data = spoil(random, bytearray(disk.nodes[CACHE_NAME].data), older)
        del spoilt.nodes[CACHE_NAME]
        if data is not None:
            spoilt.nodes[CACHE_NAME] = Node(bytearray(data), data)
        assert start(spoilt) == before
        kept_up(spoilt)
        assert opened(spoilt) == set(), "what was lost of it is added again"
        assert start(spoilt) == before


def test_a_segment_that_changed_is_asked_itself() -> None:
    disk = cached(Random(1))
    name = min(name for name in disk.nodes if name.endswith(".seg"))
    assert name in set(Cache(disk).names())
    node = disk.nodes[name]
    file = disk.open(name, writable=True)
    file.truncate(len(node.data))  # its time of change, nothing else
    assert Cache(disk).number(name) is None
    assert name in opened(disk)


def test_a_disk_that_refuses_it_is_no_matter() -> None:
    disk = history(Random(2))
    recover(disk)
    seal_all(disk)
    before = start(disk)
    disk.refusing = {"create": 28}
    kept_up(disk)
    disk.refusing = {}
    assert CACHE_NAME not in disk.nodes
    assert start(disk) == before


def test_it_is_made_anew_when_most_of_it_is_about_what_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "WASTE_BYTES_MIN", 0)
    disk = cached(Random(1))
    before = len(disk.nodes[CACHE_NAME].data)
    kept_up(disk)
    assert len(disk.nodes[CACHE_NAME].data) == before, "nothing of it is waste"
    names = sorted(name for name in disk.nodes if name.endswith(".seg"))
    for name in names[: len(names) * 2 // 3]:
        disk.remove(name)
    kept_up(disk)
    assert len(disk.nodes[CACHE_NAME].data) < before / 2
    assert opened(disk) == set()
