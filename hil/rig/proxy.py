"""The network between gateway and broker: a TCP relay that can be cut, slowed and delayed.

One thread with an asyncio loop of its own.  Cut means what a gateway meets in the field: what was
connected is reset, what calls is refused; `stall` lets connections stand and nothing through.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

READ_BYTES = 16_384
QUEUE_PIECES = 64  # in flight per direction: a slow line's buffer, beyond it TCP pushes back
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with time 0: close by RST, socket(7)


class Network:
    """Relays connections from `port` to `target` on loopback.

    `delay_s` is one way, `bits_per_s` each direction's own; both may be changed at any time.
    """

    def __init__(self, target: int, *, delay_s: float = 0.0, bits_per_s: float = 0.0) -> None:
        self._target = target
        self.delay_s = delay_s
        self.bits_per_s = bits_per_s
        self.port = 0
        self.carried = 0  # bytes, both directions
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._open: asyncio.Event | None = None

    def start(self) -> None:
        """Begin to relay; `port` is known afterwards."""
        self._thread.start()
        self._call(self._mend())

    def cut(self) -> None:
        """Reset what is connected and refuse what calls."""
        self._call(self._cut())

    def mend(self) -> None:
        """Let connections through again, at the same port; ends `stall` too."""
        self._call(self._mend())

    def stall(self) -> None:
        """Let nothing through, without closing anything."""
        self._call(self._stall())

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
        if self._open is None:
            self._open = asyncio.Event()
        self._open.set()
        if self._server is None:
            self._server = await asyncio.start_server(
                self._relay, "127.0.0.1", self.port, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stall(self) -> None:
        assert self._open is not None, "started first"
        self._open.clear()

    async def _cut(self, *, end: bool = False) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            _reset(writer)
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
        both = {writer, far_writer}
        self._writers |= both
        if self._server is None:  # cut meanwhile
            for one in both:
                _reset(one)
        try:
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        finally:
            self._writers -= both
            for one in both:
                _reset(one)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _set_nodelay(writer)
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE_PIECES)
        sender = asyncio.ensure_future(self._send(pieces, writer))
        free_s = 0.0  # when the line has sent everything before
        try:
            while data := await reader.read(READ_BYTES):
                self.carried += len(data)
                now_s = self._loop.time()
                free_s = max(free_s, now_s)
                if self.bits_per_s:
                    free_s += len(data) * 8 / self.bits_per_s
                await pieces.put((free_s + self.delay_s, data))
            await pieces.put((0.0, b""))
            await sender
        except OSError:
            pass  # reset by one side: `_relay` resets the other
        finally:
            sender.cancel()
            writer.close()

    async def _send(
        self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        assert self._open is not None
        with contextlib.suppress(OSError):
            while True:
                due_s, data = await pieces.get()
                if not data:
                    return
                wait_s = due_s - self._loop.time()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                await self._open.wait()
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
