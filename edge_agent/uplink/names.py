"""Finds a broker's addresses without hanging: a name server that is away stops no failover.

Names are resolved over whatever route the name server has, mostly the network that has just
failed.  So what a name meant last time is kept, and used when the lookup fails or takes too long.
A lookup cannot be interrupted: each name has at most one under way, in a thread of its own.
"""

import socket
import threading
from dataclasses import dataclass, field

Address = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]
"""Family, and what `connect` takes."""

PATIENCE_S_KNOWN = 1.5
"""How long a lookup may take where the addresses of last time are known."""

ADDRESSES_MAX = 4  # of one name: a broker behind more is reached by any of them
NAMES_MAX = 64  # kept; a configuration has a few dozen paths at most


@dataclass(slots=True)
class _Lookup:
    """One lookup, perhaps still under way."""

    done: threading.Event = field(default_factory=threading.Event)
    found: list[Address] = field(default_factory=list)
    failure: OSError | None = None


class Names:
    """What names meant, as far as they were asked; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], list[Address]] = {}
        self._asked: dict[tuple[str, int], _Lookup] = {}

    def resolve(self, host: str, port: int, patience_s: float) -> list[Address]:
        """Return addresses, best first, at least one.  Raises OSError: TimeoutError is one."""
        with self._lock:
            known = self._known.get((host, port))
            lookup = self._asked.get((host, port))
            if lookup is None:
                lookup = self._asked[host, port] = _Lookup()
                name = f"lookup {host}"
                thread = threading.Thread(
                    target=self._look_up, args=(host, port, lookup), name=name, daemon=True
                )
                thread.start()
        over = not lookup.done.wait(min(patience_s, PATIENCE_S_KNOWN) if known else patience_s)
        if not over and lookup.failure is None:
            return lookup.found
        if known:
            return known
        raise TimeoutError if over or lookup.failure is None else lookup.failure

    def _look_up(self, host: str, port: int, lookup: _Lookup) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            lookup.found = [
                (family, (*address,)) for family, _, _, _, address in found[:ADDRESSES_MAX]
            ]
        except OSError as error:
            lookup.failure = error
        except UnicodeError as error:  # a label that no name server would take
            lookup.failure = socket.gaierror(socket.EAI_NONAME, str(error))
        with self._lock:
            self._asked.pop((host, port), None)
            if lookup.found:
                if len(self._known) >= NAMES_MAX:
                    self._known.pop(next(iter(self._known)))
                self._known[host, port] = lookup.found
        lookup.done.set()


NAMES = Names()
"""The process's own: several centers may name one broker."""
