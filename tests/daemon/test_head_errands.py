"""Which errands a configuration wants: none, a timestamp, a second signature."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.config import Anchor, Center, CenterPath, Config, Gateway, Loaded, Panel, Sm2
from edge_agent.daemon import head_errands

CONFIG = Config(
    gateway=Gateway(id="gw1"),
    center=[Center(name="main", path=[CenterPath(host="center.example")])],
    panel=[Panel(id="p1", driver="ness")],
)
LOADED = Loaded(CONFIG, Path("gateway.toml"), bytes(32))
ANCHOR = Anchor(url="http://a.example", certificate="tsa.pem")


@pytest.mark.parametrize(
    ("anchor", "sm2", "names"),
    [
        (None, None, []),
        (ANCHOR, None, ["anchor"]),
        (ANCHOR, Sm2(), ["anchor", "second signature"]),
    ],
)
def test_each_is_run_where_it_is_configured(
    anchor: Anchor | None, sm2: Sm2 | None, names: list[str]
) -> None:
    config = Config(
        gateway=CONFIG.gateway, center=CONFIG.center, panel=CONFIG.panel, anchor=anchor, sm2=sm2
    )
    found = list(head_errands._errands(replace(LOADED, config=config), bytes(8)))
    assert [one.name for one in found] == names
