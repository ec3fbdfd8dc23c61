"""Decides whether a panel's clock is right, from the times that it writes on what it says.

A panel's time comes late by what the line takes, never early, and often in whole seconds or whole
minutes: so several readings agree before a clock is called slow, and the finest step seen is
allowed for.  One reading proves a fast clock: nothing that holds a report up makes it early.
"""

from collections import deque
from dataclasses import dataclass

from edge_agent.diagnosis.measures import S
from edge_agent.diagnosis.symptom import Switch, Symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimits:
    """Parameters of the rule `panel.clock`."""

    offset_s: float = 2.0
    ahead_s: float = 10.0
    readings: int = 3
    large_s: float = 120.0
    sure_s: float = 300.0
    apart_s: float = 60.0
    alike_s: float = 60.0


class PanelTimes:
    """One panel's clock against ours."""

    def __init__(self, limits: ClockLimits) -> None:
        self._limits = limits
        self._offsets: deque[float] = deque(maxlen=limits.readings)
        self._read_ns: int | None = None
        self._whole_minutes = 0
        self._switch = Switch("panel.clock")

    @property
    def off(self) -> bool:
        """Whether the clock is wrong."""
        return self._switch.on

    def handle(self, told_ns: int, now_ns: int) -> list[Symptom]:
        """Take the time that the panel showed (`told_ns`, Unix) at our `now_ns`, on a fresh report.

        What comes together counts as one, the latest of it: reports that were held back come in a
        burst, and only the last of them is fresh.
        """
        limits = self._limits
        whole = told_ns // S % 60 == 0
        self._whole_minutes = min(self._whole_minutes + 1, 5) if whole else 0
        off_s = (told_ns - now_ns) / S
        if self._read_ns is not None and now_ns - self._read_ns < limits.apart_s * S:
            self._offsets[-1] = max(self._offsets[-1], off_s)
        else:
            self._offsets.append(off_s)
            self._read_ns = now_ns
        # a panel that shows minutes may round to the next one
        if off_s > limits.ahead_s + (60.0 if whole else 0.0):
            return self._switch.set(True, _words([off_s]))
        return self._judge()

    def _judge(self) -> list[Symptom]:
        limits, offsets = self._limits, list(self._offsets)
        step_s = 60.0 if self._whole_minutes >= 3 else 1.0
        if self._is_off(offsets[-1:], limits.sure_s, step_s, 1):
            return self._switch.set(True, _words(offsets[-1:]))
        if self._is_off(offsets[-2:], limits.large_s, step_s, 2):
            return self._switch.set(True, _words(offsets[-2:]))
        if len(offsets) < limits.readings:
            return []
        # the panel cuts its time off at the step: it may be slow by so much without being wrong
        on = self._is_off(offsets, limits.offset_s, step_s, limits.readings)
        return self._switch.set(on, _words(offsets))

    def _is_off(self, offsets: list[float], limit_s: float, step_s: float, least: int) -> bool:
        late, early = max(offsets), min(offsets)
        alike = late - early <= self._limits.alike_s + step_s or late * early > limit_s**2
        return len(offsets) >= least and alike and (late < -limit_s - step_s or early > limit_s)

    def told(self, on: bool, detail: str) -> list[Symptom]:
        """Take the panel's own word that its clock is wrong, or was set."""
        self._offsets.clear()
        self._read_ns = None
        return self._switch.set(on, detail)


def _words(offsets: list[float]) -> str:
    return f"{min(offsets, key=abs):+.0f} s against the gateway's clock"
