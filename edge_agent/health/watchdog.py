"""Decides whether the agent makes progress, and tells systemd (sd_notify(3)).

The loop proves itself by calling; the journal proves itself by ending its turns.  A disk that
refuses ends a turn at once, is reported by events, and a restart would not mend it: only a journal
thread that hangs in one turn is stuck.
"""

import contextlib
import os
import socket

from edge_agent.limits import WATCHDOG_STALL_NS_MAX


def makes_progress(busy_since_ns: int | None, now_ns: int) -> bool:
    """Return whether the watchdog may be fed.

    `busy_since_ns` is since when the journal's thread is in one turn, None while it waits for work.
    """
    return busy_since_ns is None or now_ns - busy_since_ns < WATCHDOG_STALL_NS_MAX


class Systemd:
    """The service manager's end of NOTIFY_SOCKET; does nothing where there is none."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self.watchdog_ns = int(os.environ.get("WATCHDOG_USEC", "0")) * 1000

    def notify(self, state: str) -> None:
        """Send `state`, such as READY=1, without waiting; a deaf manager is not our trouble."""
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # the abstract name space
            address = "\0" + address[1:]
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as peer:
            peer.connect(address)
            peer.sendall(state.encode())
