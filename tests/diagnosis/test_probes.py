"""Probes: what is at its limit is said with a remedy, and what cannot be read is not good."""

import pytest

from edge_agent.diagnosis import probes
from edge_agent.diagnosis.probes import Probe, Probed
from edge_agent.evidence.fields import is_word

CENTER = {"center": "c", "connected": True, "outstanding": 4, "reason": ""}

CASES: list[tuple[Probed | None, bool]] = [
    (probes.fsync(12.0, "d"), True),
    (probes.fsync(200.1, "d"), False),
    (probes.fsync(None, "d"), False),
    (probes.disk(84.0, 10.0, "d"), True),
    (probes.disk(85.0, 10.0, "d"), False),
    (probes.disk(10.0, 99.0, "d"), False),
    (probes.disk(10.0, None, "d"), True),
    (probes.disk(None, None, "d"), False),
    (probes.commits([3.0, 9.0], None, "d"), True),
    (probes.commits([3.0] * 99 + [900.0], None, "d"), True),
    (probes.commits([3.0] * 98 + [900.0] * 2, None, "d"), False),
    (probes.commits([900.0], None, "d"), False),
    (probes.commits([3.0], "Read-only file system", "d"), False),
    (probes.panel("p1", online=True), True),
    (probes.panel("p1", online=False), False),
    (probes.panel("p1", online=None), False),
    (probes.panel("p1", online=True, supervised=False), True),
    (probes.panel("p1", online=False, supervised=False), False),
    (probes.line("p1", {"checksum": 3}, {"checksum": 5}, noisy=False), True),
    (probes.line("p1", {}, {"checksum": 5}, noisy=True), False),
    (probes.receipt(CENTER, 3.0), True),
    (probes.receipt(CENTER, None), False),
    (probes.receipt({**CENTER, "connected": False, "reason": "dead"}, None), False),
    (probes.memory(64.0), True),
    (probes.memory(63.0), False),
    (probes.memory(None), False),
    (probes.clock("synced", 3), True),
    (probes.clock("holdover", None), False),
    (probes.clock("unset", None), False),
    (probes.temperature(79.9, 80), True),
    (probes.temperature(80.0, 80), False),
    (probes.voltage(low=False), True),
    (probes.voltage(low=True), False),
]


@pytest.mark.parametrize(("probed", "good"), CASES)
def test_each_reading_against_its_limit(probed: Probed | None, good: bool) -> None:
    assert probed is not None
    assert probed.good is good
    assert bool(probed.remedy) is not good


def test_only_what_was_damaged_since_the_last_look_is_told() -> None:
    counts = {"checksum": 5, "repeat": 9, "noise": 2}
    probed = probes.line("p1", {"checksum": 3, "noise": 2}, counts, noisy=False)
    assert probed.detail == "damaged since the last look: checksum 2"


def test_a_panel_that_says_nothing_by_itself_is_not_judged_before_it_spoke() -> None:
    assert probes.panel("p1", online=None, supervised=False).good is None


def test_a_journal_that_wrote_nothing_is_not_judged() -> None:
    assert probes.commits([], None, "d").good is None


def test_every_probe_is_found_by_itself_or_watched_all_the_time() -> None:
    watched = {Probe.PANEL, Probe.LINE, Probe.TEMPERATURE, Probe.SUPPLY, Probe.PORT, Probe.DEVICE}
    watched |= {Probe.CAMERA, Probe.ANCHOR, Probe.SM2_KEY}
    by_hand = {Probe.AGENT, Probe.LOOPBACK}
    assert set(Probe) == set(probes.FINDINGS) | watched | by_hand
    assert all(is_word(meaning.cause) for meaning in probes.FINDINGS.values())


def test_hardware_that_is_not_there_is_no_finding() -> None:
    assert probes.temperature(None, 80) is None
    assert probes.voltage(None) is None
