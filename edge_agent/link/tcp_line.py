"""TCP lines that we call: panels and serial servers with an address of their own."""

import asyncio
import socket
from collections.abc import Sequence

from edge_agent.clock import Clock
from edge_agent.domain.address import TcpAddress
from edge_agent.link.line import DescriptorLine, LineError

CONNECT_S_MAX = 5.0  # a device on the site's own network answers in milliseconds
KEEPALIVE_IDLE_S = 10
KEEPALIVE_EVERY_S = 5
KEEPALIVE_PROBES = 3
DEAD_PEER_MS = 1000 * (KEEPALIVE_IDLE_S + KEEPALIVE_PROBES * KEEPALIVE_EVERY_S)
"""After 25 s without a sign a peer is gone: a panel that lost its power says no goodbye."""

_HUNG_UP = LineError("the peer hung up", "")


class TcpOpener:
    """Calls one address."""

    called = False

    def __init__(self, address: TcpAddress, clock: Clock) -> None:
        self.name = f"{address.host}:{address.port}"
        self._address = address
        self._clock = clock

    async def open(self) -> DescriptorLine:
        """Call now; raises LineError naming cause and remedy."""
        host, port = self._address.host, self._address.port
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                sock = await _call(host, port)
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

    def close(self) -> None:
        """Nothing outlives a line."""


async def _call(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    problem: OSError = OSError("no address")
    for family, kind, protocol, _, target in await _resolve(host, port):
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


_Found = tuple[
    socket.AddressFamily,
    socket.SocketKind,
    int,
    str,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
]


async def _resolve(host: str, port: int) -> Sequence[_Found]:
    try:  # a plain address needs neither a resolver nor the thread that waits for it
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


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
