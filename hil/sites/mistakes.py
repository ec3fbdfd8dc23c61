"""False alarms by people with a right to be there: leaving, coming back, cleaning, repairing.

Each takes the place of an ordinary closing or opening, or falls into a stretch of the night.
"""

from hil.sites.answers import answered, comes_home, disarms, nobody
from hil.sites.days import Presence, Stretch
from hil.sites.episode import Episode
from hil.sites.script import Scene, Walker
from hil.sites.stimulus import Broken, How, WalkTest, WrongCode


def _delay(scene: Scene, *, in_time: float) -> float:
    """How long after the alarm a code is typed in: within five minutes in this share of cases."""
    if scene.chance(in_time):
        return min(290.0, scene.rng.lognormvariate(3.4, 0.9))
    return scene.between(310, 1800)


# ---- leaving


def exit_error(scene: Scene, presence: Presence, episode: Episode) -> None:
    """Too slow, back for something, or the door left ajar."""
    how = scene.rng.choices((_too_slow, _back_again, _left_ajar), (0.47, 0.41, 0.12))[0]
    how(scene, presence, episode)


def _too_slow(scene: Scene, presence: Presence, episode: Episode) -> None:
    """Still inside, or in the door, as the exit delay ends."""
    scene.arm(presence.end, presence.goes)
    armed = presence.end + scene.exit_delay_s()
    who = Walker(scene, armed - scene.between(3, 12), episode.id, pace=1.2)
    rooms = scene.plan.next_to(0)
    late_s = scene.between(4, 45)
    if scene.chance(0.5):  # caught in a room, then hurries to the door
        who.room = scene.rng.choice(rooms or [0])
        who.t = armed + scene.between(0.5, late_s)
        who.seen()
        who.way(0)
    door = scene.zones("entry_exit")[0]
    if who.t < armed:
        who.door(door, armed - who.t + late_s)
    elif scene.chance(0.7):
        who.door(door, scene.between(3, 10))
    episode.last(who.t)
    if scene.chance(0.94):  # hears it and goes back to the keypad
        alarm = max(who.t, armed + scene.entry_delay_s())
        back = alarm + _delay(scene, in_time=0.95) - scene.between(0, 20)
        if scene.chance(0.6):
            who.t = max(armed + 1, back - 8)
            who.door(door, scene.between(3, 10))
            who.seen()
        disarms(scene, episode, max(armed + 2, back), presence.goes)
    else:
        nobody(scene, episode, armed + 60, armed + 5000)


def _back_again(scene: Scene, presence: Presence, episode: Episode) -> None:
    """Forgot something: back within minutes, too slow for the entry delay or by another door."""
    scene.arm(presence.end, presence.goes)
    armed = presence.end + scene.exit_delay_s()
    door = scene.zones("entry_exit")[0]
    scene.hold(presence.end + scene.exit_delay_s() * 0.4, door, 4)
    other = [zone for zone in scene.zones("perimeter") if zone.opening and not zone.outdoors]
    who = Walker(scene, armed + scene.between(5, 280), episode.id)
    if other and scene.chance(0.15):
        who.door(scene.rng.choice(other), scene.between(3, 15))
        alarm = who.t
    else:
        who.door(door, scene.between(3, 15))
        alarm = who.t + scene.entry_delay_s()
    who.seen()
    for _ in range(scene.rng.randint(0, 2)):
        following = scene.plan.next_to(who.room)
        if following and scene.chance(0.5):
            who.to(scene.rng.choice(following))
    episode.last(who.t)
    disarms(scene, episode, alarm + _delay(scene, in_time=0.96), presence.goes)


def _left_ajar(scene: Scene, presence: Presence, episode: Episode) -> None:
    """The door does not close properly and opens by itself after a while."""
    scene.arm(presence.end, presence.goes)
    door = scene.zones("entry_exit")[0]
    scene.hold(presence.end + scene.exit_delay_s() * 0.4, door, 4)
    at = presence.end + scene.exit_delay_s() + scene.between(5, 900)
    closes = at + scene.between(1, 4000)
    episode.last(at)
    visit: float | None = None
    if scene.chance(0.5):
        late = _delay(scene, in_time=0.6)
        visit = at + scene.entry_delay_s() + late
        disarms(scene, episode, visit, presence.goes)
    else:
        visit = nobody(scene, episode, at, at + 5000)
    if visit is not None:  # whoever came for it does not leave the door open again
        closes = min(closes, visit + 30)
    scene.hold(at, door, closes - at, episode.id)


# ---- coming


def late_code(scene: Scene, presence: Presence, episode: Episode) -> None:
    """Opens in the morning: code too late, mistyped, or through a door without an entry delay."""
    episode.start = presence.start
    other = [zone for zone in scene.zones("perimeter") if zone.opening and not zone.outdoors]
    who = Walker(scene, presence.start, episode.id)
    if other and scene.chance(0.2):
        who.door(scene.rng.choice(other), scene.between(3, 20))
        alarm = who.t
    else:
        who.door(scene.zones("entry_exit")[0], scene.between(3, 20))
        alarm = presence.start + scene.entry_delay_s()
    who.seen()
    if scene.chance(0.4):
        for _ in range(scene.rng.randint(1, 3)):
            scene.add(who.t + scene.between(3, 25), WrongCode(1), episode.id)
    if scene.chance(0.3):
        following = scene.plan.next_to(who.room)
        if following:
            who.to(scene.rng.choice(following))
    disarmed = alarm + max(1, _delay(scene, in_time=0.95))
    scene.disarm(disarmed, presence.comes, answered(episode))
    episode.last(disarmed)


