"""The heartbeat and the facts of an agent that has just been made, without anything around it.

What they say while panels, centers and disks come and go is tested in tests/test_agent.py and
tests/system.
"""

import json
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.daemon import heartbeat
from edge_agent.evidence.status import open_status
from tests.test_agent import gateway

__all__ = ["gateway"]


@pytest.fixture
def parts(gateway: Path) -> heartbeat.Parts:
    return Agent(load(gateway / "gateway.toml"), SystemClock())._parts


def test_the_heartbeat_is_signed_by_the_epochs_key(parts: heartbeat.Parts) -> None:
    said = heartbeat.signed_status(parts, "center", stopping=False)
    status = open_status(said, parts.begun.signer.public)
    assert (status.gateway, status.epoch) == ("gw1", parts.begun.epoch)
    assert status.next_seq == 1
    assert status.panels == {"p1": None}, "nobody knows yet"
    assert not status.stopping
    assert status.interval_s * 3 <= 90, "three fit into the reporting time"


def test_a_good_bye_says_so(parts: heartbeat.Parts) -> None:
    said = heartbeat.signed_status(parts, "center", stopping=True)
    assert open_status(said, parts.begun.signer.public).stopping


def test_the_facts_are_plain(parts: heartbeat.Parts) -> None:
    facts = json.loads(json.dumps(heartbeat.state(parts)))
    assert facts["gateway"] == "gw1"
    assert facts["panels"]["p1"]["driver"] == "surgard"
    assert facts["panels"]["p1"]["online"] is None
    assert facts["panels"]["p1"]["reason"] == ""
    assert {"journal", "centers", "clock", "body", "judging"} <= set(facts)
