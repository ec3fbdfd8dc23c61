"""Nonsense between lines, and a judge that minds it."""

import json
import random

from bench import abuse
from hil.sites.mixes import MIXES
from hil.sites.timeline import simulate


def test_every_line_is_where_its_new_number_says() -> None:
    timeline = simulate(1, MIXES["genuine"], 1)
    lines, places = abuse.damaged(timeline, random.Random(1), 0.2)
    assert len(lines) > len(timeline.jsonl())
    for old, text in enumerate(timeline.jsonl(), 1):
        assert lines[places[old] - 1] == text


def test_the_flood_is_an_hour_of_128_zones() -> None:
    lines = [json.loads(line) for line in abuse.flood()]
    assert {line["zone"] for line in lines if "zone" in line} == set(range(1, 129))
    assert 3500 < lines[-1]["t"] <= 3600
    assert sum(line.get("kind") == "burglary" for line in lines) > 3500
