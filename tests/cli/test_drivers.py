"""`edge-agent drivers`: what it lists."""

import argparse
import json
from pathlib import Path

import pytest

from edge_agent import resources
from edge_agent.cli import drivers
from edge_agent.domain.command import Act
from edge_agent.domain.session import Driver

LINES = {"serial", "tcp", "listen", "udp", "modbus_rtu", "modbus_tcp"}


def test_every_profile_of_a_panel_names_what_is_unproven(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A panel that has never been on the other end leaves something unproven."""
    drivers.run(argparse.Namespace(json=True))
    for driver in json.loads(capsys.readouterr().out):
        for profile in driver["profiles"]:
            assert isinstance(profile["unproven"], list)
            assert all(isinstance(fact, str) and fact for fact in profile["unproven"])
            if driver["nature"] == "stream" and driver["quality"] in {"emulated", "counterpart"}:
                assert profile["unproven"], profile["name"]


def test_json_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert drivers.run(argparse.Namespace(json=True)) == 0
    found = {driver["name"]: driver for driver in json.loads(capsys.readouterr().out)}
    assert set(found) == set(resources.drivers())
    for driver in found.values():
        for key in ("title", "panels", "lines", "bauds", "abilities", "quality", "options"):
            assert key in driver
        assert driver["profiles"]
        for key in ("acknowledges", "commands", "version", "nature"):
            assert key in driver
        assert set(driver["lines"]) <= LINES
        assert driver["quality"] in {"emulated", "counterpart", "bench", "field"}
        serial = {"serial", "modbus_rtu"} & set(driver["lines"])
        assert bool(driver["bauds"]) is bool(serial), driver["name"]
        assert set(driver["commands"]) <= set(Act)
    assert found["surgard"]["acknowledges"] is True
    assert found["modbus_map"]["acknowledges"] is False


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert drivers.run(argparse.Namespace(json=False)) == 0
    out = capsys.readouterr().out
    assert "surgard  Alarm receiver output" in out
    assert "profile    generic_di8" in out
    assert "    unproven the arming letters N and B" in out
    assert 'charset: Python codec of free text in SIA frames (default "latin-1")' in out


def test_a_driver_that_does_not_load_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Driver:
        raise resources.DriverError("driver 'acme' does not load")

    monkeypatch.setattr(resources, "drivers", lambda: {"acme": broken})
    assert drivers.run(argparse.Namespace(json=True)) == 1
    assert "driver 'acme' does not load" in capsys.readouterr().err


DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", resources.drivers())
def test_every_driver_has_its_page_and_is_in_the_lists_of_people(name: str) -> None:
    assert (DOCS / "drivers" / f"{name}.md").is_file()
    for page in ("operations.md", "line-tools.md"):
        assert f"\n| `{name}` |" in (DOCS / page).read_text(), page
