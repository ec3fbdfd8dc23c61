"""What a store holds after a cut, and whether that is all that it had told."""

import contextlib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from edge_agent.evidence import verify
from edge_agent.evidence.cose import PublicKey
from edge_agent.journal import Damage, FolderDisk, RecordKind, Recovery, read, recover

TABLE = "rows.db"
APPEND = "rows.log"
JOURNAL = "journal"
STORES = (JOURNAL, "sqlite-full", "sqlite-normal", "append")
SAFE = (JOURNAL, "sqlite-full")
_ROW_BYTES = 320
_TOLD = re.compile(r"^told (\S+) (\d+) (\d+)$", re.MULTILINE)

Key = tuple[str, int]
"""Epoch (a dash where there is none) and number."""


def row(seq: int) -> bytes:
    """Return what the row `seq` holds: a reader can tell whether it is whole."""
    return seq.to_bytes(8, "big") + (sha256(b"%d" % seq).digest() * 10)[: _ROW_BYTES - 8]


def told(ledger: str) -> set[Key]:
    """Return what a ledger's text promises."""
    return {
        (epoch, seq)
        for epoch, first, last in _TOLD.findall(ledger)
        for seq in range(int(first), int(last) + 1)
    }


@dataclass
class Contents:
    """What is there: rows, and everything that is wrong with them."""

    rows: set[Key] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    sealed: int = 0  # segments of the journal


def contents(store: str, folder: Path, identity: PublicKey | None = None) -> Contents:
    """Open a store as its program would after a power cut, and read it."""
    if store == JOURNAL:
        assert identity is not None
        return journal_contents(folder, identity)
    return append_contents(folder) if store == "append" else sqlite_contents(folder)


def journal_contents(folder: Path, identity: PublicKey) -> Contents:
    """Recover the journal, then read, verify and count all of it."""
    found = recover_folder(folder)
    damages: list[Damage] = []
    envelopes = [
        stored.record
        for stored in read(folder, damages.append)
        if stored.record.kind is RecordKind.ENVELOPE
    ]
    counts = Counter((record.epoch.hex(), record.seq) for record in envelopes)
    doubled = [f"{key} is there {count} times" for key, count in counts.items() if count > 1]
    problems = verified(identity, (record.data for record in envelopes))
    wrong = [*(str(d) for d in (*found.damages, *damages)), *doubled, *problems]
    sealed = sum(segment.sealed for segment in found.index.segments)
    return Contents(set(counts), wrong, sealed)


def recover_folder(folder: Path) -> Recovery:
    """Do what a start does."""
    with contextlib.closing(FolderDisk(folder)) as disk:
        return recover(disk)


def verified(identity: PublicKey, envelopes: Iterable[bytes]) -> list[str]:
    """Return what the gateway's verifier says about these envelopes."""
    keys = {identity.kid: identity}
    return [
        f"{problem.what} {problem.seq} {problem.detail}"
        for problem in verify.check("gw1", keys.get, envelopes)
    ]


def sqlite_contents(folder: Path) -> Contents:
    found = Contents()
    try:
        with contextlib.closing(sqlite3.connect(folder / TABLE)) as base:
            (word,) = base.execute("PRAGMA integrity_check").fetchone()
            if word != "ok":
                found.wrong.append(str(word))
            rows = base.execute("SELECT seq, data FROM event").fetchall()
    except sqlite3.Error as error:
        found.wrong.append(str(error))
        return found
    found.rows = {("-", seq) for seq, data in rows if data == row(seq)}
    return found


def append_contents(folder: Path) -> Contents:
    path = folder / APPEND
    data = path.read_bytes() if path.exists() else b""
    whole = range(len(data) // _ROW_BYTES)
    return Contents(
        {("-", n) for n in whole if data[n * _ROW_BYTES : (n + 1) * _ROW_BYTES] == row(n)}
    )


@dataclass
class Tally:
    """One store's images of a run."""

    images: int = 0
    told: int = 0
    losing: int = 0  # images that lack a row that was told
    lost_most: int = 0
    wrong: list[str] = field(default_factory=list)
    sealed: int = 0  # images of the journal in which a segment was sealed

    def count(
        self, promised: set[Key], found: Contents, earlier: set[Key] | frozenset[Key] = frozenset()
    ) -> None:
        """Compare one image with its ledger, and with what `earlier` images still held."""
        lost = (promised | earlier) - found.rows
        self.images += 1
        self.told += len(promised)
        self.losing += bool(lost)
        self.lost_most = max(self.lost_most, len(lost))
        self.wrong += found.wrong
        self.sealed += found.sealed > 0

    def add(self, other: "Tally") -> None:
        """Take in what another run of the same store gave."""
        self.images += other.images
        self.told += other.told
        self.losing += other.losing
        self.sealed += other.sealed
        self.lost_most = max(self.lost_most, other.lost_most)
        self.wrong += other.wrong

    def line(self, store: str) -> str:
        return (
            f"{store}: {self.images} images, {self.told} rows told, {self.losing} images lose"
            f" some, at most {self.lost_most}; {len(self.wrong)} problems {self.wrong[:2]}"
        )
