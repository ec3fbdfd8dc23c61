"""A switch tells changes and nothing else."""

from edge_agent.diagnosis.symptom import Switch, Symptom


def test_only_changes_are_told() -> None:
    switch = Switch("loop.cut")
    assert switch.set(False) == []
    assert switch.set(True, "so") == [Symptom("loop.cut", "so", holds=True)]
    assert switch.set(True, "still") == []
    assert switch.set(False, "over") == [Symptom("loop.cut", "over", holds=False)]
