"""Decides when a connection counts as silent: the broker, or the way to it, no longer answers.

A connection into a black hole looks open for minutes; TCP alone would tell after a quarter of an
hour.  So the broker is asked (MQTT's PINGREQ): soon where something waits for a receipt and
nothing was heard for a moment, seldom on an idle connection.  Whatever the broker says is an
answer: it proves the way to the broker, and nothing about the center behind it.
"""

SECOND_NS = 1_000_000_000

HUSH_NS = 1_500_000_000
"""With something outstanding and nothing heard for so long the broker is asked: an idle center
answers in milliseconds, and a PUBACK counts too."""

ANSWER_NS_MIN = 2_500_000_000
ANSWER_NS_MAX = 4_500_000_000
"""How long the answer may take: four round trips within these bounds.  With HUSH_NS it is 4 to 6 s
from the last sign of life, so that of the 10 s of failover four are left for the next path."""

IDLE_NS = 20_000_000_000
"""An idle connection is asked this often, which also keeps the mobile network from forgetting it
(30 s are usual); EN 50136's SP6 asks for more, see `idle_ns_of`."""


def idle_ns_of(reporting_time_s: float) -> int:
    """Return how often an idle connection is asked, so that three losses fit the reporting time."""
    return min(IDLE_NS, int(reporting_time_s / 4 * SECOND_NS))


class Pulse:
    """The signs of life of one connection."""

    def __init__(self, idle_ns: int, now_ns: int) -> None:
        self._idle_ns = idle_ns
        self._heard_ns = now_ns
        self._asked_ns: int | None = None
        self._answer_ns = ANSWER_NS_MIN

    @property
    def is_asked(self) -> bool:
        """Whether an answer is being waited for."""
        return self._asked_ns is not None

    def heard(self, now_ns: int) -> None:
        """The broker said something."""
        self._heard_ns = now_ns
        self._asked_ns = None

    def deadline_ns(self, waiting_ns: int | None) -> int:
        """Return when `is_due` or `is_silent` changes; `waiting_ns` is since when something waits
        for a receipt, None where nothing does.
        """
        if self._asked_ns is not None:
            return self._asked_ns + self._answer_ns
        idle_ns = self._heard_ns + self._idle_ns
        if waiting_ns is None:
            return idle_ns
        return min(idle_ns, max(waiting_ns, self._heard_ns) + HUSH_NS)

    def is_due(self, waiting_ns: int | None, now_ns: int) -> bool:
        """Whether the broker should be asked now."""
        return self._asked_ns is None and now_ns >= self.deadline_ns(waiting_ns)

    def ask(self, round_trip_ns: int | None, now_ns: int) -> None:
        """The broker is asked now."""
        self._asked_ns = now_ns
        self._answer_ns = min(max(4 * (round_trip_ns or 0), ANSWER_NS_MIN), ANSWER_NS_MAX)

    def is_silent(self, now_ns: int) -> bool:
        """Whether the broker was asked and did not answer in time."""
        return self._asked_ns is not None and now_ns >= self._asked_ns + self._answer_ns
