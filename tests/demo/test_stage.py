"""The stage: what it needs, what it writes, and what it says when a part does not come up."""

import asyncio
import socket
from pathlib import Path

import pytest

from edge_agent import config
from edge_agent.clock import SystemClock
from edge_agent.demo import stage as stages
from edge_agent.demo.children import Death
from edge_agent.demo.folder import DemoError, Folder, make
from edge_agent.demo.stage import CAST, Stage, answers, find_broker
from hil.ports import free_port


def staged(folder: Folder) -> Stage:
    return Stage(folder, SystemClock(), lambda _: None)


def test_the_broker_is_found_without_sbin_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert Path(find_broker()).name == "mosquitto"


def test_a_missing_broker_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(stages, "SBIN", ("/nowhere",))
    with pytest.raises(DemoError, match="apt-get install mosquitto"):
        find_broker()


def test_a_port_answers_only_when_somebody_listens() -> None:
    port = free_port()
    assert not answers(port)
    with socket.create_server(("127.0.0.1", port)):
        assert answers(port)


def test_the_gateway_gets_its_credentials_and_three_panels() -> None:
    with make(None) as folder:
        stage = staged(folder)
        asyncio.run(stage._found_center(8883))
        stage.ledgers["p3"].line = "127.0.0.1:5020"
        stage.network.port = 1234
        stage._write_config()
        loaded = config.load(folder.config)
        assert [panel.id for panel in loaded.config.panel] == list(CAST)
        assert loaded.config.center[0].path[0].port == 1234, "not the broker itself"
        assert loaded.path(loaded.config.gateway.data_dir) / "journal" == folder.journal
        assert "listener 8883 127.0.0.1" in (folder.center / "mosquitto.conf").read_text()
        assert (folder.gateway / "client.key").stat().st_mode & 0o77 == 0


def test_what_does_not_come_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "READY_S", 0.0)
    with make(None) as folder:
        stage = staged(folder)
        with pytest.raises(DemoError, match="the broker: not so within"):
            asyncio.run(stage.until(lambda: False, "the broker"))
        stage.deaths.append(Death("agent", 78, "unknown key"))
        with pytest.raises(DemoError, match=r"agent ended by itself with exit code 78.*\nunknown"):
            asyncio.run(stage.until(lambda: False, "the broker"))
        assert stage.dead == {"agent"}
