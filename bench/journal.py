"""How close a commit comes to the disk's own speed: `python -m bench.journal [--dir DIR]`.

Ours: 300-byte envelopes through the real `Journal` and its thread, from sealed (signed and framed)
to durable (checksum, write, flush, index).  Limit: 1.3 times the reference, at every batch.

Reference, in the same run and in turns with it: a bare loop of one pwrite of as many 4 KiB blocks
and one fdatasync on a file written full of zeros before.  Between two commits it seals as the
journal does, for as long: a flush costs more the longer the disk and the processor were left alone
(a virtual disk: 5 us more after 0.1 ms, 25 us after 0.5 ms, 40 us after 1 ms of sleep; `tight` is
the same loop without a rest, which no journal that signs can reach).

Then, what an event costs the block device (`bench.device` says how it is counted).  Limit: no more
than SQLite.

For information: SQLite in WAL mode with synchronous=FULL, storing the same rows in the same run;
`turn`, a commit with the sealing of its drafts; `alone`, a lone submit seen from another thread
(two thread switches more); one Ed25519 signature.
"""

import argparse
import itertools
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench import device
from bench.device import Meter
from edge_agent.journal import FolderDisk, Journal, Record, RecordKind, Terms, recover
from edge_agent.journal.format import SEGMENT_BYTES
from edge_agent.journal.held import Group

RATIO_MAX = 1.3
ENVELOPE_BYTES = 300
BATCHES = (1, 10, 100)
TURNS = 30  # each turn runs every contestant once, so that noise meets all alike
TRIES = 3  # a machine busy with something else may spoil one; a slow journal spoils all
COMMITS = {1: 60, 10: 40, 100: 12}  # per turn; together below the journal's memory bound
WRITTEN_COMMITS = 1_000  # several segments, with the zeros that are written ahead
HOUR = 3_600_000_000_000
NOTE = bytes(32 * 20)


