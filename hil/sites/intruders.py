"""Burglars of many kinds, each a walk through the building while it is armed.

Kinds are those that evaluations of confirmed alarms name: forced door and sweep, smash and grab, a
single room, slow ones with pauses, through roof or wall, on the entry route, those who cut the line
or jam the radio first, those who cry wolf, and those who come while the system is busy with itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hil.sites.answers import answered, comes_home
from hil.sites.days import Stretch
from hil.sites.episode import Episode, Group
from hil.sites.plan import Zone
from hil.sites.script import Scene, Walker
from hil.sites.stimulus import Broken, Deaf, WalkTest, WrongCode

Play = Callable[[Scene, Stretch, Episode], None]


@dataclass(frozen=True, slots=True)
class Intruder:
    """One kind: its share of all burglaries and how it goes."""

    share: float
    play: Play


def burgle(scene: Scene, stretch: Stretch, kind: str) -> Episode:
    """Let a burglar of this kind come at some time in `stretch`."""
    start = scene.between(stretch.start, max(stretch.start, stretch.end - 9000))
    return burgle_at(scene, stretch, kind, start)


def burgle_at(scene: Scene, stretch: Stretch, kind: str, start: float) -> Episode:
    """Let him come at `start`."""
    episode = scene.begin(kind, Group.INTRUSION, start, genuine=True)
    INTRUDERS[kind].play(scene, stretch, episode)
    if scene.chance(0.3):  # the owner comes home to it, or is called
        delay = scene.between(310, 2400) if scene.chance(0.9) else scene.between(60, 290)
        at = max(episode.end, episode.start) + delay - scene.between(0, 200)
        if at < stretch.end + 2500:
            comes_home(scene, episode, at, scene.user("keyholder", "occupant"))
    return episode


def _walker(scene: Scene, episode: Episode, *, pace: float | None = None) -> Walker:
    return Walker(scene, episode.start, episode.id, pace=pace or scene.between(0.6, 3.0))


def _way_in(scene: Scene, *, entry: bool | None = None) -> Zone | None:
    """An opening to break: a door of the entry route, or a window, glass or back door."""
    zones = [
        zone
        for zone in scene.zones("entry_exit", "perimeter")
        if not zone.outdoors and (entry is None or (zone.type == "entry_exit") is entry)
    ]
    return scene.rng.choice(zones) if zones else None


def _breaks_in(scene: Scene, who: Walker, *, entry: bool | None = None) -> None:
    """Through an opening; past a beam outside first where there is one."""
    for beam in scene.zones("perimeter"):
        if beam.outdoors and scene.chance(0.7):
            who.set_off(beam, scene.between(0.3, 2))
            who.t += scene.between(5, 40)
            break
    way = _way_in(scene, entry=entry)
    if way is None:
        who.room = scene.rng.choice(scene.plan.rooms())
    elif way.technology == "glass":
        who.set_off(way, scene.between(0.2, 2.0))
        who.room = way.room
        who.t += scene.between(2, 15)
    else:
        who.door(way, scene.between(4, 60), ajar=scene.chance(0.5))
        for leaf in scene.plan.overlapping(way):
            if leaf.opening == way.opening and scene.chance(0.7):
                scene.hold(who.t + scene.between(0, 1.5), leaf, scene.between(4, 60), who.why)
        who.t += scene.between(1, 8)
    who.seen()


def _sweeps(scene: Scene, who: Walker, rooms: int, dwell_s: tuple[float, float]) -> None:
    """From room to room, staying in each."""
    for _ in range(rooms):
        who.linger(scene.between(*dwell_s))
        following = scene.plan.next_to(who.room)
        if not following:
            return
        who.to(scene.rng.choice(following))
    who.linger(scene.between(*dwell_s))


def _done(who: Walker, episode: Episode) -> None:
    episode.last(who.t)


def _shows(episode: Episode, *causes: str, **part: object) -> None:
    """What he does to the system is a fault that may be found."""
    episode.subject, episode.explains = {"panel": "p1", **part}, causes


# ---- the kinds


def sweep(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """A forced door or window, then room by room."""
    who = _walker(scene, episode)
    _breaks_in(scene, who)
    _sweeps(scene, who, scene.rng.randint(2, 7), (6, 200))
    _done(who, episode)


def smash_and_grab(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """In, what lies nearest, out: a minute in one room."""
    who = _walker(scene, episode, pace=0.6)
    way = _way_in(scene)
    if way is None:
        who.room = scene.rng.choice([zone.room for zone in scene.motion()] or [0])
        who.seen()
    else:
        who.set_off(way, scene.between(0.3, 20))
        who.room = way.room
        who.t += scene.between(1, 5)
        if scene.chance(0.35):
            who.seen()
    who.t += scene.between(10, 50)
    _done(who, episode)


def single_room(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Through a window into one room, and out again."""
    who = _walker(scene, episode)
    if scene.chance(0.5):
        who.room = scene.rng.choice([zone.room for zone in scene.motion()] or [0])
        who.seen()
    else:
        _breaks_in(scene, who, entry=False)
    who.linger(scene.between(40, 400))
    _done(who, episode)


