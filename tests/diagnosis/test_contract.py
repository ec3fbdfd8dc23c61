"""What `edge-agent judge` promises to others, sentence by sentence, where no other test says it."""

import json
from typing import Any

import pytest

from edge_agent.domain.site import (
    AreaSettings,
    Premises,
    SiteSettings,
    Times,
    UserSettings,
    ZoneSettings,
)
from edge_agent.judging import judge
from tests.diagnosis.timeline import (
    HALL,
    OFFICE,
    ROOM,
    SHOP,
    START,
    STORE,
    WINDOW,
    Line,
    alarm,
    armed,
    at,
    closes,
    disarmed,
    opens,
    run,
    tiers,
    verdicts,
)

KEYS = {
    *("t", "type", "incident", "tier", "reasons", "lines", "panel", "area", "zones", "cause"),
    *("available", "missing"),
}


def closing(t: float, state: str, user: int | None = 3, code: str = "401") -> Line:
    return at(t, "open_close", state, code=code, area=1, user=user)


def test_a_verdict_has_every_field_and_comes_at_its_alarm() -> None:
    [one] = run(armed(), alarm(7300.25, ROOM))
    assert set(one) == KEYS
    assert (one["t"], one["lines"], one["zones"], one["panel"]) == (7300.25, [3], [ROOM], "p1")


@pytest.mark.parametrize(
    "how",
    [
        [armed()],
        [closing(0, "armed")],
        [closing(0, "armed", code="403", user=None)],  # by the clock
        [armed(), closing(0.1, "armed")],
        [closing(0, "armed"), armed(60)],
        [armed(area=None)],
    ],
)
def test_area_lines_open_close_or_both(how: list[Line]) -> None:
    assert tiers(run(*how, opens(7300, WINDOW), opens(7310, ROOM)))[f"i{len(how) + 2}"] == 3
    assert run(*how, closing(7000, "disarmed"), opens(7300, WINDOW)) == []


@pytest.mark.parametrize("window_s", [60, 120, 300, 900])
def test_the_cancel_window_is_the_sites(window_s: float) -> None:
    site = Premises(site=SiteSettings(cancel_window_s=window_s), users=SHOP.users)
    lines = [armed(), alarm(7300, 5)]
    assert tiers(run(*lines, disarmed(7300 + window_s), site=site)) == {"i3": 0}
    assert tiers(run(*lines, disarmed(7300.1 + window_s), site=site)) == {"i3": 1}


def test_the_window_runs_from_the_first_alarm_however_many_follow() -> None:
    swings = [alarm(7300 + 50 * n, WINDOW) for n in range(8)]
    assert tiers(run(armed(), *swings, disarmed(7650 + 10))) == {"i3": 1}


def test_a_late_code_never_clears_though_it_is_told_twice() -> None:
    codes = [disarmed(7601), closing(7601, "disarmed"), at(7602, "cancel", code="406", area=1)]
    assert set(tiers(run(armed(), alarm(7300, ROOM), *codes)).values()) == {1}


@pytest.mark.parametrize(("user", "tier"), [(3, 0), (99, 1), (None, 1)])
def test_a_known_user_where_users_are_listed(user: int | None, tier: int) -> None:
    said = run(armed(), alarm(7300, ROOM), closing(7350, "disarmed", user))
    assert said[-1]["tier"] == tier


@pytest.mark.parametrize(("user", "tier"), [(99, 0), (None, 1)])
def test_any_user_where_none_are_and_never_nobody(user: int | None, tier: int) -> None:
    said = run(armed(), alarm(7300, 5), closing(7350, "disarmed", user), site=Premises())
    assert said[-1]["tier"] == tier


def test_users_are_listed_for_their_panel() -> None:
    other = Premises(users=(UserSettings(panel="p2", user=3),))
    assert tiers(run(armed(), alarm(7300, 5), disarmed(7350), site=other)) == {"i3": 1}


def test_a_walk_test_without_a_zone_is_of_the_whole_area_and_of_no_other() -> None:
    test = at(7000, "test", code="607", area=1, zone=None)
    said = run(disarmed(1), test, alarm(7100, ROOM), alarm(7101, OFFICE))
    assert [one["tier"] for one in said] == [0, 0]
    assert said[0]["lines"] == [3, 4]  # and the test that proves it
    other = run(disarmed(1), disarmed(2, area=2), test, alarm(7100, 40, area=2))
    assert other[0]["tier"] == 1


