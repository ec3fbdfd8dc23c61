"""The network between gateway and broker: a TCP relay on loopback that can be cut and mended.

Cut means what a gateway meets in the field: what was connected is reset, what calls is refused.
"""

import asyncio
import contextlib
import socket
import struct

READ_BYTES = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with time 0: close by RST, socket(7)


class Network:
    """Relays connections to `port` on loopback."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._relays: set[asyncio.Task[None]] = set()
        self.port = 0  # where gateways call; the same after each mending

    @property
    def is_cut(self) -> bool:
        """Whether nobody gets through."""
        return self._server is None

    async def mend(self) -> None:
        """Let connections through.  Raises OSError where the port was taken meanwhile."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._relay, "127.0.0.1", self.port, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Reset what is connected and refuse what calls."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            _reset(writer)

    async def close(self) -> None:
        """Cut, and wait until nothing is left of it."""
        self.cut()
        await asyncio.gather(*self._relays, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.current_task()
        assert relay is not None, "streams are served by tasks"
        self._relays.add(relay)
        self._writers.add(writer)
        try:
            await self._join(reader, writer)
        finally:
            self._writers.discard(writer)
            self._relays.discard(relay)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # no broker there: the caller is told as by any host without one
            _reset(writer)
            return
        self._writers.add(far_writer)
        try:
            if self.is_cut:  # meanwhile
                _reset(writer)
                _reset(far_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(_carry(reader, far_writer))
                group.create_task(_carry(far_reader, writer))
        finally:
            self._writers.discard(far_writer)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction; its end is the end of both, as MQTT means it."""
    try:
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
        writer.close()  # what was written still goes out
    except OSError:
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    plug = writer.get_extra_info("socket")
    if plug is not None and not writer.is_closing():
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
