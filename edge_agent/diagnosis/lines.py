"""Decides what a panel's line and our way to the center are worth: noise, silence."""

from dataclasses import dataclass
from math import sqrt

from edge_agent.diagnosis.measures import S
from edge_agent.diagnosis.symptom import Switch, Symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLimits:
    """Parameters of the rules `line.*` and `link.*`."""

    bad_share: float = 0.01
    frames_min: int = 100
    panel_silent_s: float = 30.0
    uplink_silent_s: float = 90.0


WHOLE_FRAMES = 500
"""So many frames make a span whose share is worth something though it is not certain."""


class LineQuality:
    """Damaged frames of one panel's line."""

    def __init__(self, limits: LineLimits) -> None:
        self._limits = limits
        self._frames = self._bad = 0
        self._over = 0  # spans in a row above the limit
        self.share = 0.0  # of the last span
        self._noise = Switch("line.noise")

    @property
    def noisy(self) -> bool:
        """Whether the line damages too much."""
        return self._noise.on

    def handle(self, frames: int, bad: int) -> list[Symptom]:
        """Take counts since the last time; a span counts once it has frames enough."""
        if frames < 0 or bad < 0 or bad > frames:
            return []
        self._frames += frames
        self._bad += bad
        if self._frames < self._limits.frames_min:
            return []
        frames, bad = self._frames, self._bad
        share, limit = bad / frames, self._limits.bad_share
        # one bad span may be chance where the count is small, and two large ones in a row are not
        certain = (bad - 2 * sqrt(bad)) / frames > limit
        if not certain and frames < WHOLE_FRAMES:
            return []
        self._frames = self._bad = 0
        self.share = share
        self._over = self._over + 1 if share > limit else 0
        if self._noise.on:
            return self._noise.set(share > limit / 2, "quiet again")
        said = f"{bad} of {frames} frames damaged ({share:.1%}), limit {limit:.0%}"
        return self._noise.set(certain or self._over >= 2, said)


class Presence:
    """Whether the other end is there; an absence counts once it has lasted."""

    def __init__(self, rule: str, patience_s: float) -> None:
        self._patience_ns = int(patience_s * S)
        self._switch = Switch(rule)
        self._gone_ns: int | None = None

    @property
    def gone(self) -> bool:
        """Whether it is away now, counted or not."""
        return self._gone_ns is not None

    @property
    def counts(self) -> bool:
        """Whether it has been away for so long that it counts."""
        return self._switch.on

    def handle(self, there: bool, now_ns: int) -> list[Symptom]:
        """Take how it is."""
        if there:
            self._gone_ns = None
            return self._switch.set(False, "there again")
        if self._gone_ns is None:
            self._gone_ns = now_ns
        return self.tick(now_ns)

    def due_ns(self) -> int | None:
        """Return when an absence counts."""
        if self._gone_ns is None or self._switch.on:
            return None
        return self._gone_ns + self._patience_ns

    def tick(self, now_ns: int) -> list[Symptom]:
        """Judge at `now_ns`."""
        due_ns = self.due_ns()
        if due_ns is None or now_ns < due_ns or self._gone_ns is None:
            return []
        return self._switch.set(True, f"for {(now_ns - self._gone_ns) / S:.0f} s")
