"""The journal with its threads, on a real filesystem."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_agent.journal import (
    Care,
    Damage,
    FolderDisk,
    Journal,
    JournalClosed,
    JournalFull,
    Position,
    Record,
    RecordKind,
    Terms,
    read,
    recover,
)
from edge_agent.journal.disk import FolderFile
from edge_agent.journal.format import SEALED_VERSION, decode_head
from tests.journal.contents import PlainContents
from tests.journal.simdisk import SimDisk
from tests.journal.world import Draft, Log, PlainSealer, numbers

WAIT_S = 60.0


class Waiting(Log):
    """A listener that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def committed(self, records: list[Record]) -> None:
        with self._changed:
            super().committed(records)
            self._changed.notify_all()

    def until(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.durable) >= count, WAIT_S)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Iterator[FolderDisk]:
    disk = FolderDisk(tmp_path)
    yield disk
    disk.close()


def begun(disk: FolderDisk | SimDisk, epoch: bytes = b"epoch001") -> tuple[Journal, Waiting]:
    log = Waiting()
    journal = Journal(disk, recover(disk), PlainSealer(epoch), log, Terms(["center"]))
    journal.start()
    return journal, log


def test_an_urgent_draft_is_durable_at_once(folder: FolderDisk, tmp_path: Path) -> None:
    journal, log = begun(folder)
    journal.submit(Draft(b"first"))
    log.until(1)
    stored = [s.record for s in read(tmp_path) if s.record.kind is RecordKind.ENVELOPE]
    assert numbers(stored) == [0]
    progress = journal.progress()
    assert progress.alive
    assert progress.unreceipted == (0, 0, 1, 0, 0, 0, 0)
    assert progress.committed_ns is not None
    assert journal.first_of(b"epoch001") == b"genesis of epoch001"
    assert journal.close() == 0
    assert recover(folder).orderly


def test_how_long_each_commit_took_is_kept(folder: FolderDisk) -> None:
    journal, log = begun(folder)
    assert journal.commits_ns() == ()
    for number in range(3):
        journal.submit(Draft(b"event"))
        log.until(number + 1)
    journal.close()
    took_ns = journal.commits_ns()
    assert len(took_ns) == 3
    assert all(0 < one < 5_000_000_000 for one in took_ns)


def test_patience_ends_by_itself(folder: FolderDisk) -> None:
    journal, log = begun(folder)
    journal.submit(Draft(), patience_ns=30_000_000)
    log.until(1)
    journal.close()


def test_close_writes_what_still_waits(folder: FolderDisk) -> None:
    journal, log = begun(folder)
    for _ in range(5):
        journal.submit(Draft(), patience_ns=60_000_000_000)
    assert journal.close() == 0
    assert numbers(log.durable) == [0, 1, 2, 3, 4]
    assert not journal.progress().alive
    with pytest.raises(JournalClosed):
        journal.submit(Draft())


def test_many_submit_one_fetches_and_releases_while_it_writes(folder: FolderDisk) -> None:
    journal, log = begun(folder)
    count, writers = 400, 4

    def write(lane: int) -> None:
        random = Random(lane)
        for number in range(count):
            journal.submit(Draft(b"%d" % number + random.randbytes(500), lane), lane=lane)

    threads = [threading.Thread(target=write, args=(lane,)) for lane in range(writers)]
    for thread in threads:
        thread.start()
    seen: dict[int, list[int]] = {lane: [] for lane in range(writers)}
    after: dict[int, Position | None] = dict.fromkeys(range(writers))
    deadline = time.perf_counter() + WAIT_S
    while sum(map(len, seen.values())) < count * writers and time.perf_counter() < deadline:
        for lane in range(writers):
            batch = journal.fetch("center", lane, after[lane], 5000)
            seen[lane] += numbers(batch.records)
            after[lane] = batch.next
            journal.release("center", b"epoch001", numbers(batch.records), b"receipt")
    for thread in threads:
        thread.join()
    assert sorted(n for lane in seen.values() for n in lane) == list(range(count * writers))
    assert all(lane == sorted(lane) for lane in seen.values())
    lanes = {record.seq: record.lane for record in log.durable}
    assert all(lanes[n] == lane for lane, found in seen.items() for n in found)
    assert journal.progress().unreceipted == (0,) * 7
    journal.close()
    assert recover(folder).unreceipted == (0,) * 7


def test_a_reader_follows_a_writer(folder: FolderDisk, tmp_path: Path) -> None:
    journal, log = begun(folder)
    for number in range(300):
        journal.submit(Draft(b"z" * 300))
        if number % 20 == 0:
            problems: list[object] = []
            seqs = [
                s.record.seq
                for s in read(tmp_path, problems.append)
                if s.record.kind is RecordKind.ENVELOPE
            ]
            assert seqs == list(range(len(seqs)))
            assert problems == []
    log.until(300)
    journal.close()
    assert len([s for s in read(tmp_path) if s.record.kind is RecordKind.ENVELOPE]) == 300


def test_a_bug_in_the_sealer_ends_the_thread_and_is_seen() -> None:
    journal, _ = begun(SimDisk())
    heard: list[threading.ExceptHookArgs] = []
    before, threading.excepthook = threading.excepthook, heard.append
    try:
        journal.submit("no draft")
        deadline = time.perf_counter() + WAIT_S
        while journal.progress().alive and time.perf_counter() < deadline:
            threading.Event().wait(0.001)
    finally:
        threading.excepthook = before
    assert not journal.progress().alive
    assert heard[0].exc_type is AssertionError
    with pytest.raises(JournalClosed):
        journal.submit(Draft())
    journal.close()


