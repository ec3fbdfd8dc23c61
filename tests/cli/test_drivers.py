"""`edge-agent drivers`: what it lists."""

import argparse
import json

import pytest

from edge_agent import resources
from edge_agent.cli import drivers
from edge_agent.domain.session import Driver


def test_json_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert drivers.run(argparse.Namespace(json=True)) == 0
    found = {driver["name"]: driver for driver in json.loads(capsys.readouterr().out)}
    assert set(found) == set(resources.drivers())
    for driver in found.values():
        for key in ("title", "panels", "lines", "bauds", "abilities", "quality", "options"):
            assert key in driver
        assert driver["profiles"]
    assert found["surgard"]["acknowledges"] is True
    assert found["modbus_map"]["acknowledges"] is False


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert drivers.run(argparse.Namespace(json=False)) == 0
    out = capsys.readouterr().out
    assert "surgard  Alarm receiver output" in out
    assert "profile    generic_di8" in out
    assert 'charset: Python codec of free text in SIA frames (default "latin-1")' in out


def test_a_driver_that_does_not_load_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Driver:
        raise resources.DriverError("driver 'acme' does not load")

    monkeypatch.setattr(resources, "drivers", lambda: {"acme": broken})
    assert drivers.run(argparse.Namespace(json=True)) == 1
    assert "driver 'acme' does not load" in capsys.readouterr().err
