"""Fire and gas: tier 2 at once, more when it is certain, never less."""

import pytest

from tests.diagnosis.timeline import START, armed, at, disarmed, run, tiers, verdicts

NIGHT = {"start": "2026-11-23T22:00:00+08:00"}


def test_one_detector_is_never_held() -> None:
    said = run(at(100, "fire", zone=50, code="111"), disarmed(110))
    assert verdicts(said) == [(100, 2, "fire.first")]


@pytest.mark.parametrize(("second_s", "tier"), [(400, 3), (1100, 2)])
def test_a_second_detector_in_time(second_s: float, tier: int) -> None:
    said = run(armed(), at(100, "fire", zone=50), at(second_s, "fire", zone=51), start=NIGHT)
    assert said[-1]["tier"] == tier


def test_the_same_detector_again_is_one() -> None:
    said = run(armed(), at(100, "fire", zone=50), at(160, "fire", zone=50), start=NIGHT)
    assert said[-1]["tier"] == 2
    assert "fire.again" in said[-1]["reasons"]


def test_a_confirmed_fire_where_people_are_threatens_life() -> None:
    two = [at(100, "fire", zone=50), at(130, "fire", zone=51)]
    assert run(disarmed(1), *two)[-1]["tier"] == 4
    assert run(armed(), *two, start={"start": "2026-11-23T12:00:00+08:00"})[-1]["tier"] == 4
    assert run(armed(), *two, start=NIGHT)[-1]["tier"] == 3
    flat = [armed(), armed(2, area=2, state="armed_stay")]  # and nobody says where it burns
    assert run(*flat, *two, start=NIGHT)[-1]["tier"] == 4


def test_a_call_point_is_certain() -> None:
    said = run(armed(), at(100, "fire", zone=60, code="115"), start=START)
    assert verdicts(said) == [(100, 3, "fire.call_point")]


def test_gas_is_an_incident_of_its_own() -> None:
    said = run(armed(), at(100, "fire", zone=50), at(101, "gas", zone=70), at(102, "co", zone=71))
    assert len(tiers(said)) == 2
    assert min(tiers(said).values()) >= 2
