"""The commands of the center's people: what they may ask, and how it is told."""

from pathlib import Path

import pytest

from edge_agent.center import answering
from tests.center.test_incidents import Site


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = Site(tmp_path)
    capsys.readouterr()
    return made


def test_commands_that_make_no_sense_are_not_entered(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    by = ("--by", "Li Na", "--wait", "0")
    for words in (
        ("dance",), ("state", "now"), ("panel", "shop"), ("panel", "shop", "disarm"),
        ("panel", "shop", "bypass"), ("panel", "shop", "status", "3"),
        ("panel", "shop", "bypass", "x"),
    ):  # fmt: skip
        assert site.run("command", "gw1", *words, *by) == 2, words
    assert site.run("command", "gw2", "state", *by) == 2
    assert site.center.count("command") == 0
    assert site.run("command", "gw1", "panel", "shop", "bypass", "3", *by) == 1
    assert "not answered yet" in capsys.readouterr().out
    assert site.center.count("command") == 1


def test_words_become_what_a_gateway_reads() -> None:
    assert answering.wanted(["state"], None) == ("state", {})
    order = ["panel", "shop", "bypass", "3"]
    assert answering.wanted(order, None) == ("order", {1: "shop", 2: "bypass", 3: 3})
    arm = ["panel", "shop", "arm_away"]
    assert answering.wanted(arm, 2) == ("order", {1: "shop", 2: "arm_away", 4: 2})
