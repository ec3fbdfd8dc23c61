"""The loop of one lane: read from the broker, store, publish receipts, acknowledge; for ever.

One thread does all of it in turn, so a lone alarm meets no queue and no hand-over, and while it
stores nothing is read.  The broker away: try again, with a delay that doubles up to a limit and
falls back only after a connection that lasted.  The disk refuses: say so, keep what was received,
try again; nothing is receipted meanwhile, and the broker holds back the rest.
"""

import contextlib
import random
import socket
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import structlog

from edge_agent.center.mqtt import Access, Connection, LostError, Message
from edge_agent.center.salvage import is_damage
from edge_agent.center.store import Arrival, Taken
from edge_agent.clock import Clock

BATCH_BYTES_MAX = 65_536  # stored in one transaction: some 20 ms that an alarm may have to wait
RETRY_NS_MIN, RETRY_NS_MAX = 100_000_000, 1_000_000_000
"""Alarms wait for the center to come back to its broker, and there is one of it, no herd."""

LASTED_NS = 10_000_000_000  # a connection that held this long was a good one
TURN_S = 1.0  # how often the loop turns when nothing happens
COMPLAIN_NS = 10_000_000_000  # between two times that it is logged what gateways do wrong
COMPLAINTS_MAX = 20  # lines each time: with a hundred thousand gateways one defect is everywhere
REPEATS = frozenset({"stored", "doubles", "introductions"})  # what is normal and not worth a line

log = structlog.get_logger("center")


class Intake(Protocol):
    """What becomes of the payloads."""

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        """Store them; raises sqlite3.Error, then nothing was stored."""

    def has_work(self) -> bool:
        """Tell whether `take` should be called although nothing came."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane: its name, which is the last level of its topics."""

    name: str

    @property
    def topic(self) -> str:
        """What is subscribed to."""
        return f"edge/v1/+/{self.name}"


class Backoff:
    """How long to wait before the next try (pure but for its jitter)."""

    def __init__(self, jitter: random.Random) -> None:
        self._jitter = jitter
        self._delay_ns = RETRY_NS_MIN

    def next_ns(self, lasted_ns: int) -> int:
        """Return the delay after something that held for `lasted_ns`."""
        if lasted_ns >= LASTED_NS:
            self._delay_ns = RETRY_NS_MIN
        delay_ns = self._delay_ns
        self._delay_ns = min(2 * delay_ns, RETRY_NS_MAX)
        return round(delay_ns * self._jitter.uniform(0.5, 1.0))


