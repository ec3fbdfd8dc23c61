"""Waits for what a machine brings up late: right after a boot a driver may still be on the way."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

APPEAR_S_MAX = 10.0  # without the identity key the whole run is unvouched
BOOTED_NS = 60_000_000_000  # so long after a boot it may still come
_Found = TypeVar("_Found")


def when_there(attempt: Callable[[], _Found], absent: type[Exception]) -> _Found:
    """Return what `attempt` returns, once it no longer raises `absent`.

    Later after a boot, or after too long a wait, raises what it raises.
    """
    until_ns = min(boottime_ns() + int(APPEAR_S_MAX * 1e9), BOOTED_NS)
    while True:
        try:
            return attempt()
        except absent:
            if boottime_ns() > until_ns:
                raise
        pause()


def boottime_ns() -> int:
    """Return how long ago the machine was started."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def pause() -> None:
    """Leave the machine some time."""
    threading.Event().wait(0.1)
