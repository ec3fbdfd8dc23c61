"""A small site with a panel that behaves as a test wants it to."""

from dataclasses import replace
from datetime import datetime
from random import Random

from hil.sites.plan import Area, Detail, Plan, User, Zone
from hil.sites.script import Scene
from hil.sites.traits import ExitError, Restores, Traits
from hil.sites.world import play

DOOR, HALL, ROOM, WINDOW, SMOKE, BUTTON = range(1, 7)

ZONES = (
    Zone(DOOR, 1, "Door", "entry_exit", "contact", 0, opening=1, eol_ohms=1000, bus="b1"),
    Zone(HALL, 1, "Hall", "follower", "pir", 0, uses_a_day=20, eol_ohms=1000, bus="b1"),
    Zone(ROOM, 1, "Room", "interior", "pir", 1, uses_a_day=20, eol_ohms=1000, supply="s1"),
    Zone(WINDOW, 1, "Window", "perimeter", "contact", 1, opening=2, eol_ohms=1000, supply="s1"),
    Zone(SMOKE, 1, "Smoke", "fire", "smoke", 1),
    Zone(BUTTON, 1, "Button", "holdup", "button", 0),
)
ENTRY_S, EXIT_S = 30, 60

PLAN = Plan(
    kind="shop",
    name="Shop 1",
    timezone="UTC",
    offset="+00:00",
    detail=Detail.WHOLE,
    zones=ZONES,
    areas=(Area(1, "Main", ENTRY_S, EXIT_S),),
    users=(User(1, "keyholder"), User(2, "staff")),
    hours=(),
    walks={(0, 1): 4.0, (1, 0): 4.0},
)

TRAITS = Traits(
    zone_lines=True,
    alarm_events=True,
    area_lines=True,
    open_close_lines=False,
    area_alarm=False,
    restores=Restores.NEVER,
    first_alarm_only=False,
    swinger_trips=0,
    swinger_told=True,
    swinger_mutes_lines=False,
    exit_error=ExitError.FLAGGED,
    exit_told=True,
    closing_at_start=False,
    entry_told=True,
    abort_s=0.0,
    cancels=False,
    recent_close=False,
    wrong_codes_told=True,
    verified_told=False,
    user_told=True,
    area_user_told=True,
    panel_time=False,
    delay_s=0.0,
    loops_every_h=0.0,
    supplies_every_h=0.0,
    load_test_h=4.0,
    radio_every_h=0.0,
    line_every_h=0.0,
    disarmed_moves=1.0,
)


def scene(**traits: object) -> Scene:
    return Scene(PLAN, replace(TRAITS, **traits), Random(1), 14)  # type: ignore[arg-type]


def heard(scene: Scene) -> list[str]:
    """What the gateway hears, in words: `t kind state zone`."""
    found = play(scene, datetime.fromisoformat("2026-01-05T00:00:00+00:00"))
    return [
        " ".join(
            str(word)
            for word in (
                round(said.t),
                said.line["kind"],
                said.line.get("code"),
                said.line.get("state"),
                said.line.get("zone"),
            )
            if word is not None
        )
        for said in found.said
    ]
