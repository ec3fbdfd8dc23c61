"""Decides how a wireless detector is heard: supervision, strength, jamming.

EN 50131-5-3 sets how long a transmitter may be silent before it is reported (grade 2: 120 min) and
that a jamming of 30 s within 60 s is told.  How often this detector reports is learned, so that one
that reports each minute is missed after minutes and not after hours.
"""

from dataclasses import dataclass
from math import isfinite

from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, Average, Latest, S, Settling, keep
from edge_agent.diagnosis.symptom import Switch, Symptom

JAMS_KEPT = 16
"""Readings with interference that are remembered: how long it lasts is told by the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioLimits:
    """Parameters of the rules `radio.*`."""

    drop_db: float = 10.0
    miss_gaps: float = 4.0
    miss_min_min: float = 10.0
    jam_s: float = 30.0
    jam_window_s: float = 60.0
    jam_readings: int = 2
    jam_zones_s: float = 300.0
    jam_flags: int = 3


class Radio:
    """One wireless detector."""

    def __init__(self, limits: RadioLimits) -> None:
        self._limits = limits
        self._usual = Settling(7 * DAY_NS)
        self._learned = 0
        self._recent = Latest(5)
        self._gap = Average(64)
        self._heard_ns: int | None = None
        self._jams: list[int] = []
        self._weak = Switch("radio.weak")
        self._silent = Switch("radio.supervision")
        self._jam = Switch("radio.noise")

    @property
    def silent(self) -> bool:
        """Whether supervision is lost."""
        return self._silent.on

    @property
    def jammed(self) -> bool:
        """Whether interference was told for so long that it counts."""
        return self._jam.on

    @property
    def jammed_last_ns(self) -> int | None:
        """Return when interference was last told."""
        return self._jams[-1] if self._jams else None

    def holds(self) -> dict[str, bool]:
        """Return which rules hold now."""
        return {one.rule: one.on for one in (self._weak, self._silent, self._jam)}

    def handle(self, rssi_dbm: float | None, interference: bool, now_ns: int) -> list[Symptom]:
        """Take a reading."""
        told = self.heard(now_ns, regular=True)
        told += self._judge_jam(interference, now_ns)
        if rssi_dbm is None or not isfinite(rssi_dbm) or interference or not -150 <= rssi_dbm <= 20:
            return told
        self._recent.add(rssi_dbm)
        middle = self._recent.median
        usual = self._usual.value
        if usual is not None and self._recent.full and self._learned >= 20 and middle is not None:
            fall = usual - middle
            on = fall > (self._limits.drop_db * 0.6 if self._weak.on else self._limits.drop_db)
            told += self._weak.set(on, f"{middle:.0f} dBm, usually {usual:.0f}")
        if not self._weak.on:
            self._learned += 1
            if self._learned <= 20 and usual is not None:  # no constant of days at the start
                self._usual.value = usual + (rssi_dbm - usual) / self._learned
            else:
                self._usual.add(rssi_dbm, now_ns)
        return told

    def heard(self, now_ns: int, *, regular: bool = False) -> list[Symptom]:
        """The detector said something: `regular` readings tell how often it does."""
        if regular:
            if self._heard_ns is not None and not self._silent.on:
                gap_ns = now_ns - self._heard_ns
                if 0 < gap_ns <= 12 * HOUR_NS:
                    self._gap.add(gap_ns / S)
            self._heard_ns = now_ns
        return self._silent.set(False, "heard again")

    def pause(self, now_ns: int) -> None:
        """Nothing can be heard for another reason (the panel is gone): count from now."""
        if self._heard_ns is not None:
            self._heard_ns = now_ns

    def due_ns(self) -> int | None:
        """Return when silence is a miss."""
        if self._heard_ns is None or self._gap.seen < 8 or self._silent.on:
            return None
        limits = self._limits
        usual_s = self._gap.mean + 2 * self._gap.spread
        patience_s = max(limits.miss_gaps * usual_s, limits.miss_min_min * 60)
        return self._heard_ns + int(patience_s * S)

    def tick(self, now_ns: int) -> list[Symptom]:
        """Judge the silence at `now_ns`."""
        due_ns = self.due_ns()
        if due_ns is None or now_ns < due_ns or self._heard_ns is None:
            return []
        minutes = (now_ns - self._heard_ns) / 60 / S
        usual = self._gap.mean / 60
        return self._silent.set(True, f"silent for {minutes:.0f} min, usually {usual:.1f}")

    def missed(self, lost: bool, detail: str) -> list[Symptom]:
        """The panel itself says that supervision is lost, or found again."""
        return self._silent.set(lost, detail)

    def _judge_jam(self, interference: bool, now_ns: int) -> list[Symptom]:
        limits = self._limits
        if not interference:
            if self._jams and now_ns - self._jams[-1] > limits.jam_window_s * S:
                self._jams.clear()
                return self._jam.set(False, "clear again")
            return []
        keep(self._jams, now_ns, JAMS_KEPT)
        lasts_ns = now_ns - self._jams[0]
        enough = len(self._jams) >= limits.jam_readings and lasts_ns >= limits.jam_s * S
        return self._jam.set(self._jam.on or enough, f"for {lasts_ns / S:.0f} s")
