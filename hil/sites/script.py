"""A scene being written: what happens when, and the people who walk through it."""

from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from hil.sites.episode import Episode, Group
from hil.sites.plan import Plan, Zone
from hil.sites.stimulus import Arm, Disarm, How, Speak, Stimulus, Trip
from hil.sites.traits import Traits

Happening: TypeAlias = tuple[float, int, int | None, Stimulus]
"""When, a running number, the episode behind it (negative: who answers an alarm), what."""

SEEN = 0.94  # chance that a motion detector sees somebody who walks into its room
RETRIGGERS_MAX = 10  # of a detector in one stay in a room


@dataclass(slots=True)
class Scene:
    """One site while its story is written."""

    plan: Plan
    traits: Traits
    rng: Random
    days: int
    happenings: list[Happening] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)

    def add(self, t: float, stimulus: Stimulus, why: int | None = None) -> None:
        """Let something happen at `t`."""
        self.happenings.append((max(0.0, t), len(self.happenings), why, stimulus))

    def speak(self, t: float, why: int | None = None, **line: object) -> None:
        """Let a line be said at `t` as it is."""
        self.add(t, Speak(line), why)

    def hold(self, t: float, zone: Zone, seconds: float, why: int | None = None) -> None:
        """Set a detector off for some seconds; what overlaps is one opening."""
        self.add(t, Trip(zone.number, True, zone.panel), why)
        self.add(t + seconds, Trip(zone.number, False, zone.panel), why)

    def begin(self, kind: str, group: Group, t: float, *, genuine: bool = False) -> Episode:
        """Open an episode."""
        episode = Episode(len(self.episodes) + 1, kind, group, genuine, t, t)
        self.episodes.append(episode)
        return episode

    def cut_off(self, t: float) -> Episode:
        """Note that the way to the center is lost at `t`: whoever finds that is right."""
        episode = self.begin("outage", Group.OUTAGE, t)
        episode.subject, episode.explains = {"panel": "@gateway"}, ("link_loss",)
        return episode

    def chance(self, share: float) -> bool:
        """Return true in this share of all cases."""
        return self.rng.random() < share

    def between(self, low: float, high: float) -> float:
        """Draw evenly."""
        return self.rng.uniform(low, high)

    def user(self, *roles: str) -> int:
        """Return a user of one of the roles; anybody where there is none."""
        wanted = [user.number for user in self.plan.users if user.role in roles]
        return self.rng.choice(wanted or [user.number for user in self.plan.users])

    def zones(self, *types: str) -> list[Zone]:
        """Return the intruder panel's zones of these types."""
        return [zone for zone in self.plan.zones if zone.type in types and zone.panel == "p1"]

    def motion(self, room: int | None = None) -> list[Zone]:
        """Return the motion detectors of a room, or all."""
        return [
            zone
            for zone in self.plan.intrusion()
            if zone.detects_motion and room in {None, zone.room}
        ]

    def disarm(
        self, t: float, user: int | None, why: int | None = None, *, duress: bool = False
    ) -> None:
        """Disarm all areas, one after the other."""
        for number, area in enumerate(self.plan.areas):
            self.add(t + number, Disarm(area.number, user, duress=duress and not number), why)

    def arm(self, t: float, user: int | None, how: How = How.USER, why: int | None = None) -> None:
        """Arm all areas, the first last."""
        for number, area in enumerate(reversed(self.plan.areas)):
            self.add(t + number * 0.5, Arm(area.number, user, how), why)

    def entry_delay_s(self) -> float:
        """Return the entry delay of the main area."""
        return float(self.plan.areas[0].entry_delay_s)

    def exit_delay_s(self) -> float:
        """Return the exit delay of the main area."""
        return float(self.plan.areas[0].exit_delay_s)


@dataclass(slots=True)
class Walker:
    """Somebody who moves through the rooms; `t` is his own time."""

    scene: Scene
    t: float
    why: int | None
    room: int = 0
    pace: float = 1.0  # factor on all walking times

    def set_off(self, zone: Zone, seconds: float) -> None:
        """Set a detector off where he stands."""
        self.scene.hold(self.t, zone, seconds, self.why)

    def seen(self) -> None:
        """Let the motion detectors of the room see him come in."""
        for zone in self.scene.motion(self.room):
            if self.scene.chance(SEEN):
                begin = self.t + self.scene.between(0.2, 2.5)
                self.scene.hold(begin, zone, self.scene.between(2, 9), self.why)

    def to(self, room: int) -> None:
        """Walk into the next room."""
        seconds = self.scene.plan.walks.get((self.room, room), 6.0)
        self.t += seconds * self.pace * self.scene.between(0.8, 1.3)
        self.room = room
        self.seen()

    def way(self, room: int) -> None:
        """Walk through all rooms on the way to `room`."""
        for step in path(self.scene.plan, self.room, room):
            self.to(step)

    def linger(self, seconds: float) -> None:
        """Stay in the room and be seen again and again."""
        end = self.t + seconds
        for zone in self.scene.motion(self.room):
            at = self.t + self.scene.between(6, 30)
            while at < end:
                if self.scene.chance(SEEN):
                    self.scene.hold(at, zone, self.scene.between(2, 9), self.why)
                at += max(self.scene.between(8, 45), seconds / RETRIGGERS_MAX)
        self.t = end

    def door(self, zone: Zone, seconds: float, *, ajar: bool = False) -> None:
        """Go through a door, which stands open for `seconds`, or for an hour."""
        self.set_off(zone, self.scene.between(1800, 5400) if ajar else seconds)
        self.room = zone.room
        self.t += min(seconds, self.scene.between(1, 4))


def path(plan: Plan, start: int, goal: int) -> list[int]:
    """Return the rooms from `start` (left out) to `goal`; just the goal where there is no way."""
    came: dict[int, int] = {start: start}
    queue = [start]
    while queue and goal not in came:
        room = queue.pop(0)
        for other in plan.next_to(room):
            if other not in came:
                came[other] = room
                queue.append(other)
    if goal not in came:
        return [goal]
    steps = []
    while goal != start:
        steps.append(goal)
        goal = came[goal]
    return steps[::-1]
