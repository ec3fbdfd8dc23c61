"""How a site's panel behaves and what of it the gateway hears: drawn anew for every site."""

from dataclasses import dataclass
from enum import Enum
from random import Random


class Restores(Enum):
    """When a panel says that an alarm is over."""

    AT_CLOSE = "at_close"  # as soon as the zone is closed again
    AT_DISARM = "at_disarm"
    NEVER = "never"


class ExitError(Enum):
    """What happens when an exit door stands open as the exit delay ends."""

    FLAGGED = "flagged"  # entry delay, then an alarm with 374 before it (CP-01)
    AT_ONCE = "at_once"  # an alarm without further ado
    ALARM_ONLY = "alarm_only"  # entry delay, then an alarm like any other


@dataclass(frozen=True, slots=True)
class Traits:
    """One panel's programming and the lines that the gateway gets of it."""

    zone_lines: bool  # live state of zones; without it only events are heard
    alarm_events: bool  # burglary events; without them only zone and area states
    area_lines: bool
    open_close_lines: bool
    area_alarm: bool  # the area's state goes to `alarm`
    restores: Restores
    first_alarm_only: bool  # one alarm per arming, then silence until disarmed
    swinger_trips: int  # alarms of one zone per arming; 0: no limit
    swinger_told: bool  # a line says that the zone was muted
    swinger_mutes_lines: bool  # the muted zone's states are not said either
    exit_error: ExitError
    exit_told: bool  # the area's exit delay is a line of its own
    closing_at_start: bool  # the closing is reported when arming begins, not when it is done
    entry_told: bool
    abort_s: float  # how long a burglary report is held for an abort; 0: not at all
    cancels: bool  # a disarm after an alarm is followed by 406
    recent_close: bool  # alarms within two minutes of arming come with 459
    wrong_codes_told: bool
    verified_told: bool  # 139 at the second zone
    user_told: bool
    area_user_told: bool  # in the area's line
    panel_time: bool
    delay_s: float  # from the detector to the gateway's ear
    loops_every_h: float  # measurements; 0: none
    supplies_every_h: float
    load_test_h: float
    radio_every_h: float
    line_every_h: float
    disarmed_moves: float  # share of movement while disarmed that is heard


def draw_traits(rng: Random) -> Traits:
    """Draw one panel; 60 % say states and events, 25 % events only, 15 % states only."""
    style = rng.choices(("both", "events", "states"), (0.6, 0.25, 0.15))[0]
    tells_area = style != "events" or rng.random() < 0.1
    tells_closing = style != "states" and (not tells_area or rng.random() < 0.6)
    zone_lines = style != "events"
    return Traits(
        zone_lines=zone_lines,
        alarm_events=style != "states",
        area_lines=tells_area,
        open_close_lines=tells_closing,
        area_alarm=rng.random() < 0.7,
        restores=rng.choice(list(Restores)),
        first_alarm_only=zone_lines and rng.random() < 0.25,
        swinger_trips=rng.choice((0, 1, 2, 2, 3, 6)) if zone_lines else rng.choice((0, 2, 3, 6)),
        swinger_told=rng.random() < 0.5,
        swinger_mutes_lines=rng.random() < 0.1,
        exit_error=rng.choices(list(ExitError), (0.45, 0.25, 0.3))[0],
        exit_told=rng.random() < 0.6,
        closing_at_start=rng.random() < 0.35,
        entry_told=rng.random() < 0.75,
        abort_s=rng.choice((0.0, 0.0, 0.0, 0.0, 15.0, 30.0)),
        cancels=rng.random() < 0.45,
        recent_close=rng.random() < 0.3,
        wrong_codes_told=rng.random() < 0.4,
        verified_told=rng.random() < 0.1,
        user_told=rng.random() < 0.95,
        area_user_told=rng.random() < (0.5 if tells_closing else 0.9),
        panel_time=rng.random() < 0.4,
        delay_s=rng.choice((0.05, 0.1, 0.3, 1.0)),
        loops_every_h=rng.choice((0.0, 2.0, 4.0, 6.0)),
        supplies_every_h=rng.choice((0.0, 1.0, 2.0, 4.0)),
        load_test_h=rng.choice((4.0, 12.0, 24.0)),
        radio_every_h=rng.choice((0.0, 1.0, 2.0, 3.0)),
        line_every_h=rng.choice((0.0, 1.0, 1.0)),
        disarmed_moves=rng.choice((0.0, 0.5, 1.0, 1.0)),
    )