class Receiver:
    """The loop of one lane; `run` returns after `stop`.

    `opened` returns what a gateway's message says where it is sealed, and any other as it is.
    """

    def __init__(
        self,
        access: Access,
        lane: Lane,
        intake: Intake,
        clock: Clock,
        opened: Callable[[str, bytes], bytes] = lambda _gateway, data: data,
    ) -> None:
        self._opened = opened
        self._access = access
        self._lane = lane
        self._intake = intake
        self._clock = clock
        self._log = log.bind(lane=lane.name)
        self._wake, self._waker = socket.socketpair()
        self._stopping = False
        self._waiting: deque[Message] = deque()
        self._backoff = Backoff(random.Random())  # noqa: S311  jitter, not a secret
        self._disk = Backoff(random.Random())  # noqa: S311  jitter, not a secret
        self._disk_retry_ns: int | None = None  # None: the disk is well
        self._complaints: Counter[tuple[str, str]] = Counter()
        self._complained_ns = 0
        self._held: dict[str, tuple[int, int]] = {}  # events without their genesis, since when

    def stop(self) -> None:
        """End `run` soon; may be called from any thread."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def close(self) -> None:
        """Give back what was opened; after `run` has returned."""
        self._wake.close()
        self._waker.close()

    def run(self) -> None:
        """Work until stopped."""
        said_down: bool | None = None  # None: nothing was said of the broker yet
        while not self._stopping:
            started_ns, up = self._clock.boottime_ns(), False
            try:
                with closing(
                    Connection(self._access, self._lane.name, self._lane.topic)
                ) as connection:
                    for up in self._converse(connection):
                        if up and said_down is not False:
                            self._log.info("broker is back" if said_down else "receiving")
                            said_down = False
            except LostError as error:
                if not said_down and not self._stopping:
                    self._log.warning("no connection to the broker; trying on", reason=str(error))
                said_down = True
            self._waiting.clear()  # not acknowledged: it comes again
            if not self._stopping:
                lasted_ns = self._clock.boottime_ns() - started_ns if up else 0
                self._pause(self._backoff.next_ns(lasted_ns))

    def _pause(self, delay_ns: int) -> None:
        self._wake.settimeout(delay_ns / 1e9)
        with contextlib.suppress(TimeoutError):
            self._wake.recv(1)

    def _converse(self, connection: Connection) -> Iterator[bool]:
        """Work on one connection, turn by turn; yields whether it is ready."""
        while not self._stopping:
            connection.wait(self._wake, self._wait_s())
            self._waiting += connection.serve()
            self._work(connection)
            yield connection.ready

    def _wait_s(self) -> float:
        if self._disk_retry_ns is not None:
            return min(TURN_S, max(0, self._disk_retry_ns - self._clock.boottime_ns()) / 1e9)
        return 0.0 if self._waiting else TURN_S

    # ---- storing

    def _work(self, connection: Connection) -> None:
        now_ns = self._clock.boottime_ns()
        if self._disk_retry_ns is not None and now_ns < self._disk_retry_ns:
            return
        batch = self._batch()
        if not batch and not self._intake.has_work():
            return
        wall_ns = self._clock.stamp().wall_ns or 0
        try:
            arrivals = [self._arrival(one) for one in batch]
            taken = self._intake.take(arrivals, wall_ns // 1_000_000)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
                raise  # our bug
            if is_damage(error):
                raise  # no waiting mends it: the center sets the file aside
            self._refused(error, now_ns)
            return
        self._accepted()
        for receipt in taken.receipts:
            connection.publish(f"edge/v1/{receipt.gateway}/{receipt.topic}", receipt.data)
        for message in batch:
            connection.acknowledge(message)
            self._waiting.popleft()
        self._complain(taken, now_ns)

    def _batch(self) -> list[Message]:
        """Return what goes into the next transaction: at least one, then up to the bound."""
        batch: list[Message] = []
        size = 0
        for message in self._waiting:
            size += len(message.data)
            if batch and size > BATCH_BYTES_MAX:
                break
            batch.append(message)
        return batch

    def _refused(self, error: sqlite3.Error, now_ns: int) -> None:
        if self._disk_retry_ns is None:
            self._log.error(
                "the database refuses; no receipts until it stores again",
                reason=str(error),
                remedy="see to free space and permissions of the center's directory",
            )
        self._disk_retry_ns = now_ns + self._disk.next_ns(0)

    def _accepted(self) -> None:
        if self._disk_retry_ns is not None:
            self._log.info("the database stores again")
            self._disk_retry_ns = None
            self._disk.next_ns(LASTED_NS)

    def _complain(self, taken: Taken, now_ns: int) -> None:
        """Log what gateways did wrong, summed up: a flood of it must not flood the log."""
        for (gateway, name), count in taken.counts.items():
            if name == "unknown_key":  # a genesis may come behind its events: less then
                before, since_ns = self._held.get(gateway, (0, now_ns))
                self._held[gateway] = before + count, since_ns  # keeps its place: longest first
                if before + count <= 0:
                    del self._held[gateway]
            elif name not in REPEATS and count > 0:
                self._complaints[gateway, name] += count
        while self._held:
            gateway, (count, since_ns) = next(iter(self._held.items()))
            if now_ns - since_ns < COMPLAIN_NS:
                break  # those behind it have waited no longer: no look at each, they may be many
            self._complaints[gateway, "unknown_key"] += count
            del self._held[gateway]
        if self._complaints and now_ns - self._complained_ns >= COMPLAIN_NS:
            for (gateway, name), count in self._complaints.most_common(COMPLAINTS_MAX):
                self._log.warning("not as it should be", gateway=gateway, what=name, count=count)
            more = len(self._complaints) - COMPLAINTS_MAX
            if more > 0:
                self._log.warning("and more of it: see edge-center fleet", gateways=more)
            self._complaints.clear()
            self._complained_ns = now_ns

    def _arrival(self, message: Message) -> Arrival:
        _, _, gateway, lane = message.topic.split("/")  # by the subscription it has four levels
        data = self._opened(gateway, message.data)
        return Arrival(gateway, lane == "alarms", data, message.retained)
