"""The journal without threads: the real `Scribe`, its turns taken on the loop, its disk slow.

What the journal's thread does in one piece is in two here: sealing, then, after as long as the disk
takes, the write.  In between the thread is busy and the world goes on: that is where crashes fall.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import pytest

from edge_agent import agent, limits
from edge_agent.daemon import housekeeping
from edge_agent.daemon.housekeeping import Keeping
from edge_agent.journal import (
    Batch,
    JournalClosed,
    Position,
    Progress,
    Record,
    Recovery,
    Terms,
    files,
    repairs,
    scan,
    scribe,
    sealed,
    spares,
    upkeep,
    writer,
)
from edge_agent.journal.disk import Disk
from edge_agent.journal.format import BLOCK_BYTES
from edge_agent.journal.journal import RESERVE_PAUSE_S, SPARE_RETRY_S
from edge_agent.journal.oldest import Glimpse
from edge_agent.journal.receipts import Bound
from edge_agent.journal.scribe import Listener, Scribe, Sealer
from edge_agent.journal.space import Measured
from edge_agent.journal.writer import Placed
from tests.journal.simdisk import Node, PowerCut, SimDisk
from tests.simulation.loop import VirtualLoop

_ZEROS = bytes(16 * BLOCK_BYTES)
WAKE_S = 0.0001  # until the thread runs
STEPS_AT_ONCE = 8  # of the upkeep
SCRUB_START_NS = 2_000_000_000  # few lives last a minute
KEEP_NS = 20_000_000_000
SMALL_QUOTA_BYTES = 6 << 20
SMALL_SEGMENT_BYTES = 40 * BLOCK_BYTES  # holds the largest commit; soon full


def make_segments_small(patch: pytest.MonkeyPatch) -> None:
    """Let lives of a minute fill several segments, and read them through."""
    patch.setattr(upkeep, "SCRUB_START_NS", SCRUB_START_NS)
    for module in (files, repairs, scan, scribe, sealed, spares, writer):
        if hasattr(module, "SEGMENT_BYTES"):
            patch.setattr(module, "SEGMENT_BYTES", SMALL_SEGMENT_BYTES)
    patch.setattr(spares, "_ZEROS", bytes(SMALL_SEGMENT_BYTES))


def keep_briefly(patch: pytest.MonkeyPatch) -> None:
    """Let lives of a minute see their space run short, and their oldest segments removed."""
    patch.setattr(limits, "SPACE_LOOK_S", 2.0)
    patch.setattr(limits, "KEEP_PRESSED_NS", KEEP_NS // 2)
    patch.setattr(agent, "Keeping", lambda *_: Keeping(SMALL_QUOTA_BYTES, 1))
    patch.setattr(housekeeping, "DAY_NS", KEEP_NS)


class Card(SimDisk):
    """The gateway's card, as the agent opens it."""

    def __init__(self, before: Callable[[str, str], None] | None = None) -> None:
        super().__init__(before)
        self._seen: dict[int, tuple[Node, bytes, int]] = {}  # by node: what was durable, its end

    def close(self) -> None:
        pass

    @classmethod
    def of(cls, disk: SimDisk, before: Callable[[str, str], None]) -> "Card":
        card = cls(before)
        card.nodes, card._durable_names = disk.nodes, disk._durable_names
        return card

    def holds(self, frame: bytes) -> bool:
        """Whether a power cut that keeps nothing but what was flushed would leave `frame`."""
        nodes = {id(node): node for node in self._durable_names.values()}
        ends = [(node.durable, self._end(node)) for node in reversed(nodes.values())]
        return any(data.rfind(frame, 0, end) >= 0 for data, end in ends)  # mostly what is newest

    def _end(self, node: Node) -> int:
        """Where the zeros begin that wait to be written; a cut may leave holes."""
        before = self._seen.get(id(node))
        if before is not None and before[0] is node and before[1] is node.durable:
            return before[2]
        data = node.durable
        begun = data.find(_ZEROS)
        end = len(data) if begun < 0 else begun + BLOCK_BYTES  # its last bytes may be zeros
        self._seen[id(node)] = node, data, end
        return end


