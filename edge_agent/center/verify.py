"""Checks the whole database without a network: every envelope, root, gap, fork and receipt.

Believes nothing that the receiver noted: envelopes are verified anew from the gateways' identity
certificates on, the columns beside each are compared with it, and every receipt that was given is
opened and its digests are made again from what is stored.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from edge_agent.domain.event import EventType
from edge_agent.evidence.anchored import AnchorCheck
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import Certificate
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipt import Range, open_receipt, range_digest
from edge_agent.evidence.seconded import SecondCheck
from edge_agent.evidence.tree import leaf_hash
from edge_agent.evidence.verify import EpochVerifier, Problem

PROBLEMS_MAX = 1_000  # of a gateway, named; more are counted
_SECONDS = (
    "SELECT envelope FROM event JOIN epoch ON epoch.id = epoch_id WHERE gateway = ? AND type = ?"
)
READINGS_MAX = 64  # of a receipted range that forks run through
RECEIPTS = "SELECT id, data FROM receipt WHERE gateway = ? ORDER BY id"
RECEIPTS_SORTED = (
    "SELECT receipt.id, data FROM receipt_of JOIN receipt ON receipt.id = receipt_of.id"
    " WHERE receipt_of.gateway = ? ORDER BY receipt_of.id"
)
SORTED = """
CREATE TEMP TABLE receipt_of (gateway TEXT, id INTEGER, PRIMARY KEY (gateway, id)) WITHOUT ROWID;
INSERT INTO receipt_of SELECT gateway, id FROM receipt ORDER BY gateway, id;
"""


@dataclass(frozen=True, slots=True)
class Bad:
    """One thing found, ready to print."""

    what: str
    epoch: str | None
    seq: int | None
    detail: str
    last: int | None = None


@dataclass(slots=True)
class Report:
    """What is known of one gateway."""

    gateway: str
    events: int = 0
    receipts: int = 0
    proved: int = 0
    timestamps: int = 0
    seconds: SecondCheck = field(default_factory=SecondCheck)
    problems: list[Bad] = field(default_factory=list)
    more: int = 0  # problems beyond those named

    def found(self, problems: Iterable[Bad]) -> None:
        """Add problems, within the bound."""
        for problem in problems:
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(problem)
            else:
                self.more += 1

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        first = next((one for one in self.problems if one.seq is not None), None)
        return {
            "gateway": self.gateway,
            "ok": not self.problems,
            "events": self.events,
            "proved": self.proved,
            "receipts": self.receipts,
            "timestamps": self.timestamps,
            "second_signatures": self.seconds.facts(),
            "first_bad": None if first is None else {"epoch": first.epoch, "seq": first.seq},
            "problems": [
                {
                    "what": one.what,
                    "epoch": one.epoch,
                    "seq": one.seq,
                    "last": one.last,
                    "detail": one.detail,
                }
                for one in self.problems
            ],
            "more_problems": self.more,
        }


def gateways(connection: sqlite3.Connection) -> list[str]:
    """Return the gateways of which anything is stored, or was receipted."""
    found = connection.execute(
        "SELECT gateway FROM epoch UNION SELECT gateway FROM receipt ORDER BY gateway"
    )
    return [row[0] for row in found]


def sort_receipts(connection: sqlite3.Connection) -> None:
    """Note which receipts are whose, for this connection alone, before many gateways are checked.

    The store needs no such index: only here each gateway's receipts are wanted, and without it each
    gateway would cost a look at those of all.
    """
    connection.executescript(SORTED)


def check_file(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong with the file itself, and events that no gateway has."""
    found = [row[0] for row in connection.execute("PRAGMA quick_check(20)") if row[0] != "ok"]
    (lost,) = connection.execute(
        "SELECT COUNT(*) FROM event WHERE epoch_id NOT IN (SELECT id FROM epoch)"
    ).fetchone()
    return [*found, f"{lost} events belong to no epoch"] if lost else found


