"""The journal with its thread: submit from anywhere, one thread signs and group-commits.

A second, seldom busy thread keeps the next segment ready, so that no commit waits for a megabyte
of zeros.  A third one signs what comes while the first is busy with the disk: cards stall for
seconds, and an alarm that is signed can be sent without them.  A fourth seals full segments and
reads through them.  All are daemon threads: a disk that
never returns must not keep the process from ending.
"""

import contextlib
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from edge_agent.journal.disk import Disk
from edge_agent.journal.fetch import Batch, Position
from edge_agent.journal.oldest import Glimpse
from edge_agent.journal.receipts import Bound
from edge_agent.journal.recovery import Recovery
from edge_agent.journal.scribe import Listener, Progress, Scribe, Sealer, Terms
from edge_agent.journal.space import Measured
from edge_agent.journal.upkeep import Upkeep

SPARE_RETRY_S = 10.0
"""How long after a refusal the next spare segment is tried again."""

RESERVE_PAUSE_S = 1.0
"""Between two segments of the reserve: a card that writes zeros has no time for alarms."""

URGENT_LANE_MAX = 1
"""Life and fire wait for nothing, not even for the signing of what came before them."""

SPARE_JOIN_S_MAX = 1.0
"""How long `close` waits for a segment in the making or being sealed, which nobody needs now."""

UPKEEP_NICE = 10

COMMITS_KEPT = 256
"""So many commits tell how quick the disk is: the slowest hundredth is two or three of them."""

CLOSE_S_MAX = 10.0
"""How long `close` waits for the disk: inside the 20 s that the unit gives a stop."""


