"""The only way down: a known user's code, at once, freely given."""

from dataclasses import replace

import pytest

from edge_agent.domain.site import AreaSettings, Premises, UserSettings
from tests.diagnosis.timeline import (
    DOOR,
    HALL,
    OFFICE,
    ROOM,
    SHOP,
    START,
    WINDOW,
    Line,
    alarm,
    armed,
    at,
    disarmed,
    opens,
    run,
    tiers,
    verdicts,
)

OTHERS = Premises(users=(UserSettings(panel="p1", user=9),))


def test_a_valid_code_in_time_clears_and_is_cited() -> None:
    said = run(
        armed(), opens(7300, DOOR), opens(7304, HALL), alarm(7330, DOOR, "134"), disarmed(7350)
    )
    assert verdicts(said)[-1] == (7350, 0, "cp01.abort")
    assert said[-1]["lines"] == [3, 4, 5, 6]
    assert said[-1]["cause"] == "unscheduled_user"  # at two in the night


@pytest.mark.parametrize(("after", "tier"), [(300, 0), (301, 2), (5000, 2)])
def test_a_late_code_clears_nothing(after: float, tier: int) -> None:
    said = run(armed(), alarm(7300, ROOM), alarm(7310, OFFICE), disarmed(7300 + after))
    assert said[-1]["tier"] == tier
    assert said[-1]["lines"][-1] == (5 if after < 3600 else 4)  # then nobody asks any more


@pytest.mark.parametrize(
    "free",
    [
        at(7350, "cancel", code="406", area=1, user=3),
        at(7350, "open_close", "disarmed", code="401", area=1, user=4),
        at(7350, "area", "disarmed", area=1, user=3),
    ],
)
def test_every_way_to_say_so(free: Line) -> None:
    assert tiers(run(armed(), alarm(7300, ROOM), free)) == {"i3": 0}


@pytest.mark.parametrize(
    "free",
    [
        disarmed(7350, user=None),
        disarmed(7350, user=77),
        at(7350, "open_close", "disarmed", code="403", area=1, user=3),  # by the clock
        at(7350, "cancel", code="406", area=1),
        {**disarmed(7350), "area": 2},
        {**disarmed(7350), "panel": "p2"},
        {**disarmed(7350), "t": 7200},  # its time makes no sense
        {**disarmed(7350), "area": "x"},  # that of one area, or of the only one: nobody knows
        {**disarmed(7350), "user": [3]},
        {**at(7350, "cancel", code="406", user=3), "area": 1.5},
    ],
)
def test_what_is_no_valid_code(free: Line) -> None:
    assert tiers(run(armed(), alarm(7300, ROOM), free)) == {"i3": 1}


def test_the_user_may_come_with_a_second_line() -> None:
    said = run(
        armed(),
        alarm(7300, ROOM),
        disarmed(7350, user=None),
        at(7350, "open_close", "disarmed", code="401", area=1, user=3),
    )
    assert verdicts(said)[-1] == (7350, 0, "cp01.cancel")


def test_any_user_where_none_are_listed() -> None:
    assert tiers(run(armed(), alarm(7300, 1), disarmed(7350, user=77), site=Premises())) == {
        "i3": 0
    }
    assert tiers(run(armed(), alarm(7300, 1), disarmed(7350), site=OTHERS)) == {"i3": 1}


def test_duress_before_or_after_keeps_it_standing() -> None:
    threat = at(7351, "duress", code="121", user=3, area=1)
    said = run(armed(), alarm(7300, ROOM), alarm(7310, OFFICE), disarmed(7350), threat)
    assert tiers(said) == {"i3": 2, "i6": 4}
    assert all(6 not in one["lines"] for one in said if one["incident"] == "i3")
    before = run(armed(), alarm(7300, ROOM), {**threat, "t": 7349}, disarmed(7350))
    assert tiers(before) == {"i3": 1, "i4": 4}


