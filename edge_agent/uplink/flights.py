"""Decides what a receipt proves, and what has been unreceipted for too long.

A receipt names ranges of sequence numbers with the SHA-256 over their leaf hashes; only the event
whose own leaf went into an equal digest is let go.  Acknowledgements of the broker appear nowhere:
PUBACK says that a broker has a message, not that anybody will ever read it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edge_agent.evidence.receipt import Range, range_digest
from edge_agent.uplink.messages import Key, Outgoing, Topic
from edge_agent.uplink.window import Sent

UNRECEIPTED_NS_MAX = 30_000_000_000
"""A receipt takes two round trips and a commit; after this the message or its receipt is gone,
while others were receipted."""

REMEMBERED_MAX = 1024
"""Leaves of events let go, for ranges that mix them with present ones: three full windows."""

STRIKES_MAX = 3
"""How often an event is sent while later ones are receipted, before it stops using the window."""

ASIDE_NS = 600_000_000_000
"""How long an event that the center passes over waits; one try in ten minutes costs nothing."""

ASIDE_MAX = 1024
"""Events set aside at once; further ones keep being sent."""


@dataclass(frozen=True, slots=True)
class Flight:
    """An event on its way; `offered_ns` as in `Waiting`."""

    event: Outgoing
    offered_ns: int | None
    topic: Topic
    sent: Sent
    size_bytes: int


class Verdict(Enum):
    """What a range of a receipt turned out to be."""

    HELD = "held"  # the digest is ours
    MISMATCH = "mismatch"  # we sent other bytes than the center says it holds
    UNKNOWN = "unknown"  # about events that are not in memory


LeafOf = Callable[[Key], bytes | None]


class Flights:
    """Everything sent over the present connection and not yet receipted, oldest first."""

    def __init__(self) -> None:
        self.out: dict[Key, Flight] = {}
        self.aside: dict[Key, int] = {}  # until when
        self._remembered: dict[Key, bytes] = {}
        self._strikes: dict[Key, int] = {}
        self._receipted_ns: dict[Topic, int] = {}  # when the newest receipted event was sent
        self._silent_ns: int | None = None  # since when something is out and nothing comes back

    def start_over(self) -> list[Flight]:
        """A connection ended: return what was on its way."""
        self._receipted_ns.clear()
        self._silent_ns = None
        return self.recall()

    def recall(self) -> list[Flight]:
        """Return what was on its way and is lost; the center has been silent all the same."""
        flights = list(self.out.values())
        self.out.clear()
        return flights

    def recall_before(self, sent_ns: int) -> list[Flight]:
        """Return, no longer in flight, what was sent earlier."""
        early = [flight for flight in self.out.values() if flight.sent.sent_ns < sent_ns]
        for flight in early:
            del self.out[flight.event.key]
        return early

    def add(self, flight: Flight) -> None:
        """Note an event as sent now."""
        assert flight.event.key not in self.out
        self.out[flight.event.key] = flight
        if self._silent_ns is None:
            self._silent_ns = flight.sent.sent_ns

    def judge(self, claimed: Range, waiting_leaf: LeafOf) -> Verdict:
        """Compare one range with what we sent; `waiting_leaf` knows events not yet sent again."""
        known_max = len(self.out) + len(self._remembered) + ASIDE_MAX
        if claimed.last - claimed.first >= known_max:
            return Verdict.UNKNOWN
        leaves: list[bytes] = []
        for seq in range(claimed.first, claimed.last + 1):
            leaf = self._leaf((claimed.epoch, seq)) or waiting_leaf((claimed.epoch, seq))
            if leaf is None:
                return Verdict.UNKNOWN
            leaves.append(leaf)
        same = range_digest(leaves) == claimed.digest
        return Verdict.HELD if same else Verdict.MISMATCH

    def _leaf(self, key: Key) -> bytes | None:
        flight = self.out.get(key)
        return flight.event.leaf if flight else self._remembered.get(key)

    def land(self, key: Key, now_ns: int) -> Flight | None:
        """The center holds this event; return its flight if it was on its way."""
        self._strikes.pop(key, None)
        self.aside.pop(key, None)
        flight = self.out.pop(key, None)
        if flight is None:
            return None
        self._silent_ns = now_ns if self.out else None
        newest_ns = self._receipted_ns.get(flight.topic, 0)
        self._receipted_ns[flight.topic] = max(newest_ns, flight.sent.sent_ns)
        return flight

    def remember(self, key: Key, leaf: bytes) -> None:
        """Keep the leaf of an event that is let go."""
        self._remembered[key] = leaf
        if len(self._remembered) > REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]

    def is_settled(self, key: Key, now_ns: int) -> bool:
        """Whether this event needs no sending now: on its way, just let go, or set aside."""
        aside = self.aside.get(key, 0) > now_ns
        return aside or key in self.out or key in self._remembered

    @property
    def silent_ns(self) -> int | None:
        """Since when something is outstanding and nothing was receipted, None where nothing is."""
        return self._silent_ns if self.out else None

    def deadline_ns(self) -> int | None:
        """Return when the oldest flight is late or an event set aside is due, None for never."""
        times = list(self.aside.values())[:1]
        for flight in self.out.values():
            if self._is_passed_over(flight):
                times.append(flight.sent.sent_ns + UNRECEIPTED_NS_MAX)
            break
        return min(times, default=None)

    def _is_passed_over(self, flight: Flight) -> bool:
        """Whether others were receipted since it was sent; else the center is silent to all."""
        return (self._silent_ns or 0) > flight.sent.sent_ns

    def drop_late(self, now_ns: int) -> list[Flight]:
        """Return, no longer in flight, what the center passed over while it receipted others."""
        late: list[Flight] = []
        for flight in self.out.values():
            early = now_ns - flight.sent.sent_ns < UNRECEIPTED_NS_MAX
            if early or not self._is_passed_over(flight):
                break
            late.append(flight)
        for flight in late:
            del self.out[flight.event.key]
            self._strike(flight, now_ns)
        if not self.out:
            self._silent_ns = None
        return late

    def _strike(self, flight: Flight, now_ns: int) -> None:
        # only where later ones of the same topic arrived: the center reads topics independently
        if self._receipted_ns.get(flight.topic, 0) <= flight.sent.sent_ns:
            return
        key = flight.event.key
        strikes = self._strikes[key] = self._strikes.pop(key, 0) + 1
        if strikes >= STRIKES_MAX and len(self.aside) < ASIDE_MAX:
            self.aside[key] = now_ns + ASIDE_NS
            del self._strikes[key]
        elif len(self._strikes) > ASIDE_MAX:
            del self._strikes[next(iter(self._strikes))]

    def recall_aside(self, now_ns: int) -> bool:
        """End the waits that are over; True where there was one."""
        due = [key for key, until_ns in self.aside.items() if now_ns >= until_ns]
        for key in due:
            del self.aside[key]
        return bool(due)
