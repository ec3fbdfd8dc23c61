"""Probes: what is at its limit is said with a remedy, and what cannot be read is not good."""

import pytest

from edge_agent.diagnosis import probes
from edge_agent.diagnosis.probes import Probed

CASES: list[tuple[Probed | None, bool]] = [
    (probes.fsync(12.0, "d"), True),
    (probes.fsync(200.1, "d"), False),
    (probes.fsync(None, "d"), False),
    (probes.disk(84.0, 10.0, "d"), True),
    (probes.disk(85.0, 10.0, "d"), False),
    (probes.disk(10.0, 99.0, "d"), False),
    (probes.disk(10.0, None, "d"), True),
    (probes.disk(None, None, "d"), False),
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


def test_hardware_that_is_not_there_is_no_finding() -> None:
    assert probes.temperature(None, 80) is None
    assert probes.voltage(None) is None
