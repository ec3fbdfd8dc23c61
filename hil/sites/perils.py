"""Danger to life: hold-ups, calls for help, codes typed under threat, and fires."""

from hil.sites.days import Presence
from hil.sites.episode import Episode, Group
from hil.sites.plan import Zone
from hil.sites.script import Scene, Walker

SINGLE, SPREADING, CALL_POINT = "single_smoke", "spreading_fire", "call_point"


def holdup(scene: Scene, presence: Presence) -> Episode | None:
    """Somebody presses the button under the counter, or at home the panic button."""
    buttons = scene.zones("holdup", "panic", "medical")
    if not buttons:
        return None
    start = scene.between(presence.start + 300, max(presence.start + 301, presence.end - 300))
    zone = scene.rng.choice(buttons)
    kind = {"holdup": "holdup", "panic": "panic", "medical": "medical"}[zone.type]
    episode = scene.begin(kind, Group.LIFE, start, genuine=True)
    scene.hold(start, zone, scene.between(0.5, 5), episode.id)
    others = [button for button in buttons if button is not zone and button.type == zone.type]
    if others and scene.chance(0.3):
        second = start + scene.between(5, 300)
        scene.hold(second, scene.rng.choice(others), 2.0, episode.id)
        episode.last(second)
    return episode


def duress(scene: Scene, presence: Presence) -> Episode:
    """Forced to disarm: the code that says so, in place of an ordinary opening."""
    episode = scene.begin("duress", Group.LIFE, presence.start, genuine=True)
    who = Walker(scene, presence.start, episode.id)
    who.door(scene.zones("entry_exit")[0], scene.between(3, 10))
    who.seen()
    at = presence.start + min(scene.between(5, 20), scene.entry_delay_s() * 0.7)
    scene.disarm(at, presence.comes, episode.id, duress=True)
    episode.last(at)
    return episode


def fire_zones(scene: Scene) -> list[Zone]:
    """Return all fire detectors but call points, of every panel."""
    return [z for z in scene.plan.zones if z.type == "fire" and z.technology != "call_point"]


def fire(scene: Scene, start: float, *, genuine: bool) -> Episode | None:
    """A fire of one, two or more heads or a call point; or steam, dust, a burnt toast."""
    zones = fire_zones(scene)
    points = [zone for zone in scene.plan.zones if zone.technology == "call_point"]
    if not zones:
        return None
    kind = "smoke_without_fire"
    if genuine:
        kind = scene.rng.choices((SINGLE, SPREADING, CALL_POINT), (0.35, 0.5, 0.15))[0]
        if kind == CALL_POINT and not points:
            kind = SPREADING
    episode = scene.begin(kind, Group.FIRE, start, genuine=genuine)
    if kind == CALL_POINT:
        scene.hold(start, points[0], 600, episode.id)
        return episode
    t, first = start, scene.rng.choice(zones)
    same = [zone for zone in zones if zone.panel == first.panel and zone is not first]
    heads = [first]
    if kind == SPREADING or (not genuine and scene.chance(0.1)):
        heads += scene.rng.sample(same, min(len(same), scene.rng.randint(1, 3)))
    for zone in heads:
        held = scene.between(300, 3000) if genuine else scene.between(5, 600)
        scene.hold(t, zone, held, episode.id)
        episode.last(t)
        t += scene.between(15, 240)
    return episode
