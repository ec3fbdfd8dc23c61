"""A whole site: nothing in weeks of ordinary life, the right cause in a fault, no nonsense."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.diagnosis.board import Place
from edge_agent.diagnosis.finding import Finding
from edge_agent.diagnosis.health import SOUND, Health
from edge_agent.diagnosis.judge import Judge
from edge_agent.diagnosis.observation import NS, Measure, Observation
from edge_agent.diagnosis.panel_watch import UNLISTED_MAX
from edge_agent.diagnosis.site import Site
from edge_agent.domain.kinds import STATES, Kind, State
from tests.diagnosis.life import (
    DAY_S,
    HOUR_S,
    OFFICE,
    OFFICE_DOOR,
    SHOP,
    STORE,
    WINDOW,
    Life,
    site,
)

DAYS = 9
FAULT_S = 6 * DAY_S + 10 * HOUR_S


def run(life: Life) -> tuple[Health, list[Finding]]:
    health = Health(site())
    judge = Judge([health])
    found = [each for one in life.observations() for each in judge.take(one)]
    found += judge.until(round(life.days * DAY_S * NS))
    return health, [one for one in found if isinstance(one, Finding)]


def scaled(kind: Measure, key: str, change: Callable[[float, float], float], **whose: Any) -> Any:
    def apply(t: float, said: dict[str, Any]) -> None:
        mine = all(said.get(name) == value for name, value in whose.items())
        if said["kind"] is kind and mine and t > FAULT_S:
            said[key] = change(t - FAULT_S, said[key])

    return apply


def bouncing(life: Life) -> None:
    for _ in range(30):
        life.trip(FAULT_S + life.random.uniform(0, DAY_S), OFFICE_DOOR, 0.1)


def cut(life: Life) -> None:
    life.change(scaled(Measure.LOOP, "ohms", lambda _t, _o: 900_000.0, zone=STORE))
    life.without(lambda t, said: t > FAULT_S and said.get("zone") == STORE and "state" in said)
    life.zone(FAULT_S, STORE, State.TAMPER)


def drifting(life: Life) -> None:
    rise = lambda t, ohms: ohms * (1 + 0.06 * t / DAY_S)  # noqa: E731  a table's entry
    life.change(scaled(Measure.LOOP, "ohms", rise, zone=WINDOW))


def leaking(life: Life) -> None:
    life.change(scaled(Measure.LOOP, "ohms", lambda _t, ohms: ohms * 0.88))


def sagging(life: Life) -> None:
    life.change(scaled(Measure.SUPPLY, "volts", lambda _t, volts: volts - 3.0))
    for _ in range(20):
        life.trip(FAULT_S + life.random.uniform(HOUR_S, DAY_S), WINDOW, 0.1)


def dark(life: Life) -> None:
    life.at(FAULT_S, Kind.POWER, code="301", state=State.ACTIVE)
    life.at(FAULT_S + HOUR_S, Kind.POWER, code="301", state=State.RESTORED)
    for zone in (WINDOW, STORE):
        life.trip(FAULT_S + 1, zone, 0.1)


def jammed(life: Life) -> None:
    life.change(scaled(Measure.RADIO, "interference", lambda _t, _i: True))


def unheard(life: Life) -> None:
    life.without(lambda t, said: t > FAULT_S and said["kind"] is Measure.RADIO)


def stuck(life: Life) -> None:
    life.without(lambda t, said: t > FAULT_S and said.get("zone") == SHOP and "state" in said)
    life.zone(FAULT_S, SHOP, State.OPEN)


def gone(life: Life) -> None:
    life.without(lambda t, said: FAULT_S < t < FAULT_S + HOUR_S)
    life.at(FAULT_S, Kind.PANEL, state=State.OFFLINE)
    life.at(FAULT_S + HOUR_S, Kind.PANEL, state=State.ONLINE)


FAULTS: list[tuple[Callable[[Life], None], str, tuple[str, int | str] | None]] = [
    (bouncing, "loose_contact", ("zone", OFFICE_DOOR)),
    (cut, "cable_cut", ("zone", STORE)),
    (drifting, "loop_drift", ("zone", WINDOW)),
    (leaking, "earth_fault", ("bus", "b1")),
    (sagging, "supply_low", ("supply", "s1")),
    (dark, "mains_loss", None),
    (jammed, "radio_interference", ("zone", OFFICE)),
    (unheard, "radio_supervision", ("zone", OFFICE)),
    (stuck, "sensor_stuck", ("zone", SHOP)),
    (gone, "link_loss", None),
]


def calm(seed: int, days: int = DAYS) -> Life:
    """A quiet shop: few visitors, so that many days pass in little time."""
    return Life(seed, days, bustle=0.06).ordinary()


def test_weeks_of_ordinary_life_say_nothing_and_take_nothing_off() -> None:
    health, found = run(calm(4, 14))
    assert found == []
    entries = health.maintenance(14 * 86_400 * NS)
    assert {one.score for one in entries} == {100}
    assert not any(one.flawed for one in entries)
    assert {one.kind for one in entries} == {"uplink", "line", "supply", "bus", "detector"}
    assert health.of_zone("p1", STORE, 14 * 86_400 * NS).score == 100


@pytest.mark.parametrize(("fault", "cause", "part"), FAULTS)
def test_the_right_cause_is_told_alone(
    fault: Callable[[Life], None], cause: str, part: tuple[str, int | str] | None
) -> None:
    life = calm(2)
    fault(life)
    _, found = run(life)
    said = {(one.cause, one.part) for one in found if not one.over}
    assert said == {(cause, part)}
    assert all(one.t_ns / NS >= FAULT_S for one in found)


def test_incident_rules_learn_why_a_zone_is_doubtful() -> None:
    life = calm(2)
    sagging(life)
    health, found = run(life)
    now_ns = round(life.days * DAY_S * NS)
    doubt = health.of_zone("p1", WINDOW, now_ns)
    assert {one.cause for one in doubt.suspicions} == {"supply_low"}
    assert doubt.suspicions[0].since_ns / NS >= FAULT_S
    assert doubt.suspect
    assert health.of_zone("p1", 999, now_ns) is SOUND
    assert health.of_zone(None, None, now_ns) is SOUND
    assert health.of_panel("p1") == ()
    assert health.standing() == [found[0]]


def test_the_maintenance_list_has_the_worst_first() -> None:
    life = calm(2)
    cut(life)
    drifting(life)
    health, _ = run(life)
    worst, next_worst = health.maintenance(round(life.days * DAY_S * NS))[:2]
    assert (worst.place.part, next_worst.place.part) == (("zone", STORE), ("zone", WINDOW))
    assert worst.score < next_worst.score < 100
    assert [one.cause for one in worst.findings] == ["cable_cut"]
    assert worst.tested_days is None


def test_a_line_and_a_supply_have_their_score_as_well() -> None:
    life = calm(2)
    sagging(life)
    health, _ = run(life)
    entries = {one.place: one for one in health.maintenance(round(life.days * DAY_S * NS))}
    supply = entries[Place("p1", ("supply", "s1"))]
    assert (supply.kind, supply.findings[0].cause) == ("supply", "supply_low")
    assert supply.score == 100 - sum(one.points for one in supply.points) < 60
    assert entries[Place("p1")].kind == "line"


def test_the_uplink_is_the_gateways_own() -> None:
    life = Life(1, 1)
    life.said.append((60.0, {"kind": Measure.UPLINK, "up": False}))
    health, found = run(life)
    assert [(one.panel, one.cause, one.reasons, one.t_ns // NS) for one in found] == [
        ("@gateway", "link_loss", ("link.uplink",), 150)
    ]
    assert [one.cause for one in health.of_panel("p1")] == ["link_loss"]


def test_time_alone_ends_when_nobody_is_heard_any_more() -> None:
    life = Life(1, 1)
    life.zone(10.0, SHOP, State.CLOSED)
    health = Health(site())
    judge = Judge([health])
    for one in life.observations():
        list(judge.take(one))
    list(judge.until(400 * 86_400 * NS))
    assert health.deadline_ns() is None


def test_a_prefix_of_a_timeline_gives_the_prefix_of_its_findings() -> None:
    life = calm(2)
    bouncing(life)
    leaking(life)
    whole = list(life.observations())
    middle = len(whole) * 3 // 4

    def told(observations: Iterable[Observation]) -> list[Finding]:
        judge = Judge([Health(site())])
        return [f for one in observations for f in judge.take(one) if isinstance(f, Finding)]

    cut_ns = whole[middle - 1].t_ns
    assert told(whole[:middle]) == [one for one in told(whole) if one.t_ns <= cut_ns]


# ---- nonsense

NUMBERS = st.none() | st.integers(1, 9) | st.just(99_999_999)
FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 1e12])


@st.composite
def nonsense(draw: st.DrawFn) -> list[Observation]:
    said, t_ns = [], 0
    for line in range(2, draw(st.integers(2, 40))):
        t_ns += draw(st.sampled_from([0, 1, NS, 60 * NS, 3_600 * NS]))
        t_ns += draw(st.sampled_from([10**13, 10**17])) if line in (9, 20) else 0
        kind: Kind | Measure = draw(st.sampled_from([*Kind, *Measure]))
        states = sorted(STATES[kind]) if isinstance(kind, Kind) else []
        said.append(
            Observation(
                line=line,
                t_ns=t_ns,
                kind=kind,
                state=draw(st.sampled_from([None, *states])),
                panel=draw(st.sampled_from([None, "p1", "p2", "@gateway"])),
                zone=draw(NUMBERS),
                area=draw(NUMBERS),
                user=draw(NUMBERS),
                code=draw(st.sampled_from([None, "301", "310", "333", "344", "380", "607", "x"])),
                wall_ns=draw(st.sampled_from([None, 0, t_ns, 10**20])),
                panel_time=draw(st.sampled_from([None, "2026-01-01T00:00:00", "0001-01-01", "x"])),
                up=draw(st.none() | st.booleans()),
                ohms=draw(FLOATS),
                supply=draw(st.sampled_from([None, "s1", "?"])),
                volts=draw(FLOATS),
                load_test=draw(st.booleans()),
                rssi_dbm=draw(FLOATS),
                interference=draw(st.none() | st.booleans()),
                frames=draw(st.none() | st.integers(0, 1 << 53)),
                bad=draw(st.none() | st.integers(0, 1 << 53)),
            )
        )
    return said


@settings(max_examples=30, deadline=None)
@given(nonsense())
def test_nonsense_never_raises_and_time_never_goes_back(said: list[Observation]) -> None:
    for place in (site(), Site()):
        health = Health(place)
        judge = Judge([health])
        found = [one for each in said for one in judge.take(each)]
        times = [one.t_ns for one in found]
        assert times == sorted(times)
        health.maintenance(said[-1].t_ns if said else 0)


def test_an_hour_of_flood_from_many_zones_is_bounded() -> None:
    rng, health = random.Random(1), Health(Site())
    judge = Judge([health])
    for step in range(3_000):
        zone, state = rng.randint(1, 10_000), rng.choice([State.OPEN, State.CLOSED, State.FAULT])
        said = Observation(
            line=step + 2, t_ns=step * NS, kind=Kind.ZONE, state=state, panel=f"p{step % 400}",
            zone=zone,
        )  # fmt: skip
        list(judge.take(said))
    assert len(health._panels) <= 128


def test_what_a_line_may_name_is_bounded_over_all_panels() -> None:
    health, now_ns = Health(site()), 0
    for now_ns in range(UNLISTED_MAX + 500):
        said = Observation(
            line=2, t_ns=now_ns, kind=Kind.BURGLARY, state=State.ACTIVE,
            panel=f"x{now_ns % 3}", zone=1_000 + now_ns,
        )  # fmt: skip
        health.handle(said, now_ns)
    zones = [one for one in health.maintenance(now_ns) if one.place.part is not None]
    assert len(zones) == UNLISTED_MAX
