"""Decides when the paths that are not in use are looked at, and when a preferred one is good again.

A probe is a connection of its own beside the main one.  It sends the genesis, which the center
holds already, and waits for its receipt: that proves broker and center, and stores nothing twice.
A path below the one in use is looked at now and then, so that its fault is known before it is
needed; one above is looked at soon after it failed, then ever more seldom, and when it is proven
the probe is held for a while, since a path that comes and goes is worse than a steady lower one.
One probe at a time: a gateway's spare path is often paid by the byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edge_agent.uplink.messages import Action, Disconnect, Greet, Outgoing, Probe

FIRST_NS = 5_000_000_000  # after the link is up; to it comes as much again, by chance
AGAIN_NS = 10_000_000_000  # after a failure; doubled each time
AGAIN_NS_MAX = 300_000_000_000  # a preferred path is found good within five minutes and the hold
FAILURES_MAX = 2  # in a row, before a fault is told: one may be a hiccup
PATIENCE_NS = 8_000_000_000  # for the connection, and once more for the receipt: nothing waits
HOLD_NS_MIN = 20_000_000_000
HOLD_NS_MAX = 640_000_000_000
FLAPPING_NS = 600_000_000_000
"""A preferred path that fails so soon after the return must hold twice as long the next time."""


class Step(Enum):
    """How far the probe is."""

    DIALLING = "dialling"
    PROVING = "proving"
    HOLDING = "holding"


@dataclass(slots=True)
class _Probe:
    path: int
    attempt: int
    step: Step
    until_ns: int


@dataclass(slots=True)
class _Watched:
    due_ns: int | None = None
    failures: int = 0
    hold_ns: int = HOLD_NS_MIN
    returned_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a step of the watch comes to: actions, and what was found of a path."""

    actions: tuple[Action, ...] = ()
    good: int | None = None
    bad: int | None = None
    reason: str = ""


NOTHING = Told()


class Watch:
    """The paths beside the main one; `every_ns` is how often a lower one is looked at."""

    def __init__(self, paths: int, every_ns: int, new_attempt: Callable[[], int]) -> None:
        self._paths = [_Watched() for _ in range(paths)]
        self._every_ns = every_ns
        self._new_attempt = new_attempt
        self._probe: _Probe | None = None
        self.ready: int | None = None  # a preferred path that was proven and held

    def deadline_ns(self) -> int | None:
        """Return when `tick` is wanted, None for never."""
        if self._probe is not None:
            return self._probe.until_ns
        return min((p.due_ns for p in self._paths if p.due_ns is not None), default=None)

    # ---- what the main connection does

    def settled(self, main: int, jitter: float, now_ns: int) -> Told:
        """The main connection is over `main` now: look at all others."""
        stopped = self.stop("the path is in use" if self._is_probed(main) else "a new connection")
        for path, watched in enumerate(self._paths):
            if path == main:
                watched.due_ns, watched.failures = None, 0
            elif watched.due_ns is None:
                watched.due_ns = now_ns + int(FIRST_NS * (1 + jitter))
        return stopped

    def returned(self, path: int, now_ns: int) -> None:
        """The main connection is back on a preferred path."""
        self._paths[path].returned_ns = now_ns

    def failed_in_use(self, path: int, now_ns: int) -> None:
        """The main connection's path is lost."""
        watched = self._paths[path]
        since_ns, watched.returned_ns = watched.returned_ns, None
        flapping = since_ns is not None and now_ns - since_ns < FLAPPING_NS
        watched.hold_ns = min(2 * watched.hold_ns, HOLD_NS_MAX) if flapping else HOLD_NS_MIN

    def stop(self, reason: str) -> Told:
        """Give the present probe up; nothing is held ready."""
        probe, self._probe, self.ready = self._probe, None, None
        if probe is None:
            return NOTHING
        self._paths[probe.path].due_ns = probe.until_ns
        return Told((Disconnect(probe.path, probe.attempt, reason, True),))

    def _is_probed(self, path: int) -> bool:
        return self._probe is not None and self._probe.path == path

    # ---- the probe

    def is_probe(self, attempt: int) -> bool:
        """Whether a connection is the present probe."""
        return self._probe is not None and self._probe.attempt == attempt

    def tick(self, main: int, jitter: float, now_ns: int) -> Told:
        """Begin what is due, end what takes too long; `main` is the path in use, and it is up."""
        probe = self._probe
        if probe is None:
            return self._begin(main, now_ns)
        if now_ns < probe.until_ns or self.ready is not None:
            return NOTHING
        if probe.step is Step.HOLDING:
            self.ready, probe.until_ns = probe.path, now_ns + HOLD_NS_MAX
            return NOTHING
        why = "no receipt came over it" if probe.step is Step.PROVING else "no answer in time"
        gone = Disconnect(probe.path, probe.attempt, why, True)
        failed = self._failed(why, jitter, now_ns)
        return Told((gone,), bad=failed.bad, reason=why)

    def _begin(self, main: int, now_ns: int) -> Told:
        due = [
            path
            for path, watched in enumerate(self._paths)
            if path != main and watched.due_ns is not None and now_ns >= watched.due_ns
        ]
        if not due:
            return NOTHING
        self._paths[due[0]].due_ns = None
        self._probe = _Probe(due[0], self._new_attempt(), Step.DIALLING, now_ns + 2 * PATIENCE_NS)
        return Told((Probe(due[0], self._probe.attempt, PATIENCE_NS),))

    def connected(self, genesis: Outgoing | None, now_ns: int) -> Told:
        """The probe's broker accepted: send the genesis over it."""
        probe = self._probe
        assert probe is not None
        if genesis is None:  # not read yet: the next look will find it
            return self._end(now_ns + AGAIN_NS)
        probe.step, probe.until_ns = Step.PROVING, now_ns + PATIENCE_NS
        return Told((Greet(probe.attempt, genesis),))

    def receipted(self, main: int, jitter: float, now_ns: int) -> Told:
        """The genesis was receipted over the probe."""
        probe = self._probe
        assert probe is not None
        if probe.step is not Step.PROVING:
            return NOTHING
        watched = self._paths[probe.path]
        watched.failures = 0
        if probe.path < main:
            probe.step, probe.until_ns = Step.HOLDING, now_ns + watched.hold_ns
            return Told(good=probe.path)
        path = probe.path
        ended = self._end(now_ns + int(self._every_ns * (0.75 + jitter / 2)))
        return Told(ended.actions, good=path)

    def lost(self, reason: str, jitter: float, now_ns: int) -> Told:
        """The probe failed or broke."""
        return self._failed(reason, jitter, now_ns)

    def _end(self, due_ns: int) -> Told:
        probe, self._probe = self._probe, None
        assert probe is not None
        self._paths[probe.path].due_ns = due_ns
        return Told((Disconnect(probe.path, probe.attempt, "seen", True),))

    def _failed(self, reason: str, jitter: float, now_ns: int) -> Told:
        probe, self._probe, self.ready = self._probe, None, None
        assert probe is not None
        watched = self._paths[probe.path]
        watched.failures += 1
        pause_ns = min(AGAIN_NS << min(watched.failures - 1, 8), AGAIN_NS_MAX)
        watched.due_ns = now_ns + int(pause_ns * (0.5 + jitter))
        if watched.failures < FAILURES_MAX:
            return NOTHING
        return Told(bad=probe.path, reason=reason)
