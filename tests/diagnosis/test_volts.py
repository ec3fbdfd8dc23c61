"""Supplies: what sags with the mains there is the supply, what sags without it the battery."""

import random

import pytest

from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS
from edge_agent.diagnosis.volts import SupplyLimits, Volts


class Meter:
    def __init__(self) -> None:
        self.volts = Volts(SupplyLimits())
        self.random = random.Random(5)
        self.told: dict[str, float] = {}
        self.over: list[str] = []

    def read(
        self, volts: float, now_ns: int, *, test: bool = False, mains_lost: bool = False
    ) -> None:
        noisy = volts + self.random.gauss(0, 0.03)
        told = self.volts.handle(noisy, load_test=test, mains_lost=mains_lost, now_ns=now_ns)
        for symptom in told:
            if symptom.holds:
                self.told.setdefault(symptom.rule, now_ns / DAY_NS)
            else:
                self.over.append(symptom.rule)

    def days(self, first: int, last: int, volts: float = 13.6, fall_a_day: float = 0.0) -> None:
        for hour in range(first * 24, last * 24):
            self.read(volts - fall_a_day * (hour / 24 - first), hour * HOUR_NS)

    def tests(self, first: int, last: int, every_h: int, fall_a_day: float = 0.0) -> None:
        for hour in range(first * 24, last * 24, every_h):
            volts = 12.6 - fall_a_day * (hour / 24 - first)
            self.read(volts, hour * HOUR_NS, test=True)


def test_weeks_of_a_sound_supply_and_battery_say_nothing() -> None:
    meter = Meter()
    meter.days(0, 21)
    meter.tests(21, 42, 4)
    assert meter.told == {}


@pytest.mark.parametrize(("every_h", "fall_a_day"), [(4, 0.3), (12, 0.2), (24, 0.15)])
def test_an_ageing_battery_is_foreseen_a_day_ahead(every_h: int, fall_a_day: float) -> None:
    meter = Meter()
    meter.tests(0, 7, every_h)
    low_at = 7 + 1.4 / fall_a_day
    meter.tests(7, int(low_at) + 2, every_h, fall_a_day)
    assert meter.told["battery.trend"] <= low_at - 1.0
    assert meter.told["battery.low"] >= low_at - 1.0
    assert "supply.sags" not in meter.told


def test_a_sag_with_the_mains_there_is_the_supply() -> None:
    meter = Meter()
    meter.days(0, 2)
    meter.read(10.8, 2 * DAY_NS)
    assert list(meter.told) == ["supply.sags"]
    assert meter.volts.failing
    meter.read(13.5, 2 * DAY_NS + HOUR_NS)
    assert meter.over == ["supply.sags"]


def test_load_tests_that_fall_with_the_level_tell_of_the_charger() -> None:
    meter = Meter()
    for hour in range(5 * 24):
        fell = max(0.0, (hour - 72) * 0.1)
        meter.read(max(11.3, 13.6 - fell), hour * HOUR_NS)
        if hour % 4 == 0:
            meter.read(max(11.3, 12.7 - fell), hour * HOUR_NS + 1, test=True)
    assert list(meter.told) == ["supply.trend"]


def test_a_charger_that_was_set_lower_hides_no_ageing_battery_for_ever() -> None:
    meter = Meter()
    meter.days(0, 7)
    meter.days(7, 16, volts=13.2)
    meter.tests(16, 23, 4)
    meter.tests(23, 30, 4, 0.3)
    assert "battery.trend" in meter.told


def test_a_sag_without_the_mains_is_the_battery_and_a_charger_does_not_clear_it() -> None:
    meter = Meter()
    meter.days(0, 2)
    meter.read(11.0, 2 * DAY_NS, mains_lost=True)
    assert list(meter.told) == ["battery.low"]
    meter.read(13.6, 2 * DAY_NS + HOUR_NS)
    assert meter.over == []
    meter.read(12.6, 2 * DAY_NS + 2 * HOUR_NS, test=True)
    assert meter.over == ["battery.low"]


def test_a_set_of_24_volts_has_its_own_limits() -> None:
    meter = Meter()
    meter.read(27.3, 0)
    meter.read(24.0, HOUR_NS)
    assert meter.told == {}
    meter.read(24.0, 2 * HOUR_NS, test=True)
    assert list(meter.told) == ["battery.low"]


def test_where_nobody_tests_days_of_falling_are_a_battery() -> None:
    meter = Meter()
    meter.days(0, 5)
    meter.days(5, 11, fall_a_day=0.4)
    assert next(iter(meter.told)) in ("battery.trend", "supply.trend")
    assert meter.told["battery.trend"] < 10


@pytest.mark.parametrize("volts", [float("nan"), float("inf"), -3.0, 1e9])
def test_nonsense_is_no_voltage(volts: float) -> None:
    meter = Meter()
    assert meter.volts.handle(volts, load_test=False, mains_lost=False, now_ns=0) == []
    assert not meter.volts.battery_suspect


def test_where_load_tests_tell_of_the_battery_a_slow_sag_is_the_supply() -> None:
    meter = Meter()
    meter.tests(0, 1, 4)
    meter.days(1, 3)
    for hour in range(72, 150):
        meter.read(11.6, hour * HOUR_NS)  # between low and good for three days
    meter.read(11.0, 150 * HOUR_NS)
    assert "supply.sags" in meter.told
    assert "battery.low" not in meter.told


DAILY = (12.6, 12.55, 12.63, 12.58, 12.61, 12.57, 12.6)


def test_a_battery_that_fails_within_days_is_foreseen_by_three_tests() -> None:
    """At a test a day a line through many of them comes too late."""
    meter = Meter()
    for day, volts in enumerate((*DAILY, 12.4, 12.0, 11.5, 11.0)):
        meter.volts.handle(volts, load_test=True, mains_lost=False, now_ns=day * DAY_NS)
        if meter.volts.battery_suspect:
            break
    assert day == len(DAILY) + 1  # two days before it is low


def test_one_low_test_or_a_small_fall_is_no_battery_that_fails() -> None:
    for last in ((12.0, 12.6), (12.5, 12.4), (12.6, 12.0, 12.1, 12.6)):
        meter = Meter()
        for day, volts in enumerate((*DAILY, *last)):
            meter.volts.handle(volts, load_test=True, mains_lost=False, now_ns=day * DAY_NS)
        assert not meter.volts.battery_suspect


def test_after_the_mains_was_gone_a_battery_is_not_full_and_tests_low() -> None:
    meter = Meter()
    for day, volts in enumerate(DAILY):
        meter.volts.handle(volts, load_test=True, mains_lost=False, now_ns=day * DAY_NS)
    now_ns = len(DAILY) * DAY_NS
    meter.volts.handle(12.1, load_test=False, mains_lost=True, now_ns=now_ns)
    for hour, volts in ((2, 12.3), (12, 12.0), (24, 11.7), (36, 11.6), (60, 12.5)):
        at_ns = now_ns + hour * HOUR_NS
        meter.volts.handle(volts, load_test=True, mains_lost=False, now_ns=at_ns)
    assert not meter.volts.battery_suspect
