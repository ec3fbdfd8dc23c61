"""`edge-center fleet`: what is shown."""

import json
from pathlib import Path

import pytest

from edge_agent.center import cli
from tests.center.test_cli import directory, filled
from tests.center.world import FakeCenter

__all__ = ["directory", "filled"]


def test_fleet_in_both_forms(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["fleet", str(directory)]) == 0
    assert capsys.readouterr().out.startswith("gw1: never heard")
    assert cli.main(["fleet", str(directory), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counters"] == {"stored": 4}
