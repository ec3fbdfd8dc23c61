"""False alarms without anybody: draughts, animals, weather, and detectors that have gone bad.

Those of failing equipment carry the fault that was injected: its cause, when it began to show, and
when it failed.
"""

from hil.sites.answers import nobody
from hil.sites.days import Stretch
from hil.sites.episode import Episode
from hil.sites.plan import Zone
from hil.sites.script import Scene, Walker
from hil.sites.stimulus import Broken


def _someone_is_called(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    if scene.chance(0.55):
        nobody(scene, episode, episode.end, stretch.end)


def repeats(scene: Scene, episode: Episode, zone: Zone, times: int, gap_s: float) -> None:
    """One detector, again and again."""
    t = episode.start
    for _ in range(times):
        scene.hold(t, zone, scene.between(0.5, 8), episode.id)
        t += min(scene.rng.expovariate(1 / gap_s) + 1, gap_s * 4)
    episode.last(t)


def draught(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """A window left open, a curtain before a detector."""
    windows = [zone for zone in scene.zones("perimeter") if zone.technology == "contact"]
    zones = windows if windows and scene.chance(0.6) else scene.motion() or windows
    zones = zones or scene.plan.intrusion()
    zone = scene.rng.choice(zones)
    on(episode, zone, "nuisance", "loose_contact", "sensor_degraded")
    repeats(scene, episode, zone, scene.rng.choice((1, 1, 2, 4, 8)), 240)
    _someone_is_called(scene, stretch, episode)


def animal(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """An insect on a lens, a balloon, a cat that may walk through two rooms."""
    motion = [zone for zone in scene.motion() if not zone.outdoors] or scene.plan.intrusion()
    zone = scene.rng.choice(motion)
    on(episode, zone, "nuisance", "sensor_degraded")
    following = scene.plan.next_to(zone.room)
    if following and scene.chance(0.18):
        who = Walker(scene, episode.start, episode.id, room=zone.room, pace=3.0)
        who.seen()
        who.t += scene.between(5, 900)
        who.to(scene.rng.choice(following))
        episode.last(who.t)
    else:
        repeats(scene, episode, zone, scene.rng.choice((1, 1, 2, 3, 6)), 400)
    _someone_is_called(scene, stretch, episode)


def weather(scene: Scene, stretch: Stretch, episode: Episode) -> None:
    """Lightning or interference that sets off much at once, or a storm at one shutter."""
    zones = scene.plan.intrusion()
    outside = [zone for zone in zones if zone.outdoors or zone.technology in {"glass", "seismic"}]
    if scene.chance(0.45) and len(zones) >= 3:
        strike(scene, episode, zones)
    else:
        zone = scene.rng.choice(outside or zones)
        on(episode, zone, "nuisance", "sensor_degraded", "loose_contact")
        repeats(scene, episode, zone, scene.rng.randint(1, 6), 200)
    _someone_is_called(scene, stretch, episode)


def strike(scene: Scene, episode: Episode, zones: list[Zone]) -> None:
    """Three or more detectors of one bus or supply within two seconds, at once or by turns."""
    one = scene.rng.choice(zones)
    same = [zone for zone in zones if zone.bus == one.bus] if one.bus else zones
    if len(same) < 3:
        same = zones
    struck = scene.rng.sample(same, min(len(same), scene.rng.randint(3, 6)))
    for zone in struck:
        scene.hold(episode.start + scene.between(0, 1.2), zone, scene.between(0.2, 3), episode.id)
    episode.cause, episode.onset, episode.failure = "common_cause", episode.start, episode.start
    episode.subject = {"panel": "p1"}
    if one.bus:
        episode.subject["bus"] = one.bus
    episode.note["near_zones"] = [zone.number for zone in struck]
    if scene.chance(0.3):
        scene.speak(
            episode.start + 1, episode.id, panel="p1", kind="power", code="301", state="active"
        )
        scene.speak(
            episode.start + scene.between(3, 90), episode.id,
            panel="p1", kind="power", code="301", state="restored",
        )  # fmt: skip
    episode.last(episode.start + 5)


def on(episode: Episode, zone: Zone, *explains: str) -> None:
    """Say which zone it is about and which findings about it are true."""
    episode.subject = {"panel": zone.panel, "zone": zone.number}
    episode.explains = explains


def cable_broken(scene: Scene, episode: Episode, zone: Zone, state: str, hours: float) -> None:
    """A circuit goes to `state` and is mended after some hours."""
    scene.add(episode.start, Broken(zone.number, state), episode.id)
    scene.add(episode.start + hours * 3600, Broken(zone.number, "closed"), episode.id)
