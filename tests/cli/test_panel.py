"""`edge-agent panel`: what is sent to the agent, what is said of the outcome, and how it exits."""

import asyncio
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import main
from edge_agent.control.socket import ControlSocket, Peer


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(
        f'[gateway]\nid = "gw1"\nsocket = "{tmp_path}/agent.sock"\n'
        '[[center]]\nname = "c"\n[[center.path]]\nhost = "h"\n'
        '[[panel]]\nid = "shop"\ndriver = "ness"\nserial = { port = "/dev/x" }\n'
    )
    return file


def order(
    config: Path, answer: Mapping[str, Any] | str, *arguments: str
) -> tuple[int, list[Mapping[str, Any]]]:
    """Run the command against an agent that gives `answer`; a text is a refusal."""
    asked: list[Mapping[str, Any]] = []

    async def handle(request: Mapping[str, Any], peer: Peer) -> Any:
        asked.append(request)
        if isinstance(answer, str):
            raise ValueError(answer)  # noqa: TRY004  it is what a handler refuses by
        return answer

    async def run() -> int:
        server = ControlSocket(config.parent / "agent.sock", {"order": handle})
        await server.start()
        try:
            return await asyncio.to_thread(main, ["panel", *arguments, "--config", str(config)])
        finally:
            await server.stop()

    return asyncio.run(run()), asked


def outcome(word: str, detail: str = "") -> dict[str, Any]:
    return {"order": 1, "outcome": word, "detail": detail}


def test_an_order_goes_to_the_agent_and_its_outcome_to_the_screen(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, asked = order(config, outcome("done"), "shop", "bypass", "3")
    assert code == 0
    assert asked == [{"do": "order", "panel": "shop", "act": "bypass", "zone": 3, "area": None}]
    assert capsys.readouterr().out == "shop: bypass 3: done\n"


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("forbidden", "add 'arm' to `allow`"),
        ("unanswered", "never given twice"),
        ("lost", "never given twice"),
        ("clock_unsure", "the gateway's own clock"),
        ("unsupported", "edge-agent drivers"),
        ("refused", "refused: no"),
    ],
)
def test_what_was_not_done_says_what_helps(
    config: Path, capsys: pytest.CaptureFixture[str], word: str, remedy: str
) -> None:
    code, _ = order(config, outcome(word, "no"), "shop", "arm_stay", "--area", "2")
    assert code == 1
    assert remedy in capsys.readouterr().out


def test_scripts_get_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = order(config, outcome("lost", "cut"), "shop", "status", "--json")
    assert code == 1
    assert json.loads(capsys.readouterr().out) == outcome("lost", "cut")


def test_a_user_code_is_read_from_standard_input_where_nobody_types(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    _, asked = order(config, outcome("done"), "shop", "disarm", "--code")
    assert asked[0]["code"] == "1234"


def test_a_user_code_that_is_typed_is_not_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "9876 ")
    _, asked = order(config, outcome("done"), "shop", "disarm", "--code")
    assert asked[0]["code"] == "9876"


def test_the_agents_refusal_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = order(config, "no panel 'shop'; there are: hall", "shop", "status")
    assert code == 1
    assert "there are: hall" in capsys.readouterr().err


def test_without_an_agent_nothing_is_ordered(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["panel", "shop", "status", "--config", str(config)]) == 1
    assert "no running agent answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["bypass"], "needs the number of the zone"),
        (["output_on"], "needs the number of the output"),
        (["arm_away", "2"], "areas are named by --area"),
    ],
)
def test_a_number_too_few_or_too_many_is_misuse(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], cause: str
) -> None:
    assert main(["panel", "shop", *arguments, "--config", str(config)]) == 2
    assert cause in capsys.readouterr().err


def test_an_outcome_and_a_refusal_are_said_in_chinese(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"outcome": "unsupported", "detail": "the driver has no words for it"}
    order(config, answer, "shop", "status", "--lang", "zh")
    assert capsys.readouterr().out.splitlines() == [
        "shop：status：不支持：驱动没有相应的指令",
        "edge-agent drivers 列出各驱动支持的指令",
    ]
    order(config, "no panel 'x'; there are: hall", "x", "status", "--lang", "zh")
    assert capsys.readouterr().err == "edge-agent panel：没有主机 'x'；现有：hall\n"
