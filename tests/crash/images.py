"""Images of what a power cut may leave, of any store, by rigs that share nothing.

Sectors: a real process is recorded, then any subset of the sectors that were not flushed is kept.
Cuts: a real process on a real file system, on a disk that loses its power at random moments; or
the file system itself is shut down.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge_agent.evidence.signers import Ed25519Signer
from tests.crash.recording import Call, DiskModel, record, until
from tests.crash.rig import CutDisk, ShutDisk, Writers
from tests.crash.rows import JOURNAL, Key, Tally, contents, told
from tests.crash.writer import Order

ROWS = 150
BODY_BYTES = 3000  # a second segment is begun in mid-recording
BODIES_BYTES = (200, BODY_BYTES)
CUTS = 4  # of one file system, one after the other: each is built on what the last one left
COMMITS_MAX = 24
REQUESTS_MAX = 12  # writes and flushes of the disk until the cut: a few commits
PATIENCE_S = 0.05  # a store that never flushes may write nothing for seconds
Identity = tuple[Path, Ed25519Signer]
MEMORY = Path("/dev/shm")  # noqa: S108  images are read back at once: no disk needs to see them


@dataclass
class Bench:
    """What images are made with; `seed` decides everything random, but not the process's timing."""

    top: Path
    writers: Writers
    identity: Identity
    images: int
    seed: int = 1
    flushes: bool = True  # False breaks the journal on purpose
    disk: type[CutDisk] | type[ShutDisk] = CutDisk
    _made: int = field(default=0, init=False)

    # ---- any subset of the sectors

    def sectors(self, store: str) -> Tally:
        """Record one writer and make images of what a cut may leave."""
        folder, ledger = self.top / store, self.top / f"{store}.ledger"
        folder.mkdir()
        key = str(self.identity[0])
        first = Order(store, str(folder), str(self.top / "first"), key, rows=20, seed=self.seed)
        with self.writers.writing(first) as writer:  # something is there when the recording begins
            writer.wait_gone()
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        order = Order(
            store,
            str(folder),
            str(ledger),
            key,
            ROWS,
            self.flushes,
            body_bytes=BODY_BYTES,
            seed=self.seed,
            seals=True,
        )
        found = record(order, self.writers, self.top / "trace")
        tally, chance = Tally(), Random(self.seed)
        begun = [call.begun for call in found]
        moments = [chance.randint(min(begun), max(begun)) for _ in range(self.images - 1)]
        for moment in (*moments, max(begun) + 1):  # one finds all that was done
            with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
                happened = until(found, moment)
                _build(folder, before, happened, Path(name), chance)
                promised = told(_said(happened, ledger))
                tally.count(promised, contents(store, Path(name), self.identity[1].public))
        shutil.rmtree(folder)
        return tally

    # ---- a real file system

    def cuts(self, store: str) -> Tally:
        """Cut the power of a disk with ext4 at any write or flush, several times each."""
        tally = Tally()
        while tally.images < self.images:
            self._made += 1
            with self.disk(self.top / f"{store}-{self._made}") as disk:
                before: set[Key] = set()
                for _ in range(min(CUTS, self.images - tally.images)):
                    before = self._cut(store, disk, tally, before)
        return tally

    def _cut(
        self, store: str, disk: CutDisk | ShutDisk, tally: Tally, before: set[Key]
    ) -> set[Key]:
        """Cut once and count; return what every later image must hold."""
        self._made += 1
        seed = self.seed * 10_000 + self._made
        ledger = str(self.top / f"{store}-{self._made}.ledger")
        order = Order(
            store,
            str(disk.folder),
            ledger,
            str(self.identity[0]),
            flushes=self.flushes,
            body_bytes=Random(seed).choice(BODIES_BYTES),
            seed=seed,
            seals=True,
            # in every other run, so that the cut falls behind it; else it may fall into it
            sealed_first=store == JOURNAL and bool(before) and tally.images % 2 > 0,
        )
        promised = told(_write_until_cut(self.writers, order, disk))
        disk.start_again()
        found = contents(store, disk.folder, self.identity[1].public)
        tally.count(promised, found, before)
        return (before | promised) & found.rows


def _build(
    folder: Path, before: dict[str, bytes], happened: list[Call], image: Path, chance: Random
) -> None:
    model = DiskModel(folder, before)
    for call in happened:
        model.take(call)
    model.image(image, chance)


def _said(happened: list[Call], ledger: Path) -> str:
    """Return what had been told by then."""
    said = (call.data for call in happened if call.name == "write" and call.place == ledger)
    return b"".join(said).decode()


def _write_until_cut(writers: Writers, order: Order, disk: CutDisk | ShutDisk) -> str:
    """Cut at any write or flush of a commit; return what had been told by then."""
    chance = Random(order.seed)
    with writers.writing(order) as writer:
        writer.wait_told(1 if order.sealed_first else chance.randint(1, COMMITS_MAX))
        requests = chance.randint(1, REQUESTS_MAX)
        return disk.cut(order.seed, requests, PATIENCE_S, Path(order.ledger))
