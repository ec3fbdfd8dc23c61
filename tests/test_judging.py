"""A timeline through the shipped machines: when it ends, and what is counted."""

import json

import pytest

from edge_agent.diagnosis.life import Life
from edge_agent.domain.site import Premises
from edge_agent.judging import judge


def test_nothing_later_than_until_is_heard() -> None:
    lines = [b'{"t": %d, "kind": "log", "state": "active"}' % t for t in (1, 2, 3)]
    last = json.loads(list(judge(Premises(), None, lines, until_s=2))[-1])
    assert last["type"] == "summary"
    assert last["lines"] == 3  # the one that was too late was read, and counts for nothing else
    assert last["verdicts"] == last["findings"] == 0


def test_findings_stand_beside_verdicts() -> None:
    lines = [
        b'{"start": "2026-11-23T00:00:00+08:00"}',
        b'{"t": 1, "panel": "p1", "kind": "power", "code": "302", "state": "active"}',
        b'{"t": 2, "panel": "p1", "kind": "burglary", "code": "131", "state": "active", "zone": 4}',
        b'{"t": 60, "kind": "log", "state": "active"}',
    ]
    said = [json.loads(text) for text in judge(Premises(), None, lines)]
    assert {one["type"] for one in said} == {"verdict", "finding", "summary"}
    finding = next(one for one in said if one["type"] == "finding")
    assert (finding["subject"], finding["cause"]) == ({"panel": "p1"}, "battery_low")
    assert said[-1]["findings"] == 1


def test_a_machine_that_fails_ends_nothing_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def alarm(self: Life, seen: object) -> None:
        raise KeyError(seen)

    monkeypatch.setattr(Life, "alarm", alarm)
    lines = [
        b'{"start": "2026-11-23T00:00:00+08:00"}',
        b'{"t": 1, "panel": "p1", "kind": "panic", "code": "120", "state": "active", "zone": 4}',
        b'{"t": 2, "panel": "p1", "kind": "fire", "code": "110", "state": "active", "zone": 5}',
    ]
    *said, summary = [json.loads(text) for text in judge(Premises(), None, lines)]
    assert [(one["tier"], one["reasons"]) for one in said] == [
        (4, ["judging.plain"]),
        (2, ["fire.first"]),
    ]
    assert [one.partition(" at ")[0] for one in summary["failures"]] == ["Incidents: KeyError"]