@dataclass
class Times:
    """Nanoseconds per commit, by contestant."""

    each: dict[str, list[int]] = field(default_factory=dict)
    medians: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, durations: list[int]) -> None:
        self.each.setdefault(name, []).extend(durations)
        self.medians.setdefault(name, []).append(statistics.median(durations))

    def ratio(self, ours: str, reference: str) -> float:
        """Median over turns of the ratio of the turn's medians: one noisy turn counts once.

        Of all turns the quieter half, as told by a contestant that is not compared here: whatever
        else runs on the machine costs the one more that does more than wait for the disk.
        """
        gauge = self.medians["tight"]
        quiet = sorted(range(len(gauge)), key=gauge.__getitem__)[: (len(gauge) + 1) // 2]
        mine, other = self.medians[ours], self.medians[reference]
        return statistics.median(mine[turn] / other[turn] for turn in quiet)

    def line(self, name: str) -> str:
        values = sorted(self.each[name])
        p50, p99 = (values[int(len(values) * share)] / 1e3 for share in (0.5, 0.99))
        rate = 1e9 / statistics.mean(values)
        return f"{rate:9.0f} {p50:9.0f} {p99:9.0f}"


class ReadyMade:
    """A sealer whose envelopes are there already; a listener that notes when each is durable."""

    def __init__(self) -> None:
        self.epoch = os.urandom(8)
        self.data = os.urandom(ENVELOPE_BYTES)
        self.count = 0
        self.sealed_at: list[int] = []
        self.durable_at: list[int] = []
        self.durable = 0
        self.awaited = 0
        self.done = threading.Event()
        self.pairs: list[tuple[object, Record]] = []

    def seal(self, draft: object) -> Record:  # noqa: ARG002  its envelope is there already
        self.count += 1
        return Record(RecordKind.ENVELOPE, 2, self.epoch, self.count - 1, self.data)

    def head(self) -> bytes:
        return self.data

    def note(self) -> bytes:
        return NOTE

    def sealed(self, pairs: list[tuple[object, Record]]) -> None:
        self.pairs = pairs  # not freed here: a listener hands them over
        self.sealed_at.append(time.perf_counter_ns())

    def committed(self, records: list[Record]) -> None:
        self.durable_at.append(time.perf_counter_ns())
        self.durable += len(records)
        if self.durable >= self.awaited:
            self.done.set()

    def refused(self, reason: str) -> None:
        sys.exit(f"the disk refuses: {reason}")

    def accepted(self) -> None:
        pass

    def expect(self, count: int) -> None:
        self.awaited = self.durable + count
        self.done.clear()
        self.sealed_at.clear()
        self.durable_at.clear()


class Ours:
    """The journal in a directory of its own, one commit every `batch` events."""

    def __init__(self, directory: Path, batch: int) -> None:
        self.batch = batch
        self.turns: list[int] = []
        self.rest_ns = 0  # from one commit to the next: sealing
        self.disk = FolderDisk(directory)
        self.ready = ReadyMade()
        self.journal = Journal(
            self.disk,
            recover(self.disk),
            self.ready,
            self.ready,
            Terms(["center"], commit_records_max=batch),
        )
        self.journal.start()
        self.alone()

    def commits(self, count: int) -> list[int]:
        """From envelopes in hand to envelopes durable: framing, write, flush, index."""
        self.ready.expect(count * self.batch)
        for number in range(1, count * self.batch + 1):  # the last one wakes the thread
            self.journal.submit(draft=None, patience_ns=0 if number == count * self.batch else HOUR)
        self.ready.done.wait()
        ends = self.ready.durable_at
        if len(ends) != len(self.ready.sealed_at):  # submitted so late that the signing thread
            return self.commits(count)  # took a part: not the batches asked for
        self.turns = [after - before for before, after in itertools.pairwise(ends)]
        rests = [begun - done for done, begun in zip(ends, self.ready.sealed_at[1:], strict=False)]
        self.rest_ns = int(statistics.median(rests))
        return [b - a for a, b in zip(self.ready.sealed_at, ends, strict=True)]

    def alone(self) -> int:
        """Submit one event; return how long until another thread knows that it is durable."""
        self.ready.expect(1)
        start = time.perf_counter_ns()
        self.journal.submit(draft=None)
        self.ready.done.wait()
        return time.perf_counter_ns() - start

    def close(self) -> None:
        self.journal.close()
        self.disk.close()


class Bare:
    """One pwrite and one fdatasync a commit, in a file of zeros; a new file when it is full.

    Before each it seals for `rest_ns`, which does not count.  As in the journal, another thread
    makes the next file meanwhile, which disturbs.
    """

    def __init__(self, directory: Path, batch: int) -> None:
        self.batch = batch
        self.ready = ReadyMade()
        self.data = os.urandom(4096 * blocks_of(batch))
        self.names = (directory / f"bare-{n}" for n in itertools.count())
        self.maker = ThreadPoolExecutor(1)
        self.file, self.offset = self.fresh(), 0
        self.next = self.maker.submit(self.fresh)

    def fresh(self) -> int:
        file = os.open(next(self.names), os.O_RDWR | os.O_CREAT)
        os.pwrite(file, bytes(SEGMENT_BYTES), 0)
        os.fsync(file)
        return file

    def commits(self, count: int, rest_ns: int) -> list[int]:
        durations = []
        for _ in range(count):
            if self.offset + len(self.data) > SEGMENT_BYTES:
                os.close(self.file)
                self.file, self.offset = self.next.result(), 0
                self.next = self.maker.submit(self.fresh)
            self.seal_for(rest_ns)
            start = time.perf_counter_ns()
            os.pwrite(self.file, self.data, self.offset)
            os.fdatasync(self.file)
            durations.append(time.perf_counter_ns() - start)
            self.offset += len(self.data)
        return durations

    def seal_for(self, rest_ns: int) -> None:
        end_ns = time.perf_counter_ns() + rest_ns
        group = Group()
        while time.perf_counter_ns() < end_ns:
            if len(group.records) == self.batch:
                group = Group()
            group.add(self.ready.seal(draft=None))

    def close(self) -> None:
        self.maker.shutdown()
        os.close(self.next.result())
        os.close(self.file)


class Sqlite:
    """The same rows in a table, WAL and FULL."""

    def __init__(self, directory: Path, batch: int) -> None:
        self.batch = batch
        self.base = sqlite3.connect(directory / f"sqlite{batch}.db", isolation_level=None)
        self.base.execute("PRAGMA journal_mode=WAL")
        self.base.execute("PRAGMA synchronous=FULL")
        self.base.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, data BLOB)")
        self.data = os.urandom(ENVELOPE_BYTES)

    def commits(self, count: int) -> list[int]:
        durations = []
        for _ in range(count):
            start = time.perf_counter_ns()
            self.base.execute("BEGIN")
            rows = [(self.data,)] * self.batch
            self.base.executemany("INSERT INTO event (data) VALUES (?)", rows)
            self.base.execute("COMMIT")
            durations.append(time.perf_counter_ns() - start)
        return durations

    def close(self) -> None:
        self.base.close()


