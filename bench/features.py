"""Features of an incident, for a classifier: what a learner could know by the time it decides.

One row an episode, from its alarms and trips in the 45 minutes after the first, and from what else
was heard around them: the facts that the shipped rules use, as numbers.  It is told by the labels
which lines belong together, which no rule knows.
"""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hil.sites.plan import Zone, independent
from hil.sites.timeline import Timeline

WINDOW_S = 2700.0
BEFORE_S = 48 * 3600.0  # how far back the last arming is looked for
TROUBLES = frozenset({"zone_trouble", "module_trouble", "system_trouble"})


def features(timeline: Timeline) -> dict[int, list[float]]:
    """Return one row for each intrusion episode, by its number."""
    times = [float(str(line["t"])) for line in timeline.lines]
    labels: list[dict[str, Any]] = timeline.labels
    return {
        label["episode"]: _of_trips(timeline, label) + _of_the_rest(timeline, times, label)
        for label in labels
        if label["alarmed"] and label["group"] == "intrusion"
    }


def _of_trips(timeline: Timeline, label: Mapping[str, Any]) -> list[float]:
    by_number = {zone.number: zone for zone in timeline.plan.zones if zone.panel == "p1"}
    first: dict[int, float] = {}
    start, last, kinds = label["first_s"], label["first_s"], []
    for number in label["lines"]:
        line = timeline.lines[number - 2]
        t, zone = float(str(line["t"])), line.get("zone")
        if t > start + WINDOW_S:
            break
        last = t
        kinds.append(line["kind"])
        if isinstance(zone, int) and zone in by_number:
            first.setdefault(zone, t)
    zones = [by_number[number] for number in first]
    gaps = [later - sooner for sooner, later in pairwise(sorted(first.values()))]
    buses = [zone.bus for zone in zones]
    return [
        float(value)
        for value in (
            len(kinds),
            len(zones),
            any(independent(one, other) for one in zones for other in zones),
            sum(gap <= 30 for gap in gaps),
            sum(gap <= 2 for gap in gaps),
            min(gaps, default=WINDOW_S),
            last - start,
            kinds.count("burglary"),
            kinds.count("tamper"),
            *_of_types(zones),
            max((buses.count(bus) for bus in buses), default=0),
        )
    ]


def _of_types(zones: list[Zone]) -> list[int]:
    return [
        sum(zone.type == "entry_exit" for zone in zones),
        sum(zone.type == "perimeter" for zone in zones),
        sum(zone.type in {"interior", "follower"} for zone in zones),
        sum(zone.outdoors for zone in zones),
        sum(zone.detects_motion for zone in zones),
    ]


def _of_the_rest(timeline: Timeline, times: list[float], label: Mapping[str, Any]) -> list[float]:
    """Arming before, disarming after, troubles and codes around, the hour."""
    start = label["first_s"]
    known = {user.number for user in timeline.plan.users}
    armed, disarmed, valid = start - BEFORE_S, WINDOW_S, 0.0
    counts = dict.fromkeys(("exit_error", "access", "test", "power", "comms", "trouble"), 0.0)
    for index in range(bisect_left(times, start - BEFORE_S), bisect_left(times, start + WINDOW_S)):
        line, t = timeline.lines[index], times[index]
        state, kind = line.get("state"), str(line["kind"])
        if t <= start and state in {"armed", "armed_away", "armed_stay"}:
            armed = t
        if (state == "disarmed" or kind == "cancel") and t >= start and disarmed == WINDOW_S:
            disarmed, valid = t - start, float(line.get("user") in known)
        kind = "trouble" if kind in TROUBLES else kind
        if kind in counts and t > start - WINDOW_S:
            counts[kind] += 1
    since = start - armed
    hour, day = start % 86_400 // 3600, start // 86_400 % 7
    return [*counts.values(), since, float(since < 120), disarmed, valid, hour, day]
