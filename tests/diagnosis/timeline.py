"""Timelines for tests, in the words of the contract, and what is judged of them."""

import json
from collections.abc import Iterable
from typing import Any

from edge_agent.domain.site import (
    AreaSettings,
    Near,
    Premises,
    ScheduleSettings,
    Technology,
    UserSettings,
    ZoneSettings,
    ZoneType,
)
from edge_agent.judging import judge

START = {"start": "2026-11-23T00:00:00+08:00"}  # a Monday
Line = dict[str, Any]

DOOR, HALL, ROOM, WINDOW, OFFICE, STORE, YARD, GLASS = 1, 2, 3, 4, 5, 6, 7, 8


def _zone(number: int, kind: ZoneType, how: Technology, *near: int, **more: Any) -> ZoneSettings:
    steps = tuple(Near(zone=other, walk_s=4.0) for other in near)
    more = {"bus": "b1", "supply": "s1", "area": 1, **more}
    return ZoneSettings(panel="p1", zone=number, type=kind, technology=how, near=steps, **more)


SHOP = Premises(
    areas=(AreaSettings(panel="p1", area=1, entry_delay_s=30),),
    zones=(
        _zone(DOOR, ZoneType.ENTRY_EXIT, Technology.CONTACT, HALL),
        _zone(HALL, ZoneType.FOLLOWER, Technology.PIR, ROOM, OFFICE),
        _zone(ROOM, ZoneType.INTERIOR, Technology.PIR, WINDOW, STORE),
        _zone(WINDOW, ZoneType.PERIMETER, Technology.CONTACT, overlaps=(GLASS,)),
        _zone(OFFICE, ZoneType.INTERIOR, Technology.PIR, supply="s2", bus="b2"),
        _zone(STORE, ZoneType.INTERIOR, Technology.PIR, wireless=True, supply=None, bus=None),
        _zone(YARD, ZoneType.PERIMETER, Technology.BEAM, DOOR, outdoors=True),
        _zone(GLASS, ZoneType.PERIMETER, Technology.CONTACT, ROOM),
    ),
    schedules=(ScheduleSettings(area=1, days="Mon-Fri", open="08:00", close="18:30"),),
    users=(UserSettings(panel="p1", user=3), UserSettings(panel="p1", user=4)),
)


def at(t: float, kind: str, state: str | None = "active", **more: Any) -> Line:
    return {"t": t, "panel": "p1", "kind": kind, "state": state, **more}


def armed(t: float = 0.0, state: str = "armed_away", **more: Any) -> Line:
    return at(t, "area", state, **{"area": 1, "user": 3, **more})


def disarmed(t: float, user: int | None = 3, **more: Any) -> Line:
    return at(t, "area", "disarmed", **{"area": 1, "user": user, **more})


def opens(t: float, zone: int) -> Line:
    return at(t, "zone", "open", zone=zone)


def closes(t: float, zone: int) -> Line:
    return at(t, "zone", "closed", zone=zone)


def alarm(t: float, zone: int | None, code: str = "130", **more: Any) -> Line:
    return at(t, "burglary", **{"area": 1, "zone": zone, "code": code, **more})


def run(
    *lines: Line, site: Premises = SHOP, until_s: float | None = 86_400, start: Line = START
) -> list[Line]:
    """Judge the lines (line 1 is the start); return the verdicts."""
    texts = [json.dumps(line).encode() for line in (start, *lines)]
    said = list(map(json.loads, judge(site, None, texts, until_s)))
    assert "failures" not in said[-1], said[-1]
    return [one for one in said if one["type"] == "verdict"]


def verdicts(said: Iterable[Line]) -> list[tuple[float, int, str]]:
    """The heart of each verdict: when, the tier, the first reason."""
    return [(one["t"], one["tier"], one["reasons"][0]) for one in said if one["type"] == "verdict"]


def tiers(said: Iterable[Line]) -> dict[str, int]:
    """The tier at which each incident ended."""
    return {one["incident"]: one["tier"] for one in said if one["type"] == "verdict"}
