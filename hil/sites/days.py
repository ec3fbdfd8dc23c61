"""Ordinary life: who comes and goes when, what moves in between, and when a site is left armed.

The calendar leaves moments at which an episode may take the place of what is usual: a closing, an
opening, a stretch of hours while nobody is there, a stretch while people are.
"""

from dataclasses import dataclass, field

from hil.sites.plan import DAY_S
from hil.sites.script import Scene, Walker
from hil.sites.stimulus import How

QUIET_S = 5400.0  # between a closing or opening and an episode at night
STRETCH_S = 6 * 3600.0  # a longer time armed has room for several episodes


@dataclass(frozen=True, slots=True)
class Presence:
    """People are there from `start` to `end`, the site disarmed."""

    start: float
    end: float
    comes: int
    goes: int
    inside: bool = False  # they were there already (armed to stay): no door
    how: How = How.USER


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hours in which nothing else happens; `stay`: people sleep inside."""

    start: float
    end: float
    stay: bool = False


@dataclass(slots=True)
class Calendar:
    """All moments of a timeline; an episode takes one away."""

    presences: list[Presence]
    nights: list[Stretch] = field(default_factory=list)
    closings: list[int] = field(default_factory=list)  # indices of presences
    openings: list[int] = field(default_factory=list)


def draw_calendar(scene: Scene, weekday: int) -> Calendar:
    """Draw who is there when, from midnight of a `weekday` (0 Monday) on."""
    presences: list[Presence] = []
    for day in range(scene.days):
        if scene.plan.hours:
            presences += _business_day(scene, day, (weekday + day) % 7)
        else:
            presences += _home_day(scene, day)
    calendar = Calendar(presences)
    for index, presence in enumerate(presences):
        if presence.how not in {How.STAY, How.AUTOMATIC}:
            calendar.closings.append(index)
        if not presence.inside:
            calendar.openings.append(index)
    ends = [0.0, *(presence.end for presence in presences)]
    starts = [*(presence.start for presence in presences), scene.days * DAY_S]
    stays = [not scene.plan.hours, *(presence.how is How.STAY for presence in presences)]
    for end, start, stay in zip(ends, starts, stays, strict=True):
        calendar.nights += _stretches(end + QUIET_S, start - QUIET_S, stay)
    return calendar


def _stretches(start: float, end: float, stay: bool) -> list[Stretch]:
    found = []
    while end - start > 3600.0:
        found.append(Stretch(start, min(end, start + STRETCH_S), stay))
        start += STRETCH_S + QUIET_S
    return found


def _business_day(scene: Scene, day: int, weekday: int) -> list[Presence]:
    hours = scene.plan.hours[0]
    midnight = day * DAY_S
    if weekday not in hours.days:
        if not scene.chance(0.06):  # somebody has something to finish
            return []
        start = midnight + scene.between(9, 14) * 3600
        who = scene.user("keyholder", "staff")
        return [Presence(start, start + scene.between(1, 4) * 3600, who, who)]
    slack_s = hours.tolerance_min * 60
    start = midnight + hours.open_s + scene.between(-0.9, 0.2) * slack_s
    end = midnight + hours.close_s + scene.between(-0.1, 0.9) * slack_s
    how = scene.rng.choices(
        (How.USER, How.AUTOMATIC, How.KEY_SWITCH, How.QUICK), (0.9, 0.03, 0.03, 0.04)
    )[0]
    staff = ("keyholder", "staff")
    found = [Presence(start, end, scene.user(*staff), scene.user(*staff), how=how)]
    cleaner = [user.number for user in scene.plan.users if user.role == "cleaner"]
    if cleaner and scene.chance(0.5) and hours.close_s < 19 * 3600:
        comes = end + scene.between(0.7, 1.5) * 3600
        who = cleaner[0]
        found.append(Presence(comes, comes + scene.between(0.5, 1.5) * 3600, who, who))
    return found


def _home_day(scene: Scene, day: int) -> list[Presence]:
    """Up in the morning, out for the day on most days, back, asleep."""
    midnight = day * DAY_S
    wake = midnight + scene.between(5.8, 7.5) * 3600
    sleep = midnight + scene.between(21.8, 23.6) * 3600

    def someone() -> int:
        return scene.user("occupant")

    if not scene.chance(0.75):
        return [Presence(wake, sleep, someone(), someone(), inside=True, how=How.STAY)]
    out = midnight + scene.between(7.8, 9.5) * 3600
    back = out + scene.between(3.5, 10) * 3600
    return [
        Presence(wake, out, someone(), someone(), inside=True),
        Presence(back, sleep, someone(), someone(), how=How.STAY),
    ]


# ---- what is usual


def begin(scene: Scene) -> None:
    """The gateway finds the site as it is at midnight: armed."""
    scene.speak(0.4, panel="p1", kind="panel", state="online")
    scene.arm(1.0, None, How.REMOTE if scene.plan.hours else How.STAY)


def arrive(scene: Scene, presence: Presence) -> None:
    """Come in through the door, walk to the keypad, disarm in time."""
    if presence.inside:
        scene.disarm(presence.start, presence.comes)
        return
    door = scene.zones("entry_exit")[0]
    who = Walker(scene, presence.start, None)
    who.door(door, scene.between(3, 10))
    who.seen()
    keypad_s = min(scene.between(4, 20), scene.entry_delay_s() * 0.7)
    scene.disarm(presence.start + keypad_s, presence.comes)


def leave(scene: Scene, presence: Presence) -> None:
    """Arm and go out through the door while the exit delay runs."""
    how = presence.how
    if how is How.STAY:
        scene.arm(presence.end, presence.goes, how)
        return
    if how is How.AUTOMATIC:
        scene.arm(presence.end, None, how)
        return
    scene.arm(presence.end, presence.goes, how)
    door = scene.zones("entry_exit")[0]
    at = presence.end + scene.between(0.2, 0.75) * scene.exit_delay_s()
    scene.hold(at, door, min(scene.between(2, 9), scene.exit_delay_s() * 0.2))


def move(scene: Scene, presence: Presence) -> None:
    """People walk about; only what the gateway hears of it is drawn."""
    share = scene.traits.disarmed_moves
    if not scene.traits.zone_lines or not share:
        return
    start, end = presence.start + 60, presence.end - 30
    hours = (end - start) / 3600
    if hours <= 0:
        return
    for zone in scene.plan.intrusion():
        expected = zone.uses_a_day * share * min(hours, 9) / 9
        for _ in range(poisson(scene, expected)):
            held = scene.between(2, 9) if zone.detects_motion else scene.between(2, 40)
            scene.hold(scene.between(start, end - 40), zone, held)


def sleep_walk(scene: Scene, stretch: Stretch) -> None:
    """Somebody gets up at night in a home that is armed to stay."""
    rooms = [zone.room for zone in scene.motion()]
    if rooms and scene.traits.zone_lines and scene.chance(0.4):
        walker = Walker(scene, scene.between(stretch.start, stretch.end), None)
        walker.room = scene.rng.choice(rooms)
        walker.seen()
        walker.linger(scene.between(20, 200))


def poisson(scene: Scene, mean: float) -> int:
    """Draw how often something happens that is expected `mean` times."""
    count, left = 0, scene.rng.expovariate(1.0) if mean > 0 else 1.0
    while left < mean:
        count += 1
        left += scene.rng.expovariate(1.0)
    return count