def test_a_tamper_is_never_cleared_to_nothing() -> None:
    said = run(armed(), at(7300, "tamper", zone=ROOM, area=1), disarmed(7320))
    assert tiers(said) == {"i3": 1}


def test_all_areas_of_an_incident_must_be_cleared() -> None:
    lines = [armed(), armed(1, area=2), alarm(7300, ROOM), alarm(7310, 99, area=2)]
    half = run(*lines, disarmed(7320))
    assert half[-1]["tier"] == 2
    whole = run(*lines, disarmed(7320), disarmed(7330, area=2))
    assert verdicts(whole)[-1] == (7330, 0, "cp01.abort")
    assert whole[-1]["lines"] == [4, 5, 6, 7]


def test_an_alarm_that_comes_after_its_disarming_is_cleared_with_it() -> None:
    said = run(armed(), alarm(7300, ROOM), disarmed(7320), alarm(7321, OFFICE))
    assert tiers(said) == {"i3": 0}
    assert said[-1]["lines"] == [3, 4, 5]
    assert sorted(
        tiers(run(armed(), alarm(7300, ROOM), disarmed(7320), alarm(7330, OFFICE))).values()
    ) == [0, 1]


def test_an_area_in_alarm_is_no_second_one_beside_what_was_cleared_at_once() -> None:
    lines = [armed(), at(7300, "area", "alarm", area=1), alarm(7300, ROOM), disarmed(7300.3)]
    assert tiers(run(*lines)) == {"i4": 0}
    again = [armed(7310), at(7330, "area", "alarm", area=1)]
    assert tiers(run(*lines, *again)) == {"i4": 0, "i7": 1}


def test_the_window_begins_as_the_panel_calls_the_area_s_alarm() -> None:
    came_in = [armed(), opens(7300, DOOR), at(7330, "area", "alarm", area=1)]
    assert tiers(run(*came_in, disarmed(7629))) == {"i3": 0}
    assert tiers(run(*came_in, disarmed(7631))) == {"i3": 1}
    held = at(7360, "burglary", code="134", area=1, zone=DOOR)  # by an abort window
    assert tiers(run(*came_in, held, disarmed(7631))) == {"i3": 1}
    alone = [armed(), at(7330, "area", "alarm", area=1), held]
    assert tiers(run(*alone, disarmed(7629))) == {"i3": 0}
    assert tiers(run(*alone, disarmed(7631))) == {"i3": 1}


def test_the_window_begins_with_the_first_line_of_an_alarm() -> None:
    came_in = [armed(), opens(7300, DOOR), opens(7304, HALL), alarm(7360, DOOR, "134")]
    assert tiers(run(*came_in, disarmed(7659))) == {"i3": 0}
    assert tiers(run(*came_in, disarmed(7661))) == {"i3": 1}
    long_ago = [armed(), opens(7300, WINDOW), opens(7500, WINDOW), alarm(7700, WINDOW)]
    assert tiers(run(*long_ago, disarmed(7710))) == {"i3": 1}


def test_all_parts_of_a_long_one_are_cleared() -> None:
    storm = [alarm(7300 + n, ROOM) for n in range(200)]
    said = run(armed(), *storm, disarmed(7550))
    assert len(tiers(said)) == 3
    assert set(tiers(said).values()) == {0}


TWO = replace(SHOP, areas=(*SHOP.areas, AreaSettings(panel="p1", area=2)))


def test_an_area_that_the_site_does_not_have_makes_no_second_one_of_its_only_one() -> None:
    other, whole = disarmed(7310, area=77), disarmed(7330, area=None)
    assert tiers(run(armed(), alarm(7300, ROOM), other, whole)) == {"i3": 0}
    assert tiers(run(armed(), alarm(7300, ROOM), other, whole, site=TWO)) == {"i3": 1}
    assert tiers(run(armed(), alarm(7300, 99, area=77), whole)) == {"i3": 1}


