"""Which segment files there are, in which order, and what sealed ones say of themselves."""

from edge_agent.journal.files import last_events, list_segments, outline, read_segment
from edge_agent.journal.format import SEALED_BYTES_MAX, SEGMENT_BYTES
from tests.journal.sealing import seal_all, seal_one
from tests.journal.simdisk import Node, SimDisk
from tests.journal.world import World, drafts, numbers


def three() -> SimDisk:
    disk = SimDisk()
    for number in range(3):
        world = World(disk, b"epoch%03d" % number)
        world.commit(*drafts(4))
        world.scribe.finish(0)
    return disk


def test_the_head_decides_the_order_whatever_the_file_is_called() -> None:
    disk = three()
    seal_one(disk, 2)
    disk.nodes["00000001.seg"], disk.nodes["00000002.seg"] = (
        disk.nodes["00000002.seg"],
        disk.nodes["00000001.seg"],
    )
    disk.nodes["00000009.seg"] = disk.nodes["00000003.seg"]
    files, copies = list_segments(disk, disk.names())
    assert [(file.name, file.number, file.sealed) for file in files] == [
        ("00000002.seg", 1, False),
        ("00000001.seg", 2, True),
        ("00000003.seg", 3, False),
    ]
    assert copies == ["00000009.seg"]


def test_only_a_sealed_segment_has_an_outline() -> None:
    disk = three()
    seal_one(disk, 2)
    files, _ = list_segments(disk, disk.names())
    first, second, _ = files
    assert outline(disk, first) is None
    found = outline(disk, second)
    assert found is not None
    assert (found.footer.number, found.head.epoch) == (2, b"epoch001")
    assert found.size == len(disk.nodes["00000002.seg"].data)


def test_a_footer_of_another_segment_does_not_count() -> None:
    disk = three()
    seal_all(disk)
    one, two = disk.nodes["00000001.seg"].data, disk.nodes["00000002.seg"].data
    start = two.rindex(b"\xeaFoo")
    disk.nodes["00000001.seg"] = Node(one[: one.rindex(b"\xeaFoo")] + two[start:])
    assert outline(disk, list_segments(disk, disk.names())[0][0]) is None


def test_long_footers_are_read_whole() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(900, b"x"))
    for seq in range(0, 890, 2):
        world.release(world.epoch, [seq])
    world.wait(20)
    world.scribe.finish(world.now_ns)
    seal_all(disk)
    found = outline(disk, list_segments(disk, disk.names())[0][0])
    assert found is not None
    assert len(found.footer.receipts) == 445


def test_the_last_events_of_a_sealed_segment() -> None:
    disk = SimDisk()
    world = World(disk)
    world.commit(*drafts(300, b"x" * 300))
    world.scribe.finish(0)
    seal_all(disk)
    found = outline(disk, list_segments(disk, disk.names())[0][0])
    assert found is not None
    assert numbers(last_events(disk, "00000001.seg", found.footer, 5))[-5:] == list(range(295, 300))
    assert len(last_events(disk, "00000001.seg", found.footer, 5)) < 150
    assert numbers(last_events(disk, "00000001.seg", found.footer, 999)) == list(range(300))
    assert last_events(disk, "gone", found.footer, 5) == []


def test_what_is_longer_than_a_segment_is_foreign() -> None:
    disk = three()
    disk.nodes["00000001.seg"].data += bytes(SEGMENT_BYTES)
    data, size, damages = read_segment(disk, "00000001.seg", 1)
    assert (len(data), len(damages)) == (SEGMENT_BYTES, 1)
    assert size > SEGMENT_BYTES
    seal_one(disk, 2)
    disk.nodes["00000002.seg"].data += bytes(SEGMENT_BYTES)
    assert read_segment(disk, "00000002.seg", 2)[2] == []
    disk.nodes["00000002.seg"].data += bytes(SEGMENT_BYTES)
    data, _, damages = read_segment(disk, "00000002.seg", 2)
    assert (len(data), len(damages)) == (SEALED_BYTES_MAX, 1)