def blocks_of(batch: int) -> int:
    """Blocks that our commit of this many envelopes takes: the reference writes as many."""
    return -(-(64 + len(NOTE) + batch * (32 + ENVELOPE_BYTES)) // 4096)


def measure(folder: Path, batch: int, turns: int) -> Times:
    """Run all contestants in turns, in changing order."""
    folder.mkdir()
    times = Times()
    bare, sqlite = Bare(folder, batch), Sqlite(folder, batch)
    with closing(bare), closing(sqlite), closing(Ours(folder / "journal", batch)) as ours:
        ours.commits(COMMITS[batch])  # tells how long a rest is
        contestants: list[tuple[str, Callable[[int], list[int]]]] = [
            ("bare", lambda count: bare.commits(count, ours.rest_ns)),
            ("tight", lambda count: bare.commits(count, 0)),
            ("journal", ours.commits),
            ("sqlite", sqlite.commits),
        ]
        if batch == 1:
            contestants.append(("alone", lambda count: [ours.alone() for _ in range(count)]))
        for turn in range(turns):
            for name, commits in contestants if turn % 2 else reversed(contestants):
                times.add(name, commits(COMMITS[batch]))
            times.add("turn", ours.turns)
    return times


def written(meter: Meter, batch: int) -> bool:
    """Print what an event costs the device; return whether the journal writes no more than SQLite.

    All that belongs to it: zeros written ahead, checkpoints, the file system's own journal.
    """
    count = WRITTEN_COMMITS
    folder = meter.folder / str(batch)
    folder.mkdir()
    bare, sqlite = Bare(folder, batch), Sqlite(folder, batch)
    with closing(bare), closing(sqlite), closing(Ours(folder / "journal", batch)) as ours:

        def journal() -> None:
            for first in range(0, count, COMMITS[batch]):
                ours.commits(min(COMMITS[batch], count - first))

        each = {
            name: meter.during(work) / (count * batch)
            for name, work in (
                ("bare", lambda: bare.commits(count, 0)),
                ("journal", journal),
                ("sqlite", lambda: sqlite.commits(count)),
            )
        }
    good = each["journal"] <= each["sqlite"]
    told = ", ".join(f"{name} {size:,.0f}" for name, size in each.items())
    print(f"{batch:5} bytes an event: {told} ({'good' if good else 'BAD: more than SQLite'})")
    return good


def signing_us() -> float:
    """Median time of one Ed25519 signature over an envelope's bytes, in microseconds."""
    key, data = Ed25519PrivateKey.generate(), os.urandom(ENVELOPE_BYTES)
    durations = []
    for _ in range(1000):
        start = time.perf_counter_ns()
        key.sign(data)
        durations.append(time.perf_counter_ns() - start)
    return statistics.median(durations) / 1e3


def judge(times: Times, batch: int) -> bool:
    """Print how a batch compares; return whether it keeps the limit."""
    to_bare, to_sqlite = times.ratio("journal", "bare"), times.ratio("journal", "sqlite")
    good = to_bare <= RATIO_MAX
    print(
        f"{batch:5} journal to bare {to_bare:.2f}, limit {RATIO_MAX} ({'good' if good else 'BAD'});"
        f" to sqlite {to_sqlite:.2f}"
    )
    return good


def run(folder: Path, batch: int, turns: int) -> bool:
    """Measure and print one batch size; return whether it keeps its limit."""
    times = measure(folder, batch, turns)
    for contestant in sorted(times.each):
        ratio = times.ratio(contestant, "bare")
        print(f"{batch:5} {contestant:8} {times.line(contestant)} {ratio:8.2f}")
    return judge(times, batch)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, help="where to write (default: the temp directory)")
    parser.add_argument("--turns", type=int, default=TURNS)
    arguments = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(dir=arguments.dir) as name:
        print(f"{'batch':>5} {'':8} {'commits/s':>9} {'p50 us':>9} {'p99 us':>9} {'to bare':>8}")
        for batch in BATCHES:
            good &= any(
                run(Path(name) / f"{batch}-{n}", batch, arguments.turns) for n in range(TRIES)
            )
        with device.meter(Path(name)) as meter:
            print(f"bytes written {meter.what}:")
            for batch in BATCHES:
                good &= written(meter, batch)
    print(f"one Ed25519 signature: {signing_us():.0f} us")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
