"""Decides whether the main connection still serves, and brings paths, pulse and watch together.

Two things can be wrong, and they are told apart.  The broker does not answer: the path is silent,
and after seconds the next one is tried.  It answers, and nothing is receipted: the center is down
or cut off from its broker, which another path may get around; it is tried as well, but ever more
seldom, since a center that is down for an hour is not found by running from broker to broker.
"""

from dataclasses import dataclass

from edge_agent.evidence.receipt import Receipt, range_digest
from edge_agent.uplink.messages import Action, Outgoing, Ping
from edge_agent.uplink.paths import Joined, Paths, Phase, Why
from edge_agent.uplink.pulse import IDLE_NS, SECOND_NS, Pulse
from edge_agent.uplink.watch import Told, Watch

STALL_NS = 8_000_000_000
"""A receipt takes two round trips and a commit; with another path to go to, so long is enough."""

STALL_ALONE_NS = 30_000_000_000  # without one: only to send again what may have got lost
STALL_NS_MAX = 60_000_000_000

QUIET_NS_MAX = 5_000_000_000
"""How long the backlog rests before a return to a preferred path, for receipts to come in."""

WATCH_EVERY_NS = 1_000_000_000_000
"""How often a path below the one in use is looked at: 3.6 times an hour."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often connections are asked: `idle_ns` the main one, `watch_ns` a spare path."""

    idle_ns: int = IDLE_NS
    watch_ns: int = WATCH_EVERY_NS


@dataclass(frozen=True, slots=True)
class Traffic:
    """How the outbox stands: since when nothing was receipted with something outstanding (None:
    nothing is), and the shortest round trip.
    """

    silent_ns: int | None
    round_trip_ns: int | None


