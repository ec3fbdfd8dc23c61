"""A UDP port that devices send to: one line, its peers told apart by their addresses.

A datagram is a packet: it is never glued to another, and an answer goes to whoever sent it.
"""

import asyncio
import socket
from collections import OrderedDict, deque
from contextlib import suppress

from edge_agent.clock import Clock
from edge_agent.domain.address import ListenAddress
from edge_agent.link.line import Came, Happening, Heard, Went
from edge_agent.link.listener import listening_socket

DATAGRAM_BYTES_MAX = 65_535
PEERS_MAX = 256  # addresses remembered: a sender of forged ones must not fill the memory

_Address = tuple[str, int] | tuple[str, int, int, int]


class DatagramOpener:
    """Binds one port for datagrams."""

    called = False

    def __init__(self, address: ListenAddress, clock: Clock) -> None:
        self.name = f"{address.host}:{address.port}/udp"
        self._address = address
        self._clock = clock

    async def open(self) -> "DatagramLine":
        """Bind now; raises LineError where the port cannot be had."""
        return DatagramLine(listening_socket(self._address), self._clock)

    def close(self) -> None:
        """Nothing outlives a line."""


class DatagramLine:
    """The open port; the address that was silent longest is forgotten when there are too many."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket: socket.socket | None = sock
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._peers: OrderedDict[_Address, int] = OrderedDict()
        self._ready: deque[Happening] = deque()
        self._reading: asyncio.Future[Happening] | None = None
        self._count = 0
        self._watched = False

    def read(self) -> asyncio.Future[Happening]:
        """See Line."""
        assert self._reading is None, "one reader at a time"
        future: asyncio.Future[Happening] = self._loop.create_future()
        if self._socket is None:
            future.cancel()
        elif self._ready:
            future.set_result(self._ready.popleft())
        else:
            self._reading = future
            if not self._watched:
                self._loop.add_reader(self._socket, self._readable)
                self._watched = True
        return future

    def write(self, data: bytes, peer: int = 0) -> None:
        """See Line.  A datagram that cannot be sent is lost, as datagrams are."""
        for address, number in self._peers.items():
            if number == peer and self._socket is not None:
                with suppress(OSError):
                    self._socket.sendto(data, address)

    def hang_up(self, peer: int, reason: str) -> None:
        """See Line."""
        del reason
        for address, number in list(self._peers.items()):
            if number == peer:
                self._forget(address)

    def close(self) -> None:
        """See Line."""
        if self._socket is None:
            return
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        self._ready.clear()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _readable(self) -> None:
        assert self._socket is not None, "a closed port is not watched"
        if self._reading is None:  # a datagram waits, and nobody wants it now
            self._loop.remove_reader(self._socket)
            self._watched = False
            return
        try:
            data, address = self._socket.recvfrom(DATAGRAM_BYTES_MAX)
        except OSError:  # none is there, or the refusal of an earlier answer
            return
        if not data:
            return
        stamp = self._clock.stamp()
        if address not in self._peers:
            while len(self._peers) >= PEERS_MAX:
                self._forget(next(iter(self._peers)))
            self._count += 1
            self._peers[address] = self._count
            self._give(Came(self._count, str(address[0])))
        self._peers.move_to_end(address)
        self._give(Heard(data, stamp, self._peers[address], packet=True))

    def _forget(self, address: _Address) -> None:
        self._give(Went(self._peers.pop(address)))

    def _give(self, happened: Happening) -> None:
        reading, self._reading = self._reading, None
        if reading is None or reading.done():
            self._ready.append(happened)
        else:
            reading.set_result(happened)
