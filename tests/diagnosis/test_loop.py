"""Loops: breaks at once, drift before it matters, nothing where doors are just opened."""

import math
import random
from collections.abc import Callable

import pytest

from edge_agent.diagnosis.loop import Loop, LoopLimits
from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, S

LEVEL = 1_010.0


class Meter:
    """Reads a loop each hour, with noise and the day's wave; keeps what was told and when."""

    def __init__(self, *, motion: bool = False, eol_ohms: float | None = 1_000.0) -> None:
        self.loop = Loop(LoopLimits(), eol_ohms, motion=motion)
        self.random = random.Random(7)
        self.now_ns = 0
        self.told: dict[str, float] = {}
        self.over: list[str] = []
        self.spikes = 0

    def read(self, ohms: float, state: str = "closed", moved_ns: int | None = None) -> None:
        told, spiked = self.loop.handle(ohms, state, moved_ns, self.now_ns)
        self.spikes += spiked
        for symptom in told:
            if symptom.holds:
                self.told[symptom.rule] = self.now_ns / DAY_NS
            else:
                self.over.append(symptom.rule)
        self.now_ns += HOUR_NS

    def days(self, count: float, change: Callable[[float], float] = lambda _: 1.0) -> None:
        for _ in range(int(count * 24)):
            wave = 1 + 0.012 * math.sin(self.now_ns / DAY_NS * math.tau)
            noise = self.random.gauss(1, 0.004)
            self.read(LEVEL * wave * noise * change(self.now_ns / DAY_NS))


def test_weeks_of_noise_and_of_the_days_wave_say_nothing() -> None:
    meter = Meter()
    meter.days(28)
    assert meter.told == {}
    assert meter.loop.jump == 0.0
    assert meter.loop.level == pytest.approx(LEVEL, rel=0.01)


@pytest.mark.parametrize(("a_day", "fails_at"), [(0.03, 0.3), (-0.012, 0.2), (0.1, 0.3)])
def test_drift_is_foreseen_a_day_before_the_zone_alarms(a_day: float, fails_at: float) -> None:
    meter = Meter()
    meter.days(7)
    lasts = fails_at / abs(a_day)
    meter.days(lasts, lambda day: 1 + a_day * (day - 7))
    assert min(meter.told.values()) <= 7 + lasts - 1.0
    assert set(meter.told) <= {"loop.drift", "loop.trend"}


def test_a_cut_is_told_at_the_second_reading_and_is_no_drift() -> None:
    meter = Meter()
    meter.days(3)
    meter.read(900_000.0)
    assert meter.told == {}
    assert meter.loop.suspect
    meter.read(900_000.0)
    assert list(meter.told) == ["loop.cut"]
    for _ in range(48):
        meter.read(900_000.0)
    assert list(meter.told) == ["loop.cut"]
    assert meter.loop.broken
    meter.days(1)
    assert meter.over == ["loop.cut"]


def test_the_panels_word_of_a_fault_makes_one_reading_enough() -> None:
    meter = Meter()
    meter.days(3)
    meter.read(3.0, "fault")
    assert list(meter.told) == ["loop.short"]


def test_a_door_whose_opening_reads_like_a_cut_is_not_cut() -> None:
    meter = Meter()
    meter.days(2)
    for _ in range(30):
        meter.read(900_000.0, "open", meter.now_ns - 60 * S)
        meter.days(0.1)
    assert meter.told == {}


def test_an_open_zone_that_reads_beyond_its_openings_is_cut() -> None:
    meter = Meter()
    meter.days(2)
    meter.read(2_000.0, "open", meter.now_ns - 60 * S)  # how an opening looks here
    meter.days(1)
    for _ in range(3):
        meter.read(900_000.0, "open", meter.now_ns - HOUR_NS)
    assert list(meter.told) == ["loop.cut"]


def test_jumps_that_come_back_are_counted_and_are_no_drift() -> None:
    meter = Meter()
    meter.days(2)
    for _ in range(6):
        meter.read(LEVEL * 1.6)
        meter.days(0.25)
    assert meter.spikes == 6
    assert meter.told == {}


def test_a_step_that_stays_is_drift_and_no_jump() -> None:
    meter = Meter()
    meter.days(2)
    meter.days(2, lambda _: 1.25)
    assert meter.spikes == 0
    assert "loop.drift" in meter.told


@pytest.mark.parametrize("ohms", [float("nan"), float("inf"), -5.0, 0.0, 1e300])
def test_nonsense_is_an_open_loop_at_worst(ohms: float) -> None:
    meter = Meter(eol_ohms=None)
    meter.read(ohms)
    meter.days(1)
    meter.read(ohms)
