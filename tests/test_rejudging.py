"""Recorded runs judged again: what does not follow from the events is found."""

import json
from dataclasses import replace
from typing import Any

from edge_agent.domain.event import EventType
from edge_agent.rejudging import Rejudging
from tests.diagnosis.runs import ARMED, BURGLARY, RULES, Runs


def played() -> Runs:
    runs = Runs()
    runs.start()
    runs.judge()
    runs.hear(**ARMED)
    runs.hear(**BURGLARY, zone=3)
    runs.start()
    runs.judge()
    runs.hear(**BURGLARY, zone=4)
    return runs


def judged(runs: Runs, rules: str = RULES, epoch: str = "") -> tuple[list[Any], Rejudging]:
    again = Rejudging(lambda: runs.journal, rules)
    return [json.loads(line) for line in again.lines(epoch)], again


def test_each_verdict_is_told_with_the_event_that_said_it() -> None:
    runs = played()
    lines, _ = judged(runs)
    assert [line["type"] for line in lines][::2] == ["run", "run", "summary"]
    said = [line["event"] for line in lines if line["type"] == "verdict"]
    stored = [e for e in runs.journal if e.draft.type is EventType.VERDICT]
    assert said == [f"{event.epoch.hex()}/{event.seq}" for event in stored]
    only, _ = judged(runs, epoch=runs.epoch.hex()[:6])
    assert [line["type"] for line in only] == ["run", "verdict", "summary"]


def test_a_verdict_that_does_not_follow_is_named() -> None:
    runs = played()
    at = next(n for n, e in enumerate(runs.journal) if e.draft.type is EventType.VERDICT)
    event = runs.journal[at]
    forged = replace(event.draft, body={**event.draft.body, 2: 0})
    runs.journal[at] = replace(event, draft=forged)
    lines, again = judged(runs)
    assert [(place.epoch, place.seq) for place in again.differing] == [(event.epoch, event.seq)]
    assert lines[-1]["differing"] == [f"{event.epoch.hex()}/{event.seq}"]
    assert lines[-1]["unsaid"] == 2  # then, and by the next run, which would have mended it


def test_other_rules_and_a_journal_that_was_cut_are_said() -> None:
    runs = played()
    lines, again = judged(runs, rules="newer")
    assert [line["same_rules"] for line in lines if line["type"] == "run"] == [False, False]
    assert again.counts["other_rules"] == 2
    first = runs.journal[0].epoch
    runs.journal = [event for event in runs.journal if event.epoch != first]
    lines, _ = judged(runs)
    assert [line["whole"] for line in lines if line["type"] == "run"] == [False]
