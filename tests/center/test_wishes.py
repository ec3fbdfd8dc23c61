"""Whose word a command is at the center, and what they have to have for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.operators import Operators
from edge_agent.center.wishes import countersign_s, person
from edge_agent.domain.access import Role
from edge_agent.domain.event import Body
from edge_agent.evidence.charter import COUNTERSIGN_WITHOUT_S, SignedCharter
from edge_agent.evidence.warrant import Mandate, open_warrant, wish_digest
from tests.evidence.test_charter import CHARTER
from tests.evidence.test_warrant import AUTHORITY, LI, LI_NA, WANG

NOW_MS = LI_NA.from_ms + 1
BYPASS: Body = {1: "shop", 2: "bypass", 3: 5}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@pytest.fixture
def key(layout: Layout, tmp_path: Path) -> Path:
    Operators(layout).enter(LI_NA, AUTHORITY)
    file = tmp_path / "lina.key"
    LI.save(file)
    return file


def test_where_nobody_is_entered_it_is_the_accounts_word(layout: Layout) -> None:
    who = person(layout, None, "Li Na", "viewer", NOW_MS)
    assert (who.name, who.role) == ("Li Na", Role.VIEWER)
    assert who.warrants("gw1", "state", {}, 1, 2) == ()
    who.check("config", {})  # the gateway refuses it
    with pytest.raises(CenterError, match="--by NAME"):
        person(layout, None, None, "viewer", NOW_MS)


def test_who_is_entered_proves_it(layout: Layout, key: Path) -> None:
    who = person(layout, key, None, "installer", NOW_MS)
    assert (who.name, who.role, who.qualification) == ("Li Na", Role.TECHNICIAN, "310115-0042")
    (warrant,) = who.warrants("gw1", "order", BYPASS, 5, 6)
    wanted = open_warrant(warrant, [AUTHORITY.public])
    assert wanted.by == LI_NA
    assert wanted.mandate == Mandate(wish_digest("gw1", "center", "order", BYPASS), 5, 6)
    who.check("order", BYPASS)
    with pytest.raises(CenterError, match="not for technician"):
        who.check("config", {})


def test_nobody_else_gives_commands_then(layout: Layout, key: Path, tmp_path: Path) -> None:
    with pytest.raises(CenterError, match="name your own key"):
        person(layout, None, "Li Na", "viewer", NOW_MS)
    with pytest.raises(CenterError, match="the key of Li Na, not of Zhou"):
        person(layout, key, "Zhou", "viewer", NOW_MS)
    WANG.save(tmp_path / "wang.key")
    with pytest.raises(CenterError, match="no operator's"):
        person(layout, tmp_path / "wang.key", None, "viewer", NOW_MS)
    with pytest.raises(CenterError, match="key file"):
        person(layout, tmp_path / "none.key", None, "viewer", NOW_MS)
    Operators(layout).remove("lina", NOW_MS)
    with pytest.raises(CenterError, match="removed"):
        person(layout, key, None, "viewer", NOW_MS)


def test_what_wants_two_is_in_the_charter_or_is_a_bypass(layout: Layout) -> None:
    assert countersign_s(layout, "gw1", "order", BYPASS) == COUNTERSIGN_WITHOUT_S
    assert countersign_s(layout, "gw1", "state", {}) is None
    folder = layout.charters / "gw1"
    folder.mkdir(parents=True)
    bound = replace(CHARTER, dual=frozenset({"state"}), countersign_s=60)
    (folder / "1.charter").write_bytes(SignedCharter(bound).data)
    assert countersign_s(layout, "gw1", "order", BYPASS) is None
    assert countersign_s(layout, "gw1", "state", {}) == 60
