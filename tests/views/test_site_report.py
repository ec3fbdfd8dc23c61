"""What a site is and what is left to do before it is handed over."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import Center, CenterPath, Config, Gateway, Loaded, Panel
from edge_agent.diagnosis.board import Place
from edge_agent.diagnosis.maintenance import Entry
from edge_agent.domain.device import DeviceSettings
from edge_agent.domain.site import AreaSettings, SiteSettings, ZoneSettings
from edge_agent.views.maintaining import Maintained
from edge_agent.views.site_report import Act, Heard, cited, facts

STATUS: Mapping[str, Any] = {
    "version": "1.0",
    "panels": {"p1": {"online": True, "driver": "ness", "profile": "d16x", "broken": None}},
    "centers": [{"center": "main", "connected": True}],
    "clock": {"trust": "synced"},
    "charter": None,
}
DEVICE = DeviceSettings(panel="p1", maker="M", model="N", certificate="CCC 1")


def settings(zone: int = 1, **more: Any) -> ZoneSettings:
    return ZoneSettings(panel="p1", zone=zone, **more)


def detector(zone: int = 1, tested_days: float | None = None, score: int = 100) -> Entry:
    return Entry(place=Place("p1", ("zone", zone)), score=score, tested_days=tested_days)


def act(what: str, seq: int = 5, outcome: str = "good", epoch: bytes = bytes(8)) -> Act:
    body = {"what": what, "actor": "root", "outcome": outcome, "detail": "said"}
    return Act(epoch=epoch, seq=seq, time="then", body=body)


def heard(
    zones: tuple[ZoneSettings, ...] = (settings(),),
    parts: tuple[Entry, ...] = (),
    acts: tuple[Act, ...] = (),
    **more: Any,
) -> Heard:
    config = Config(
        gateway=Gateway(id="gw1"),
        center=[Center(name="main", path=[CenterPath(host="center.example")])],
        panel=[Panel(id="p1", driver="ness")],
        zone=list(zones),
        area=more.pop("areas", []),
        site=more.pop("site", SiteSettings(name="Shop")),
        device=more.pop("devices", [DEVICE]),
    )
    return Heard(
        loaded=Loaded(config, Path("gateway.toml"), bytes(32)),
        status={**STATUS, **more},
        maintained=Maintained(parts, ()),
        acts=acts,
        today=date(2026, 11, 28),
        time="2026-11-28 17:00",
        identity="ab" * 32,
    )


def left(**changed: Any) -> dict[str, list[str]]:
    return {one["what"]: one["which"] for one in facts(heard(**changed))["open"]}


DONE: dict[str, Any] = {"parts": (detector(tested_days=0.1),), "acts": (act("self_test"),)}


def test_a_site_that_is_tested_has_nothing_left() -> None:
    assert left(**DONE) == {}


@pytest.mark.parametrize(
    ("changed", "what", "which"),
    [
        ({"parts": ()}, "untested", ["p1 1"]),
        ({"parts": (detector(tested_days=31),)}, "untested", ["p1 1"]),
        ({"parts": (), "zones": (settings(name="Hall"),)}, "untested", ["p1 1 Hall"]),
        ({"zones": ()}, "no_zones", ["-"]),
        ({"acts": ()}, "self_test", ["-"]),
        ({"acts": (act("self_test"), act("self_test", 6, "bad"))}, "self_test", ["said"]),
        ({"centers": [{"center": "main", "connected": False}]}, "center_away", ["main"]),
        ({"panels": {}}, "panel_away", ["p1"]),
        ({"clock": {"trust": "unset"}}, "clock_unset", ["unset"]),
        ({"devices": []}, "certificates", ["p1: device_unlisted"]),
        (
            {"site": SiteSettings(entry_delay_s=500)},
            "out_of_range",
            ["entry_delay_s = 500"],
        ),
        (
            {"areas": [AreaSettings(panel="p1", area=2, exit_delay_s=10)]},
            "out_of_range",
            ["p1 2 exit_delay_s = 10"],
        ),
    ],
)
def test_what_is_missing_is_named(changed: dict[str, Any], what: str, which: list[str]) -> None:
    """Each seen to fail with its line of the list left out."""
    assert left(**DONE | changed)[what] == which


def test_a_zone_that_nobody_lists_is_shown_and_needs_no_walk() -> None:
    """A panel reports all the zones that it could have, also those that nothing is wired to."""
    told = facts(heard(**DONE | {"parts": (*DONE["parts"], detector(2))}))
    assert [(one["zone"], one["listed"]) for one in told["zones"]] == [(1, True), (2, False)]
    assert told["open"] == []


def test_a_zone_has_its_name_its_area_and_what_was_heard_of_it() -> None:
    area = AreaSettings(panel="p1", area=2, name="Hall")
    zones = (settings(area=2, name="Door"),)
    (zone,) = facts(heard(zones, (detector(tested_days=3.0, score=80),), areas=[area]))["zones"]
    assert (zone["name"], zone["area"], zone["area_name"]) == ("Door", 2, "Hall")
    assert (zone["tested"], zone["tested_days"], zone["score"]) == (True, 3.0, 80)


def test_a_default_is_no_statement_and_stands_within_its_range() -> None:
    told = {one["name"]: one for one in facts(heard())["settings"]}
    assert all(one["in_range"] and not one["stated"] for one in told.values())
    assert told["entry_delay_s"]["clause"].startswith("ANSI/SIA CP-01")


def test_the_events_that_it_rests_on_are_named_in_their_order() -> None:
    acts = (act("self_test", 9), act("walk_test", 4), act("walk_test", 2, epoch=b"b" * 8))
    assert cited(acts) == {bytes(8): [4, 9], b"b" * 8: [2]}