def slow(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """Waits out the siren: pauses of 5 to 45 minutes between rooms."""
    who = _walker(scene, episode)
    _breaks_in(scene, who)
    for _ in range(scene.rng.randint(1, 3)):
        pause_s = scene.between(300, 2700)
        if who.t + pause_s > stretch.end + 3000:
            break
        who.t += pause_s
        _sweeps(scene, who, scene.rng.randint(1, 3), (5, 60))
    _done(who, episode)


def roof(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Through roof or wall: only detectors inside see him."""
    who = _walker(scene, episode)
    rooms = [room for room in scene.plan.rooms() if room]
    who.room = scene.rng.choice(rooms or [0])
    who.seen()
    _sweeps(scene, who, scene.rng.randint(1, 5), (15, 150))
    _done(who, episode)


def insider(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Knows the entry route: in by the door with a key, without a code that works."""
    who = _walker(scene, episode)
    who.door(scene.zones("entry_exit")[0], scene.between(2, 8))
    who.seen()
    if scene.chance(0.3):
        scene.add(who.t + 6, WrongCode(1), episode.id)
    _sweeps(scene, who, scene.rng.randint(2, 5), (8, 80))
    _done(who, episode)


def line_cutter(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Cuts telephone and network first, sometimes the mains too, then breaks in."""
    _shows(episode, "mains_loss", "link_loss")
    cut_s = scene.between(20, 900)
    at = episode.start - cut_s
    if scene.chance(0.8):
        scene.cut_off(at).last(episode.start + 7000)
        scene.speak(at, episode.id, kind="uplink", state="down")
        scene.speak(episode.start + 7000, answered(episode), kind="uplink", state="up")
    if scene.chance(0.5):
        scene.speak(at + 5, episode.id, panel="p1", kind="comms", code="351", state="active")
    if scene.chance(0.4):
        scene.speak(at + 9, episode.id, panel="p1", kind="power", code="301", state="active")
        back = episode.start + 7200
        scene.speak(back, answered(episode), panel="p1", kind="power", code="301", state="restored")
    sweep(scene, _stretch, episode)


def jammer(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Jams the radio; wired detectors still see him, and radio ones between bursts."""
    _shows(episode, "radio_interference", "radio_supervision")
    at = episode.start - scene.between(10, 200)
    scene.speak(at, episode.id, panel="p1", kind="comms", code="344", state="active")
    for zone in scene.plan.intrusion():
        if zone.wireless and scene.traits.radio_every_h:
            rssi = round(scene.between(-60, -50))
            scene.speak(
                at + 20, episode.id, panel="p1", kind="radio", zone=zone.number,
                rssi_dbm=rssi, interference=True,
            )  # fmt: skip
    sweep(scene, _stretch, episode)
    scene.speak(
        episode.end + 60, episode.id, panel="p1", kind="comms", code="344", state="restored"
    )


def cry_wolf(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Sets one detector off again and again until nobody believes it, then enters."""
    who = _walker(scene, episode)
    bait = _way_in(scene, entry=False) or scene.rng.choice(scene.plan.intrusion())
    for _ in range(scene.rng.randint(3, 14)):
        who.set_off(bait, scene.between(1, 5))
        who.t += scene.between(20, 600)
    who.room = bait.room
    who.seen()
    _sweeps(scene, who, scene.rng.randint(2, 5), (6, 60))
    _done(who, episode)


def tamperer(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Cuts a detector's cable or opens the panel's box, then goes on."""
    who = _walker(scene, episode)
    _breaks_in(scene, who)
    boxes = scene.zones("tamper")
    wired = [zone for zone in scene.plan.intrusion() if not zone.wireless and not zone.outdoors]
    who.t += scene.between(3, 25)
    if boxes and scene.chance(0.5):
        who.set_off(boxes[0], 7000)
    elif wired:
        cut = scene.rng.choice(wired)
        _shows(episode, "cable_cut", zone=cut.number)
        scene.add(who.t, Broken(cut.number, "tamper"), episode.id)
        scene.add(who.t + 30_000, Broken(cut.number, "closed"), answered(episode))
    _sweeps(scene, who, scene.rng.randint(1, 4), (6, 60))
    _done(who, episode)


def in_a_walk_test(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """Comes while a zone's test, begun by the engineer and forgotten, is still on."""
    zones = scene.plan.intrusion()
    tested = scene.rng.choice(zones)
    user = scene.user("keyholder", "occupant")
    at = episode.start - scene.between(60, 1500)
    scene.add(at, WalkTest(tested.area, user, True, tested.number, obeyed=False), None)
    scene.add(at + 5400, WalkTest(tested.area, user, False, tested.number, obeyed=False), None)
    sweep(scene, stretch, episode)


def in_a_flood(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """Comes while a storm sets detectors off everywhere."""
    _shows(episode, "common_cause", "nuisance")
    zones = scene.plan.intrusion()
    t = episode.start - scene.between(120, 500)
    while t < episode.start + 300:
        zone = scene.rng.choice(zones)
        scene.hold(t, zone, scene.between(0.3, 3), answered(episode))
        t += scene.between(5, 40)
    sweep(scene, stretch, episode)


def after_a_gap(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """The panel is not heard for some minutes around the break-in."""
    _shows(episode, "link_loss")
    at = episode.start - scene.between(10, 300)
    scene.add(at, Deaf(True, held=scene.chance(0.5)), None)
    scene.add(episode.start + scene.between(5, 120), Deaf(False), None)
    sweep(scene, stretch, episode)
    who = Walker(scene, episode.start + 140, episode.id, room=0)
    who.seen()
    _sweeps(scene, who, 3, (6, 40))
    episode.last(who.t)


def while_asleep(scene: Scene, _stretch: Stretch, episode: Episode) -> None:
    """Breaks in while people sleep: only the shell is armed."""
    who = _walker(scene, episode)
    _breaks_in(scene, who)
    second = _way_in(scene, entry=False)
    if second is not None and scene.chance(0.6):
        who.t += scene.between(20, 200)
        who.set_off(second, scene.between(2, 30))
    _sweeps(scene, who, scene.rng.randint(1, 3), (10, 60))
    _done(who, episode)


ABSENT: dict[str, Intruder] = {
    "sweep": Intruder(26, sweep),
    "smash_and_grab": Intruder(16, smash_and_grab),
    "single_room": Intruder(10, single_room),
    "slow": Intruder(11, slow),
    "roof": Intruder(8, roof),
    "insider": Intruder(7, insider),
    "line_cutter": Intruder(5, line_cutter),
    "jammer": Intruder(3, jammer),
    "cry_wolf": Intruder(5, cry_wolf),
    "tamperer": Intruder(4, tamperer),
    "in_a_walk_test": Intruder(2, in_a_walk_test),
    "in_a_flood": Intruder(2, in_a_flood),
    "after_a_gap": Intruder(1, after_a_gap),
}
"""Those who come while nobody is there; shares are ours."""

INTRUDERS = {
    **ABSENT,
    "while_asleep": Intruder(0, while_asleep),
    "in_exit_delay": Intruder(0, sweep),
}
"""All kinds; of the last two the moment decides."""


def draw_intruder(scene: Scene, stretch: Stretch) -> str:
    """Draw the kind of burglar who comes in a stretch."""
    if stretch.stay:
        return "while_asleep"
    kinds = list(ABSENT)
    return scene.rng.choices(kinds, [ABSENT[kind].share for kind in kinds])[0]