def test_the_only_area_is_that_of_the_alarm_too_where_the_site_names_none() -> None:
    cancel = at(7330, "cancel", code="406", user=3)
    assert tiers(run(alarm(7300, 9), cancel, site=Premises())) == {"i2": 0}
    assert tiers(run(armed(area=2), alarm(7300, 9), cancel, site=Premises())) == {"i3": 1}


def test_a_late_code_for_nobody_knows_which_area_ends_nothing() -> None:
    """Though a zone of no known area is among what was heard."""
    late, next_ = disarmed(7900, area=None), alarm(7901, ROOM)
    said = run(armed(), alarm(7300, WINDOW), opens(7750, 777), late, next_, site=TWO)
    assert tiers(said) == {"i3": 3}


def test_what_comes_after_the_clearing_is_a_new_incident() -> None:
    said = run(armed(), alarm(7300, ROOM), disarmed(7320), armed(7400), alarm(7600, OFFICE))
    assert sorted(tiers(said).values()) == [0, 1]


@pytest.mark.parametrize(
    ("lines", "start", "cause"),
    [
        ([armed(), at(70, "exit_error", code="374", zone=DOOR, area=1)], START, "exit_error"),
        ([armed(), at(95, "access", code="461", zone=DOOR)], START, "wrong_code"),
        ([armed()], {"start": "2026-11-23T12:00:00+08:00"}, "exit_error"),
        ([armed(-0.0)], START, "exit_error"),
    ],
)
def test_why_somebody_had_to_cancel(lines: list[Line], start: Line, cause: str) -> None:
    said = run(*lines, alarm(100, DOOR, "134"), disarmed(120), start=start)
    assert said[-1]["cause"] == cause


AT_SIX = {"start": "2026-11-23T06:00:00+08:00"}


def why(*lines: Line, site: Premises = SHOP) -> str | None:
    """Return the cause that is told when a code clears, two hours after the arming."""
    said = run(armed(), *lines, disarmed(7350), start=AT_SIX, site=site)
    assert said[-1]["tier"] == 0
    return said[-1]["cause"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ([alarm(7300, DOOR, "134")], "entry_late"),
        ([alarm(7300, HALL), alarm(7310, DOOR, "134")], "entry_late"),
        ([alarm(7300, ROOM)], None),
        ([alarm(7300, ROOM), alarm(7310, OFFICE)], None),  # no door was heard
        ([alarm(7300, WINDOW), alarm(7310, DOOR, "134")], None),  # who broke the window?
        ([alarm(7300 + n, ROOM) for n in (0, 10, 20)], "nuisance"),
        (
            [alarm(7300 + n / 10, zone) for n, zone in enumerate((DOOR, ROOM, WINDOW))],
            "common_cause",
        ),
    ],
)
def test_a_cause_is_told_where_what_was_heard_shows_it(
    lines: list[Line], cause: str | None
) -> None:
    assert why(*lines) == cause


def test_an_alarm_moments_after_the_arming_is_of_who_leaves_where_it_may_be_the_way_out() -> None:
    leaving = [armed(), alarm(100, HALL), disarmed(120)]
    assert run(*leaving, start=AT_SIX)[-1]["cause"] == "exit_error"
    assert run(*leaving, start=AT_SIX, site=Premises())[-1]["cause"] == "exit_error"
    room = [armed(), alarm(100, ROOM), disarmed(120)]
    assert run(*room, start={"start": "2026-11-23T12:00:00+08:00"})[-1]["cause"] is None


@pytest.mark.parametrize(("lost", "tier"), [(7900, 0), (7000, 1)])
def test_what_is_told_after_a_silence_may_have_happened_at_its_beginning(
    lost: float, tier: int
) -> None:
    """A code is in time only where it is so however early in the silence the alarm was."""
    gap = [at(lost, "panel", "offline"), at(8000, "panel", "online")]
    said = run(armed(), *gap, alarm(8000.5, ROOM), disarmed(8010))
    assert said[-1]["tier"] == tier
    later = run(armed(), *gap, alarm(8006, ROOM), disarmed(8010))
    assert later[-1]["tier"] == 0
