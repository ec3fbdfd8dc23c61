"""`edge-center fleet`: what is shown; `settle`: what is entered."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge_agent.center import cli
from edge_agent.clock import now_ms
from tests.center.test_cli import directory, filled
from tests.center.world import FakeCenter

__all__ = ["directory", "filled"]


def test_fleet_in_both_forms(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["fleet", str(directory), "--lang", "en"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("gw1: never heard")
    assert said[-1] == "gateways 1: 0 there, 0 lost, 1 never heard; 1 with problems"
    assert cli.main(["fleet", str(directory), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counters"] == {"stored": 4}


def settle(directory: Path, *words: str) -> int:
    return cli.main(["settle", str(directory), "gw1", *words])


def fleet_words(
    directory: Path, capsys: pytest.CaptureFixture[str], *words: str
) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert cli.main(["fleet", str(directory), "--json", *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_only_those_with_something_wrong_or_one_alone(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init", str(directory), "--gateway", "gw2"]) == 0
    filled.connection.execute("INSERT INTO presence VALUES ('gw1', 1, 0, ?, 60, NULL)", (now_ms(),))
    assert [one["gateway"] for one in fleet_words(directory, capsys)] == ["gw1", "gw2"]
    assert [one["gateway"] for one in fleet_words(directory, capsys, "--problems")] == ["gw2"]
    (one,) = fleet_words(directory, capsys, "--gateway", "gw1")
    assert (one["gateway"], one["wrong"]) == ("gw1", [])
    assert cli.main(["fleet", str(directory), "--problems", "--lang", "zh"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "gw2：从未收到，上次心跳 从未"
    assert said[-1] == "网关 2：在线 1，失联 0，从未收到 1；有问题 1"
    assert cli.main(["fleet", str(directory), "--gateway", "gw7"]) == 2
    assert "no gateway is called gw7" in capsys.readouterr().err


def test_what_somebody_looked_into_is_kept_and_comes_back(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.take(b"junk")
    assert settle(directory) == 0
    assert capsys.readouterr().out.endswith("malformed  counted 1\n")
    twice = ("malformed", "malformed")
    assert settle(directory, *twice, "--by", "Wang", "--why", "a test of ours") == 0
    assert capsys.readouterr().out == "malformed: settled by Wang\n"
    assert filled.count("settlement") == 1
    (one,) = fleet_words(directory, capsys)
    assert one["wrong"] == ["never heard"]
    assert settle(directory) == 0
    assert capsys.readouterr().out == "nothing to settle\n"
    assert cli.main(["fleet", str(directory), "--all", "--lang", "en"]) == 0
    assert "settled malformed: a test of ours; Wang, 20" in capsys.readouterr().out
    filled.take(b"junk again")
    (one,) = fleet_words(directory, capsys)
    assert one["wrong"] == ["never heard", "malformed"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("forged", "--by", "W", "--why", "x"), 2, "nothing of gw1 is called 'forged'"),
        (("malformed", "--by", "W"), 2, "--why"),
        (("malformed", "--by", "W", "--why", "x" * 501), 2, "--why"),
        (("malformed", "--why", "x"), 78, "say who wants it: --by NAME"),
    ],
)
def test_who_and_why_have_to_be_said(
    directory: Path,
    filled: FakeCenter,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    filled.take(b"junk")
    assert settle(directory, *words) == code
    assert said in capsys.readouterr().err
    assert filled.count("settlement") == 0


def test_where_operators_are_entered_one_of_them_has_to_say_so(
    directory: Path, filled: FakeCenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.take(b"junk")
    keys = {role: str(tmp_path / f"{role}.key") for role in ("viewer", "technician")}
    for role, key in keys.items():
        add = ["operator", str(directory), "add", role, "--name", f"The {role}", "--role", role]
        assert cli.main([*add, "--key", key]) == 0
    assert settle(directory, "malformed", "--why", "x", "--by", "Wang") == 78
    assert settle(directory, "malformed", "--why", "x", "--key", keys["viewer"]) == 78
    assert "is a viewer, and settles nothing" in capsys.readouterr().err
    assert settle(directory, "malformed", "--why", "x", "--key", keys["technician"]) == 0
    assert capsys.readouterr().out.endswith("malformed: settled by The technician\n")


def test_of_a_gateway_that_is_none_nothing_is_settled(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["settle", str(directory), "gw7"]) == 2
    assert "no gateway is called gw7" in capsys.readouterr().err
