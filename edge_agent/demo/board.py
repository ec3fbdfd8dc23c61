"""What is known while the play goes on, for those who watch: the view draws it, nothing is decided.

The final count does not use it: that is made anew from ledgers, journal and center.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from edge_agent.demo.ledger import Key, Spoken
from edge_agent.demo.tally import Held, Place, latency_ns


@dataclass(slots=True)
class Told:
    """Something that happened in the story."""

    at_s: float
    words: str
    panel: str = ""


@dataclass(slots=True)
class _Search:
    """Matches a stream of events with what was spoken, oldest with oldest."""

    waiting: defaultdict[Key, deque[Spoken]] = field(default_factory=lambda: defaultdict(deque))
    early: defaultdict[Key, deque[Held]] = field(default_factory=lambda: defaultdict(deque))

    def spoken(self, one: Spoken) -> Held | None:
        if self.early[one.key]:  # the ledger's pipe was slower
            return self.early[one.key].popleft()
        self.waiting[one.key].append(one)
        return None

    def event(self, event: Held) -> Spoken | None:
        assert event.key is not None, "only signals are searched for"
        if self.waiting[event.key]:
            return self.waiting[event.key].popleft()
        self.early[event.key].append(event)
        return None


class Board:
    """The state of the play.  Times on it are seconds since the curtain."""

    def __init__(self, seconds: float, panels: dict[str, str]) -> None:
        self.seconds = seconds
        self.elapsed_s = 0.0  # since the demo was started
        self.now_s = 0.0
        self.troubled_ns = 0  # when something was last seen broken, CLOCK_BOOTTIME
        self.panels = panels  # id -> what it is
        self.phase = "setting_up"
        self.act = 0
        self.story: list[Told] = []
        self.spoken: list[Spoken] = []
        self.online: dict[str, bool | None] = dict.fromkeys(panels)
        self.plugged: dict[str, bool] = dict.fromkeys(panels, True)
        self.is_cut = False
        self.connected = False
        self.disk_refuses = False
        self.dead: set[str] = set()
        self.stored = 0  # events at the center
        self.durable = 0  # events in the journal
        self.receipted = 0  # events of the gateway
        self.outstanding = 0  # events without a receipt
        self.latencies_ms: list[float] = []
        self._at_center = _Search()
        self._in_journal = _Search()
        self._open: dict[Place, Spoken] = {}  # in the journal, not known to be receipted

    @property
    def is_troubled(self) -> bool:
        """Whether something is broken that delays signals."""
        return self.is_cut or not self.connected or not all(self.plugged.values())

    def tell(self, words: str, panel: str = "") -> None:
        """Something happens in the story."""
        self.story.append(Told(self.now_s, words, panel))

    # ---- what the sources say

    def say(self, one: Spoken) -> None:
        """A panel spoke."""
        self.spoken.append(one)
        if stored := self._at_center.spoken(one):
            self._arrived(one, stored)
        if kept := self._in_journal.spoken(one):
            self._kept(one, kept)

    def store(self, event: Held) -> None:
        """The center holds an event."""
        self.stored += 1
        if event.key is not None and (one := self._at_center.event(event)):
            self._arrived(one, event)

    def keep(self, event: Held) -> None:
        """The journal holds an event."""
        self.durable += 1
        if event.key is not None and (one := self._in_journal.event(event)):
            self._kept(one, event)

    def receipt(self, outstanding: int, epoch: str, next_seq: int) -> None:
        """The agent says how many of its events, numbered below `next_seq`, have no receipt yet."""
        self.outstanding = outstanding
        self.receipted = max(0, next_seq - outstanding)
        if outstanding == 0:
            for place in [one for one in self._open if one[0] == epoch and one[1] < next_seq]:
                self._open.pop(place).receipted = True

    def _arrived(self, one: Spoken, event: Held) -> None:
        one.latency_ns = latency_ns(one, event)
        if one.latency_ns is not None and one.said_ns > self.troubled_ns:
            self.latencies_ms.append(one.latency_ns / 1e6)

    def _kept(self, one: Spoken, event: Held) -> None:
        one.durable = True
        self._open[event.place] = one
