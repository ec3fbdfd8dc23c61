"""Decides when an epoch's genesis must be sent: before its first event on each connection.

The genesis carries the key that the epoch's events are signed with; without it the center can only
hold them.
"""

from edge_agent.uplink.messages import Outgoing

KNOWN_MAX = 16
"""Genesis envelopes kept in memory: a backlog is read epoch after epoch, so few are needed."""


class Introductions:
    """Which epochs the center has been told of over the present connection."""

    def __init__(self) -> None:
        self._known: dict[bytes, Outgoing | None] = {}
        self._asked: set[bytes] = set()
        self._done: set[bytes] = set()

    def start_over(self) -> None:
        """A new connection: tell everything again; ask again for what was not found."""
        self._done.clear()
        self._known = {epoch: known for epoch, known in self._known.items() if known is not None}

    def ask(self, epoch: bytes) -> bool:
        """Return whether the source must be asked for this genesis."""
        if epoch in self._known or epoch in self._asked:
            return False
        self._asked.add(epoch)
        return True

    def answered(self, epoch: bytes, genesis: Outgoing | None, running: bytes | None) -> None:
        """Keep the source's answer."""
        self._asked.discard(epoch)
        self._known[epoch] = genesis
        if len(self._known) > KNOWN_MAX:
            oldest = next(known for known in self._known if known not in (running, epoch))
            del self._known[oldest]

    def known(self, epoch: bytes | None) -> Outgoing | None:
        """Return the genesis of `epoch`, None where it was not found (yet)."""
        return self._known.get(epoch) if epoch is not None else None

    def is_done(self, epoch: bytes) -> bool:
        """Whether events of this epoch may go now."""
        return epoch in self._done

    def is_missing(self, epoch: bytes) -> bool:
        """Whether the source was asked and has no such genesis."""
        return epoch in self._known and self._known[epoch] is None

    def introduce(self, epoch: bytes) -> Outgoing | None:
        """Return the genesis to be sent now, None where it has still to be found."""
        genesis = self._known.get(epoch)
        if genesis is not None:
            self._done.add(epoch)
        return genesis
