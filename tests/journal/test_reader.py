"""Reading for the command line: nothing is locked, changed, or kept from being read."""

from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.journal import Damage, FolderDisk, Record, RecordKind, read, read_disk
from edge_agent.journal.format import BLOCK_BYTES
from tests.journal.sealing import seal_all
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, World, drafts


def numbers(directory: Path, damages: list[Damage] | None = None) -> list[int]:
    tell = None if damages is None else damages.append
    return [
        stored.record.seq
        for stored in read(directory, tell)
        if stored.record.kind is RecordKind.ENVELOPE
    ]


def test_it_reads_while_an_agent_writes(tmp_path: Path) -> None:
    with closing(FolderDisk(tmp_path)) as disk:  # holds the lock
        world = World(disk)
        world.commit(*drafts(3))
        assert numbers(tmp_path) == [0, 1, 2]
        world.commit(*drafts(2))
        assert numbers(tmp_path) == [0, 1, 2, 3, 4]


def test_where_a_record_stands_and_all_kinds(tmp_path: Path) -> None:
    with closing(FolderDisk(tmp_path)) as disk:
        world = World(disk)
        world.commit(Draft(b"one"))
        world.release(b"epoch001", [0])
        world.scribe.finish(0)
    found = list(read(tmp_path))
    kinds = [stored.record.kind for stored in found]
    assert kinds == [RecordKind.CENTER, RecordKind.ENVELOPE, RecordKind.RECEIPT, RecordKind.END]
    assert [(s.segment, s.offset // BLOCK_BYTES) for s in found] == [(1, 1), (1, 1), (1, 2), (1, 3)]
    assert found[1].record == Record(RecordKind.ENVELOPE, 2, b"epoch001", 0, b"epoch001 0 one")


def test_nothing_is_changed(tmp_path: Path) -> None:
    with closing(FolderDisk(tmp_path)) as disk:
        World(disk).commit(*drafts(3))
    segment = tmp_path / "00000001.seg"
    data = bytearray(segment.read_bytes())
    data[BLOCK_BYTES + 200] ^= 1
    segment.write_bytes(data)
    (tmp_path / "00000004.seg.making").write_bytes(b"unfinished")

    def state() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    before = state()
    numbers(tmp_path)
    assert state() == before


def test_damage_is_told_and_the_rest_served(tmp_path: Path) -> None:
    with closing(FolderDisk(tmp_path)) as disk:
        world = World(disk)
        for _ in range(4):
            world.commit(Draft(b"y" * 50))
    segment = tmp_path / "00000001.seg"
    data = bytearray(segment.read_bytes())
    data[2 * BLOCK_BYTES + 160] ^= 1  # event 1
    segment.write_bytes(data)
    damages: list[Damage] = []
    assert numbers(tmp_path, damages) == [0, 2, 3]
    assert [(d.first, d.last) for d in damages] == [(None, None), (1, 1)]
    assert numbers(tmp_path) == [0, 2, 3], "also where nobody asks for damage"


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with closing(FolderDisk(tmp_path)) as disk:
        World(disk).commit(*drafts(2))
    (tmp_path / "00000000.seg").symlink_to(tmp_path / "nowhere")
    damages: list[Damage] = []
    assert numbers(tmp_path, damages) == [0, 1]
    assert "cannot be opened" in damages[0].what


def test_a_torn_end_is_no_damage(tmp_path: Path) -> None:
    with closing(FolderDisk(tmp_path)) as disk:
        world = World(disk)
        world.commit(*drafts(2))
        world.commit(*drafts(2))
    segment = tmp_path / "00000001.seg"
    segment.write_bytes(segment.read_bytes()[: 2 * BLOCK_BYTES + 100])
    damages: list[Damage] = []
    assert numbers(tmp_path, damages) == [0, 1]
    assert damages == []


def test_an_empty_directory_and_none(tmp_path: Path) -> None:
    assert numbers(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        numbers(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_sealed_segments_that_nobody_wants_are_not_read() -> None:
    disk = SimDisk()
    for number in range(3):
        world = World(disk, b"epoch%03d" % number)
        world.commit(*drafts(300, b"x" * 300))
        world.scribe.finish(0)
    seal_all(disk)
    disk.operations.clear()
    damages: list[Damage] = []
    found = list(read_disk(disk, damages.append, lambda footer: footer.epoch == b"epoch001"))
    assert {stored.segment for stored in found} == {2}
    assert damages == [], "what is skipped is not missing"
    reads = [name for operation, name in disk.operations if operation == "read"]
    assert reads.count("00000001.seg") == reads.count("00000003.seg") <= 4


def test_what_is_missing_between_skipped_segments_is_named_all_the_same() -> None:
    disk = SimDisk()
    for number in range(3):
        world = World(disk, b"epoch%03d" % number)
        world.commit(*drafts(3))
        world.scribe.finish(0)
    seal_all(disk)
    del disk.nodes["00000002.seg"]
    damages: list[Damage] = []
    assert list(read_disk(disk, damages.append, lambda _: False)) == []
    assert "is missing" in damages[0].what
