"""TCP lines that we call: panels and serial servers with an address of their own."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from edge_agent.clock import Clock
from edge_agent.domain.address import TcpAddress
from edge_agent.link.line import DescriptorLine, LineError

CONNECT_S_MAX = 5.0  # a device on the site's own network answers in milliseconds
KEEPALIVE_IDLE_S = 10
KEEPALIVE_EVERY_S = 5
KEEPALIVE_PROBES = 3
DEAD_PEER_MS = 1000 * (KEEPALIVE_IDLE_S + KEEPALIVE_PROBES * KEEPALIVE_EVERY_S)
"""After 25 s without a sign a peer is gone: a panel that lost its power says no goodbye."""

_HUNG_UP = LineError(
    "the peer hung up", "nothing to do if it comes back; else check the device and the network"
)


class TcpOpener:
    """Calls one address."""

    called = False

    def __init__(self, address: TcpAddress, clock: Clock) -> None:
        self.name = f"{address.host}:{address.port}"
        self._address = address
        self._clock = clock
        self._lookup: asyncio.Future[_Found] | None = None

    async def open(self) -> DescriptorLine:
        """Call now; raises LineError naming cause and remedy."""
        host = self._address.host
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                sock = await _call(await self._resolve())
        except TimeoutError:
            raise LineError(
                f"{self.name} does not answer", "check power, network and address of the device"
            ) from None
        except socket.gaierror as error:
            raise LineError(
                f"the name {host} is not known ({error.strerror})", "check the name and the DNS"
            ) from None
        except ConnectionRefusedError:
            raise LineError(
                f"{self.name} refuses the call", "check the port and that its service is on"
            ) from None
        except OSError as error:
            raise LineError(
                f"{self.name} cannot be reached ({error.strerror})", "check network and address"
            ) from None
        return socket_line(sock, self._clock)

    async def _resolve(self) -> "_Found":
        host, port = self._address.host, self._address.port
        with suppress(socket.gaierror):  # a plain address needs no resolver
            return socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        lookup = self._lookup = self._lookup or _look_up(host, port)  # never two that hang
        try:
            return await asyncio.shield(lookup)
        finally:
            if lookup.done():
                self._lookup = None

    def close(self) -> None:
        """Nothing outlives a line but a name lookup, which cannot be interrupted."""


async def _call(found: "_Found") -> socket.socket:
    loop = asyncio.get_running_loop()
    problem: OSError = OSError("no address")
    for family, kind, protocol, _, target in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, target)
        except OSError as error:
            sock.close()
            problem = error
        except asyncio.CancelledError:
            sock.close()
            raise
        else:
            return sock
    raise problem


_Found = Sequence[
    tuple[
        socket.AddressFamily,
        socket.SocketKind,
        int,
        str,
        tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
    ]
]


def _look_up(host: str, port: int) -> asyncio.Future[_Found]:
    """Ask the resolver in a thread of its own: it may hang for half a minute.

    Not in the loop's pool of threads: the journal is read and closed there.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Found] = loop.create_future()
    future.add_done_callback(lambda future: future.exception())  # perhaps nobody waits any more

    def work() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            tell = partial(future.set_exception, error)
        else:
            tell = partial(future.set_result, found)
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=work, name=f"lookup {host}", daemon=True).start()
    return future


def socket_line(sock: socket.socket, clock: Clock) -> DescriptorLine:
    """Return `sock`, which is connected, as a line that notices a silent death of its peer."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EVERY_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
    return DescriptorLine(sock.fileno(), clock, sock.close, _HUNG_UP)