@pytest.mark.parametrize("longest_s", [30, 600])
def test_a_forgotten_walk_test_ends(longest_s: float) -> None:
    site = Premises(site=SiteSettings(test_max_s=longest_s))
    test = [disarmed(1), at(7000, "test", code="607", area=1)]
    assert run(*test, alarm(7000 + longest_s, 5), site=site)[0]["tier"] == 0
    assert run(*test, alarm(7000.1 + longest_s, 5), site=site)[0]["tier"] == 1


def test_intrusion_life_and_fire_are_separate_incidents() -> None:
    said = run(
        armed(),
        alarm(7300, ROOM),
        at(7301, "panic", zone=30, area=1),
        at(7302, "fire", zone=31, area=1),
        at(7303, "tamper", zone=ROOM, area=1),
        disarmed(7310),
    )
    held: dict[int, set[str]] = {}
    for one in said:
        for line in one["lines"]:
            held.setdefault(line, set()).add(one["incident"])
    assert [held[line] for line in (3, 4, 5, 6)] == [{"i3"}, {"i4"}, {"i5"}, {"i3"}]
    assert tiers(said) == {"i3": 1, "i4": 4, "i5": 2}  # a tamper is never cleared to nothing


def test_an_incident_may_span_areas_and_each_must_be_cleared() -> None:
    site = Premises(
        areas=(AreaSettings(panel="p1", area=1), AreaSettings(panel="p1", area=2)),
        zones=tuple(ZoneSettings(panel="p1", zone=n, area=1 + n // 5) for n in (3, 6)),
    )
    both = [armed(), armed(0, area=2), alarm(7300, 3), alarm(7310, 6, area=2)]
    one = run(*both, disarmed(7320), site=site)
    assert set(tiers(one).values()) == {2}
    assert set(tiers(run(*both, disarmed(7320), disarmed(7321, area=2), site=site)).values()) == {0}


def test_a_raise_that_waits_comes_within_five_seconds_of_its_trip() -> None:
    for apart in (0.1, 0.5, 1.0, 1.9, 2.5):
        said = run(armed(), alarm(7300, HALL), alarm(7300 + apart, ROOM))
        raised = [one["t"] for one in said if one["tier"] >= 2]
        assert not raised or raised[0] <= 7300 + apart + 5


def test_a_verdict_falls_only_with_its_proof_among_its_lines() -> None:
    said = run(armed(), alarm(7300, WINDOW), alarm(7310, ROOM), closing(7320, "disarmed", 4))
    before, after = said[-2:]
    assert (before["tier"], after["tier"]) == (3, 0)
    assert set(after["lines"]) - set(before["lines"]) == {5}


def test_nonsense_between_the_lines_lowers_nothing() -> None:
    noise: list[Any] = [
        at(7305, "burglary", "restored", zone=77),  # never alarmed
        at(7306, "zone", "closed", zone=10**9),
        at(100, "area", "disarmed", area=1, user=3),  # time goes back
        at(7307, "cancel", user=None, area=None),
        at(7308, "test", "restored", code="607"),
        {"t": None, "panel": "p1", "kind": "area", "state": "disarmed", "area": 1, "user": 3},
        {"t": 7309, "panel": None, "kind": "area", "state": "disarmed", "area": 1, "user": 3},
        at(0, "area", "exit_delay", area=1),
        at(0, "bypass", zone=STORE, code="570"),
        at("soon", "area", "disarmed", area=1, user=3),  # type: ignore[arg-type]
        [1, 2],
        "x",
        None,
    ]
    for one in noise:
        said = run(armed(), alarm(7300, WINDOW), one, alarm(7310, STORE), one)
        assert max(tiers(said).values()) >= 2, one


def test_a_summary_comes_last_and_counts_what_made_no_sense() -> None:
    texts = [json.dumps(START).encode(), b"{", b'{"kind": "burglary", "state": "active"}']
    *_, last = map(json.loads, judge(Premises(), None, texts))
    assert last["type"] == "summary"
    assert last["problems"] == {"no_json": 1, "t": 1}
    assert last["incidents"] == 1  # an alarm with nothing but its kind is one


def test_times_of_a_site_may_be_beyond_the_standards() -> None:
    site = Premises(site=SiteSettings(confirm_window_s=100))
    apart = [armed(), alarm(7300, 5), alarm(7401, 6)]
    assert set(tiers(run(*apart, site=site)).values()) == {1}
    assert set(tiers(run(*apart, site=Premises())).values()) == {2}
    assert isinstance(SiteSettings(), Times)


def test_an_opening_and_its_alarm_are_one_trip() -> None:
    said = run(armed(), opens(7300, ROOM), alarm(7300.1, ROOM), closes(7303, ROOM))
    assert verdicts(said) == [(7300.1, 1, "bs8243.unconfirmed")]
    assert said[0]["lines"] == [3, 4]
