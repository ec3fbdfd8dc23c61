"""The nine laws, judged from outside: wire, card, broker's traffic and the center's database.

1 what a panel saw acknowledged is durable   2 numbers never repeat or skip   3 everything verifies
4 the center holds everything receipted, once   5 when faults stop, everything is receipted in
bounded time   6 no bound is exceeded   7 nothing reaches the center that nobody said
8 the corrected time of an event is within what is stated of it
9 one frame of a panel is one event at the center, but for the reasons in `copies`
"""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache

from edge_agent.center.calendar import Dates
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, Lane
from edge_agent.evidence.bodies import GenesisBody, JournalBody, JournalChange, SignalBody
from edge_agent.evidence.cbor import split_sequence
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.dating import Tie, stamp_tie
from edge_agent.evidence.envelope import Event, peek
from edge_agent.evidence.tree import leaf_hash
from edge_agent.evidence.verify import Problem, What, check
from edge_agent.journal.format import COMMIT_BYTES_MAX
from edge_agent.journal.held import MEMORY_BYTES_MAX
from edge_agent.uplink.window import IN_FLIGHT_BYTES_MAX, MESSAGE_BYTES_MAX
from hil.panels.machine import describe
from tests.simulation.center import Center
from tests.simulation.clock import WALL_NS, passed_ns
from tests.simulation.copies import ENDS, Copies
from tests.simulation.gateway import Gateway

PACKET_BYTES_MAX = MESSAGE_BYTES_MAX + 4096  # a message takes one event more than fits, at most
CARD_BYTES_MAX = 64 << 20
REFUSED = f"{JournalChange.REFUSED}: "


@lru_cache(maxsize=4096)  # the same bytes are asked about at every step of their way
def _event(envelope: bytes) -> Event:
    _, event = peek(envelope)
    return event


def signal_of(frame: bytes) -> bytes:
    """Return the part of a frame that says what happened: no two signals of a world have it alike.

    Before it stand the receiver's own numbers.  A digit of them that the line lost cannot be seen,
    and is no loss: the signal is recorded as it was heard.
    """
    return (frame.split() or [frame])[-1]


