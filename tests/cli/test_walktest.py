"""`edge-agent walktest`: what is shown while somebody walks, and how it ends."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.center.command_cli import WALK_MINUTES_DEFAULT
from edge_agent.cli import main, walktest
from edge_agent.control.socket import ControlSocket, Peer
from edge_agent.evidence.command import WALK_MINUTES_MAX
from edge_agent.views.walk import WalkView
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
    assert said[:5] == [
        "shop: walk now: words; Ctrl-C ends it",
        "  zone 1",
        "  zone 9",
        "shop: 2 of 3 zones heard",
        "  NOT HEARD: zone 2",
    ]


SITE = """
[[area]]
panel = "shop"
area = 1
name = "营业厅"
[[zone]]
panel = "shop"
zone = 1
area = 1
name = "前门"
[[zone]]
panel = "shop"
zone = 2
area = 1
"""


def test_zones_are_named_as_the_configuration_does_in_the_language_that_is_asked_for(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text() + SITE)
    begun = {**told({}, [1, 2]), "said": "2 zones, for 5 min"}
    answers = [begun, told({"1": 1, "9": 1}, [2], over=True)]
    assert walk(config, [*answers], "--lang", "zh")[0] == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:5] == [
        "shop：请开始步测：2 个防区，限时 5 分钟；按 Ctrl-C 结束",
        "  防区 1 前门（营业厅）",
        "  防区 9（配置中未列出）",
        "shop：2 个防区中已收到 1 个；另有 1 个配置中未列出",
        "  未收到：防区 2（营业厅）",
    ]
    assert walk(config, [*answers], "--json")[0] == 1
    zones = json.loads(capsys.readouterr().out)["zones"]
    assert [(one["zone"], one["name"], one["heard"]) for one in zones] == [
        (1, "前门", 1),
        (2, None, 0),
        (9, None, 1),
    ]
    assert zones[1]["area_name"] == "营业厅"


def test_all_heard_is_good_and_none_is_not(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = walk(config, [told({}, [1]), told({"1": 1}, [], over=True)], "--json")
    assert code == 0
    assert json.loads(capsys.readouterr().out)["heard"] == {"1": 1}
    code, _ = walk(config, [told({}, [], over=True)])
    assert code == 1, "a site that lists none, and nothing was heard"


def test_ctrl_c_ends_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Mapping[str, Any]] = []

    def interrupted(_view: WalkView, told: Mapping[str, Any]) -> Iterator[str]:
        shown.append(told)
        if len(shown) == 1:
            raise KeyboardInterrupt
        return iter(())

    monkeypatch.setattr(WalkView, "heard", interrupted)
    code, asked = walk(config, [told({}, [1]), told({"1": 1}, []), told({"1": 1}, [], over=True)])
    assert code == 0
    assert asked[-1] == {"panel": "shop"}


def test_a_refusal_and_a_missing_agent_are_said(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert walk(config, ["no panel 'shop'"])[0] == 1
    assert "no panel" in capsys.readouterr().err
    assert walk(config, ["no panel 'shop'; there are: back"], "--lang", "zh")[0] == 1
    assert capsys.readouterr().err == "edge-agent walktest：没有主机 'shop'；现有：back\n"
    assert main(["walktest", "shop", "--config", str(config)]) == 1
    assert "no running agent" in capsys.readouterr().err


def test_the_help_names_the_bounds_that_hold(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["walktest", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"(default {WALK_MINUTES_DEFAULT}, {WALK_MINUTES_MAX} at most)" in said, "as at a center"
    assert f"for {walktest.MINUTES_DEFAULT} minutes at most" in said
