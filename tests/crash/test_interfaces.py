"""A path keeps to its network interface, and a network that goes down is left for the other.

The real agent runs in a network namespace with two cables to one and the same broker address.

Seen to fail: without SO_BINDTODEVICE the second path uses the first one's cable, and goes with it.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from hil.rig import Count, Panel, Setup, Stack, wait_until
from tests.crash.netns import two_cables

pytestmark = pytest.mark.needs("netns")

FAILOVER_S_MAX = 25.0  # it takes some 4; without it the window notices after 30
ESTABLISHED = "01"  # proc(5), /proc/net/tcp

UNPRIVILEGED = """
import os, socket
os.setgid(65534)
os.setuid(65534)
socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\\0")
"""


def _callers(port: int) -> set[str]:
    """Return from which addresses somebody is connected to a local port."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        if state == ESTABLISHED and int(local.split(":")[1], 16) == port:
            octets = bytes.fromhex(remote.split(":")[0])[::-1]
            found.add(".".join(map(str, octets)))
    return found


def test_the_service_needs_no_privilege_for_it() -> None:
    """Since Linux 5.7, for a socket that is not bound yet; the unit gives no capability."""
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_interface_that_goes_down_is_left_for_the_other_within_seconds() -> None:
    with two_cables() as (first, second, common):
        setup = Setup(within=first.within, init=("--host", common))
        stack = Stack([Panel("p1")], setup)
        try:
            stack.prepare()
            spare = (
                f'interface = "{second.interface}"\n[[center.path]]\nhost = "{common}"\n'
                f"port = {stack.broker.port}\n"
                f'interface = "{first.interface}"\n'
            )
            port = f"port = {stack.broker.port}\n"
            stack.configure(edit=lambda text: text.replace(port, port + spare, 1))
            for part in (stack.broker, stack.center, stack.agent):
                part.start()
            stack.agent.wait_well()
            callers = _callers(stack.broker.port)
            assert second.far_address in callers, "over the worse route, as it was told"
            second.pull()
            assert _seconds_of_an_alarm(stack) < FAILOVER_S_MAX
            assert first.far_address in _callers(stack.broker.port)
            second.mend()
            stack.settle()
            assert stack.count() == Count()
        finally:
            stack.close()


def _seconds_of_an_alarm(stack: Stack) -> float:
    """Let the panel report; return how long it took until the center has receipted it."""
    clock = SystemClock()
    held = stack.center.stored()
    before_ns = clock.boottime_ns()
    stack.panels[0].tell("alarm zone=3")
    wait_until(lambda: stack.center.stored() > held, "stored")
    wait_until(lambda: stack.agent.outstanding() == 0, "receipted")
    return (clock.boottime_ns() - before_ns) / 1e9
