"""Writes the story of one site from a seed: ordinary life, and what befalls it there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hil.sites import days, mistakes, nature
from hil.sites.answers import nobody
from hil.sites.building import draw_plan
from hil.sites.days import Calendar, Presence, Stretch
from hil.sites.electrics import Electrics, measure
from hil.sites.episode import Episode, Group
from hil.sites.faults import FAULTS, Injection, inject
from hil.sites.intruders import burgle, burgle_at, draw_intruder
from hil.sites.mixes import OF_CAUSE, Mix, draw_causes, draw_counts
from hil.sites.perils import duress, fire, holdup
from hil.sites.plan import DAY_S
from hil.sites.script import Scene
from hil.sites.traits import draw_traits

AT_NIGHT: dict[str, Callable[[Scene, Stretch, Episode], None]] = {
    "unscheduled": mistakes.unscheduled,
    "maintenance": mistakes.maintenance,
    "draught": nature.draught,
    "animal": nature.animal,
    "weather": nature.weather,
}


@dataclass(slots=True)
class Story:
    """One site's timeline while it is written."""

    scene: Scene
    calendar: Calendar
    electrics: Electrics = field(default_factory=Electrics)
    taken: set[object] = field(default_factory=set)  # zones and supplies with a fault
    closed: set[int] = field(default_factory=set)  # presences whose end is an episode
    opened: dict[int, float] = field(default_factory=dict)  # whose start is one; when disarmed

    def night(self, *, stay: float = 0.1) -> Stretch | None:
        """Take a stretch of hours, now and then one in which people sleep inside."""
        sleeping = self.scene.chance(stay)
        nights = [night for night in self.calendar.nights if night.stay is sleeping]
        nights = nights or self.calendar.nights
        if not nights:
            return None
        night = self.scene.rng.choice(nights)
        self.calendar.nights.remove(night)
        return night

    def closing(self) -> Presence | None:
        """Take a closing."""
        return self._moment(self.calendar.closings, self.closed)

    def opening(self) -> Presence | None:
        """Take an opening."""
        return self._moment(self.calendar.openings, set())

    def _moment(self, indices: list[int], taken: set[int]) -> Presence | None:
        if not indices:
            return None
        index = self.scene.rng.choice(indices)
        indices.remove(index)
        taken.add(index)
        return self.calendar.presences[index]

    def day(self) -> Presence | None:
        """Return hours in which people are there; others may use them too."""
        return self.scene.rng.choice(self.calendar.presences) if self.calendar.presences else None


def write(seed: int, mix: Mix, length_days: int, weekday: int) -> Scene:
    """Write everything that happens at the site of this seed."""
    rng = Random(f"{mix.name}:{seed}")
    scene = Scene(draw_plan(rng, seed), draw_traits(rng), rng, length_days)
    story = Story(scene, days.draw_calendar(scene, weekday))
    counts = draw_counts(rng, mix, length_days)
    days.begin(scene)
    for cause in draw_causes(rng, mix, counts.false):
        false_alarm(story, cause)
    for _ in range(counts.genuine):
        burglary(story)
    for _ in range(counts.perils):
        peril(story)
    for _ in range(counts.smoke):
        fire(scene, scene.between(0, length_days * DAY_S), genuine=False)
    quiet_faults(story, counts.faults)
    for _ in range(counts.outages):
        outage(story)
    ordinary(story)
    measure(scene, story.electrics)
    return scene


# ---- false alarms


def false_alarm(story: Story, cause: str) -> None:
    """Let one false alarm of this cause happen, where the calendar still has room for it."""
    scene = story.scene
    if cause in OF_CAUSE:
        loud_fault(story, cause)
    elif cause == "exit_error":
        _at_closing(story, cause, mistakes.exit_error)
    elif cause == "late_code":
        _at_opening(story)
    elif cause == "unscheduled" and scene.chance(0.2) and scene.plan.hours:
        _at_closing(story, cause, mistakes.auto_armed)
    elif cause == "panic_misuse":
        _panic_misuse(story)
    elif (night := story.night()) is not None:
        start = scene.between(night.start, max(night.start, night.end - 7000))
        episode = scene.begin(cause, Group.INTRUSION, start)
        AT_NIGHT[cause](scene, night, episode)


def _at_closing(story: Story, kind: str, play: Callable[[Scene, Presence, Episode], None]) -> None:
    presence = story.closing()
    if presence is not None:
        play(story.scene, presence, story.scene.begin(kind, Group.INTRUSION, presence.end))


def _at_opening(story: Story) -> None:
    presence = story.opening()
    if presence is not None:
        episode = story.scene.begin("late_code", Group.INTRUSION, presence.start)
        mistakes.late_code(story.scene, presence, episode)
        story.opened[story.calendar.presences.index(presence)] = episode.end