class LawError(AssertionError):
    """One of the nine does not hold."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"law {number}: {what}")
        self.number = number


def _holds(own: Tie, true_ns: int) -> bool:
    return (own.earliest_ns or 0) - 2_000 <= true_ns <= (own.latest_ns or 0) + 2_000


@dataclass
class Laws:
    """Watches one world; `broken` is what was found, in order."""

    gateway: Gateway
    center: Center
    copies: Copies
    broken: list[LawError] = field(default_factory=list)
    seen: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    ahead: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)
    behind: set[bytes] = field(default_factory=set)
    doubtful: set[bytes] = field(default_factory=set)
    dated: Counter[str] = field(default_factory=Counter)
    early: Counter[str] = field(default_factory=Counter)
    peaks: Counter[str] = field(default_factory=Counter)

    def break_(self, number: int, what: str) -> None:
        self.broken.append(LawError(number, what))

    # ---- while it runs

    def acked(self, forms: AbstractSet[bytes]) -> None:
        """A panel saw one acknowledged that may be recorded in one of these forms."""
        signals = set(map(signal_of, forms))
        if not any(map(self.gateway.card.holds, signals)) and not any(
            map(self.center.holds, signals)
        ):
            self.break_(1, f"acknowledged, on neither card nor center: {sorted(forms)}")

    def published(self, data: bytes) -> None:
        """A payload of events reached the broker."""
        for envelope in split_sequence(data, 2048):
            event = _event(envelope)
            leaf = leaf_hash(envelope)
            if self.seen.setdefault((event.epoch, event.seq), leaf) != leaf:
                self.break_(2, f"{event.epoch.hex()}/{event.seq} was given twice")
            if not self.gateway.card.holds(envelope):
                self._sent_ahead(event, envelope)

    def _sent_ahead(self, event: Event, envelope: bytes) -> None:
        """Only what the card refuses, or is slow to take, may be sent before it is durable."""
        life = self.gateway.life
        assert life is not None
        assert life.agent is not None
        assert life.journal is not None
        self.ahead.setdefault(event.epoch, []).append((event.seq, envelope))
        if event.seq == 0:
            self.early["genesis"] += 1
        elif life.refused or event.epoch in self.doubtful:
            self.early["refused"] += 1
        elif event.lane <= Lane.FIRE and life.agent is not None:
            self.early["urgent"] += 1
        else:
            self.break_(1, f"sent before it was durable: {event.epoch.hex()}/{event.seq}")

    def ended(self, epoch: bytes) -> None:
        """A life is over: what may the center hold of it, and the card lose?"""
        if self.gateway.card.refusing:
            self.doubtful.add(epoch)  # what was not flushed is read by the next start all the same
        lost = [
            s for s, envelope in self.ahead.pop(epoch, []) if not self.gateway.card.holds(envelope)
        ]
        if lost:
            self.behind.add(epoch)

    def released(self, epoch: bytes, seqs: tuple[int, ...]) -> None:
        """The agent let these go as receipted."""
        for seq in seqs:
            leaf = self.seen.get((epoch, seq))
            if leaf is None or not self.center.has(epoch, seq, leaf):
                self.break_(4, f"let go, and the center has it not: {epoch.hex()}/{seq}")

    def look(self) -> None:
        """Compare sizes with their bounds."""
        life = self.gateway.life
        if life is None or life.journal is None or life.agent is None:
            return
        held = life.journal.progress()
        self._bound("journal memory", held.held_bytes, MEMORY_BYTES_MAX + COMMIT_BYTES_MAX)
        self._bound("card", held.disk_bytes, CARD_BYTES_MAX)
        for view in life.agent._supply.views():
            self._bound("in flight", view.outstanding_bytes, IN_FLIGHT_BYTES_MAX)
        self._bound("packet", self.gateway.bounds.packet_bytes, PACKET_BYTES_MAX)
        for excess in self.gateway.bounds.excess:
            self.break_(6, excess)

    def _bound(self, what: str, value: int, most: int) -> None:
        self.peaks[what] = max(self.peaks[what], value)
        if value > most:
            self.break_(6, f"{what}: {value}, allowed {most}")

    # ---- at the end

    def at_end(self, identity: PublicKey) -> None:
        """Judge what the center holds, when all is said and done."""
        envelopes = self.center.envelopes()
        problems = list(check("gw1", lambda _: identity, envelopes))
        for problem in problems:
            if not self._explained(problem, envelopes):
                self.break_(2 if problem.what is What.GAP else 3, str(problem))
        places = Counter((event.epoch, event.seq) for event in map(_event, envelopes))
        for place, times in places.items():
            if times > 1:
                self.break_(4, f"{place[0].hex()}/{place[1]} is there {times} times")
        for name in ("forged", "malformed", "misdirected", "forks"):
            if self.center.counters().get(name):
                self.break_(3, f"the center counts {name}")
        self._nothing_invented(envelopes)
        self._all_there(envelopes)
        self._dated_right()
        for double in self.copies.unexplained(map(_event, envelopes)):
            self.break_(9, double)

    def _explained(self, problem: Problem, envelopes: list[bytes]) -> bool:
        """Whether it is the mark of a life whose last events one side alone has.

        The next start cannot know of what only the center has.  That it was the card is said by the
        gateway's own events about it: an honest gateway never looks like one that was set back or
        copied, but where the power went before that word was out.  What a start read back without
        being able to flush it may be gone with the next power cut: that is named as lost.
        """
        if problem.what in (What.GAP, What.UNWRITTEN) and problem.epoch in self.behind:
            return True
        if problem.what is What.GAP and problem.epoch in self.doubtful:
            lost = f"events {problem.seq} to {problem.last} are lost of epoch {problem.epoch.hex()}"
            return any(lost in said for _, said in self._of_the_card(envelopes))
        if problem.what is What.ROLLED_BACK:
            before = next(
                GenesisBody.from_body(event.body).previous_epoch
                for event in map(_event, envelopes)
                if event.seq == 0 and event.epoch == problem.epoch
            )
            told = {epoch for epoch, said in self._of_the_card(envelopes) if REFUSED in said}
            return before in self.behind & self.doubtful - told
        return False

    def _of_the_card(self, envelopes: list[bytes]) -> Iterator[tuple[bytes, str]]:
        """Yield what the gateway said of its card: epoch, and change with detail."""
        for event in map(_event, envelopes):
            if event.type is EventType.JOURNAL:
                body = JournalBody.from_body(event.body)
                yield event.epoch, f"{body.what}: {body.detail}"

    def _nothing_invented(self, envelopes: list[bytes]) -> None:
        said = {
            name: {signal_of(frame): entry for frame, entry in panel.ledger.said.items()}
            for name, panel in self.gateway.panels.items()
        }
        for event in map(_event, envelopes):
            if event.type is EventType.SIGNAL:
                body = SignalBody.from_body(event.body)
                frame = body.signal.frame.rstrip(ENDS)
                entry = said[body.panel].get(signal_of(frame))
                if body.signal.kind is Kind.UNKNOWN:
                    continue  # kept as it was heard, without a meaning
                if entry is None or entry.signal is None:
                    self.break_(7, f"nobody said {frame!r}")
                elif describe(entry.signal) != describe(body.signal):
                    self.break_(7, f"{frame!r} was understood as {describe(body.signal)}")

    def _dated_right(self) -> None:
        """The corrected time of every event holds the true one, whatever the clocks did."""
        dates = Dates(self.center.connection)
        for epoch_id, received_ms, envelope in self.center.connection.execute(
            "SELECT epoch_id, received_ms, envelope FROM event"
        ):
            stamp = _event(envelope).stamp
            booted_ns = self.gateway.booted_ns[stamp.boot_id]
            true_ns = booted_ns + passed_ns(stamp.boot_id, stamp.boottime_ns) + WALL_NS
            dated = dates.date("gw1", epoch_id, stamp, received_ms)
            early, late = dated.earliest_ns, dated.latest_ns
            self.dated[dated.basis] += 1
            if (early is not None and true_ns < early - 2_000) or (
                late is not None and true_ns > late + 2_000
            ):
                self.break_(8, f"{stamp} was at {true_ns}, dated {dated}")
            own = stamp_tie(stamp)
            if own is not None and not self.gateway.wall.liar and not _holds(own, true_ns):
                self.break_(8, f"{stamp} was at {true_ns}, and its clock was trusted")

    def _all_there(self, envelopes: list[bytes]) -> None:
        everything = b"".join(envelopes)
        for panel in self.gateway.panels.values():
            for frame in panel.ledger.acked:
                signals = map(signal_of, panel.ledger.forms(frame))
                if not any(signal in everything for signal in signals):
                    self.break_(1, f"acknowledged, and never reached the center: {frame!r}")
