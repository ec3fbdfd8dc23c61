"""How much of an epoch its gateway must have had on its card when it sent it (pure).

A gateway sends what it has committed, with two exceptions: a life or fire event whose commit takes
too long, and anything while its disk refuses, which it says by a signed event.  What was sent by an
exception may be gone after a power cut, and an honest gateway then goes on from before what the
center holds.  Everything else was on the card: a gateway that goes on from before that has been
set back.  What stands right behind a gap proves nothing: what is missing, and is named as missing,
may be the very event that said that the disk refuses.
"""

from dataclasses import dataclass

from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import Ended, JournalBody, JournalChange
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import Event

RESENT_NS_MAX = 120_000_000_000
"""A number that is missing may be the gateway's word about its disk, but not for long: what no
receipt covers is sent again within half a minute, as long as the gateway lives and the center
hears."""


@dataclass(slots=True)
class Durable:
    """Follows one epoch; feed its events in order.  The first `size` of them were on the card."""

    size: int = 0
    refusing: bool = False
    next_seq: int = 1  # the genesis is there: without it nothing of an epoch can be judged
    gap_ns: int | None = None  # boot time of the first event behind a number that is missing

    def feed(self, event: Event) -> None:
        """Take the next event."""
        boottime_ns = event.stamp.boottime_ns
        if event.seq > self.next_seq and self.gap_ns is None:
            self.gap_ns = boottime_ns
        if self.gap_ns is not None and boottime_ns - self.gap_ns > RESENT_NS_MAX:
            self.gap_ns = None
        self.next_seq = event.seq + 1
        if event.seq == 0:
            return  # the genesis is shown on each connection, committed or not
        if event.type == EventType.JOURNAL:
            self._feed_journal(event)
        if event.lane > Lane.FIRE and not self.refusing and self.gap_ns is None:
            self.size = max(self.size, event.seq + 1)

    def _feed_journal(self, event: Event) -> None:
        try:
            body = JournalBody.from_body(event.body)
        except Malformed:
            return
        if body.what is JournalChange.REFUSED:
            self.refusing = True
            if body.first is not None:
                self.size = min(self.size, body.first)
        elif body.what is JournalChange.ACCEPTED:
            self.refusing, self.gap_ns = False, None

    def explains(self, size: int, ended: Ended) -> bool:
        """Tell whether an honest gateway may go on after `size` events, if it found that the epoch
        had `ended` so.  An orderly end leaves nothing unwritten."""
        return size >= self.size and ended is not Ended.ORDERLY
