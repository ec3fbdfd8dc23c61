"""TCP lines on which the panel calls us: a port for each panel, one conversation at a time.

A panel whose network dropped calls again while its old connection still looks alive, so a new call
from the same address ends the old one.  A call from another address is refused while the old one
lives (the keepalive finds a dead one in 25 s): a stray host cannot push the panel off, and two
panels configured to one port are told apart instead of pushing each other off for ever.
"""

import asyncio
import socket
from dataclasses import dataclass

import structlog

from edge_agent.clock import Clock
from edge_agent.domain.address import ListenAddress
from edge_agent.link.line import DescriptorLine, LineError
from edge_agent.link.tcp_line import socket_line

BACKLOG = 8  # calls that the kernel may hold: one panel makes one
REFUSALS_LOGGED_NS = 60_000_000_000  # a stray caller retries for ever; once a minute is enough
ACCEPT_AGAIN_S = 1.0  # out of descriptors is a state that passes in seconds or never
_REPLACED = LineError("the panel called again", "")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Call:
    line: DescriptorLine
    host: str


def listening_socket(address: ListenAddress) -> socket.socket:
    """Return a socket on which `address` is listened on; raises LineError where that cannot be."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    stream = address.transport == "tcp"
    sock = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if stream:  # a port of datagrams is never shared: two readers would each get half
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address.host, address.port))
        if stream:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise LineError(
            f"cannot listen on {address.host}:{address.port} ({error.strerror})",
            "another program has the port, it is below 1024, or the address is not ours",
        ) from None
    return sock


class ListenOpener:
    """Listens on one port from the first `open` on; `open` returns when somebody calls."""

    called = True

    def __init__(self, address: ListenAddress, clock: Clock) -> None:
        self.name = f"{address.host}:{address.port}"
        self._address = address
        self._clock = clock
        self._listening: socket.socket | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._talking: _Call | None = None
        self._next: _Call | None = None
        self._refusal_logged_ns: int | None = None

    async def open(self) -> DescriptorLine:
        """Wait for a call; raises LineError where the port cannot be listened on."""
        if self._listening is None:
            self._listen()
        while self._next is None:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        self._talking, self._next = self._next, None
        return self._talking.line

    def close(self) -> None:
        """Listen no more, and drop a call that nobody took."""
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        if self._next is not None:
            self._next.line.close()
            self._next = None

    def _listen(self) -> None:
        self._listening = listening_socket(self._address)
        self._accept_again()

    def _accept_again(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().add_reader(self._listening, self._acceptable)

    def _acceptable(self) -> None:
        assert self._listening is not None
        try:
            sock, peer = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):  # the caller is gone again
            return
        except OSError:  # out of descriptors: the call stays pending, and would spin the loop
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._listening)
            loop.call_later(ACCEPT_AGAIN_S, self._accept_again)
            return
        self._take(sock, str(peer[0]))

    def _take(self, sock: socket.socket, host: str) -> None:
        alive = self._alive()
        if alive is not None and alive.host != host:
            sock.close()
            self._refused(host, alive.host)
            return
        try:
            line = socket_line(sock, self._clock)
        except OSError:  # reset before its first option could be set
            sock.close()
            return
        if self._next is not None:
            self._next.line.close()
        if self._talking is not None:
            self._talking.line.lose(_REPLACED)
        self._next = _Call(line, host)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _alive(self) -> _Call | None:
        """Return the conversation that a call from elsewhere must not disturb."""
        if self._next is not None:
            return self._next
        if self._talking is not None and not self._talking.line.over:
            return self._talking
        return None

    def _refused(self, host: str, talking_to: str) -> None:
        now_ns = self._clock.boottime_ns()
        last_ns = self._refusal_logged_ns
        if last_ns is not None and now_ns - last_ns < REFUSALS_LOGGED_NS:
            return
        self._refusal_logged_ns = now_ns
        log.warning(
            "line.call_refused",
            line=self.name,
            caller=host,
            talking_to=talking_to,
            remedy="one panel for each listening port: give the other panel a port of its own",
        )
