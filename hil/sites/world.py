"""Plays a scene: everything in order of time, through the panel, into what the gateway hears."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from hil.sites.episode import Heard
from hil.sites.panel import Panel, Said
from hil.sites.plan import DAY_S
from hil.sites.script import Scene
from hil.sites.stimulus import Trip


def play(scene: Scene, start: datetime) -> Heard:
    """Return the lines that the gateway hears and the trips that the panel had."""
    panel = Panel(scene.plan, scene.traits, start)
    dead = {
        episode.subject["zone"]: (episode.onset or 0.0, float(str(episode.note["mended_s"])))
        for episode in scene.episodes
        if episode.note.get("dead")
    }
    held: Counter[tuple[str, int]] = Counter()
    said: list[Said] = []
    for t, _, why, stimulus in sorted(scene.happenings, key=lambda what: what[:2]):
        if t > scene.days * DAY_S:
            break
        while (deadline := panel.deadline()) is not None and deadline <= t:
            said += panel.wake(deadline)
        if isinstance(stimulus, Trip):
            since, until = dead.get(stimulus.zone, (0.0, 0.0))
            if stimulus.on and since <= t < until:
                continue
            if not _changes(held, stimulus):
                continue
        said += panel.handle(stimulus, t, why)
    return Heard(_in_order(said), panel.trips)


def _changes(held: Counter[tuple[str, int]], trip: Trip) -> bool:
    """Whether a detector goes from rest to set off or back: several may hold it at once."""
    key = trip.panel, trip.zone
    if trip.on:
        held[key] += 1
        return held[key] == 1
    if not held[key]:
        return False  # a dead one was never set off
    held[key] -= 1
    return held[key] == 0


def _in_order(said: list[Said]) -> list[Said]:
    """The order of hearing rules; no time goes back."""
    found: list[Said] = []
    latest = 0.0
    for one in said:
        latest = max(latest, one.t)
        found.append(one if one.t == latest else replace(one, t=latest))
    return found