class Life(Protocol):
    """The process that the journal belongs to."""

    alive: bool
    refused: bool  # the card refused once in this life

    def step(self, name: str) -> None:
        """Something happens on the journal's thread; raises PowerCut where the process dies."""

    def write_ns(self) -> int:
        """Return how long the next write takes."""


class _SlowScribe(Scribe):
    """Postpones each write until `write_now`, except in a hurry."""

    hurry = False
    postponed_ns: int | None = None
    opened = 0  # segments, in this life
    removed = 0

    def _write(self, now_ns: int, *, ending: bool = False) -> bool:
        if self.hurry:
            return super()._write(now_ns, ending=ending)
        self.postponed_ns = now_ns
        return True

    def _open(self, placed: Placed) -> None:
        self.opened += 1
        super()._open(placed)

    def remove(self, number: int) -> None:
        super().remove(number)
        self.removed += 1

    def write_now(self) -> None:
        now_ns, self.postponed_ns = self.postponed_ns, None
        if now_ns is not None:
            super()._write(now_ns)


class _Watched:
    """Steps of the life at each word to the recorder."""

    def __init__(self, listener: Listener, life: Life) -> None:
        self._listener, self._life = listener, life

    def sealed(self, pairs: list[tuple[object, Record]]) -> None:
        self._life.step("sealed")
        self._listener.sealed(pairs)

    def committed(self, records: list[Record]) -> None:
        self._life.step("committed")
        self._listener.committed(records)

    def refused(self, reason: str) -> None:
        self._life.refused = True
        self._listener.refused(reason)

    def accepted(self) -> None:
        self._listener.accepted()


