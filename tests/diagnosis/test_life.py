"""Life: tier 4 at once, and nothing lowers it."""

import pytest

from tests.diagnosis.timeline import Line, alarm, armed, at, disarmed, run, tiers, verdicts

TEST = at(10, "test", code="607", user=3, area=1)


@pytest.mark.parametrize("kind", ["medical", "panic", "duress", "holdup"])
@pytest.mark.parametrize("before", [[], [armed()], [TEST], [armed(), disarmed(50), TEST]])
def test_at_once_whatever_else_holds(kind: str, before: list[Line]) -> None:
    said = run(
        *before, at(100, kind, zone=9, area=1), disarmed(110), at(111, "cancel", area=1, user=3)
    )
    assert [(t, tier) for t, tier, _ in verdicts(said)] == [(100, 4)]


def test_two_actuations_far_enough_apart_confirm_a_hold_up() -> None:
    said = run(at(100, "holdup", zone=9), at(219, "holdup", zone=9), at(221, "panic", zone=9))
    assert ["holdup.confirmed" in one["reasons"] for one in said] == [False, False, True]
    assert len(tiers(said)) == 1


def test_a_tamper_confirms_a_hold_up() -> None:
    said = run(at(100, "holdup", zone=9), at(130, "tamper", zone=4, area=1))
    life = [one for one in said if one["incident"] == "i2"]
    assert "holdup.confirmed" in life[-1]["reasons"]
    assert tiers(said) == {"i2": 4, "i3": 1}


def test_life_intrusion_and_another_day_are_incidents_of_their_own() -> None:
    lines = [armed(), at(100, "panic", zone=9), alarm(130, 3), at(140, "medical", zone=8)]
    said = run(*lines, at(40_000, "panic", zone=9))
    assert sorted(tiers(said).values()) == [1, 4, 4, 4]


def test_a_button_that_sticks_is_bounded() -> None:
    said = run(*[at(100 + n, "panic", zone=9) for n in range(300)])
    assert len(said) == 300
    assert max(len(one["lines"]) for one in said) <= 96
    assert {one["tier"] for one in said} == {4}
