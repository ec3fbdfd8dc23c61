"""The network before a broker: a TCP relay that cuts, delays, trickles, forgets and corrupts.

One thread with an asyncio loop of its own.  Cut means what a gateway meets in the field: what was
connected is reset, what calls is refused; `stall` lets connections stand and nothing through.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self

READ_BYTES = 16_384
QUEUE_PIECES = 64  # in flight per direction: a slow line's buffer, beyond it TCP pushes back
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with time 0: close by RST, socket(7)


class Way(Enum):
    """A direction, seen from who calls."""

    OUT = "out"  # from the caller to the target
    BACK = "back"


@dataclass(slots=True, eq=False)
class _Link:
    """One relayed connection."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    forgotten: bool = False


class Network:
    """Relays connections from `port` to `target` on loopback.

    `delay_s` is one way, `bits_per_s` each direction's own, `damage` the chance of each piece (up
    to 16 KiB as read) that one of its bits is flipped; all may be changed at any time.  `address`
    is where it listens.
    """

    def __init__(
        self,
        target: int,
        *,
        delay_s: float = 0.0,
        bits_per_s: float = 0.0,
        address: str = "127.0.0.1",
        seed: int = 0,
    ) -> None:
        self._target = target
        self._address = address
        self.delay_s = delay_s
        self.bits_per_s = bits_per_s
        self.damage = 0.0
        self.port = 0
        self.carried = 0  # bytes, both directions
        self.damaged = 0  # bits
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._open: dict[Way, asyncio.Event] = {}

    def start(self) -> None:
        """Begin to relay; `port` is known afterwards."""
        self._thread.start()
        self._call(self._mend())

    def cut(self) -> None:
        """Reset what is connected and refuse what calls."""
        self._call(self._cut())

    def mend(self) -> None:
        """Let connections through again, whole and at full speed, at the same port."""
        self.delay_s = self.bits_per_s = self.damage = 0.0
        self._call(self._mend())

    def stall(self, *ways: Way) -> None:
        """Let nothing through, or nothing one way, without closing anything."""
        self._call(self._stall(ways or tuple(Way)))

    def forget(self) -> None:
        """Leave every connection half open: the target's end is closed and the caller not told.

        What the caller still sends there goes nowhere, as with a router that lost its table; a new
        connection is relayed as ever.
        """
        self._call(self._forget())

    def close(self) -> None:
        """Cut for good."""
        if self._thread.is_alive():
            self._call(self._cut(end=True))
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    # ---- on the loop

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _mend(self) -> None:
        for way in Way:
            self._open.setdefault(way, asyncio.Event()).set()
        for link in list(self._links):
            if link.forgotten:
                _reset(link.near)
        if self._server is None:
            self._server = await asyncio.start_server(
                self._relay, self._address, self.port, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stall(self, ways: tuple[Way, ...]) -> None:
        for way in ways:
            self._open[way].clear()

    async def _forget(self) -> None:
        for link in self._links:
            link.forgotten = True
            _reset(link.far)

    async def _cut(self, *, end: bool = False) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in list(self._links):
            _reset(link.near)
            _reset(link.far)
        if end:
            own = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() if task is not own]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # no broker there: the caller is told as by any host without one
            _reset(writer)
            return
        link = _Link(writer, far_writer)
        self._links.add(link)
        if self._server is None:  # cut meanwhile
            _reset(writer)
            _reset(far_writer)
        try:
            await asyncio.gather(
                self._carry(Way.OUT, link, reader), self._carry(Way.BACK, link, far_reader)
            )
        finally:
            self._links.discard(link)
            _reset(writer)
            _reset(far_writer)

    async def _carry(self, way: Way, link: _Link, reader: asyncio.StreamReader) -> None:
        writer = link.far if way is Way.OUT else link.near
        _set_nodelay(writer)
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE_PIECES)
        sender = asyncio.ensure_future(self._send(way, pieces, link))
        free_s = 0.0  # when the line has sent everything before
        try:
            while data := await reader.read(READ_BYTES):
                if link.forgotten:
                    continue
                self.carried += len(data)
                now_s = self._loop.time()
                free_s = max(free_s, now_s)
                if self.bits_per_s:
                    free_s += len(data) * 8 / self.bits_per_s
                await pieces.put((free_s + self.delay_s, self._damaged(data)))
            await pieces.put((0.0, b""))
            await sender
        except OSError:
            pass  # reset by one side: `_relay` resets the other
        finally:
            sender.cancel()
            if not link.forgotten:
                writer.close()

    def _damaged(self, data: bytes) -> bytes:
        if self._chance.random() >= self.damage:
            return data
        self.damaged += 1
        bit = self._chance.randrange(len(data) * 8)
        whole = bytearray(data)
        whole[bit // 8] ^= 1 << bit % 8
        return bytes(whole)

    async def _send(
        self, way: Way, pieces: asyncio.Queue[tuple[float, bytes]], link: _Link
    ) -> None:
        writer = link.far if way is Way.OUT else link.near
        with contextlib.suppress(OSError):
            while True:
                due_s, data = await pieces.get()
                if not data:
                    return
                wait_s = due_s - self._loop.time()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                await self._open[way].wait()
                writer.write(data)
                await writer.drain()


def _set_nodelay(writer: asyncio.StreamWriter) -> None:
    plug = writer.get_extra_info("socket")
    if plug is not None:
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reset(writer: asyncio.StreamWriter) -> None:
    plug = writer.get_extra_info("socket")
    if plug is not None and not writer.is_closing():
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
