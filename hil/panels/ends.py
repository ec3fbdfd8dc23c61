"""Where an emulated panel is plugged in: a pty, a TCP port, a call to a TCP host, or datagrams.

Each end tells the shell about hosts that come, speak and go.  On a pty a host is there while the
port is open, as DTR tells a panel on a real cable; what is said while nobody has it open is lost,
as on a real port.
"""

import asyncio
import os
import select
import socket
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from hil.panels.machine import Heard, Input, Plugged, Unplugged

READ_BYTES = 4096
LOOK_S = 0.05  # how often an unopened pty is looked at; a port must be open for two looks
CALL_AGAIN_S = 0.2


class End(Protocol):
    """One kind of line end."""

    async def plug(self) -> str:
        """Make the line appear; return where it is.  Raises OSError."""

    async def unplug(self) -> None:
        """Make it disappear."""

    def write(self, data: bytes, peer: int) -> None:
        """Write to a host; lost when it is not there."""


Feed = Callable[[Input], None]


class PtyEnd:
    """A pseudo terminal, with a symbolic link to it where one is wanted."""

    def __init__(self, feed: Feed, link: Path | None, *, dtr: bool) -> None:
        self._feed = feed
        self._link = link
        self._dtr = dtr
        self._master: int | None = None
        self._path = ""
        self._looks = 0  # how often in a row the port was seen open
        self._timer: asyncio.TimerHandle | None = None

    async def plug(self) -> str:
        """Make the pty and its link; return the path to open."""
        if self._master is not None:
            return self._path
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self._path = os.ttyname(slave)
        os.close(slave)  # from now on the master shows whether somebody has it open
        if self._link is not None:
            fresh = self._link.with_name(self._link.name + ".new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self._path)
            fresh.replace(self._link)
        if not self._dtr:
            self._feed(Plugged())
        self._look()
        return str(self._link or self._path)

    async def unplug(self) -> None:
        """Close the pty and remove the link."""
        if self._master is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        self._master = None
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        was_there = self._looks > 1 or not self._dtr
        self._looks = 0
        if was_there:
            self._feed(Unplugged())

    def write(self, data: bytes, peer: int) -> None:
        """Write what the port takes; the rest is lost, as by an overrun."""
        del peer
        if self._master is not None and not self._hung_up(self._master):
            with suppress(BlockingIOError, OSError):
                os.write(self._master, data)

    def _look(self) -> None:
        """Wait for somebody to open the port, and for the settings that follow."""
        assert self._master is not None, "only a plugged pty is looked at"
        loop = asyncio.get_running_loop()
        self._looks = 0 if self._hung_up(self._master) else self._looks + 1
        if self._looks < 2:
            self._timer = loop.call_later(LOOK_S, self._look)
            return
        loop.add_reader(self._master, self._read)
        if self._dtr:
            self._feed(Plugged())

    def _read(self) -> None:
        assert self._master is not None, "the reader is removed before the pty is closed"
        try:
            data = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # the port was closed
            asyncio.get_running_loop().remove_reader(self._master)
            self._looks = 0
            if self._dtr:
                self._feed(Unplugged())
            self._look()
            return
        self._feed(Heard(data))

    @staticmethod
    def _hung_up(master: int) -> bool:
        poll = select.poll()
        poll.register(master, select.POLLIN)
        return any(events & select.POLLHUP for _, events in poll.poll(0))


class TcpPeers:
    """Hosts connected over TCP, numbered as they come; the oldest has to go when there are many."""

    def __init__(self, feed: Feed, peers_max: int) -> None:
        self._feed = feed
        self._peers_max = peers_max
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes of one host until it goes."""
        self._count += 1
        peer = self._count
        while len(self._writers) >= self._peers_max:
            self._drop(next(iter(self._writers)))
        self._writers[peer] = writer
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._feed(Plugged(peer))
        try:
            while data := await reader.read(READ_BYTES):
                self._feed(Heard(data, peer))
        except OSError:
            pass  # reset by the host: as gone as closed
        finally:
            self._drop(peer)

    def write(self, data: bytes, peer: int) -> None:
        """Write to a host; lost when it is gone."""
        if peer in self._writers:
            self._writers[peer].write(data)

    def drop_all(self) -> None:
        """Break off with everybody."""
        for peer in list(self._writers):
            self._drop(peer)

    def _drop(self, peer: int) -> None:
        writer = self._writers.pop(peer, None)
        if writer is not None:
            writer.transport.abort()
            self._feed(Unplugged(peer))


class ListenEnd(TcpPeers):
    """A TCP port that hosts call."""

    def __init__(self, feed: Feed, peers_max: int, port: int) -> None:
        super().__init__(feed, peers_max)
        self._port = port
        self._server: asyncio.Server | None = None

    async def plug(self) -> str:
        """Listen; return host:port."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._answer, "127.0.0.1", self._port, reuse_address=True
            )
            # after an unplug it has to come back at the same place
            self._port = self._server.sockets[0].getsockname()[1]
        return f"127.0.0.1:{self._port}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # the end of the process, of which asyncio complains
            await self.serve(reader, writer)

    async def unplug(self) -> None:
        """Stop listening and drop everybody."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop_all()


class CallEnd(TcpPeers):
    """Calls a host, again and again until it answers."""

    def __init__(self, feed: Feed, host: str, port: int) -> None:
        super().__init__(feed, 1)
        self._host, self._port = host, port
        self._calling: asyncio.Task[None] | None = None

    async def plug(self) -> str:
        """Begin to call; return the host that is called."""
        if self._calling is None:
            self._calling = asyncio.get_running_loop().create_task(self._call())
        return f"{self._host}:{self._port}"

    async def unplug(self) -> None:
        """Hang up."""
        if self._calling is not None:
            self._calling.cancel()
            with suppress(asyncio.CancelledError):
                await self._calling
            self._calling = None
        self.drop_all()

    async def _call(self) -> None:
        while True:
            with suppress(OSError):
                await self.serve(*await asyncio.open_connection(self._host, self._port))
            await asyncio.sleep(CALL_AGAIN_S)


class DatagramEnd(asyncio.DatagramProtocol):
    """Sends datagrams to a host, which is there as long as we are: nobody is called."""

    PEER = 1

    def __init__(self, feed: Feed, host: str, port: int) -> None:
        self._feed = feed
        self._address = host, port
        self._transport: asyncio.DatagramTransport | None = None

    async def plug(self) -> str:
        """Begin; return the host that is spoken to."""
        if self._transport is None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, remote_addr=self._address
            )
            self._feed(Plugged(self.PEER))
        return f"{self._address[0]}:{self._address[1]}"

    async def unplug(self) -> None:
        """End; the next time our address is another."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
            self._feed(Unplugged(self.PEER))

    def write(self, data: bytes, peer: int) -> None:
        """Send one datagram; lost when nobody is there."""
        del peer
        if self._transport is not None:
            self._transport.sendto(data)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand over what the host sent."""
        del addr
        self._feed(Heard(data, self.PEER))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there: as lost as a datagram can be."""
        del exc