def test_what_the_signing_thread_takes_at_the_end_of_a_commit_is_written(
    folder: FolderDisk,
) -> None:
    """Nobody else would wake the journal's thread: the panel's ACK would wait for ever."""
    taken, settled = threading.Event(), threading.Event()

    class Slow(Waiting):
        def committed(self, records: list[Record]) -> None:
            if not self.durable:
                journal.submit(Draft(b"second"))  # while the first one's commit ends
                assert taken.wait(WAIT_S)
            super().committed(records)
            settled.set()

    class Paused(Journal):
        def _accept(self, item: Any, now_ns: int) -> bool:
            if threading.current_thread().name == "signing":  # it has the second in hand
                taken.set()
                assert settled.wait(WAIT_S)
                end = time.perf_counter() + 0.2  # the other thread must not go to sleep meanwhile
                while time.perf_counter() < end and self.progress().busy_since_ns is not None:
                    time.sleep(0.01)
            return super()._accept(item, now_ns)

    log = Slow()
    journal = Paused(folder, recover(folder), PlainSealer(b"epoch001"), log, Terms(["center"]))
    journal.start()
    journal.submit(Draft(b"first"))
    log.until(2)
    journal.close()


def test_a_stuck_disk_shows_and_fills_no_memory() -> None:
    stuck = threading.Event()
    disk = SimDisk()
    journal, log = begun(disk)
    journal.submit(Draft())
    log.until(1)

    def hang(operation: str, name: str) -> None:
        if operation == "sync":
            assert stuck.wait(WAIT_S)

    disk._before = hang
    journal.submit(Draft())
    deadline = time.perf_counter() + WAIT_S
    while journal.progress().busy_since_ns is None and time.perf_counter() < deadline:
        threading.Event().wait(0.001)
    assert journal.progress().busy_since_ns is not None
    with pytest.raises(JournalFull):
        for _ in range(20_000):
            journal.submit(Draft(), lane=6)
    stuck.set()
    journal.close()
    assert recover(disk).count == len(log.durable)


KILLED = """
import sys
from pathlib import Path
from edge_agent.journal import FolderDisk, Journal, Terms, recover
from tests.journal.world import Draft, Log, PlainSealer

class Told(Log):
    def committed(self, records):
        for record in records:
            print(record.seq, flush=True)

disk = FolderDisk(Path(sys.argv[1]))
found = recover(disk)
assert not found.damages, found.damages
journal = Journal(disk, found, PlainSealer(sys.argv[2].encode()), Told(), Terms(["center"]))
journal.start()
while True:
    for _ in range(7):
        journal.submit(Draft(b"k" * 300))
    sys.stdin.readline()
"""


def test_a_killed_process_loses_nothing_that_it_said(tmp_path: Path) -> None:
    for run in range(3):
        epoch = b"epoch%03d" % run
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), epoch.decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            said = -1
            while said < 100 + 50 * run:
                child.stdin.write(b"\n")
                child.stdin.flush()
                said = int(child.stdout.readline())
            child.kill()
        stored = [s.record for s in read(tmp_path) if s.record.kind is RecordKind.ENVELOPE]
        mine = [record.seq for record in stored if record.epoch == epoch]
        assert mine == list(range(len(mine)))
        assert len(mine) > said


def test_a_signing_thread_that_dies_of_a_defect_shows(
    folder: FolderDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had in hand is gone: the process must end, as when the journal's own thread dies."""
    journal, log = begun(folder)
    journal.submit(Draft())
    log.until(1)
    hanging, free = threading.Event(), threading.Event()
    real = FolderFile.sync

    def sync(file: FolderFile) -> None:
        hanging.set()
        free.wait(WAIT_S)
        real(file)

    monkeypatch.setattr(FolderFile, "sync", sync)
    heard: list[threading.ExceptHookArgs] = []
    before, threading.excepthook = threading.excepthook, heard.append
    try:
        journal.submit(Draft())
        assert hanging.wait(WAIT_S)
        journal.submit("no draft")
        deadline = time.perf_counter() + WAIT_S
        while journal.progress().alive and time.perf_counter() < deadline:
            threading.Event().wait(0.001)
        assert not journal.progress().alive
        assert heard[0].exc_type is AssertionError
    finally:
        threading.excepthook = before
        free.set()
    journal.close()


def test_full_segments_are_sealed_behind_the_commits(folder: FolderDisk, tmp_path: Path) -> None:
    """With its real thread; what another run left is sealed at once."""
    journal, log = begun(folder)
    for number in range(20):
        journal.submit(Draft(b"%d" % number))
    log.until(20)
    journal.close()
    before = [stored.record for stored in read(tmp_path)]
    damages: list[Damage] = []
    care = Care(PlainContents(), damages.append)
    later = Waiting()
    terms = Terms(["center"], care=care)
    journal = Journal(folder, recover(folder), PlainSealer(b"epoch002"), later, terms)
    journal.start()
    deadline = time.perf_counter() + WAIT_S
    while version_of(tmp_path / "00000001.seg") != SEALED_VERSION:
        assert time.perf_counter() < deadline, "nothing is sealed"
        time.sleep(0.01)
    journal.submit(Draft(b"and on"))
    later.until(1)
    assert journal.progress().alive
    assert journal.close() == 0
    assert [stored.record for stored in read(tmp_path)][: len(before)] == before
    assert damages == []
    assert recover(folder).index.segments[0].sealed


def version_of(path: Path) -> int:
    head = decode_head(path.read_bytes())
    return head.version if head is not None else 0