class Supervision:
    """Every connection of one center."""

    def __init__(self, paths: int, rhythm: Rhythm) -> None:
        self.paths = Paths(paths)
        self._rhythm = rhythm
        self._watch = Watch(paths, rhythm.watch_ns, self.paths.new_attempt)
        self._pulse = Pulse(rhythm.idle_ns, 0)
        self._stall = _Stall(STALL_NS if paths > 1 else STALL_ALONE_NS)
        self._quiet_ns: int | None = None  # until when the backlog rests for a return
        self.moved_ns = 0  # when the main connection was last moved back in order

    # ---- how it stands

    @property
    def wants_quiet(self) -> bool:
        """Whether the backlog should rest: a return is near, and must not catch it in flight."""
        rival = self.paths.rival
        return self._quiet_ns is not None or (rival is not None and rival.why is Why.RETURN)

    @property
    def awaits_answer(self) -> bool:
        """Whether the broker was asked for a sign of life."""
        return self._pulse.is_asked

    def deadline_ns(self, silent_ns: int | None) -> int | None:
        """Return when `tick` is wanted, None for never; `silent_ns` as in `Traffic`."""
        times = [self.paths.deadline_ns()]
        if self.paths.phase is Phase.UP:
            if self.paths.rival is None and self._watch.ready is None:
                times.append(self._watch.deadline_ns())
            times.append(self._quiet_ns)
            if not self._is_doubted():
                times.append(self._pulse.deadline_ns(silent_ns))
                times.append(self._stall.due_ns(silent_ns))
        return min((time for time in times if time is not None), default=None)

    def _is_doubted(self) -> bool:
        rival = self.paths.rival
        return rival is not None and rival.why is not Why.RETURN

    # ---- what happens

    def connected(
        self, attempt: int, genesis: Outgoing | None, jitter: float, now_ns: int
    ) -> tuple[Joined, list[Action]]:
        """A broker accepted; see `Joined` for what is on its way."""
        if self._watch.is_probe(attempt):
            return Joined.NOT, self._tell(self._watch.connected(genesis, now_ns), now_ns)
        before = self.paths.path
        joined, actions = self.paths.connected(attempt, now_ns)
        if joined is Joined.NOT:
            return joined, []
        if joined is Joined.ANEW and before != self.paths.path:
            self._watch.failed_in_use(before, now_ns)
        if joined is Joined.MOVED:
            self._watch.returned(self.paths.path, now_ns)
            self.moved_ns = now_ns
        self._pulse = Pulse(self._rhythm.idle_ns, now_ns)
        self._stall.begin(now_ns)
        self._quiet_ns = None
        settled = self._watch.settled(self.paths.path, jitter, now_ns)
        return joined, [*actions, *self._tell(settled, now_ns)]

    def lost(self, attempt: int, reason: str, jitter: float, now_ns: int) -> list[Action]:
        """A connection failed or ended."""
        if self._watch.is_probe(attempt):
            self._quiet_ns = None
            return self._tell(self._watch.lost(reason, jitter, now_ns), now_ns)
        stopped: list[Action] = []
        if attempt == self.paths.attempt and self.paths.phase is Phase.UP:
            stopped = self._tell(self._watch.stop("the path in use is lost"), now_ns)
            self._watch.failed_in_use(self.paths.path, now_ns)
            self._quiet_ns = None
        actions = self.paths.lost(attempt, reason, jitter, now_ns)
        if self.paths.phase is Phase.UP and self.paths.rival is None:
            stopped += self._tell(self._watch.settled(self.paths.path, jitter, now_ns), now_ns)
        return [*stopped, *actions]

    def answered(self, attempt: int, now_ns: int) -> list[Action]:
        """A broker said something."""
        if attempt != self.paths.attempt or self.paths.phase is not Phase.UP:
            return []
        self._pulse.heard(now_ns)
        rival = self.paths.rival
        if rival is not None and rival.why is Why.SILENT:
            return self.paths.withdraw("the path in use answers again")
        return []

    def receipted(self, attempt: int, now_ns: int, *, news: bool) -> list[Action]:
        """The center holds what it was sent; `news`: more than the genesis."""
        if attempt != self.paths.attempt:
            return []
        if news:
            self._stall.end()
        return self.paths.proved(now_ns)

    def is_probe(self, attempt: int) -> bool:
        """Whether what came over a connection concerns the watch alone."""
        return self._watch.is_probe(attempt)

    def probe_receipted(
        self, receipt: Receipt, genesis: Outgoing | None, now_ns: int
    ) -> list[Action]:
        """A receipt came over the probe: is it that of the genesis it sent?"""
        if genesis is None or self.paths.phase is not Phase.UP:
            return []
        digest = range_digest([genesis.leaf])
        if all(held.epoch != genesis.epoch or held.digest != digest for held in receipt.ranges):
            return []
        return self._tell(self._watch.receipted(self.paths.path, 0.5, now_ns), now_ns)

    def tick(self, traffic: Traffic, jitter: float, now_ns: int) -> list[Action]:
        """A deadline has passed."""
        if self.paths.phase is not Phase.UP:
            return self.paths.tick(now_ns)
        actions: list[Action] = []
        if not self._is_doubted():
            actions += self._examine(traffic, now_ns)
        if self.paths.phase is Phase.UP and self.paths.rival is None:
            watched = self._watch.tick(self.paths.path, jitter, now_ns)
            actions += self._tell(watched, now_ns)
            if self._watch.ready is not None and self._quiet_ns is None:
                self._quiet_ns = now_ns + QUIET_NS_MAX
        return actions

    def _examine(self, traffic: Traffic, now_ns: int) -> list[Action]:
        pulse = self._pulse
        if pulse.is_silent(now_ns):
            # nothing more is asked of it until this is decided
            return self._doubt(Why.SILENT, "the broker does not answer any more", now_ns)
        if self._stall.is_due(traffic.silent_ns, now_ns):
            waited_s = (now_ns - (traffic.silent_ns or 0)) // SECOND_NS
            self._stall.happened(now_ns)
            said = f"nothing receipted for {waited_s} s, though the broker answers"
            remedy = "check that the center runs and is connected to this broker"
            return self._doubt(Why.STALLED, f"{said}; {remedy}", now_ns)
        if pulse.is_due(traffic.silent_ns, now_ns):
            pulse.ask(traffic.round_trip_ns, now_ns)
            return [Ping(self.paths.attempt)]
        return []

    def _doubt(self, why: Why, reason: str, now_ns: int) -> list[Action]:
        self._quiet_ns = None
        stopped = self._tell(self._watch.stop("the path in use is in doubt"), now_ns)
        return [*stopped, *self.paths.doubt(why, reason, now_ns)]

    def return_if_quiet(self, *, nothing_out: bool, now_ns: int) -> list[Action]:
        """Go back to a preferred path, proven and held, when nothing is on its way."""
        ready, until_ns = self._watch.ready, self._quiet_ns
        if ready is None or until_ns is None or self.paths.rival is not None:
            return []
        if not nothing_out and now_ns < until_ns:
            return []
        self._quiet_ns = None
        stopped = self._tell(self._watch.stop("it becomes the path in use"), now_ns)
        return [*stopped, *self.paths.rejoin(ready)]

    def _tell(self, told: Told, now_ns: int) -> list[Action]:
        actions = list(told.actions)
        if told.good is not None:
            actions += self.paths.tell_back(told.good, now_ns)
        if told.bad is not None:
            actions += self.paths.tell_fault(told.bad, told.reason, now_ns)
        return actions


class _Stall:
    """How long the center may be silent, while the broker is not, before another path is tried."""

    def __init__(self, patience_ns: int) -> None:
        self._least_ns = self._patience_ns = patience_ns
        self._since_ns = 0

    def begin(self, now_ns: int) -> None:
        self._since_ns = now_ns

    def end(self) -> None:
        self._patience_ns = self._least_ns

    def due_ns(self, silent_ns: int | None) -> int | None:
        if silent_ns is None:
            return None
        return max(silent_ns, self._since_ns) + self._patience_ns

    def is_due(self, silent_ns: int | None, now_ns: int) -> bool:
        due_ns = self.due_ns(silent_ns)
        return due_ns is not None and now_ns >= due_ns

    def happened(self, now_ns: int) -> None:
        self._since_ns = now_ns
        self._patience_ns = min(2 * self._patience_ns, STALL_NS_MAX)
