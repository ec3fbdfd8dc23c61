"""Free ports of the loopback, for what is started beside other tests and other demos."""

import contextlib
import os
import random
import socket
from collections import deque
from collections.abc import Iterator

PORTS = range(20_000, 32_000)
"""Below the range that the kernel gives away: while a killed broker is down nobody takes its port
by chance."""

CLAIMS_MAX = 200
"""Ports that a process keeps for itself: those it was given last.  Each costs a descriptor."""


def free_port() -> int:
    """Return a port, TCP and UDP, that no other process is given here meanwhile.

    It stays this process's: where nobody is meant to listen, nobody does.
    """
    while True:
        port = _CHANCE.choice(PORTS)
        with contextlib.suppress(OSError), _unused(port):
            _claims.append(_claim(port))
            if len(_claims) > CLAIMS_MAX:
                os.close(_claims.popleft())
            return port


def _claim(port: int) -> int:
    """Hold a name that one process can hold; the kernel frees it when that has ended."""
    with socket.socket(socket.AF_UNIX) as claim:
        claim.bind(f"\0edge-agent port {port}")
        return claim.detach()


@contextlib.contextmanager
def _unused(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)), socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", port))
        yield


_claims: deque[int] = deque()  # descriptors
_CHANCE = random.SystemRandom()  # processes side by side choose apart, whatever they seeded
