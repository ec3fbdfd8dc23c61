"""`edge-center command` and `config`: what may be asked, and what is entered of it."""

import hashlib
from pathlib import Path

import pytest

from edge_agent import limits
from edge_agent.center import bundle_cli, command_cli
from edge_agent.evidence import cbor
from edge_agent.evidence.command import RENEW
from edge_agent.evidence.configuration import Wanted
from tests.center.test_incidents import Site
from tests.configuration import configuration


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
        ("dance",), ("state", "now"), ("panel", "shop"), ("panel", "shop", "disarm", "3"),
        ("panel", "shop", "bypass"), ("panel", "shop", "status", "3"),
        ("panel", "shop", "bypass", "x"), ("walktest", "shop"), ("walktest", "shop", "begin", "0"),
        ("walktest", "shop", "begin", "121"), ("walktest", "shop", "end", "3"),
    ):  # fmt: skip
        assert site.run("command", "gw1", *words, *by) == 2, words
    assert site.run("command", "gw2", "state", *by) == 2
    assert site.run("command", "gw1", "revoked", *by) == 2
    assert "no key of the broker was revoked" in capsys.readouterr().err
    assert site.center.count("command") == 0
    assert site.run("command", "gw1", "panel", "shop", "bypass", "3", *by) == 78
    assert "wants two operators" in capsys.readouterr().err
    assert site.center.count("command") == 0
    assert site.run("command", "gw1", "panel", "shop", "unbypass", "3", *by) == 1
    assert "not answered yet" in capsys.readouterr().out
    assert site.center.count("command") == 1


CONFIG = configuration()


def test_a_configuration_is_read_before_anybody_is_bothered(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.toml"
    by = ("--by", "Wang", "--wait", "0")
    file.write_text(CONFIG.replace("gateway", "gatway", 1))
    assert site.run("config", "gw1", str(file), *by) == 2
    assert "did you mean 'gateway'" in capsys.readouterr().err
    file.write_text(CONFIG)
    assert site.run("config", "gw1", str(file), *by, "--within", "5") == 2
    assert site.run("config", "gw2", str(file), *by) == 2
    assert site.center.count("command") == 0
    assert site.run("config", "gw1", str(file), *by, "--replaces", str(file)) == 1
    said = capsys.readouterr().out
    assert said.startswith("waits for the gateway\nnot answered yet, nor sent: ")
    (body,) = site.center.connection.execute("SELECT body FROM command").fetchone()
    data = CONFIG.encode()
    wanted = Wanted(data, replaces=hashlib.sha256(data).digest())
    assert Wanted.from_body(cbor.decode_map(body)) == wanted


def test_words_become_what_a_gateway_reads() -> None:
    for plain in ("state", "resync", "clock", "diagnose", "renew"):
        assert command_cli.wanted([plain], None) == (plain, {})
    order = ["panel", "shop", "bypass", "3"]
    assert command_cli.wanted(order, None) == ("order", {1: "shop", 2: "bypass", 3: 3})
    arm = ["panel", "shop", "arm_away"]
    assert command_cli.wanted(arm, 2) == ("order", {1: "shop", 2: "arm_away", 4: 2})
    begin = ["walktest", "shop", "begin"]
    assert command_cli.wanted(begin, None) == ("walk_test", {1: "shop", 3: 30})
    assert command_cli.wanted([*begin, "120"], 2) == ("walk_test", {1: "shop", 3: 120, 2: 2})
    assert command_cli.wanted(["walktest", "shop", "end"], None) == ("walk_test", {1: "shop"})


def test_what_takes_a_gateway_long_is_waited_for_longer() -> None:
    """Else the center gives up what the gateway still does, and nobody hears how it went."""
    assert command_cli.LONGER_S[RENEW] > limits.RENEWAL_S_MAX
    assert bundle_cli.WAIT_S > limits.BUNDLE_S_MAX
    assert command_cli.CONFIG_SPARE_S > limits.CONFIG_CHECK_S_MAX
