"""What is counted is what is there, sealed or not; and reading everything finds what is wrong.

Broken once to see it fail: with a footer's lanes changed and its CRC made right again, only the
comparison with the records finds it.
"""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from edge_agent.journal import Care, FolderDisk, Journal, Terms, read_disk, recover, upkeep
from edge_agent.journal.files import list_segments, outline
from edge_agent.journal.footer import encode_footer
from edge_agent.journal.survey import check, survey
from tests.journal.histories import history
from tests.journal.sealing import CONTENTS, seal_all
from tests.journal.simdisk import Node, SimDisk
from tests.journal.test_rebuild import SEEDS
from tests.journal.world import Draft, Log, PlainSealer, World, drafts


def test_sealed_or_not_it_counts_the_same() -> None:
    for seed in list(SEEDS)[:4]:
        disk = history(Random(seed))
        recover(disk)
        before = survey(disk, CONTENTS)
        seal_all(disk)
        after = survey(disk, CONTENTS)
        assert after.sealed == after.segments
        assert (after.epochs, after.owed, after.spare) == (before.epochs, before.owed, before.spare)
        events = sum(stored.record.kind == 1 for stored in read_disk(disk))
        assert after.events == events == check(disk, CONTENTS).events
        assert after.used_bytes < before.used_bytes or before.segments == 0


def test_what_it_says() -> None:
    disk = SimDisk()
    world = World(disk, centers=("center", "police"))
    world.commit(Draft(lane=0), Draft(lane=2), Draft(lane=2))
    world.release(world.epoch, [0, 1])
    world.wait(20)
    world.scribe.finish(world.now_ns)
    World(disk, b"epoch002").commit(*drafts(4, lane=6))
    found = survey(disk, CONTENTS)
    first, second = found.epochs
    assert (first.epoch, first.events, first.first, first.last) == (b"epoch001", 3, 0, 2)
    assert first.lanes == [1, 0, 2, 0, 0, 0, 0]
    assert (second.events, second.segments, second.wall_first_ns) == (4, 1, None)
    assert found.owed == {"center": (0, 0, 1, 0, 0, 0, 4), "police": (1, 0, 2, 0, 0, 0, 4)}
    assert found.damages == []
    assert survey(SimDisk(), CONTENTS).segments == 0


def sealed() -> SimDisk:
    disk = SimDisk()
    world = World(disk)
    for _ in range(3):
        world.commit(*drafts(30))
    world.scribe.finish(0)
    seal_all(disk)
    return disk


def test_all_is_well() -> None:
    disk = sealed()
    found = check(disk, CONTENTS)
    assert (found.segments, found.sealed, found.events, found.problems) == (1, 1, 90, [])


def test_damage_is_named_and_said_to_be_known_when_it_is() -> None:
    disk = sealed()
    data = disk.nodes["00000001.seg"].data
    data[len(data) // 2] ^= 1
    found = check(disk, CONTENTS)
    assert [known for _, known in found.problems] == [False, False]
    assert any(damage.first is not None for damage, _ in found.problems)
    assert survey(disk, CONTENTS).damages == [], "it reads no records of what is sealed"
    disk.nodes["00000001.seg.broken"] = disk.nodes["00000001.seg"]
    assert all(known for _, known in check(disk, CONTENTS).problems)
    assert [known for _, known in survey(disk, CONTENTS).damages] == [True, True]


def test_a_footer_that_says_something_else_than_the_records() -> None:
    disk = sealed()
    file = list_segments(disk, disk.names())[0][0]
    found = outline(disk, file)
    assert found is not None
    footer = found.footer
    for changed in (
        replace(footer, lanes=b"\x00" + footer.lanes[1:]),
        replace(footer, hashes=(b"x" * 32, *footer.hashes[1:])),
        replace(footer, ended=None),
    ):
        data = bytes(disk.nodes[file.name].data[: footer.end]) + encode_footer(changed)
        disk.nodes[file.name] = Node(bytearray(data), data)
        problems = check(disk, CONTENTS).problems
        assert len(problems) == 1
        assert "are not those of the records" in problems[0][0].what


def test_a_segment_that_is_removed_meanwhile_is_no_damage() -> None:
    disk = sealed()
    world = World(disk, b"epoch002")
    world.commit(*drafts(3))
    world.scribe.finish(0)

    def vanish(operation: str, name: str) -> None:
        if operation == "read" and name == "00000002.seg" and "00000001.seg" in disk.nodes:
            del disk.nodes["00000001.seg"]

    disk._before = vanish
    assert check(disk, CONTENTS).problems == []


def test_beside_a_running_agent_nothing_false_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments are filled, begun and sealed while all of it is read."""
    monkeypatch.setattr(upkeep, "IDLE_NS", 1_000_000)
    writing = FolderDisk(tmp_path)
    log = Log()
    terms = Terms(["center"], care=Care(CONTENTS, lambda damage: pytest.fail(str(damage))))
    journal = Journal(writing, recover(writing), PlainSealer(b"epoch001"), log, terms)
    journal.start()
    reading = FolderDisk(tmp_path, locked=False)
    submitted, last, tries = 0, check(reading, CONTENTS), 0
    while (submitted < 360 or last.sealed < 2) and tries < 500:
        tries += 1
        for _ in range(60 if submitted < 360 else 0):
            journal.submit(Draft(b"x" * 9000))
            submitted += 1
        before, last = last, check(reading, CONTENTS)
        assert last.problems == []
        assert last.events >= before.events
        assert survey(reading, CONTENTS).damages == []
    assert last.sealed >= 2, "nothing was sealed meanwhile"
    journal.close()
    assert check(reading, CONTENTS).events == 360
    reading.close()
    writing.close()
