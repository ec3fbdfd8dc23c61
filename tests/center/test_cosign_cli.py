"""`edge-center cosign` against a real witness, and what it says of one that is away."""

import json

import pytest

from edge_agent.center.cli import main
from edge_agent.center.cosign_cli import remedy
from edge_agent.center.layout import Layout
from edge_agent.witness.door import Door
from edge_agent.witness.judging import Conflict
from tests.center.cosigning_world import configured, door, gateway, layout, made, store
from tests.center.world import FakeGateway

__all__ = ["door", "gateway", "layout", "made"]


def test_it_is_cosigned_and_a_second_time_there_is_nothing_to_do(
    layout: Layout, door: Door, gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(layout, int(door.server_address[1]))
    store(layout, gateway, [gateway.start(), *gateway.events(7)])
    assert main(["cosign", str(layout.directory), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])  # behind the witness's own log
    assert (told["gateway"], told["size"], told["refused"]) == ("gw1", 7, None)
    assert main(["cosign", str(layout.directory), "--gateway", "gw1"]) == 0
    assert "nothing is stored that was not cosigned" in capsys.readouterr().out
    older = gateway.copied()
    older.peaks = type(older.peaks)()
    store(layout, gateway, [older.start(), *older.events(2)])
    assert main(["cosign", str(layout.directory)]) == 1
    assert "NOT cosigned: rolled_back" in capsys.readouterr().out


def test_what_is_missing_is_told_with_its_remedy(
    layout: Layout, door: Door, gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    store(layout, gateway, [gateway.start()])
    layout.settings.write_text(layout.settings.read_text().partition("\n[witness]")[0])
    assert main(["cosign", str(layout.directory)]) == 78
    assert "no [witness]" in capsys.readouterr().err
    port = int(door.server_address[1])
    door.shutdown()
    door.server_close()
    configured(layout, port)
    assert main(["cosign", str(layout.directory)]) == 78
    assert "is away" in capsys.readouterr().err


def test_each_refusal_has_a_remedy() -> None:
    for why in (*Conflict, "untrusted", "stopped", "behind", "unavailable", "another"):
        assert remedy(str(why))
