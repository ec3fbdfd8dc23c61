"""Decides over which path to connect, and when: preference, failover, pauses between rounds.

A failed path is followed by the next at once; when all have failed there is a pause, doubled each
round and shortened at random so that gateways do not return in step after a broker's outage.  The
pause returns to its smallest only after a link stayed up.  A path is *back* when a receipt came
over it: a broker that answers proves nothing about the center behind it.

A connection that is only doubted is not given up: a rival is made beside it over the next path,
and whichever speaks first stays.  The same way leads back to a preferred path.
"""

from dataclasses import dataclass
from enum import Enum

from edge_agent.uplink.messages import Action, Connect, Disconnect, PathBack, PathFault, Use

PAUSE_NS_MIN = 500_000_000
PAUSE_NS_MAX = 30_000_000_000  # a center that returns is found within half a minute
STAYED_UP_NS = 30_000_000_000  # a link that lives shorter is flapping
RETURN_NS_MAX = 250_000_000  # spreads the reconnects of many gateways whose broker restarted

DIAL_NS = 4_000_000_000
"""Name, TCP, TLS and the broker's CONNACK together, where another path is to be tried: with the
detection before it failover stays within 10 s."""

DIAL_NS_MAX = 16_000_000_000
"""A round in vain doubles it, up to this: a bad mobile link takes four round trips of 2 s."""

LEAVING_NS_MAX = 3_000_000_000
"""How long receipts for what went over a connection that was left may take; then it goes again."""


class Phase(Enum):
    """Where the main connection stands."""

    WAITING = "waiting"
    DIALLING = "dialling"
    UP = "up"


class Why(Enum):
    """What a rival is made for."""

    SILENT = "silent"  # the broker does not answer
    STALLED = "stalled"  # it does, and the center receipts nothing
    RETURN = "return"  # a preferred path is good again


class Joined(Enum):
    """What a broker's acceptance means for what is on its way."""

    NOT = "not"  # that attempt was given up before
    ANEW = "anew"  # the connection before is lost, and with it what it carried
    MOVED = "moved"  # the one before was well: what it carried may still be receipted


@dataclass(slots=True)
class Way:
    """What is known of one path: `good` as last told, since when, and why not."""

    good: bool | None = None
    since_ns: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rival:
    """A connection being made while the main one stands; `reason`: what is wrong with that."""

    path: int
    attempt: int
    why: Why
    reason: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """The connection before the main one, whose receipts may still come.

    Over itself, or, where both led to one broker, over the new one: that broker closed the old
    one, since both have one client id, and keeps their session.
    """

    path: int
    attempt: int
    until_ns: int


