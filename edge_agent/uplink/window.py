"""Decides how many bytes may be on their way to the center, unreceipted, at any moment.

A life alarm cannot overtake what was already handed to the connection, so a drain may keep no more
in flight than the path carries.  The measure is that of BBR (Cardwell et al., ACM Queue 2016): the
rate is the largest recent amount receipted per time, the round trip the smallest recent time from
publish to receipt; their product fills the path without a queue.  To it comes a small queue, or
an estimate that is too low could never grow, and one message, since the broker forwards nothing
before it has the whole of it.  Every connection starts from the floor.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

SECOND_NS = 1_000_000_000

IN_FLIGHT_BYTES_MAX = 64 * 1024
"""More would only lengthen queues in the broker and the center, on any path."""

URGENT_BYTES = 16 * 1024
"""Kept for live events of lanes 0 to 2, which never wait for the window: some fifty alarms."""

LIFE_BYTES = 8 * 1024
"""Left beyond that for live events of lanes 0 and 1: a flood of intrusion alarms, of a site with a
fault in its bus, must not stand before a life (seen in a simulated flood: it waited 2.5 s)."""

WINDOW_BYTES_MAX = IN_FLIGHT_BYTES_MAX - URGENT_BYTES - LIFE_BYTES

WINDOW_BYTES_MIN = 4 * 1024
"""Where each connection starts; less than this sends event by event, all of it overhead."""

MESSAGE_BYTES_MIN = 1024  # three events: below it headers outweigh them
MESSAGE_BYTES_MAX = 16 * 1024  # some fifty events: one transaction and one receipt of the center
MESSAGE_NS = 16_000_000  # how long one message may occupy the path: an alarm waits for its end

QUEUE_NS_MIN = 25_000_000  # the small queue: covers one transaction of the center
QUEUE_SHARE = 4  # or a quarter of the round trip, the growth of the window in one

RATE_AGE_NS_MIN = 2 * SECOND_NS  # how long the largest rate counts: at least ten round trips
RATE_AGE_ROUND_TRIPS = 10
ROUND_TRIP_AGE_NS = 30 * SECOND_NS  # after this the queue is emptied once to measure it anew

MESSAGE_OVERHEAD_BYTES = 90  # MQTT header with topic, TLS record, TCP/IP header
MESSAGES_OUT_MAX = 200  # paho searches all its unacknowledged messages at each PUBACK
MESSAGES_SHARE = 2  # half of what the broker allows (often 20) is kept for urgent events
MESSAGES_LIFE_SHARE = 4  # half of that for those of lanes 0 and 1


class Urgency(IntEnum):
    """Which reserves an event may use."""

    NONE = 0
    INTRUSION = 1  # live, lane 2
    LIFE = 2  # live, lanes 0 and 1


@dataclass(slots=True)
class Sent:
    """One message on its way, with what had been receipted when it went."""

    sent_ns: int
    alone: bool  # nothing was in flight before it: its round trip holds no queue of ours
    left: int  # events not yet receipted
    delivered_bytes: int
    delivered_ns: int
    first_sent_ns: int
    urgency: Urgency
    full: bool = False  # the window was the limit, so its rate is the path's, not the site's


class Window:
    """Bytes and messages in flight, and how many may be."""

    def __init__(self) -> None:
        self.bytes_out = 0
        self._reserve_out = 0  # of these, what went as `Urgency.INTRUSION`
        self.messages_out = 0
        self.messages_max = self._allowed = MESSAGES_OUT_MAX
        self._path = _Measured()
        self._moved_ns = 0

    def reset(self, messages_max: int) -> None:
        """Start over on a new connection, which allows `messages_max` unacknowledged messages."""
        self.bytes_out = self._reserve_out = 0
        self.messages_out = 0
        self.messages_max = self._allowed = max(1, min(messages_max, MESSAGES_OUT_MAX))
        self._path = _Measured()

    def again(self) -> None:
        """Start over on the same connection: the broker may owe its answer for all that was out.

        It answers in order, so each message that is receipted shows one more of these answered.
        """
        owed = self.messages_out
        self.reset(self._allowed)
        self.messages_max = max(1, self._allowed - owed)

    def moved(self, messages_max: int, now_ns: int) -> None:
        """Go on over a new connection while the one before may still bring receipts."""
        self.messages_max = self._allowed = max(1, min(messages_max, MESSAGES_OUT_MAX))
        self._path = _Measured()
        self._path.idle_until(now_ns)
        self._moved_ns = now_ns

    @property
    def rate_bytes_s(self) -> int:
        """The largest recent receipt rate, bytes a second."""
        return self._path.rate_bytes_s

    @property
    def round_trip_ns(self) -> int | None:
        """The smallest recent time from publish to receipt."""
        return self._path.round_trip_ns

    def message_bytes(self, now_ns: int) -> int:
        """Return how large one message may be."""
        if self._path.must_probe(now_ns):
            return MESSAGE_BYTES_MIN
        return self._message_bytes()

    def _message_bytes(self) -> int:
        carried = self._path.rate_bytes_s * MESSAGE_NS // SECOND_NS
        return max(MESSAGE_BYTES_MIN, min(carried, MESSAGE_BYTES_MAX))

    def limit_bytes(self, now_ns: int) -> int:
        """Return how many bytes may be in flight."""
        path = self._path
        if path.must_probe(now_ns):
            return 0  # one message at a time goes even so: see room_bytes
        trip_ns, rate = path.round_trip_ns or 0, path.rate_bytes_s
        held_ns = trip_ns + max(QUEUE_NS_MIN, trip_ns // QUEUE_SHARE)
        fills = rate * held_ns // SECOND_NS + self._message_bytes()
        return max(WINDOW_BYTES_MIN, min(fills, rate, WINDOW_BYTES_MAX))

    def room_bytes(self, now_ns: int, urgency: Urgency) -> int:
        """Return how many more bytes may go now; one message may always go into an empty path.

        The reserves are there whatever the limit: it may have fallen below what is on its way.
        """
        spare = self.messages_max // _MESSAGES_SHARES[urgency]
        if self.messages_out and self.messages_out + spare >= self.messages_max:
            return 0
        if not self.bytes_out:
            return IN_FLIGHT_BYTES_MAX
        if urgency is Urgency.LIFE:
            return max(0, IN_FLIGHT_BYTES_MAX - self.bytes_out)
        room = max(0, self.limit_bytes(now_ns) - self.bytes_out)
        if urgency is Urgency.INTRUSION:
            room += max(0, URGENT_BYTES - self._reserve_out)
        return room

    def sent(
        self, size_bytes: int, events: int, now_ns: int, urgency: Urgency = Urgency.NONE
    ) -> Sent:
        """Note a message of `events` envelopes."""
        path = self._path
        alone = not self.bytes_out
        self.bytes_out += size_bytes
        if urgency is Urgency.INTRUSION:
            self._reserve_out += size_bytes
        self.messages_out += 1
        if alone:
            path.idle_until(now_ns)
        return Sent(
            now_ns,
            alone,
            events,
            path.delivered_bytes,
            path.delivered_ns,
            path.first_sent_ns,
            urgency,
        )

    def receipted(self, sent: Sent, size_bytes: int, now_ns: int) -> None:
        """One event of `sent` is at the center."""
        self._free(sent, size_bytes)
        if sent.sent_ns < self._moved_ns:
            return  # it went over the connection before: no news of this one
        self._path.delivered(size_bytes, now_ns)
        if not sent.left:
            self.messages_max = min(self._allowed, self.messages_max + 1)
            self._path.measure(sent, now_ns)

    def forgotten(self, sent: Sent, size_bytes: int) -> None:
        """One event of `sent` is no longer waited for: nothing is learnt from it."""
        self._free(sent, size_bytes)

    def _free(self, sent: Sent, size_bytes: int) -> None:
        self.bytes_out -= size_bytes
        if sent.urgency is Urgency.INTRUSION:
            self._reserve_out -= size_bytes
        sent.left -= 1
        if not sent.left:
            self.messages_out -= 1
        assert self.bytes_out >= self._reserve_out >= 0
        assert sent.left >= 0


_MESSAGES_SHARES = (MESSAGES_SHARE, MESSAGES_LIFE_SHARE, MESSAGES_OUT_MAX + 1)


class _Measured:
    """What is known of the path: receipt rate and round trip."""

    def __init__(self) -> None:
        self.delivered_bytes = 0
        self.delivered_ns = 0
        self.first_sent_ns = 0
        self.round_trip_ns: int | None = None
        self._round_trip_at_ns = 0
        self._rates: deque[tuple[int, int]] = deque()  # (when, bytes a second), falling

    @property
    def rate_bytes_s(self) -> int:
        return self._rates[0][1] if self._rates else 0

    def must_probe(self, now_ns: int) -> bool:
        known = self.round_trip_ns is not None
        return known and now_ns - self._round_trip_at_ns > ROUND_TRIP_AGE_NS

    def idle_until(self, now_ns: int) -> None:
        """The pause before this moment says nothing about the path."""
        self.delivered_ns = self.first_sent_ns = now_ns

    def delivered(self, size_bytes: int, now_ns: int) -> None:
        self.delivered_bytes += size_bytes
        self.delivered_ns = now_ns

    def measure(self, sent: Sent, now_ns: int) -> None:
        """Learn from a message that is wholly receipted."""
        trip_ns = now_ns - sent.sent_ns
        old = self.round_trip_ns
        if old is None or trip_ns <= old or (sent.alone and self.must_probe(now_ns)):
            self.round_trip_ns, self._round_trip_at_ns = trip_ns, now_ns
        # the longer of both intervals: receipts that come in one lump are no faster path
        took_ns = max(now_ns - sent.delivered_ns, sent.sent_ns - sent.first_sent_ns)
        self.first_sent_ns = sent.sent_ns
        if took_ns > 0:
            rate = (self.delivered_bytes - sent.delivered_bytes) * SECOND_NS // took_ns
            self._note_rate(rate, now_ns, full=sent.full)

    def _note_rate(self, rate: int, now_ns: int, *, full: bool) -> None:
        if not full and rate <= self.rate_bytes_s:
            return  # there was too little to send: no news
        while self._rates and self._rates[-1][1] <= rate:
            self._rates.pop()
        self._rates.append((now_ns, rate))
        age_ns = max(RATE_AGE_NS_MIN, RATE_AGE_ROUND_TRIPS * (self.round_trip_ns or 0))
        while now_ns - self._rates[0][0] > age_ns:
            self._rates.popleft()