# ---- at other hours


def unscheduled(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """Staff or cleaners where nobody is expected."""
    how = scene.rng.choices((_armed_over, _without_code, _other_area), (0.35, 0.45, 0.2))[0]
    how(scene, stretch, episode)


def _armed_over(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Somebody who stayed behind moves at last; he has a code more often than not."""
    rooms = [zone.room for zone in scene.motion()] or [0]
    who = Walker(scene, episode.start, episode.id, room=scene.rng.choice(rooms))
    who.seen()
    if scene.chance(0.6):
        who.way(0)
    else:
        who.linger(scene.between(5, 60))
    episode.last(who.t)
    if scene.chance(0.85):
        delay = _delay(scene, in_time=0.9)
        disarms(scene, episode, episode.start + max(5, delay), scene.user("staff", "occupant"))
    else:
        nobody(scene, episode, who.t, _stretch.end)


def _without_code(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """A cleaner or craftsman with a key: works through the rooms, somebody is called."""
    who = Walker(scene, episode.start, episode.id)
    who.door(scene.zones("entry_exit")[0], scene.between(3, 10))
    who.seen()
    if scene.chance(0.5):  # stops when the siren starts
        who.linger(scene.entry_delay_s())
    else:
        for _ in range(scene.rng.randint(1, 4)):
            who.linger(scene.between(5, 90))
            following = scene.plan.next_to(who.room)
            if following:
                who.to(scene.rng.choice(following))
    episode.last(who.t)
    alarm = episode.start + scene.entry_delay_s()
    if scene.chance(0.7):
        delay = _delay(scene, in_time=0.75)
        disarms(scene, episode, alarm + max(3, delay), scene.user("cleaner", "occupant"))
    else:
        nobody(scene, episode, who.t, stretch.end)


def _other_area(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """Disarms in time, but walks into an area that is still armed; or the family's guest."""
    if len(scene.plan.areas) < 2:
        _armed_over(scene, stretch, episode)
        return
    rooms = [zone.room for zone in scene.motion() if zone.area == 2]
    if not rooms:
        _without_code(scene, stretch, episode)
        return
    who = Walker(scene, episode.start, episode.id, room=scene.rng.choice(rooms))
    who.seen()
    who.linger(scene.between(5, 60))
    episode.last(who.t)
    delay = _delay(scene, in_time=0.8)
    disarms(scene, episode, episode.start + max(5, delay), scene.user("staff", "cleaner"))


def maintenance(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """An engineer tests zones while the site is armed; now and then he has said so before."""
    announced = scene.chance(0.3)
    episode.subject = {"panel": "p1"}
    episode.explains = ("maintenance", "test", "cable_cut")
    user = scene.user("keyholder", "occupant")
    who = Walker(scene, episode.start, episode.id, room=0)
    if announced:
        for area in scene.plan.areas:
            test = WalkTest(area.number, user, True, obeyed=scene.chance(0.5))
            scene.add(episode.start - 40, test, episode.id)
    zones = scene.plan.intrusion()
    for zone in scene.rng.sample(zones, min(len(zones), scene.rng.randint(2, 6))):
        who.set_off(zone, scene.between(2, 12))
        if scene.chance(0.15):
            scene.add(who.t + 5, Broken(zone.number, "tamper"), episode.id)
            scene.add(who.t + 90, Broken(zone.number, "closed"), episode.id)
        who.t += scene.between(15, 90)
    episode.last(who.t)
    if announced:
        for area in scene.plan.areas:
            scene.add(who.t + 60, WalkTest(area.number, user, False), episode.id)
    elif scene.chance(0.5):
        comes_home(scene, episode, episode.start + scene.between(60, 1500), user)
    else:
        nobody(scene, episode, who.t, stretch.end)


def panic_misuse(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """A button pressed by mistake, by a child, or to see what it does."""
    buttons = scene.zones("panic", "holdup", "medical")
    zone = scene.rng.choice(buttons)
    for _ in range(scene.rng.randint(1, 2)):
        scene.hold(episode.start, zone, scene.between(1, 4), episode.id)
        episode.start += scene.between(5, 60)
    if scene.chance(0.4):
        user = scene.user("keyholder", "occupant")
        scene.speak(
            episode.start + scene.between(20, 400), answered(episode),
            panel="p1", kind="cancel", code="406", state="active", area=zone.area, user=user,
        )  # fmt: skip
    episode.last(min(episode.start + 400, stretch.end))


def auto_armed(scene: Scene, presence: Presence, episode: Episode) -> None:
    """The panel arms itself by the clock while somebody still works."""
    scene.arm(presence.end, None, How.AUTOMATIC)
    armed = presence.end + scene.exit_delay_s()
    rooms = [zone.room for zone in scene.motion()] or [0]
    who = Walker(scene, armed + scene.between(1, 400), episode.id, room=scene.rng.choice(rooms))
    who.seen()
    if scene.chance(0.6):
        who.way(0)
    episode.last(who.t)
    disarms(scene, episode, who.t + _delay(scene, in_time=0.92), presence.goes)
