"""Injected faults: each shows as it should from its onset, and fails when its label says."""

from datetime import datetime
from typing import Any

import pytest

from hil.sites.days import Calendar, Presence
from hil.sites.electrics import TOP_OHMS, Electrics, measure
from hil.sites.episode import Group, label
from hil.sites.faults import FAULTS, Injection, inject
from hil.sites.plan import DAY_S
from hil.sites.script import Scene
from hil.sites.stimulus import Speak, Trip
from hil.sites.world import play
from tests.hil.sites.scenes import PLAN, heard, scene

ONSET, FAILURE, END = 3 * DAY_S, 8 * DAY_S + 7200.0, 9 * DAY_S + 0.0


def injected(cause: str, *, loud: bool = False, **traits: object) -> tuple[Scene, Electrics]:
    one = scene(**{"loops_every_h": 2.0, "supplies_every_h": 2.0, "line_every_h": 1.0, **traits})
    days = [Presence(d * DAY_S + 32_400, d * DAY_S + 64_800, 1, 1) for d in range(14)]
    episode = one.begin(cause, Group.FAULT, FAILURE)
    electrics = Electrics()
    inject(Injection(one, electrics, Calendar(days), episode, ONSET, FAILURE, END, loud), cause)
    return one, electrics


def lines(one: Scene, electrics: Electrics, kind: str) -> list[tuple[float, dict[str, Any]]]:
    measure(one, electrics)
    return [
        (t, what.line)
        for t, _, _, what in sorted(one.happenings, key=lambda happening: happening[:2])
        if isinstance(what, Speak) and what.line["kind"] == kind
    ]


@pytest.mark.parametrize("cause", sorted(FAULTS))
def test_a_fault_says_in_its_label_what_it_is_and_when(cause: str) -> None:
    if not FAULTS[cause].shows(scene(loops_every_h=2.0, supplies_every_h=2.0, line_every_h=1.0)):
        return
    one, _ = injected(cause)
    (episode,) = one.episodes
    assert episode.cause == cause
    assert episode.subject["panel"] == "p1"
    assert episode.onset is not None
    assert episode.failure is not None
    assert ONSET <= episode.onset <= episode.failure
    assert float(str(episode.note["mended_s"])) > episode.failure


def test_a_drifting_loop_leaves_its_band_at_the_failure_and_was_fine_before() -> None:
    one, electrics = injected("loop_drift")
    zone = one.episodes[0].subject["zone"]
    ohms = {t: line["ohms"] for t, line in lines(one, electrics, "loop") if line["zone"] == zone}
    assert all(900 < value < 1100 for t, value in ohms.items() if t < ONSET)
    last = [value for t, value in ohms.items() if FAILURE - 14_400 < t < END]
    assert all(value > 1250 or value < 820 for value in last)
    assert all(value < 2300 for value in ohms.values())


@pytest.mark.parametrize(
    ("cause", "low", "high"), [("cable_cut", TOP_OHMS, TOP_OHMS), ("cable_short", 0, 100)]
)
def test_a_broken_cable_is_measured_at_once(cause: str, low: float, high: float) -> None:
    one, electrics = injected(cause)
    zone = one.episodes[0].subject["zone"]
    found = [line["ohms"] for t, line in lines(one, electrics, "loop")
             if line["zone"] == zone and FAILURE <= t < END]  # fmt: skip
    assert found
    assert all(low <= ohms <= high for ohms in found)


def test_an_old_battery_ends_each_load_test_lower() -> None:
    one, electrics = injected("battery_low")
    tests = [
        (t, line["volts"]) for t, line in lines(one, electrics, "supply") if "load_test" in line
    ]
    before = [volts for t, volts in tests if t < ONSET]
    last = [volts for t, volts in tests if FAILURE <= t < END]
    assert min(before) > 12.0
    assert max(last) < 11.3
    assert any("power 302 active" in line for line in heard(one))


def test_a_supply_sags_below_what_detectors_need() -> None:
    one, electrics = injected("supply_low")
    volts = [line["volts"] for t, line in lines(one, electrics, "supply")
             if FAILURE <= t < END and "load_test" not in line]  # fmt: skip
    assert volts
    assert max(volts) < 11.2


def test_a_loose_contact_flutters_by_day_before_it_fails() -> None:
    one, _ = injected("loose_contact", loud=True)
    zone = one.episodes[0].subject["zone"]
    opened = [(t, why) for t, _, why, what in one.happenings
              if isinstance(what, Trip) and what.on and what.zone == zone]  # fmt: skip
    assert len([t for t, why in opened if why is None and ONSET <= t <= FAILURE]) >= 15
    assert len([t for t, why in opened if why == 1 and t >= FAILURE]) >= 3


def test_a_dead_detector_is_not_heard_any_more() -> None:
    one, _ = injected("sensor_dead")
    zone = one.plan.zone(int(str(one.episodes[0].subject["zone"])))
    one.hold(FAILURE - 1000, zone, 5)
    one.hold(FAILURE + 1000, zone, 5)
    opened = [line for line in heard(one) if f"zone open {zone.number}" in line]
    assert opened == [f"{round(FAILURE - 1000)} zone open {zone.number}"]


def test_a_degraded_detector_trips_many_times_its_usual() -> None:
    one, _ = injected("sensor_degraded")
    trips = [t for t, _, _, what in one.happenings if isinstance(what, Trip) and what.on]
    assert len(trips) > 5 * 20 * 3


def test_noise_on_the_line_is_counted() -> None:
    one, electrics = injected("line_noise")
    shares = [(t, line["bad"] / line["frames"]) for t, line in lines(one, electrics, "line")]
    assert all(share < 0.01 for t, share in shares if not FAILURE <= t < END)
    assert all(share > 0.01 for t, share in shares if FAILURE <= t < END)


def test_links_are_lost_and_come_back() -> None:
    one, _ = injected("link_loss")
    states = [line.split()[2] for line in heard(one) if " panel " in line]
    assert states[:2] == ["offline", "online"]
    assert states.count("offline") == states.count("online")


@pytest.mark.parametrize("dated", [False, True])
def test_a_wrong_clock_shows_where_the_panel_dates_something(dated: bool) -> None:
    one, _ = injected("panel_clock", panel_time=True)
    stamp = "2026-01-05T09:00:00" if dated else None
    one.speak(FAILURE + 60, kind="open_close", state="armed", panel="p1", panel_time=stamp)
    told = play(one, datetime.fromisoformat("2026-01-05T00:00:00+00:00"))
    assert label(one.episodes[0], PLAN, told)["shows"] is dated
