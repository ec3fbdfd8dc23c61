"""Planted bugs of the gateway's body and its end: what it finds of itself, and its last words."""

from typing import Any

from edge_agent.agent import Agent
from edge_agent.daemon.ending import Ending
from edge_agent.evidence.bodies import ActBody
from edge_agent.health import power
from edge_agent.health.debounce import Band
from edge_agent.health.findings import Findings, _Presence
from edge_agent.health.gpio import GpioLine
from edge_agent.health.points import Point
from edge_agent.health.power import Power, Supply
from tests.mutants.mutant import Patch


def gone_is_absent(patch: Patch) -> None:
    """A reading that was there and is gone counts as hardware that this gateway does not have."""
    patch.setattr(_Presence, "handle", lambda self, there, why, now_ns: [])


def vanished_is_zero(patch: Patch) -> None:
    """What cannot be read is judged as 0: a finding ends because its sensor died."""
    real = Findings.handle

    def handle(self: Any, readings: Any, now_ns: int, why: Any = None) -> Any:
        rules = {one.rule.reading: 0.0 for one in self._rules}
        return real(self, {**rules, **readings}, now_ns, why)

    patch.setattr(Findings, "handle", handle)


def no_hysteresis(patch: Patch) -> None:
    """A value at its limit flaps: one limit counts for bad and for good again."""
    real = Band.judge
    patch.setattr(Band, "judge", lambda self, value, was_bad: real(self, value, False))


def enclosure_unsaid(patch: Patch) -> None:
    """The enclosure is opened and nobody told."""
    patch.setattr(Point, "handle", lambda self, raw, now_ns, frame: [])


def edges_left_in_the_kernel(patch: Patch) -> None:
    """The edges of an input are not taken: the loop does nothing else any more."""
    patch.setattr(GpioLine, "forget_edges", lambda self: None)


def gasp_beside_the_mains(patch: Patch) -> None:
    """The countdown to the last gasp goes on though the mains is back."""
    real = Power._on_mains

    def on_mains(self: Any, supply: Supply, now_ns: int) -> Any:
        running = self._gasp_at_ns
        said = real(self, supply, now_ns)
        self._gasp_at_ns = self._gasp_at_ns or running
        return said

    patch.setattr(Power, "_on_mains", on_mains)


def flicker_sets_back(patch: Patch) -> None:
    """A mains that comes for a moment puts the last gasp off, until there is no power for it."""
    patch.setattr(power, "RETURN_NS", 0)


def gasp_overwritten(patch: Patch) -> None:
    """A SIGTERM after the last gasp takes its place in the last event."""

    def end(self: Any, act: ActBody) -> None:
        if self._stop is not None:
            self.act = act
            self._stop.set()

    patch.setattr(Ending, "_end", end)


def defect_swallowed(patch: Patch) -> None:
    """A callback of the loop fails, and the process goes on without what it should have done."""
    patch.setattr(Agent, "_on_loop_exception", lambda self, loop, context: None)
