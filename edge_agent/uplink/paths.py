"""Decides over which path to connect, and when: preference, failover, pauses between rounds.

A failed path is followed by the next at once; when all have failed there is a pause, doubled each
round and shortened at random so that gateways do not return in step after a broker's outage.  The
pause returns to its smallest only after a link stayed up.  A path is *back* when a receipt came
over it: a broker that answers proves nothing about the center behind it.
"""

from enum import Enum

from edge_agent.uplink.messages import Action, Connect, Disconnect, PathBack, PathFault

PAUSE_NS_MIN = 500_000_000
PAUSE_NS_MAX = 30_000_000_000  # a center that returns is found within half a minute
STAYED_UP_NS = 30_000_000_000  # a link that lives shorter is flapping
RETURN_NS_MAX = 250_000_000  # spreads the reconnects of many gateways whose broker restarted


class Phase(Enum):
    """Where the attempt stands."""

    WAITING = "waiting"
    DIALLING = "dialling"
    UP = "up"


class Paths:
    """The paths of one center, in order of preference."""

    def __init__(self, count: int) -> None:
        assert count > 0
        self.phase = Phase.WAITING
        self.path = 0
        self.attempt = 0
        self.since_ns: int | None = None  # WAITING: until (None: not started); UP: since
        self.told: list[bool | None] = [None] * count  # good or bad, as last told
        self._failed = 0  # paths that failed in this round
        self._pause_ns = PAUSE_NS_MIN

    def deadline_ns(self) -> int | None:
        """Return when the next attempt is due, None while one stands."""
        return self.since_ns if self.phase is Phase.WAITING else None

    def tick(self, now_ns: int) -> list[Action]:
        """Dial when the pause is over."""
        due = self.phase is Phase.WAITING and self.since_ns is not None and now_ns >= self.since_ns
        return self._dial(self.path) if due else []

    def start(self) -> list[Action]:
        """Dial the preferred path."""
        return self._dial(0)

    def connected(self, attempt: int, now_ns: int) -> bool:
        """The broker accepted; False where that attempt was given up before."""
        if attempt != self.attempt or self.phase is not Phase.DIALLING:
            return False
        self.phase, self.since_ns = Phase.UP, now_ns
        return True

    def lost(self, attempt: int, reason: str, jitter: float, now_ns: int) -> list[Action]:
        """The attempt or the connection failed; [] where it had been given up before."""
        if attempt != self.attempt or self.phase is Phase.WAITING:
            return []
        actions = self._tell_fault(reason)
        if self._stayed_up(now_ns):
            self._failed, self._pause_ns = 0, PAUSE_NS_MIN
            return [*actions, *self._wait(0, int(jitter * RETURN_NS_MAX), now_ns)]
        self._failed += 1
        if self._failed < len(self.told):
            return [*actions, *self._dial((self.path + 1) % len(self.told))]
        pause_ns = int(self._pause_ns * (0.5 + jitter / 2))
        self._failed = 0
        self._pause_ns = min(2 * self._pause_ns, PAUSE_NS_MAX)
        return [*actions, *self._wait(0, pause_ns, now_ns)]

    def stalled(self, reason: str, jitter: float, now_ns: int) -> list[Action]:
        """Nothing comes back: give the connection up and take the next path.

        Without a pause: the broker answers, and over it heartbeats still go; a stall comes at most
        every half minute.
        """
        assert self.phase is Phase.UP
        closing = Disconnect(self.path, self.attempt, reason)
        actions = self._tell_fault(reason)
        after = (self.path + 1) % len(self.told)
        return [closing, *actions, *self._wait(after, int(jitter * RETURN_NS_MAX), now_ns)]

    def proved(self) -> list[Action]:
        """A receipt came over the present path."""
        if self.phase is not Phase.UP or self.told[self.path]:
            return []
        self.told[self.path] = True
        return [PathBack(self.path)]

    def _stayed_up(self, now_ns: int) -> bool:
        up = self.phase is Phase.UP and self.since_ns is not None
        return up and now_ns - (self.since_ns or 0) >= STAYED_UP_NS

    def _tell_fault(self, reason: str) -> list[Action]:
        if self.told[self.path] is False:
            return []
        self.told[self.path] = False
        return [PathFault(self.path, reason)]

    def _dial(self, path: int) -> list[Action]:
        self.path = path
        self.attempt += 1
        self.phase, self.since_ns = Phase.DIALLING, None
        return [Connect(path, self.attempt)]

    def _wait(self, path: int, pause_ns: int, now_ns: int) -> list[Action]:
        self.path = path
        self.phase, self.since_ns = Phase.WAITING, now_ns + pause_ns
        return []
