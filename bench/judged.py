"""Timelines put before a judge, and what he says of each episode.

An episode's outcome is taken from the verdicts whose lines hold one of its alarm lines, from the
moment at which they do.  A tier counts as kept when no later verdict of that incident is below it.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from edge_agent import config, judging
from edge_agent.daemon.panels import time_zone
from hil.sites.timeline import Timeline

Said: TypeAlias = Mapping[str, Any]
"""One line of what a judge puts out."""

PATIENCE_S = 0.5  # from an alarm to the verdict that holds it
IN_TIME_S = 300.0
AFTER_S = 300.0  # judged beyond the last line: more than any entry delay


def shipped(timeline: Timeline) -> list[Said]:
    """Return what the shipped diagnosis says, in this process.

    It is judged a little beyond the last line: an opening on the way in is a trip only when its
    entry delay is over.
    """
    last_s = float(str(timeline.lines[-1]["t"])) if timeline.lines else 0.0
    return judge(timeline.site_toml(), timeline.jsonl(), last_s + AFTER_S)


def judge(site_toml: str, lines: Iterable[str], until_s: float | None = None) -> list[Said]:
    """Return what the shipped diagnosis says of these texts."""
    site, _ = config.parse_site(site_toml.encode(), Path("SITE.toml"))
    name = tomllib.loads(site_toml).get("site", {}).get("timezone")
    zone = time_zone(name) if name else None
    texts = judging.judge(site.premises, zone, (line.encode() for line in lines), until_s)
    return [json.loads(text) for text in texts]


@dataclass(frozen=True, slots=True)
class Step:
    """One verdict that concerns an episode."""

    t: float
    tier: int  # the highest of all incidents that hold its lines, from now on


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a judge made of one episode."""

    label: Mapping[str, Any]
    steps: tuple[Step, ...]
    unheld: int = 0  # alarm lines that no verdict holds in time
    causes: tuple[tuple[float, str], ...] = ()

    @property
    def final(self) -> int | None:
        """The tier at which it was left; None: no verdict."""
        return self.steps[-1].tier if self.steps else None

    @property
    def is_lost(self) -> bool:
        """Whether no verdict holds any of its lines."""
        return not self.steps

    @property
    def was_zero(self) -> bool:
        """Whether it was ever at tier 0."""
        return any(step.tier == 0 for step in self.steps)

    @property
    def is_freed(self) -> bool:
        """Whether a valid code came within five minutes of the first alarm."""
        first = self.label["raw_s"] if self.label["raw_s"] is not None else self.label["first_s"]
        disarmed = self.label["disarmed_s"]
        return disarmed is not None and disarmed - first <= IN_TIME_S + 1.0

    @property
    def is_presence(self) -> bool:
        """Whether tier 2 or more was reached and kept."""
        return (self.final or 0) >= 2

    def raised_s(self) -> float | None:
        """When it reached the tier 2 that it kept; None where it did not."""
        at: float | None = None
        for step in self.steps:
            if step.tier < 2:
                at = None
            elif at is None:
                at = step.t
        return at


@dataclass(slots=True)
class _Incident:
    verdicts: list[Said] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)


def outcomes(timeline: Timeline, said: Iterable[Said]) -> list[Outcome]:
    """Return the outcome of every episode that was heard and was more than a way in, in time."""
    incidents: dict[str, _Incident] = {}
    for one in said:
        if one["type"] == "verdict":
            incident = incidents.setdefault(one["incident"], _Incident())
            incident.verdicts.append(one)
            incident.lines.update(one["lines"])
    by_line = {number: key for key, found in incidents.items() for number in found.lines}
    return [
        _outcome(timeline, label, incidents, by_line)
        for label in timeline.labels
        if label["alarmed"]
    ]


def _outcome(
    timeline: Timeline,
    label: Mapping[str, Any],
    incidents: Mapping[str, _Incident],
    by_line: Mapping[int, str],
) -> Outcome:
    mine = set(label["lines"])
    keys = dict.fromkeys(by_line[number] for number in label["lines"] if number in by_line)
    tiers: dict[str, int] = {}
    steps: list[Step] = []
    causes = []
    concerning = [
        (one["t"], key, one)
        for key in keys
        for one in incidents[key].verdicts
        if mine & set(one["lines"])
    ]
    for t, key, one in sorted(concerning, key=lambda what: what[0]):
        tiers[key] = one["tier"]
        tier = max(tiers.values())
        if not steps or steps[-1].tier != tier:
            steps.append(Step(t, tier))
        if one["cause"]:
            causes.append((t, one["cause"]))
    return Outcome(label, tuple(steps), _unheld(timeline, label, incidents, by_line), tuple(causes))


ALARMS = {
    *("medical", "panic", "duress", "holdup", "fire", "gas", "co", "burglary", "tamper"),
}


def _unheld(
    timeline: Timeline,
    label: Mapping[str, Any],
    incidents: Mapping[str, _Incident],
    by_line: Mapping[int, str],
) -> int:
    count = 0
    for number in label["lines"]:
        line = timeline.lines[number - 2]
        if line["kind"] not in ALARMS or line.get("state") != "active":
            continue
        key = by_line.get(number)
        begun = incidents[key].verdicts[0]["t"] if key else None
        count += begun is None or begun > float(str(line["t"])) + PATIENCE_S
    return count


def uncited_falls(timeline: Timeline, said: Iterable[Said]) -> list[str]:
    """Name verdicts whose tier fell without a disarm, cancel, test or measurement in their lines.

    Also those whose lines do not grow, and times that go back.
    """
    found, latest, before = [], 0.0, dict[str, Said]()
    for one in said:
        if one["type"] == "summary":
            continue
        if one["t"] < latest:
            found.append(f"t goes back to {one['t']}")
        latest = max(latest, one["t"])
        if one["type"] != "verdict":
            continue
        last = before.get(one["incident"])
        before[one["incident"]] = one
        if last is None:
            continue
        if not set(last["lines"]) <= set(one["lines"]):
            found.append(f"{one['incident']} at {one['t']}: lines are gone")
        if one["tier"] < last["tier"] and not any(map(_proves, _lines(timeline, one["lines"]))):
            found.append(f"{one['incident']} at {one['t']}: fell from {last['tier']} for nothing")
    return found


def _lines(timeline: Timeline, numbers: Iterable[int]) -> list[dict[str, object]]:
    return [timeline.lines[n - 2] for n in numbers if 2 <= n < len(timeline.lines) + 2]


PROOFS = frozenset({"cancel", "test", "loop", "supply", "radio", "line"})


def _proves(line: Mapping[str, object]) -> bool:
    return line["kind"] in PROOFS or line.get("state") == "disarmed"