def boottime_ns() -> int:
    """Return CLOCK_BOOTTIME, as the agent's clock does."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class JournalClosed(Exception):  # noqa: N818  reads as what it says
    """The journal takes no more events: it was closed, or its thread died of a bug of ours."""


class _Stop:
    """Asks the thread to end."""


class _Receipt:
    """Tells the thread that a receipt waits."""


class _Haste:
    """Tells the thread that what waits with patience must not wait any more."""


_STOP = _Stop()
_RECEIPT = _Receipt()
_HASTE = _Haste()
_Item = tuple[object, int, bool] | _Stop | _Receipt | _Haste


class Journal:
    """The durable order of everything.  Made on what `recover` found on the same disk.

    Raises ValueError for more centers than there are slots.
    """

    def __init__(
        self,
        disk: Disk,
        recovery: Recovery,
        sealer: Sealer,
        listener: Listener,
        terms: Terms,
        *,
        clock_ns: Callable[[], int] = boottime_ns,
    ) -> None:
        self._scribe = Scribe(disk, recovery, sealer, listener, terms)
        self._upkeep = None
        if terms.care is not None:
            self._upkeep = Upkeep(disk, recovery, self._scribe, terms.care)
        self.required = frozenset(terms.centers).difference(terms.optional)
        self._clock_ns = clock_ns
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._maker = threading.Thread(target=self._make_spares, name="spares", daemon=True)
        self._signer = threading.Thread(target=self._sign_meanwhile, name="signing", daemon=True)
        self._keeper = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)
        self._feeding = threading.Lock()  # one thread at a time takes items, so that order is kept
        self._writing = False
        self._unsigned = threading.Event()  # something came while the disk is busy, or the end
        self._wanted = threading.Event()  # a spare, or the end
        self._ended = threading.Event()
        self._tend = threading.Event()  # something is to be removed, or the end
        self._stopping = False
        self._unwritten = 0
        self._took_ns: deque[int] = deque(maxlen=COMMITS_KEPT)

    def start(self) -> None:
        """Start the threads."""
        self._maker.start()
        self._signer.start()
        if self._upkeep is not None:
            self._keeper.start()
        self._thread.start()

    def close(self) -> int:
        """Write everything with the epoch's END record and end the threads.

        Returns how many events could not be written.  A disk that hangs is left after CLOSE_S_MAX.
        """
        self._stopping = True
        self._items.put(_STOP)
        self._wanted.set()
        self._unsigned.set()
        self._ended.set()
        self._tend.set()
        self._thread.join(CLOSE_S_MAX)
        self._maker.join(SPARE_JOIN_S_MAX)
        if self._upkeep is not None:
            self._keeper.join(SPARE_JOIN_S_MAX)
        return self._unwritten if not self._thread.is_alive() else self.progress().waiting

    def submit(
        self, draft: object, patience_ns: int = 0, lane: int = 0, *, reserved: bool = True
    ) -> None:
        """Hand a draft over to be sealed and made durable.

        `patience_ns`: how long it may wait for others to share its commit.  `lane` 0..6 decides
        how much of the memory it may use while the disk refuses.  `reserved`: it may use the space
        that is kept for alarms.  Raises JournalFull (push back, do not acknowledge), NoSpace
        (count it, and say so) or JournalClosed.
        """
        if self._stopping or not self._thread.is_alive():
            raise JournalClosed("the journal is closed, or its thread has died")
        self._scribe.admit(lane, reserved=reserved)
        self._items.put((draft, patience_ns, lane <= URGENT_LANE_MAX))
        if self._writing:
            self._unsigned.set()

    def hasten(self) -> None:
        """Number, sign and write now what was handed over with patience."""
        self._items.put(_HASTE)

    def release(self, center: str, epoch: bytes, seqs: Iterable[int], receipt: bytes) -> None:
        """Mark events of `epoch` as held by a center; `receipt` is what proves it.

        Numbers that the journal does not hold are ignored.  Recorded with the next commit, at the
        latest after RECEIPT_PATIENCE_NS.  Raises ValueError for a receipt longer than a record.
        """
        self._scribe.release(center, epoch, seqs, receipt)
        self._items.put(_RECEIPT)

    def fetch(self, center: str, lane: int, after: Position | None, bytes_max: int) -> Batch:
        """Return events of `lane` that a center is owed and has not receipted, after a position.

        Oldest first, of all epochs, at most `bytes_max` bytes of envelopes, but at least one where
        there is any.  Includes what is only in memory while the disk refuses, nothing else that is
        not durable.  Does I/O: not for the loop's own thread.
        """
        return self._scribe.fetch(center, lane, after, bytes_max)

    def bind(self) -> Bound | None:
        """Return the digest over the receipts recorded since the last call, None without any."""
        return self._scribe.bind()

    def oldest(self) -> Glimpse | None:
        """Return the oldest segment that is written no more, None without one.  Does I/O."""
        return self._scribe.oldest()

    def oldest_number(self) -> int | None:
        """Return the number of the oldest segment."""
        return self._scribe.oldest_number()

    def newest_of(self, place: int) -> bytes:
        """Return the last envelope of the segment `place` behind the oldest.  Does I/O."""
        return self._scribe.newest_of(place)

    def remove(self, number: int) -> None:
        """Remove the oldest segment, which all required centers hold, in the background.

        It is gone when the oldest is another one; `removal_refused` says why it could not be.
        """
        if self._upkeep is not None:
            self._upkeep.remove(number)
            self._tend.set()

    @property
    def removal_refused(self) -> str | None:
        """Why the last removal could not be done, None where it could or is still to come."""
        return None if self._upkeep is None else self._upkeep.removal_refused

    def measure(self) -> Measured:
        """Return what space the journal takes and finds.  Does I/O.  Raises OSError."""
        return self._scribe.measure()

    def allow(self, lane_max: int) -> None:
        """Record from now on what is not reserved only of lanes up to this one."""
        self._scribe.lane_max = lane_max

    def first_of(self, epoch: bytes) -> bytes | None:
        """Return the genesis envelope of an epoch that the journal holds, None of any other."""
        return self._scribe.first_of(epoch)

    def progress(self) -> Progress:
        """Return how the journal is doing, for watchdog and heartbeat."""
        beside = [self._signer] if self._upkeep is None else [self._signer, self._keeper]
        helped = self._stopping or all(thread.is_alive() for thread in beside)
        return self._scribe.progress(alive=self._thread.is_alive() and helped)

    def commits_ns(self) -> tuple[int, ...]:
        """Return how long the last commits took: from an event's turn until it was durable."""
        return tuple(self._took_ns)

    # ---- the threads

    def _run(self) -> None:
        scribe, clock_ns = self._scribe, self._clock_ns
        stopping = False
        while not stopping:
            item = self._wait(scribe.deadline_ns())
            now_ns = scribe.busy_since_ns = clock_ns()
            with self._feeding:
                while item is not None and not stopping:
                    stopping = self._accept(item, now_ns)
                    item = self._items.get() if self._items.qsize() else None
            self._writing = True
            if self._items.qsize():  # it came between the two lines above
                self._unsigned.set()
            scribe.turn(now_ns)
            if scribe.committed_ns == now_ns:
                self._took_ns.append(clock_ns() - now_ns)
            with self._feeding:  # what the signing thread has in hand counts for the next deadline
                self._writing = False
            if not scribe.spares.full:
                self._wanted.set()
            scribe.busy_since_ns = None
        self._unwritten = scribe.finish(clock_ns())

    def _sign_meanwhile(self) -> None:
        """Sign what comes while the other thread is busy with the disk."""
        while not self._stopping:
            self._unsigned.wait()
            self._unsigned.clear()
            with self._feeding:
                if not self._writing:
                    continue  # the other thread is back, and takes it itself
                now_ns = self._clock_ns()
                while self._items.qsize():
                    item = self._items.get()
                    if isinstance(item, _Stop):
                        self._items.put(item)  # for the other thread; nothing comes after it
                        break
                    self._accept(item, now_ns)
                self._scribe.seal_waiting(now_ns)

    def _wait(self, deadline_ns: int | None) -> _Item | None:
        """Return the next item, None when the deadline comes first."""
        if deadline_ns is None:
            return self._items.get()
        timeout_ns = deadline_ns - self._clock_ns()
        if timeout_ns <= 0 and not self._items.qsize():
            return None
        try:
            return self._items.get(timeout=max(timeout_ns, 0) / 1e9)
        except queue.Empty:
            return None

    def _accept(self, item: _Item, now_ns: int) -> bool:
        """Take one item in; return whether it is the last."""
        if isinstance(item, _Stop):
            return True
        if isinstance(item, _Receipt):
            self._scribe.note_receipt(now_ns)
        elif isinstance(item, _Haste):
            self._scribe.hasten(now_ns)
        else:
            draft, patience_ns, urgent = item
            self._scribe.take(draft, patience_ns, now_ns, urgent=urgent)
        return False

    def _keep_up(self) -> None:
        """Do in small steps, at the lowest priority, what no commit waits for."""
        upkeep = self._upkeep
        assert upkeep is not None
        with contextlib.suppress(OSError):  # of this thread alone: setpriority(2), Linux
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), UPKEEP_NICE)
        while not self._ended.is_set():
            self._tend.wait(upkeep.step(self._clock_ns()) / 1e9)
            if not self._ended.is_set():
                self._tend.clear()
        upkeep.close()

    def _make_spares(self) -> None:
        while not self._stopping:
            self._wanted.clear()
            try:
                self._scribe.spares.prepare()
            except OSError:  # said in `spare_refused`; a commit that needs one tries again itself
                self._ended.wait(SPARE_RETRY_S)
            else:
                if self._scribe.spares.full:
                    self._wanted.wait()
                else:
                    self._ended.wait(RESERVE_PAUSE_S)
