"""Checks behind the receiver what no single event shows: roots, and how epochs follow each other.

Runs on a connection of its own, a slice at a time, so that no event waits for it.  `proved_to` of
an epoch says how far it came: every number below it is stored, and the root that each of those
events was signed with is the root over those before it (RFC 9162).  At a fork the next event's root
tells which side its signer had.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from edge_agent.center.lineage import JUDGEMENTS, REMEDIES, strange
from edge_agent.center.rows import Rows
from edge_agent.center.turns import Turns
from edge_agent.evidence.tree import Peaks

log = structlog.get_logger("center")

SLICE_EVENTS = 500  # about 10 ms of hashing, then others have the interpreter
SLICE_EPOCHS = 256  # looked at in a slice: those of many gateways have an event or two each
SLICE_GATEWAYS = 200  # whose epochs are compared at once: some 10 ms
_END = 1 << 62  # above every row's number

UNPROVED = (
    "SELECT id, gateway, epoch, peaks, proved_to, EXISTS (SELECT 1 FROM event"
    "  WHERE epoch_id = epoch.id AND seq = proved_to) FROM epoch"
    " WHERE NOT broken AND proved_to <= top AND id < ? ORDER BY id DESC LIMIT ?"
)
COME_SINCE = (
    "SELECT DISTINCT gateway FROM event JOIN epoch ON epoch.id = epoch_id"
    " WHERE event.id > ? AND event.id <= ?"
)
REPLACED = (
    "DELETE FROM problem WHERE gateway = ? AND epoch = ? AND what <> ? AND what IN (?, ?, ?, ?)"
)
PROVED = "UPDATE epoch SET peaks = ?, proved_to = ?, broken = ? WHERE id = ?"
OTHER_EVENTS = "its root is not over the events stored: one before it was changed or replaced"
OTHER_ROOTS = (
    "SELECT later.epoch, later.previous_root, before.id, before.peaks"
    " FROM epoch AS later JOIN epoch AS before ON before.gateway = later.gateway"
    "  AND before.epoch = later.previous"
    " WHERE later.gateway = ? AND before.proved_to = later.previous_size AND before.proved_to > 0"
)


@dataclass(frozen=True, slots=True)
class Link:
    """One stored event as the tree sees it."""

    seq: int
    leaf: bytes
    root: bytes


class RootCheck:
    """Follows one epoch's tree (pure): feed links in order of their numbers.

    `peaks` is the tree over everything before the last number fed; that number's own leaf may still
    be ambiguous (a fork) and is decided by the next root.  `broken` is set for good when no reading
    of what is stored fits.
    """

    def __init__(self, peaks: Peaks) -> None:
        self.peaks = peaks
        self.broken = False
        self._open: list[bytes] = []  # leaves that the number `peaks.size` may have

    @property
    def proved_to(self) -> int:
        """How many events are here with a root that fits."""
        return self.peaks.size + bool(self._open)

    def feed(self, links: Sequence[Link]) -> None:
        """Take all that is stored under the next number."""
        for tree in self._readings():
            root = tree.root()
            fitting = [link.leaf for link in links if link.root == root]
            if fitting:
                self.peaks, self._open = tree, fitting
                return
        self.broken = True

    def settled(self) -> Peaks:
        """Return the tree to go on from later; a fork at its end is read again then."""
        return self.peaks

    def _readings(self) -> list[Peaks]:
        """Return the trees that the events so far may have made."""
        if not self._open:
            return [self.peaks]
        trees = []
        for leaf in self._open:
            tree = self.peaks.copy()
            tree.append(leaf)
            trees.append(tree)
        return trees


@dataclass(frozen=True, slots=True)
class _Checked:
    """What a slice found of one epoch."""

    id: int
    gateway: str
    epoch: bytes
    check: RootCheck
    moved: bool


class Audit:
    """The slices: each reads some events, checks them, and writes how far it came.

    A slice goes on below the epoch that the one before ended at, and begins at the newest again
    when it has passed the oldest: epochs with holes, however many, cost each a look a round.
    """

    def __init__(self, connection: sqlite3.Connection, turns: Turns) -> None:
        self._connection = connection
        self._turns = turns
        self._below = _END  # the epochs that this round has yet to look at
        self._busy = False  # something was found in this round
        self._moved: set[str] = set()  # gateways of which more is proved since the last lineage
        self._compared: list[str] = []  # gateways whose lineage is yet to be looked at
        self._seen = 0  # events that a lineage knows of; 0: all epochs are to be looked at

    def step(self, now_ms: int) -> bool:
        """Check one slice; return whether more is waiting.  Raises sqlite3.Error."""
        found = self._connection.execute(UNPROVED, (self._below, SLICE_EPOCHS)).fetchall()
        over, below, left = len(found) < SLICE_EPOCHS, self._below, SLICE_EVENTS
        checked: list[_Checked] = []
        for epoch_id, gateway, epoch, peaks, before, follows in found:
            if left <= 0:
                over = False
                break
            below = epoch_id
            if follows:
                check = RootCheck(Peaks.from_bytes(peaks) if peaks else Peaks())
                left -= self._feed(epoch_id, check)
                moved = check.broken or check.proved_to > before
                checked.append(_Checked(epoch_id, gateway, epoch, check, moved))
        if checked:
            self._write(checked, now_ms)
        self._busy = self._busy or any(one.moved for one in checked)
        self._below = _END if over else below
        if not over:
            return True
        busy, self._busy = self._busy, False
        return busy

    def _feed(self, epoch_id: int, check: RootCheck) -> int:
        """Check what follows; return how many events were read."""
        found = self._connection.execute(
            "SELECT seq, leaf, root FROM event WHERE epoch_id = ? AND seq >= ?"
            " ORDER BY seq LIMIT ?",
            (epoch_id, check.peaks.size, SLICE_EVENTS),
        ).fetchall()
        links = [Link(*row) for row in found]
        if len(links) == SLICE_EVENTS:  # the last number may have more: leave it to the next slice
            last = links[-1].seq
            links = [link for link in links if link.seq != last] or links
        while links and links[0].seq == check.proved_to and not check.broken:
            same = [link for link in links if link.seq == links[0].seq]
            check.feed(same)
            del links[: len(same)]
        return len(found)

    def _write(self, checked: list[_Checked], now_ms: int) -> None:
        with self._turns.take(urgent=False):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                rows = Rows(self._connection, now_ms=now_ms)
                for one in checked:
                    self._connection.execute(PROVED, (*_proved(one.check), one.id))
                    if one.check.broken:
                        at = one.check.proved_to
                        rows.problem(one.gateway, one.epoch, at, "root", OTHER_EVENTS)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self._moved.update(one.gateway for one in checked)

    # ---- between epochs

    def lineage(self, now_ms: int) -> bool:
        """Note epochs that branch, start before what is stored, or name another root.

        Looks at the gateways of which something came since the last time, the first time at all, so
        many at a time; returns whether more are waiting.  Raises sqlite3.Error.
        """
        if not self._compared:
            query = "SELECT coalesce(max(id), 0) FROM event"
            (newest,) = self._connection.execute(query).fetchone()
            self._compared = list(self._gateways(newest))
            self._seen = newest
            self._moved.clear()
        for gateway in self._compared[-SLICE_GATEWAYS:][::-1]:
            self._lineage(gateway, now_ms)
            self._compared.pop()
        return bool(self._compared)

    def _gateways(self, newest: int) -> Iterable[str]:
        if not self._seen:
            found = self._connection.execute("SELECT DISTINCT gateway FROM epoch")
        else:
            found = self._connection.execute(COME_SINCE, (self._seen, newest))
        return self._moved.union(row[0] for row in found)

    def _lineage(self, gateway: str, now_ms: int) -> None:
        lineage = [(one.epoch, one.what, one.detail) for one in strange(self._connection, gateway)]
        found = [*lineage, *self._other_roots(gateway)]
        if not found:
            return
        known = {
            (row[0], row[1])
            for row in self._connection.execute(
                "SELECT epoch, what FROM problem WHERE gateway = ?", (gateway,)
            )
        }
        fresh = [
            (epoch, what, detail) for epoch, what, detail in found if (epoch, what) not in known
        ]
        if not fresh:
            return
        with self._turns.take(urgent=False):
            rows = Rows(self._connection, now_ms=now_ms)
            for epoch, what, detail in fresh:
                rows.problem(gateway, epoch, 0, what, detail)
                self._settle(gateway, epoch, what)
        for epoch, what, detail in fresh:
            remedy = REMEDIES.get(what, "see `edge-center verify`")
            log.warning(
                "strange", gateway=gateway, what=what, at=epoch.hex(), detail=detail, remedy=remedy
            )

    def _settle(self, gateway: str, epoch: bytes, what: str) -> None:
        """A later judgement of the same epoch, from more of its events, replaces an earlier one."""
        if what in JUDGEMENTS:
            self._connection.execute(REPLACED, (gateway, epoch, what, *JUDGEMENTS))

    def _other_roots(self, gateway: str) -> list[tuple[bytes, str, str]]:
        found = self._connection.execute(OTHER_ROOTS, (gateway,)).fetchall()
        detail = "it names another root of the epoch before than its events have"
        return [
            (epoch, "previous_root", detail)
            for epoch, root, before, peaks in found
            if not self._ends_in(before, Peaks.from_bytes(peaks), root)
        ]

    def _ends_in(self, epoch_id: int, peaks: Peaks, root: bytes) -> bool:
        """Tell whether the epoch's last event, whichever side of a fork, leads to `root`."""
        leaves = self._connection.execute(
            "SELECT leaf FROM event WHERE epoch_id = ? AND seq = ?", (epoch_id, peaks.size)
        ).fetchall()
        for (leaf,) in leaves:
            tree = peaks.copy()
            tree.append(leaf)
            if tree.root() == root:
                return True
        return False


def _proved(check: RootCheck) -> tuple[bytes, int, bool]:
    return check.settled().to_bytes(), check.proved_to, check.broken
