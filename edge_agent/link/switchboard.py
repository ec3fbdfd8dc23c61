"""A listening TCP port with many callers at once: one line, its peers told apart by number.

For protocols whose devices call for each message, or where many devices share one port.  Nothing is
read ahead but one piece a peer, so back-pressure reaches every caller.
"""

import asyncio
import socket
from collections import OrderedDict, deque
from functools import partial

from edge_agent.clock import Clock
from edge_agent.domain.address import ListenAddress
from edge_agent.link.line import Came, DescriptorLine, Happening, Heard, LineError, Went
from edge_agent.link.listener import ACCEPT_AGAIN_S, listening_socket
from edge_agent.link.tcp_line import socket_line


class SwitchboardOpener:
    """Listens on one port for up to `peers_max` callers at once."""

    called = False  # the line is up as soon as the port is ours, whoever calls

    def __init__(self, address: ListenAddress, clock: Clock, peers_max: int) -> None:
        self.name = f"{address.host}:{address.port}"
        self._address = address
        self._clock = clock
        self._peers_max = peers_max

    async def open(self) -> "Switchboard":
        """Listen now; raises LineError where the port cannot be listened on."""
        return Switchboard(listening_socket(self._address), self._clock, self._peers_max)

    def close(self) -> None:
        """Nothing outlives a line."""


class Switchboard:
    """The open port.  When it is full, the caller that was silent longest has to go."""

    def __init__(self, listening: socket.socket, clock: Clock, peers_max: int) -> None:
        self._listening: socket.socket | None = listening
        self._clock = clock
        self._peers_max = peers_max
        self._loop = asyncio.get_running_loop()
        self._lines: OrderedDict[int, DescriptorLine] = OrderedDict()  # silent longest first
        self._heard: dict[int, asyncio.Future[Heard]] = {}  # reads under way, by peer
        self._ready: deque[Happening] = deque()
        self._reading: asyncio.Future[Happening] | None = None
        self._count = 0
        self._watched = False

    def read(self) -> asyncio.Future[Happening]:
        """See Line."""
        assert self._reading is None, "one reader at a time"
        future: asyncio.Future[Happening] = self._loop.create_future()
        if self._listening is None:
            future.cancel()
        elif self._ready:
            future.set_result(self._ready.popleft())
        else:
            self._reading = future
            self._watch()
            for peer, line in self._lines.items():
                if peer not in self._heard:
                    self._heard[peer] = line.read()
                    self._heard[peer].add_done_callback(partial(self._on_heard, peer))
        return future

    def write(self, data: bytes, peer: int = 0) -> None:
        """See Line."""
        if peer in self._lines:
            self._lines[peer].write(data)

    def hang_up(self, peer: int, reason: str) -> None:
        """See Line."""
        del reason
        self._drop(peer)

    def close(self) -> None:
        """See Line."""
        if self._listening is None:
            return
        self._unwatch()
        self._listening.close()
        self._listening = None
        if self._reading is not None:
            self._reading.cancel()
        for peer in list(self._lines):
            self._drop(peer)
        self._ready.clear()

    # ---- callers

    def _watch(self) -> None:
        if self._listening is not None and not self._watched:
            self._loop.add_reader(self._listening, self._acceptable)
            self._watched = True

    def _unwatch(self) -> None:
        assert self._listening is not None, "only an open port is watched"
        self._loop.remove_reader(self._listening)
        self._watched = False

    def _acceptable(self) -> None:
        assert self._listening is not None, "a closed port is not watched"
        if self._reading is None:  # a caller waits, and nobody wants news now
            self._unwatch()
            return
        try:
            sock, address = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):  # the caller is gone again
            return
        except OSError:  # out of descriptors: the call stays pending, and would spin the loop
            self._unwatch()
            self._loop.call_later(ACCEPT_AGAIN_S, self._watch)
            return
        try:
            line = socket_line(sock, self._clock)
        except OSError:  # reset before its first option could be set
            sock.close()
            return
        while len(self._lines) >= self._peers_max:
            self._drop(next(iter(self._lines)))
        self._count += 1
        self._lines[self._count] = line
        self._give(Came(self._count, str(address[0])))

    def _on_heard(self, peer: int, reading: asyncio.Future[Heard]) -> None:
        if self._heard.get(peer) is not reading:
            return  # dropped meanwhile
        del self._heard[peer]
        try:
            heard = reading.result()
        except LineError:
            self._drop(peer)
            return
        self._lines.move_to_end(peer)
        self._give(Heard(heard.data, heard.stamp, peer))

    def _drop(self, peer: int) -> None:
        line = self._lines.pop(peer, None)
        if line is not None:
            self._heard.pop(peer, None)
            line.close()
            self._give(Went(peer))

    def _give(self, happened: Happening) -> None:
        reading, self._reading = self._reading, None
        if reading is None or reading.done():
            self._ready.append(happened)
        else:
            reading.set_result(happened)
