"""Timelines that nobody would send in good faith, and one that nobody would survive."""

import json
import random
import time
from collections.abc import Iterator
from typing import Any

from bench.judged import Outcome, Said, judge, outcomes
from hil.sites.timeline import Timeline

FLOOD_ZONES = 128
FLOOD_S = 3600


def nonsense(rng: random.Random) -> str:
    """Return one line that makes no sense: JSON or not, of all kinds."""
    kind = rng.choice(
        ("zone", "burglary", "area", "test", "cancel", "loop", "supply", "power", "?")
    )
    values: tuple[Any, ...] = (None, -1, 0, 99999, 1.5, "x", [], {}, True, 10**30)
    line: dict[str, Any] = {
        "t": rng.choice((0, -5, None, "soon", 1e18)),
        "panel": rng.choice(("nobody", None, 7, "")),
        "kind": kind,
        "state": rng.choice(("restored", "closed", "open", "nonsense", None, 3)),
        "zone": rng.choice(values),
        "area": rng.choice(values),
        "user": rng.choice((None, -1, "x", 4000000)),
        "ohms": rng.choice(values),
    }
    for key in rng.sample(sorted(line), rng.randint(0, 4)):
        del line[key]
    text = json.dumps(line)
    return rng.choice(
        (text, text, text, text[: len(text) // 2], "", "[]", "null", "\x00\xff", "{}")
    )


def damaged(timeline: Timeline, rng: random.Random, share: float) -> tuple[list[str], list[int]]:
    """Return the timeline with nonsense between its lines, and the new number of each old line."""
    lines, places = [], [0]
    for number, text in enumerate(timeline.jsonl(), 1):
        while number > 1 and rng.random() < share:
            lines.append(nonsense(rng))
        lines.append(text)
        places.append(len(lines))
    return lines, places


def lowered(timeline: Timeline, before: list[Outcome], rng: random.Random) -> list[str]:
    """Name the episodes that nonsense between the lines left at a lower tier, and any exception."""
    lines, places = damaged(timeline, rng, 0.15)
    try:
        said = judge(timeline.site_toml(), lines)
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        return [f"seed {timeline.seed}: {error!r}"]
    if failures := said[-1].get("failures"):
        return [f"seed {timeline.seed}: {failures}"]
    back = {new: old for old, new in enumerate(places)}
    moved: list[Said] = [
        {**one, "lines": [back[n] for n in one["lines"] if n in back]}
        for one in said
        if one["type"] == "verdict"
    ]
    after = {o.label["episode"]: _tier(o) for o in outcomes(timeline, moved)}
    return [
        f"seed {timeline.seed} episode {o.label['episode']}: from {_tier(o)}"
        f" to {after[o.label['episode']]}"
        for o in before
        if after[o.label["episode"]] < _tier(o)
    ]


def _tier(outcome: Outcome) -> int:
    return -1 if outcome.final is None else outcome.final


def changed_by_the_future(timeline: Timeline, whole: list[Said], part: float) -> bool:
    """Whether what was said of the beginning of a timeline depends on how it goes on."""
    lines = timeline.jsonl()
    cut = max(2, int(len(lines) * part))
    until = float(json.loads(lines[cut - 1])["t"])
    said = [one for one in judge(timeline.site_toml(), lines[:cut]) if one["type"] != "summary"]
    known = [one for one in whole if one["type"] != "summary"][: len(said)]
    return said != known or any(one["t"] > until for one in said)


def flood() -> Iterator[str]:
    """One hour of a site of 128 zones, armed, with three lines a second."""
    rng = random.Random(1)
    yield json.dumps({"start": "2026-01-05T00:00:00+00:00"})
    yield json.dumps({"t": 0, "panel": "p1", "kind": "area", "state": "armed_away", "area": 1})
    for second in range(1, FLOOD_S):
        zone = rng.randint(1, FLOOD_ZONES)
        about = {"panel": "p1", "zone": zone}
        yield json.dumps({"t": second, **about, "kind": "zone", "state": "open"})
        yield json.dumps(
            {
                "t": second + 0.1,
                **about,
                "kind": "burglary",
                "code": "132",
                "state": "active",
                "area": 1,
            }
        )
        yield json.dumps({"t": second + 0.5, **about, "kind": "zone", "state": "closed"})


def flood_site() -> str:
    """Return its configuration."""
    zones = "\n".join(
        f'[[zone]]\npanel = "p1"\nzone = {n}\narea = 1\ntype = "interior"\ntechnology = "pir"\n'
        f'bus = "b{n // 16}"\nsupply = "s{n // 32}"\n'
        f"near = [{{ zone = {n % FLOOD_ZONES + 1}, walk_s = 4.0 }}]"
        for n in range(1, FLOOD_ZONES + 1)
    )
    return f'[site]\nname = "Flood"\n\n[[area]]\npanel = "p1"\narea = 1\n\n{zones}\n'


def flood_cpu_s() -> float:
    """Return the CPU time that judging the flood takes."""
    site, lines = flood_site(), list(flood())
    begun = time.process_time()
    judge(site, lines)
    return time.process_time() - begun
