"""Who writes to the database next: alarms before everything else.

SQLite lets one connection write at a time and makes the others poll.  Our writers ask here first,
so an alarm waits at most for the one short transaction that is already running.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """One writer at a time; those that are urgent go first."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._taken = False
        self._urgent_waiting = 0

    @contextmanager
    def take(self, *, urgent: bool) -> Iterator[None]:
        """Hold the right to write."""
        with self._changed:
            self._urgent_waiting += urgent
            while self._taken or (self._urgent_waiting and not urgent):
                self._changed.wait()
            self._urgent_waiting -= urgent
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()
