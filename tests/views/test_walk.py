"""A walk test as people read it; the command itself is tests/cli/test_walktest.py's."""

from typing import Any

from edge_agent.domain.site import Premises, ZoneSettings
from edge_agent.views.walk import _WORDS, WalkView
from edge_agent.views.zone_names import NO_NAMES, ZoneNames
from tests.phrases.pairs import assert_alike

NAMES = ZoneNames(Premises(zones=(ZoneSettings(panel="p1", zone=1, name="Front door"),)))


def told(heard: dict[str, int], not_heard: list[int]) -> dict[str, Any]:
    return {"said": "1 zones, for 5 min", "heard": heard, "not_heard": not_heard}


def test_both_languages_say_the_same() -> None:
    assert_alike(_WORDS)


def test_a_zone_is_shown_once() -> None:
    view = WalkView("p1", NAMES, "en")
    assert list(view.heard(told({"1": 1}, []))) == ["  zone 1 Front door"]
    assert list(view.heard(told({"1": 2, "2": 1}, []))) == ["  zone 2; not in the configuration"]


def test_what_was_not_heard_has_a_remedy_and_what_was_has_none() -> None:
    view = WalkView("p1", NAMES, "en")
    said = list(view.ended(told({}, [1])))
    assert said[:2] == ["p1: 0 of 1 zones heard", "  NOT HEARD: zone 1 Front door"]
    assert "walk there once more" in said[2]
    assert list(view.ended(told({"1": 1, "7": 2}, []))) == [
        "p1: 1 of 1 zones heard; not in the configuration: 1 more"
    ]


def test_a_site_that_lists_no_zones_is_told_to() -> None:
    view = WalkView("p1", NO_NAMES, "en")
    assert list(view.heard(told({"3": 1}, []))) == ["  zone 3"], "it is no stranger"
    said = list(view.ended(told({"3": 1}, [])))
    assert said[0] == "p1: 1 zones heard; the configuration lists none of this panel"
    assert "[[zone]]" in said[1]
