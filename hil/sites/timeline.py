"""One site as three texts: its configuration, what the gateway heard, and what really happened."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hil.sites.episode import label
from hil.sites.mixes import Mix
from hil.sites.plan import Plan, to_toml
from hil.sites.story import write
from hil.sites.world import play

FIRST_DAY = datetime.fromisoformat("2026-01-05")  # a Monday
SITE, TIMELINE, LABELS = "SITE.toml", "TIMELINE.jsonl", "LABELS.jsonl"


@dataclass(frozen=True, slots=True)
class Timeline:
    """What `edge-agent judge` reads, and the labels that it never sees."""

    seed: int
    days: int
    plan: Plan
    start: str
    lines: list[dict[str, object]]
    labels: list[dict[str, Any]]
    trips: list[int]  # lines that are alarms, or openings while armed
    entries: frozenset[int] = frozenset()  # of these, openings on the way in

    def site_toml(self) -> str:
        """Return the site part of a configuration."""
        return to_toml(self.plan)

    def jsonl(self) -> list[str]:
        """Return the timeline, one JSON object a line, the start first."""
        lines: list[dict[str, object]] = [{"start": self.start}, *self.lines]
        return [json.dumps(line) for line in lines]

    def save(self, folder: Path) -> None:
        """Write the three files."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SITE).write_text(self.site_toml())
        (folder / TIMELINE).write_text("".join(f"{line}\n" for line in self.jsonl()))
        labels = "".join(f"{json.dumps(label)}\n" for label in self.labels)
        (folder / LABELS).write_text(labels)


def simulate(seed: int, mix: Mix, days: int = 14) -> Timeline:
    """Return the timeline of the site that this seed and mix make; the same every time."""
    first = FIRST_DAY + timedelta(days=seed % 330)
    scene = write(seed, mix, days, first.weekday())
    start = datetime.fromisoformat(first.isoformat() + scene.plan.offset)
    heard = play(scene, start)
    return Timeline(
        seed,
        days,
        scene.plan,
        start.isoformat(),
        [{"t": round(said.t, 3), **said.line} for said in heard.said],
        [label(episode, scene.plan, heard) for episode in scene.episodes],
        [number for number, said in enumerate(heard.said, 2) if said.alarm],
        frozenset(number for number, said in enumerate(heard.said, 2) if said.entry),
    )