def _panic_misuse(story: Story) -> None:
    scene, presence = story.scene, story.day()
    if presence is None or not scene.zones("panic", "holdup", "medical"):
        return
    start = scene.between(presence.start + 200, max(presence.start + 201, presence.end - 400))
    episode = scene.begin("panic_misuse", Group.LIFE, start)
    mistakes.panic_misuse(scene, Stretch(start, start + 3600), episode)


def loud_fault(story: Story, family: str) -> None:
    """A fault that begins to show days before and fails at night, with an alarm."""
    scene = story.scene
    shares = {
        cause: share
        for cause, share in OF_CAUSE[family].items()
        if FAULTS[cause].shows(scene) or cause in {"loose_contact", "mains_loss"}
    }
    possible = {cause: share for cause, share in shares.items() if _possible(story, cause)}
    night = story.night(stay=0.0) if possible else None
    if night is None:
        return
    cause = scene.rng.choices(list(possible), list(possible.values()))[0]
    failure = scene.between(night.start, max(night.start, night.end - 7000))
    episode = scene.begin(cause, Group.INTRUSION, failure)
    onset = max(0.0, failure - scene.between(1, 9) * DAY_S)
    end = failure + scene.between(8, 40) * 3600
    fault = Injection(
        scene, story.electrics, story.calendar, episode, onset, failure, end, True, story.taken
    )
    inject(fault, cause)
    if scene.chance(0.5):
        nobody(scene, episode, failure + 60, night.end)


def _possible(story: Story, cause: str) -> bool:
    scene = story.scene
    if cause == "loose_contact":
        return any(zone.eol_ohms for zone in scene.plan.intrusion())
    return FAULTS[cause].shows(scene)


# ---- genuine


def burglary(story: Story) -> None:
    """One burglar, most often at night, now and then slipping in behind who leaves."""
    scene = story.scene
    if scene.chance(0.04) and (presence := story.closing()) is not None:
        days.leave(scene, presence)
        armed = presence.end + scene.exit_delay_s()
        start = armed + scene.between(5, 1500)
        stretch = Stretch(start, start + 9000)
        burgle_at(scene, stretch, "in_exit_delay", start)
        return
    night = story.night(stay=0.15)
    if night is not None:
        burgle(scene, night, draw_intruder(scene, night))


def peril(story: Story) -> None:
    """A hold-up, a duress code or a fire."""
    scene = story.scene
    what = scene.rng.random()
    if what < 0.4 and (presence := story.day()) is not None:
        holdup(scene, presence)
    elif what < 0.55 and (presence := story.opening()) is not None:
        duress(scene, presence)
        story.opened[story.calendar.presences.index(presence)] = presence.start + 30
    else:
        fire(scene, scene.between(600, scene.days * DAY_S - 3600), genuine=True)


# ---- what goes on besides


def quiet_faults(story: Story, count: int) -> None:
    """Faults that are noticed, or not, without an alarm: each on something else."""
    scene = story.scene
    causes = [cause for cause, fault in FAULTS.items() if fault.shows(scene)]
    scene.rng.shuffle(causes)
    for cause in causes[:count]:
        length_s = scene.days * DAY_S
        failure = scene.between(0.55, 0.85) * length_s
        onset = max(0.18 * length_s, failure - scene.between(3, 7) * DAY_S)
        if cause in {"loose_contact", "sensor_dead", "sensor_stuck", "common_cause"}:
            failure = _while_open(story, failure)
        episode = scene.begin(cause, Group.FAULT, failure)
        end = failure + scene.between(6, 40) * 3600
        if cause == "sensor_dead":
            failure = min(failure, length_s * 0.5)
        fault = Injection(
            scene, story.electrics, story.calendar, episode, onset, failure, end, False, story.taken
        )
        inject(fault, cause)


def _while_open(story: Story, t: float) -> float:
    """Return a time near `t` at which people are there."""
    presences = story.calendar.presences
    if not presences:
        return t
    nearest = min(presences, key=lambda presence: abs(presence.start - t))
    return story.scene.between(nearest.start + 200, max(nearest.start + 201, nearest.end - 600))


def outage(story: Story) -> None:
    """The way to the center is down for some minutes or hours."""
    scene = story.scene
    start = scene.between(0, scene.days * DAY_S)
    end = start + scene.between(20, 7200)
    scene.cut_off(start).last(end)
    scene.speak(start, kind="uplink", state="down")
    scene.speak(end, kind="uplink", state="up")


def ordinary(story: Story) -> None:
    """Everything that nobody would mention."""
    scene = story.scene
    for index, presence in enumerate(story.calendar.presences):
        if index in story.opened:
            disarmed = story.opened[index]
            later = Presence(max(presence.start, disarmed), presence.end, 0, 0)
            days.move(scene, later)
        else:
            days.arrive(scene, presence)
            days.move(scene, presence)
        if index not in story.closed:
            days.leave(scene, presence)
    for night in story.calendar.nights:
        if night.stay:
            days.sleep_walk(scene, night)
