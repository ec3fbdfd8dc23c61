"""The event keys that stored geneses introduced, kept ready for all lanes of a center.

Each gateway has one at a time, and heartbeats come from all of them in turn: a memory for fewer
than there are would help nobody.
"""

import sqlite3
from collections import OrderedDict
from threading import Lock

from edge_agent.center.examine import KnownKey
from edge_agent.center.rows import Rows

KEYS_MAX = 131_072  # a gateway has one at a time, and older ones in a backlog: some 150 MB


class KnownKeys:
    """Keys that were committed: they never change, so each is read once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: OrderedDict[tuple[str, bytes], KnownKey] = OrderedDict()

    def find(self, connection: sqlite3.Connection, gateway: str, kid: bytes) -> KnownKey | None:
        """Return an event key, None where no genesis that is stored introduced it.

        Not inside a transaction: what that may take back must not be kept.
        """
        assert not connection.in_transaction, "else a key could be kept that is not committed"
        place = gateway, kid
        with self._lock:
            known = self._keys.get(place)
            if known is not None:
                self._keys.move_to_end(place)
                return known
        known = Rows(connection).event_key(gateway, kid)
        if known is not None:
            with self._lock:
                self._keys[place] = known
                if len(self._keys) > KEYS_MAX:
                    self._keys.popitem(last=False)
        return known
