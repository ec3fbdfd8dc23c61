"""What of a panel's own log is not recorded yet: how a gap is filled, each event once.

Pure.  A log shows all again, also what was heard and recorded.  Entries are compared with the
newest recorded ones by what identifies them, counted: two equal events of one minute are two.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.domain.signal import Signal

RECORDED_MAX = 256  # events remembered; what is older than the oldest of them is not looked at
ENTRIES_MAX = 1024  # of one reading: the largest logs of known panels have 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what identifies it, when it was by the panel's clock, what it means."""

    identity: bytes
    time: str
    signals: tuple[Signal, ...] = ()


class PanelLog:
    """The newest recorded events of a panel, and a reading of its log.

    log.recorded(identity, time)        # of each event that came by itself
    log.open()                          # a gap: is there anything to ask for?
    log.take(Entry(...))                # as the panel says its log
    log.news()                          # what was missed, oldest first
    """

    def __init__(self) -> None:
        self._recorded: deque[tuple[str, bytes]] = deque(maxlen=RECORDED_MAX)
        self._entries: list[Entry] = []
        self._since: str | None = None

    def clear(self) -> None:
        """Know of nothing that is recorded."""
        self._recorded.clear()
        self._entries.clear()
        self._since = None

    def recorded(self, identity: bytes, time: str) -> None:
        """Note an event that is recorded; `time` is ISO 8601 without zone."""
        self._recorded.append((time, identity))

    def open(self) -> None:
        """There was a gap, after what is recorded."""
        self._entries.clear()
        self._since = self._recorded[-1][0] if self._recorded else None

    @property
    def is_wanted(self) -> bool:
        """Whether a reading makes sense: something was recorded before the gap."""
        return self._since is not None

    def take(self, entry: Entry) -> None:
        """Take an entry of the reading, in whatever order the panel says them."""
        if self._since is not None and entry.time >= self._since:
            self._entries = [*self._entries[1 - ENTRIES_MAX :], entry]

    def news(self) -> list[Entry]:
        """The reading is over: return what is not recorded, oldest first; it counts as recorded."""
        entries, self._entries, self._since = self._entries, [], None
        if entries and entries[0].time > entries[-1].time:
            entries.reverse()  # newest first: entries of the same minute too
        missed = list(_without(sorted(entries, key=lambda entry: entry.time), self._recorded))
        for entry in missed:
            self.recorded(entry.identity, entry.time)
        return missed


def _without(entries: Iterable[Entry], recorded: Iterable[tuple[str, bytes]]) -> Iterable[Entry]:
    known = Counter(identity for _, identity in recorded)
    for entry in entries:
        if known[entry.identity]:
            known[entry.identity] -= 1
        else:
            yield entry