def check(
    connection: sqlite3.Connection,
    gateway: str,
    identities: Iterable[PublicKey],
    receipt_key: PublicKey,
    stampers: Sequence[Certificate] = (),
) -> Report:
    """Check all that is stored of `gateway`; `stampers` are the authorities whose timestamps count.

    Raises sqlite3.Error where the file is damaged.
    """
    report = Report(gateway)
    verifier = EpochVerifier(gateway, {key.kid: key for key in identities}.get)
    anchors, seconds = AnchorCheck(verifier.leaf, stampers), _expected(connection, gateway)
    epochs = connection.execute(
        "SELECT id, epoch FROM epoch WHERE gateway = ? ORDER BY id", (gateway,)
    ).fetchall()
    for epoch_id, epoch in epochs:
        rows = connection.execute(
            "SELECT seq, leaf, root, lane, type, envelope FROM event WHERE epoch_id = ?"
            " ORDER BY seq, id",
            (epoch_id,),
        )
        for *columns, envelope in rows:
            report.events += 1
            report.found(_columns(epoch, columns, envelope))
            problems = verifier.feed(envelope)
            if not problems and columns[-1] == EventType.ANCHOR:
                problems = anchors.take(peek(envelope)[1])
            if not problems:
                seconds.see(epoch, columns[0], columns[2])
            if not problems and columns[-1] == EventType.SECOND_SIGNATURE:
                problems = seconds.take(peek(envelope)[1], verifier.second_key(epoch))
            report.found(map(_bad, problems))
        report.proved += verifier.proved_to(epoch)
    report.timestamps, report.seconds = len(anchors.anchored), seconds
    report.found(map(_bad, verifier.lineage()))
    _check_receipts(connection, report, receipt_key)
    return report


def _expected(connection: sqlite3.Connection, gateway: str) -> SecondCheck:
    """Return the check of second signatures after its first reading."""
    seconds = SecondCheck()
    rows = connection.execute(_SECONDS, (gateway, str(EventType.SECOND_SIGNATURE)))
    for (envelope,) in rows:
        seconds.expect(bytes(envelope))
    return seconds


def _columns(epoch: bytes, columns: list[Any], envelope: bytes) -> Iterator[Bad]:
    """Compare the columns that searches go by with the envelope beside them.

    `columns` are seq, leaf, root, lane and type.  Else an event could be hidden from whoever looks
    for its lane or type, without a byte of it being changed.
    """
    try:
        _, event = peek(envelope)
    except Malformed:
        return  # the verifier says so
    told = [event.seq, leaf_hash(envelope), event.root, int(event.lane), str(event.type)]
    if (event.epoch, told) != (epoch, columns):
        detail = "the row's columns are not those of its envelope"
        yield Bad("row", epoch.hex(), columns[0], detail)


def _bad(problem: Problem) -> Bad:
    epoch = None if problem.epoch is None else problem.epoch.hex()
    return Bad(str(problem.what), epoch, problem.seq, problem.detail, problem.last)


# ---- receipts


def _check_receipts(connection: sqlite3.Connection, report: Report, key: PublicKey) -> None:
    sorted_ = connection.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'receipt_of'")
    query = RECEIPTS_SORTED if sorted_.fetchone() else RECEIPTS
    rows = connection.execute(query, (report.gateway,))
    for number, data in rows:
        report.receipts += 1
        try:
            receipt = open_receipt(data, key)
        except (Malformed, BadSignature) as error:
            report.found([Bad("receipt", None, None, f"receipt {number}: {error}")])
            continue
        if receipt.gateway != report.gateway:
            detail = f"receipt {number} is {receipt.gateway}'s"
            report.found([Bad("receipt", None, None, detail)])
        report.found(
            Bad(
                "receipt",
                one.epoch.hex(),
                one.first,
                f"receipt {number} is for other events than those stored",
                one.last,
            )
            for one in receipt.ranges
            if not _holds(connection, report.gateway, one)
        )


def _holds(connection: sqlite3.Connection, gateway: str, given: Range) -> bool:
    """Tell whether the stored events of a range have its digest, in some reading of forks."""
    leaves: dict[int, list[bytes]] = {}
    for seq, leaf in connection.execute(
        "SELECT seq, leaf FROM event JOIN epoch ON epoch.id = epoch_id"
        " WHERE gateway = ? AND epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq",
        (gateway, given.epoch, given.first, given.last),
    ):
        leaves.setdefault(seq, []).append(leaf)
    if len(leaves) != given.last - given.first + 1:
        return False
    readings = islice(product(*leaves.values()), READINGS_MAX)
    return any(range_digest(reading) == given.digest for reading in readings)
