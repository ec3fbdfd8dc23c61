"""The register of operators: who is active, what a removal does, and a key that is one's own."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.operators import Operators
from edge_agent.evidence.warrant import open_pass
from tests.evidence.test_warrant import AUTHORITY, LI, LI_NA, WANG, WANG_WEI

NOW_MS = LI_NA.from_ms + 1


@pytest.fixture
def register(tmp_path: Path) -> Operators:
    made = Operators(Layout(tmp_path))
    assert made.entries() == []
    for one in (LI_NA, WANG_WEI):
        made.enter(one, AUTHORITY)
    return made


def test_who_is_entered_is_found_by_their_key(register: Operators) -> None:
    entry = register.of(LI.public.kid, NOW_MS)
    assert entry.said == open_pass(entry.signed, [AUTHORITY.public]) == LI_NA
    assert [one.said.id for one in register.entries()] == ["lina", "wang"]
    with pytest.raises(CenterError, match="no operator's"):
        register.of(AUTHORITY.public.kid, NOW_MS)


def test_a_removal_counts_at_once_and_is_kept(register: Operators) -> None:
    assert register.objection([LI.public.kid, WANG.public.kid], NOW_MS) == ""
    assert register.remove("wang", NOW_MS)
    assert not register.remove("zhou", NOW_MS)
    assert "Wang Wei: removed" in register.objection([LI.public.kid, WANG.public.kid], NOW_MS)
    assert register.objection([LI.public.kid], NOW_MS) == ""
    assert register.remove("wang", NOW_MS + 5)
    assert [one.removed_ms for one in register.entries()] == [None, NOW_MS]
    with pytest.raises(CenterError, match="wang was Wang Wei, who was removed"):
        register.enter(replace(WANG_WEI, name="Wang Fang"), AUTHORITY)
    register.enter(replace(WANG_WEI, from_ms=NOW_MS), AUTHORITY)
    assert register.objection([WANG.public.kid], NOW_MS) == "", "entered anew"


def test_before_and_after_ones_time_one_is_nobody(register: Operators) -> None:
    for now_ms, state in ((LI_NA.from_ms - 1, "to come"), (LI_NA.until_ms + 1, "over")):
        assert state in register.objection([LI.public.kid], now_ms)
    assert register.objection([LI.public.kid], LI_NA.until_ms) == ""


def test_where_operators_are_entered_nobody_else_gives_commands(
    register: Operators, tmp_path: Path
) -> None:
    assert "none of them" in register.objection([], NOW_MS)
    assert Operators(Layout(tmp_path / "other")).objection([], NOW_MS) == ""


def test_no_two_have_one_key(register: Operators) -> None:
    with pytest.raises(CenterError, match="this very key"):
        register.enter(replace(WANG_WEI, key=LI.public), AUTHORITY)
    register.enter(replace(WANG_WEI, key=AUTHORITY.public), AUTHORITY)


def test_a_damaged_entry_is_told_and_entitles_nobody(register: Operators, tmp_path: Path) -> None:
    for data in (b"", b"[]", b'{"pass": "AA==", "removed_ms": null}'):
        (tmp_path / "operators" / "wang.json").write_bytes(data)
        assert "enter the operator anew" in register.objection([WANG.public.kid], NOW_MS)
