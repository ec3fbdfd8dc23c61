"""Decides whether the agent makes progress, and tells systemd (sd_notify(3)).

The loop proves itself by calling; the journal proves itself by finishing what waits.  A disk that
refuses is known and reported by events, and a restart would not mend it: only a journal thread that
neither commits nor refuses while work waits is stuck.
"""

import os
import socket
from dataclasses import dataclass

from edge_agent.limits import WATCHDOG_STALL_NS_MAX


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the journal shows of itself: commits and refusals so far, and whether work waits."""

    turns: int
    waiting: bool


class Watchdog:
    """Says whether the watchdog may be fed: yes unless work waits and nothing turned for long."""

    def __init__(self) -> None:
        self._turns = -1
        self._since_ns: int | None = None

    def healthy(self, pulse: Pulse, now_ns: int) -> bool:
        """Take the journal's pulse at `now_ns`; return False once it is stuck."""
        if pulse.turns != self._turns or not pulse.waiting or self._since_ns is None:
            self._turns, self._since_ns = pulse.turns, now_ns
        return now_ns - self._since_ns < WATCHDOG_STALL_NS_MAX


class Systemd:
    """The service manager's end of NOTIFY_SOCKET; does nothing where there is none."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self.watchdog_ns = int(os.environ.get("WATCHDOG_USEC", "0")) * 1000

    def notify(self, state: str) -> None:
        """Send `state`, such as READY=1; a manager that does not listen is not our trouble."""
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # the abstract name space
            address = "\0" + address[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as peer:
            try:
                peer.connect(address)
                peer.sendall(state.encode())
            except OSError:
                return