class InlineJournal:
    """Stands for `Journal`: the same methods, no thread.

    `signs_meanwhile`: what comes while the disk is busy is signed a moment later, as the real one's
    signing thread does; else it waits for the write to end, where the seeds' crashes fall.
    """

    signs_meanwhile = False

    def __init__(
        self,
        where: tuple[VirtualLoop, Life],
        disk: Disk,
        recovery: Recovery,
        sealer: Sealer,
        listener: Listener,
        terms: Terms,
    ) -> None:
        self._loop, self._life = where
        self.required = frozenset(terms.centers).difference(terms.optional)
        watched = _Watched(listener, self._life)
        self.scribe = _SlowScribe(disk, recovery, sealer, watched, terms)
        self._items: deque[tuple[object, int] | None] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._spares: asyncio.TimerHandle | None = None
        assert terms.care is not None
        self.upkeep = upkeep.Upkeep(disk, recovery, self.scribe, terms.care)
        self._keeping: asyncio.TimerHandle | None = None
        self._signing: asyncio.TimerHandle | None = None
        self._closed = False

    def start(self) -> None:
        self._spares = self._loop.call_later(0.01, self._prepare)
        self._keeping = self._loop.call_later(0.02, self._keep)

    def close(self) -> int:
        if not self._life.alive or self._closed:
            return 0
        self._closed = True
        for timer in (self._timer, self._writing, self._spares, self._keeping, self._signing):
            if timer is not None:
                timer.cancel()
        self.scribe.hurry = True
        try:
            self.scribe.write_now()
            self._accept()
            return self.scribe.finish(self._loop.now_ns)
        except PowerCut:
            return 0

    def submit(
        self, draft: object, patience_ns: int = 0, lane: int = 0, *, reserved: bool = True
    ) -> None:
        if not self._life.alive:
            return
        if self._closed:
            raise JournalClosed("the journal is closed")
        self.scribe.admit(lane, reserved=reserved)
        self._items.append((draft, patience_ns))
        self._wake()

    def hasten(self) -> None:
        if self._life.alive and not self._closed and self._writing is None:
            self._accept()
            self.scribe.hasten(self._loop.now_ns)
            self._wake()

    def release(self, center: str, epoch: bytes, seqs: Iterable[int], receipt: bytes) -> None:
        if self._life.alive and not self._closed:
            self.scribe.release(center, epoch, seqs, receipt)
            self._items.append(None)
            self._wake()

    def fetch(self, center: str, lane: int, after: Position | None, bytes_max: int) -> Batch:
        return self.scribe.fetch(center, lane, after, bytes_max)

    def bind(self) -> Bound | None:
        return self.scribe.bind()

    def oldest(self) -> Glimpse | None:
        return self.scribe.oldest()

    def oldest_number(self) -> int | None:
        return self.scribe.oldest_number()

    def newest_of(self, place: int) -> bytes:
        return self.scribe.newest_of(place)

    def remove(self, number: int) -> None:
        self.upkeep.remove(number)

    @property
    def removal_refused(self) -> str | None:
        return self.upkeep.removal_refused

    def measure(self) -> Measured:
        return self.scribe.measure()

    def allow(self, lane_max: int) -> None:
        self.scribe.lane_max = lane_max

    def first_of(self, epoch: bytes) -> bytes | None:
        return self.scribe.first_of(epoch)

    def progress(self) -> Progress:
        return self.scribe.progress(alive=self._life.alive and not self._closed)

    # ---- the thread

    def _wake(self) -> None:
        if self._writing is None:
            self._at(self._loop.time() + WAKE_S)
        elif self.signs_meanwhile and self._signing is None:
            self._signing = self._loop.call_later(WAKE_S, self._sign)

    def _sign(self) -> None:
        self._signing = None
        if self._life.alive and not self._closed and self._writing is not None:
            self._accept()
            self.scribe.seal_waiting(self._loop.now_ns)

    def _at(self, when: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._turn)

    def _accept(self) -> None:
        now_ns = self._loop.now_ns
        while self._items:
            item = self._items.popleft()
            if item is None:
                self.scribe.note_receipt(now_ns)
            else:
                self.scribe.take(*item, now_ns)

    def _turn(self) -> None:
        self._timer = None
        if not self._life.alive or self._closed:
            return
        scribe = self.scribe
        scribe.busy_since_ns = self._loop.now_ns
        try:
            self._accept()
            scribe.turn(self._loop.now_ns)
        except PowerCut:
            return
        if scribe.postponed_ns is None:
            self._rest()
        else:
            self._writing = self._loop.after_ns(self._life.write_ns(), self._write)

    def _write(self) -> None:
        self._writing = None
        if not self._life.alive or self._closed:
            return
        try:
            self.scribe.write_now()
        except PowerCut:
            return
        self._rest()

    def _rest(self) -> None:
        self.scribe.busy_since_ns = None
        if not self.scribe.spares.full and self._spares is None:
            self._spares = self._loop.call_later(0.01, self._prepare)
        due_ns = self.scribe.deadline_ns()
        if self._items:
            self._wake()
        elif due_ns is not None:
            self._at(max(due_ns, self._loop.now_ns) / 1e9)

    def _keep(self) -> None:
        """Take some steps of the upkeep, as many as a slow disk lets it."""
        if not self._life.alive or self._closed:
            return
        rest_ns = upkeep.REST_NS
        try:
            for _ in range(STEPS_AT_ONCE):
                rest_ns = self.upkeep.step(self._loop.now_ns)
                if rest_ns > upkeep.REST_NS:
                    break
        except PowerCut:
            return
        self._keeping = self._loop.after_ns(rest_ns + self._life.write_ns(), self._keep)

    def _prepare(self) -> None:
        self._spares = None
        if not self._life.alive or self._closed:
            return
        try:
            self.scribe.spares.prepare()
        except OSError:
            self._spares = self._loop.call_later(SPARE_RETRY_S, self._prepare)
        except PowerCut:
            return
        else:
            if not self.scribe.spares.full:
                self._spares = self._loop.call_later(RESERVE_PAUSE_S, self._prepare)