class Paths:
    """The paths of one center, in order of preference."""

    def __init__(self, count: int) -> None:
        assert count > 0
        self.phase = Phase.WAITING
        self.path = 0
        self.attempt = 0
        self.since_ns: int | None = None  # WAITING: until (None: not started); UP: since
        self.ways = [Way() for _ in range(count)]
        self.rival: Rival | None = None
        self.leaving: Leaving | None = None
        self._attempts = 0
        # path and attempt of the connection, well until then, that the one being made replaces
        self._moving: tuple[int, int] | None = None
        self._tried: set[int] = set()  # paths that failed in this round
        self._rounds = 0  # in vain, since a link stayed up
        self._pause_ns = PAUSE_NS_MIN

    # ---- time

    def deadline_ns(self) -> int | None:
        """Return when the next attempt is due or a left connection is closed, None for never."""
        times = [self.since_ns] if self.phase is Phase.WAITING else []
        times += [self.leaving.until_ns] if self.leaving else []
        return min((time for time in times if time is not None), default=None)

    def tick(self, now_ns: int) -> list[Action]:
        """Dial when the pause is over; see `leave` for the other deadline."""
        due = self.phase is Phase.WAITING and self.since_ns is not None and now_ns >= self.since_ns
        return self._dial(self.path) if due else []

    def start(self) -> list[Action]:
        """Dial the preferred path."""
        return self._dial(0)

    def new_attempt(self) -> int:
        """Return a number for a connection that was never given before."""
        self._attempts += 1
        return self._attempts

    # ---- the main connection

    def connected(self, attempt: int, now_ns: int) -> tuple[Joined, list[Action]]:
        """The broker accepted: the connection is the main one from now on, unless given up."""
        rival = self.rival
        if rival is not None and attempt == rival.attempt:
            return self._won(rival, now_ns)
        if attempt != self.attempt or self.phase is not Phase.DIALLING:
            return Joined.NOT, []
        self.phase, self.since_ns = Phase.UP, now_ns
        moved, self._moving = self._moving, None
        if moved is None:
            return Joined.ANEW, [Use(attempt)]
        self.leaving = Leaving(*moved, now_ns + LEAVING_NS_MAX)
        return Joined.MOVED, [Use(attempt)]

    def _won(self, rival: Rival, now_ns: int) -> tuple[Joined, list[Action]]:
        old_path, old = self.path, self.attempt
        self.rival = None
        self.path, self.attempt = rival.path, rival.attempt
        self.phase, self.since_ns = Phase.UP, now_ns
        if rival.why is Why.RETURN:
            self.leaving = Leaving(old_path, old, now_ns + LEAVING_NS_MAX)
            return Joined.MOVED, [Use(rival.attempt)]
        told = self.tell_fault(old_path, rival.reason, now_ns)
        gone = Disconnect(old_path, old, rival.reason)
        return Joined.ANEW, [*told, Use(rival.attempt), gone]

    def lost(self, attempt: int, reason: str, jitter: float, now_ns: int) -> list[Action]:
        """An attempt or a connection failed; [] where it had been given up before."""
        if self.leaving is not None and attempt == self.leaving.attempt:
            return []  # its receipts may still come, see `Leaving`
        if self.rival is not None and attempt == self.rival.attempt:
            return self._rival_lost(reason, jitter, now_ns)
        if attempt != self.attempt or self.phase is Phase.WAITING:
            return []
        if self.rival is not None:
            return self._inherit(now_ns)
        actions = self.tell_fault(self.path, reason, now_ns)
        if self._stayed_up(now_ns):
            self._begin_rounds()
            return [*actions, *self._wait(self._best(), int(jitter * RETURN_NS_MAX), now_ns)]
        self._tried.add(self.path)
        if len(self._tried) < len(self.ways):
            return [*actions, *self._dial(self._best())]
        return [*actions, *self._end_round(jitter, now_ns)]

    def _inherit(self, now_ns: int) -> list[Action]:
        """The main connection broke while another one was being made: that one is it now."""
        rival, self.rival = self.rival, None
        assert rival is not None
        returning = rival.why is Why.RETURN  # a broker drops the older of two with one client id
        told = [] if returning else self.tell_fault(self.path, rival.reason, now_ns)
        self._moving = (self.path, self.attempt) if returning else None
        self.path, self.attempt = rival.path, rival.attempt
        self.phase, self.since_ns = Phase.DIALLING, None
        return told

    # ---- a second connection beside it

    def doubt(self, why: Why, reason: str, now_ns: int) -> list[Action]:
        """The main connection brings nothing: make another one beside it.

        Of a stall the path's fault is told now, of silence only when another path has answered:
        a gateway that was stopped for a while hears nothing either.
        """
        assert self.phase is Phase.UP
        actions: list[Action] = []
        if why is Why.STALLED:
            actions += self.tell_fault(self.path, reason, now_ns)
        if self.rival is not None:
            if self.rival.why is not Why.RETURN:
                return actions
            actions += self.withdraw("the path in use is in doubt")
        self._tried = {self.path} if len(self.ways) > 1 else set()
        return [*actions, *self._challenge(self._best(), why, reason)]

    def rejoin(self, path: int) -> list[Action]:
        """Return to a preferred path that is good again."""
        assert self.phase is Phase.UP
        assert self.rival is None
        return self._challenge(path, Why.RETURN, "back to the preferred path")

    def withdraw(self, reason: str) -> list[Action]:
        """Give the rival up, where there is one: the main connection is well."""
        rival, self.rival = self.rival, None
        return [Disconnect(rival.path, rival.attempt, reason)] if rival is not None else []

    def _challenge(self, path: int, why: Why, reason: str) -> list[Action]:
        self.rival = Rival(path, self.new_attempt(), why, reason)
        return [Connect(path, self.rival.attempt, self._dial_ns())]

    def _rival_lost(self, reason: str, jitter: float, now_ns: int) -> list[Action]:
        rival, self.rival = self.rival, None
        assert rival is not None
        self._tried.add(rival.path)
        if rival.why is Why.RETURN:
            return self.tell_fault(rival.path, reason, now_ns)
        told: list[Action] = []
        if rival.path != self.path:
            told = self.tell_fault(rival.path, reason, now_ns)
        if len(self._tried) < len(self.ways):
            return [*told, *self._challenge(self._best(), rival.why, rival.reason)]
        if rival.why is Why.STALLED:
            return told  # nothing better: over this one the broker answers at least
        told += self.tell_fault(self.path, rival.reason, now_ns)
        gone = Disconnect(self.path, self.attempt, rival.reason)
        return [gone, *told, *self._end_round(jitter, now_ns)]

    def leave(self, *, nothing_out: bool, now_ns: int) -> list[Action]:
        """Close the connection that was left, when all that it carried is receipted, or late."""
        leaving = self.leaving
        if leaving is None or not (nothing_out or now_ns >= leaving.until_ns):
            return []
        self.leaving = None
        return [Disconnect(leaving.path, leaving.attempt, "moved to a preferred path", True)]

    # ---- what is told

    def proved(self, now_ns: int) -> list[Action]:
        """A receipt came over the main connection."""
        if self.phase is not Phase.UP:
            return []
        stalled = self.rival is not None and self.rival.why is Why.STALLED
        dropped = self.withdraw("the center receipts again") if stalled else []
        return [*dropped, *self.tell_back(self.path, now_ns)]

    def tell_fault(self, path: int, reason: str, now_ns: int) -> list[Action]:
        """Note that a path fails; told once until it is back."""
        way = self.ways[path]
        way.reason = reason
        if way.good is False:
            return []
        way.good, way.since_ns = False, now_ns
        return [PathFault(path, reason)]

    def tell_back(self, path: int, now_ns: int) -> list[Action]:
        """Note that a receipt came over a path; told once until it fails."""
        way = self.ways[path]
        if way.good:
            return []
        self.ways[path] = Way(True, now_ns)
        return [PathBack(path)]

    # ---- which path, and when

    def _stayed_up(self, now_ns: int) -> bool:
        up = self.phase is Phase.UP and self.since_ns is not None
        return up and now_ns - (self.since_ns or 0) >= STAYED_UP_NS

    def _best(self) -> int:
        """Return the path to try next: of those untried in this round one that is not known to
        fail, in order of preference.
        """
        untried = [path for path in range(len(self.ways)) if path not in self._tried]
        return min(untried, key=lambda path: (self.ways[path].good is False, path), default=0)

    def _begin_rounds(self) -> None:
        self._tried.clear()
        self._rounds, self._pause_ns = 0, PAUSE_NS_MIN

    def _end_round(self, jitter: float, now_ns: int) -> list[Action]:
        pause_ns = int(self._pause_ns * (0.5 + jitter / 2))
        self._tried.clear()
        self._rounds += 1
        self._pause_ns = min(2 * self._pause_ns, PAUSE_NS_MAX)
        return self._wait(0, pause_ns, now_ns)

    def _dial_ns(self) -> int:
        several = len(self.ways) > 1
        return min(DIAL_NS << min(self._rounds + (not several), 8), DIAL_NS_MAX)

    def _dial(self, path: int) -> list[Action]:
        self.path, self.attempt = path, self.new_attempt()
        self.phase, self.since_ns, self._moving = Phase.DIALLING, None, None
        return [Connect(path, self.attempt, self._dial_ns())]

    def _wait(self, path: int, pause_ns: int, now_ns: int) -> list[Action]:
        self.path = path
        self.phase, self.since_ns = Phase.WAITING, now_ns + pause_ns
        return []
