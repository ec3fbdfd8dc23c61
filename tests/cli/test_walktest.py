"""`edge-agent walktest`: what is shown while somebody walks, and how it ends."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.center.command_cli import WALK_MINUTES_DEFAULT
from edge_agent.cli import main, walktest
from edge_agent.control.socket import ControlSocket, Peer
from edge_agent.evidence.command import WALK_MINUTES_MAX
from tests.cli.test_panel import config

__all__ = ["config"]


def told(heard: dict[str, int], not_heard: list[int], *, over: bool = False) -> dict[str, Any]:
    return {"said": "words", "over": over, "heard": heard, "not_heard": not_heard}


def walk(
    config: Path, answers: list[dict[str, Any] | str], *arguments: str
) -> tuple[int, list[Mapping[str, Any]]]:
    """Run the command against an agent that gives one answer after the other."""
    asked: list[Mapping[str, Any]] = []

    async def handle(request: Mapping[str, Any], _peer: Peer) -> Any:
        asked.append({key: value for key, value in request.items() if key != "do"})
        answer = answers[len(asked) - 1]
        if isinstance(answer, str):
            raise ValueError(answer)  # noqa: TRY004  it is what a handler refuses by
        return answer

    async def run() -> int:
        server = ControlSocket(config.parent / "agent.sock", {"walk_test": handle})
        await server.start()
        try:
            words = ["walktest", "shop", *arguments, "--config", str(config)]
            return await asyncio.to_thread(main, words)
        finally:
            await server.stop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walktest, "LOOK_S", 0)
        return asyncio.run(run()), asked


def test_each_zone_is_shown_once_and_the_end_tells_what_was_not_heard(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[dict[str, Any] | str] = [
        told({}, [1, 2]),
        told({"1": 1}, [2]),
        told({"1": 2, "9": 1}, [2], over=True),
    ]
    code, asked = walk(config, answers, "--minutes", "5", "--area", "2")
    assert code == 1
    look = {"panel": "shop", "look": True}
    assert asked == [{"panel": "shop", "minutes": 5, "area": 2}, look, look]
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "shop: walk now: words; Ctrl-C ends it", "  zone 1", "  zone 9", "shop: words",
    ]  # fmt: skip


def test_all_heard_is_good_and_none_is_not(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = walk(config, [told({}, [1]), told({"1": 1}, [], over=True)], "--json")
    assert code == 0
    assert json.loads(capsys.readouterr().out)["heard"] == {"1": 1}
    code, _ = walk(config, [told({}, [], over=True)])
    assert code == 1, "a site that lists none, and nothing was heard"


def test_ctrl_c_ends_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_heard: dict[str, int], _shown: set[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(walktest, "_show", interrupted)
    code, asked = walk(config, [told({}, [1]), told({"1": 1}, []), told({"1": 1}, [], over=True)])
    assert code == 0
    assert asked[-1] == {"panel": "shop"}


def test_a_refusal_and_a_missing_agent_are_said(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert walk(config, ["no panel 'shop'"])[0] == 1
    assert "no panel" in capsys.readouterr().err
    assert main(["walktest", "shop", "--config", str(config)]) == 1
    assert "no running agent" in capsys.readouterr().err


def test_the_help_names_the_bounds_that_hold(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["walktest", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"(default {WALK_MINUTES_DEFAULT}, {WALK_MINUTES_MAX} at most)" in said, "as at a center"
    assert f"for {walktest.MINUTES_DEFAULT} minutes at most" in said
