"""`edge-agent setup`: each state of an installation, as found on the disk and at the socket."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import main
from tests.cli.exporting import Site, site


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as made:
        yield made


def looked(config: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Return exit code and the last step that was looked at."""
    code = main(["setup", "--config", str(config), "--json", "--lang", "en"])
    steps: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["steps"]
    assert [one["good"] for one in steps[:-1]] == [True] * (len(steps) - 1)
    return code, steps[-1]


def test_each_state_has_its_next_step(
    running: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = running.config.read_text()
    config = running.config.with_name("other.toml")  # beside the keys
    none = tmp_path / "none.toml"
    assert looked(none, capsys) == (1, {"step": "enrol", "good": False, "wrong": []})
    config.write_text("no toml [")
    code, last = looked(config, capsys)
    assert (code, last["step"]) == (1, "enrol")
    assert str(config) in last["wrong"][0]
    config.write_text(text.split("[[panel]]")[0])
    assert looked(config, capsys)[1]["step"] == "panels"
    config.write_text(text.replace("surgard", "surgart"))
    code, last = looked(config, capsys)
    assert (code, last["step"]) == (1, "check")
    assert any("surgart" in one for one in last["wrong"])
    config.write_text(text.replace("/dev/null", "/dev/nowhere"))
    code, last = looked(config, capsys)
    assert (code, last["step"]) == (1, "check")
    assert any("/dev/nowhere" in one for one in last["wrong"])
    config.write_text(text.replace("agent.sock", "none.sock").replace("/dev/null", "/dev/ptmx"))
    code, last = looked(config, capsys)
    assert (code, last["step"]) == (1, "start")
    assert "no running agent" in last["wrong"][0]


def test_of_a_running_agent_it_tells_what_is_left(
    running: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    config = running.config.with_name("real.toml")
    config.write_text(running.config.read_text().replace("/dev/null", "/dev/ptmx"))
    code, last = looked(config, capsys)
    assert (code, last["step"]) == (1, "hand_over")
    assert any(one.startswith("the configuration lists no zone") for one in last["wrong"])
    assert main(["setup", "--config", str(config), "--lang", "zh"]) == 1
    assert "> edge-agent diagnose" in capsys.readouterr().out
