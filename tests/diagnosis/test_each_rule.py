"""Each rule of incidents is seen to speak, and each rule of any kind has a test that names it."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from edge_agent.diagnosis.contact import Contact, ContactLimits
from edge_agent.diagnosis.health_rules import RULES as HEALTH_RULES
from edge_agent.diagnosis.measures import DAY_NS
from edge_agent.diagnosis.rules import RULES
from edge_agent.domain.site import MaintenanceSettings
from tests.diagnosis.timeline import (
    DOOR,
    OFFICE,
    ROOM,
    SHOP,
    STORE,
    WINDOW,
    Line,
    alarm,
    armed,
    at,
    disarmed,
    opens,
    run,
)

DIAGNOSIS = Path(__file__).resolve().parent.parent

FIRE = at(7300, "fire", zone=31, area=1, code="110")
SCENES: dict[str, list[Line]] = {
    "motion.apart": [armed(), alarm(7300, OFFICE), alarm(7700, STORE)],
    "trip.opening": [armed(), alarm(7300, WINDOW), opens(7310, ROOM)],
    "panel.verified": [armed(), alarm(7300, ROOM, "139")],
    "cp01.exit_error": [armed(), at(60, "exit_error", code="374", area=1), alarm(65, DOOR)],
    "cp01.late_code": [armed(), alarm(7300, ROOM), disarmed(7700)],
    "cp01.duress": [armed(), alarm(7300, ROOM), at(7310, "duress", area=1, user=3, code="121")],
    "cp01.settling": [armed(), at(7290, "system_trouble", code="305"), alarm(7300, ROOM)],
    "common.cause": [
        armed(),
        *(alarm(7300 + n / 100, zone) for n, zone in enumerate((ROOM, OFFICE, STORE, WINDOW))),
        alarm(7400, ROOM),
    ],
    "supply.low": [armed(), at(7290, "supply", None, supply="s1", volts=9.9), alarm(7300, ROOM)],
    "bus.fault": [armed(), at(7290, "module_trouble", code="333"), alarm(7300, ROOM)],
    "radio.interference": [armed(), at(7290, "comms", code="344"), alarm(7300, STORE)],
    "maintenance.visit": [disarmed(1), at(7000, "service", code="466"), alarm(7300, ROOM)],
    "incident.continued": [armed(), *(alarm(7300 + n, ROOM) for n in range(100))],
    "life.medical": [at(7300, "medical", zone=30)],
    "life.panic": [at(7300, "panic", zone=30)],
    "life.holdup": [at(7300, "holdup", zone=30)],
    "fire.second_detector": [FIRE, {**FIRE, "t": 7330, "zone": 32}],
    "fire.occupied": [disarmed(1), FIRE, {**FIRE, "t": 7330, "zone": 32}],
    "gas.first": [at(7300, "gas", zone=33)],
}


WORK = MaintenanceSettings(
    panel="p1",
    zones=(ROOM,),
    start=datetime.fromisoformat("2026-11-23T01:00:00+08:00"),
    end=datetime.fromisoformat("2026-11-23T03:00:00+08:00"),
)


def test_a_zone_on_trial_speaks() -> None:
    trial = tuple(
        replace(zone, soak_until=date(2026, 12, 1)) if zone.zone == ROOM else zone
        for zone in SHOP.zones
    )
    said = run(armed(), alarm(7300, ROOM), alarm(7310, WINDOW), site=replace(SHOP, zones=trial))
    assert "soak" in said[0]["reasons"]
    assert {one["tier"] for one in said} == {1}


@pytest.mark.parametrize(("motion", "rule"), [(True, "detector.lone"), (False, "contact.lone")])
def test_a_detector_that_trips_alone_speaks(motion: bool, rule: str) -> None:
    contact = Contact(ContactLimits(), motion=motion)
    told = [one.rule for day in (0, 2, 4) for one in contact.alone(day * DAY_NS)]
    assert told == [rule]


def test_announced_work_speaks() -> None:
    site = replace(SHOP, maintenance=(WORK,))
    (one,) = run(disarmed(1), alarm(7300, ROOM), site=site)
    assert (one["tier"], one["reasons"][0]) == (0, "maintenance.window")
    (other,) = run(disarmed(1), alarm(7300, OFFICE), site=site)
    assert other["tier"] == 1
    (late,) = run(disarmed(1), alarm(10_801, ROOM), site=site)
    assert late["tier"] == 1


@pytest.mark.parametrize("rule", sorted(SCENES))
def test_a_rule_speaks(rule: str) -> None:
    assert rule in RULES
    said = run(*SCENES[rule])
    assert any(rule in one["reasons"] for one in said), [one["reasons"] for one in said]


def test_every_rule_has_a_test_that_names_it() -> None:
    told = "".join(
        file.read_text()
        for file in DIAGNOSIS.rglob("test_*.py")
        if file.name not in ("test_rules.py", "test_health_rules.py", "test_judged_words.py")
    )
    assert [rule for rule in (*RULES, *HEALTH_RULES) if f'"{rule}"' not in told] == []
