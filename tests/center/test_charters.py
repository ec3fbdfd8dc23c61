"""A center keeps every charter of its gateways; only a rightful one comes into force.

Seen to fail: with the one in force written again without its signatures.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.center import charters
from edge_agent.center.init import Request, init
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.charter import Charter, Part, Party, SignedCharter
from edge_agent.evidence.signers import load_signer
from tests.evidence.conftest import signer
from tests.evidence.test_charter import CHARTER

OWNER = signer(12)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "center")
    init(layout, Request(gateways=()), datetime(2026, 11, 23, tzinfo=UTC))
    return layout


def first(layout: Layout) -> Charter:
    enterprise = load_signer(layout.key("ca")).public
    parties = (
        Party(Part.ENTERPRISE, "Red Lion", enterprise),
        Party(Part.OWNER, "Shop", OWNER.public),
    )
    return replace(CHARTER, parties=parties)


def signed(layout: Layout, charter: Charter) -> SignedCharter:
    by = load_signer(layout.key("ca"))
    return SignedCharter(charter).signed_by(by, 1).signed_by(OWNER, 2)


def test_the_newest_is_in_force_and_all_are_kept(layout: Layout) -> None:
    assert charters.present(layout, "gw1") is None
    one = signed(layout, first(layout))
    ten = signed(layout, replace(first(layout), number=10))
    for charter in (one, one, ten):
        charters.accept(layout, charter)
    assert charters.present(layout, "gw1") == ten
    assert charters.gateways(layout) == ["gw1"]
    assert charters.marks(layout) == {"gw1": (10, ten.charter.digest)}
    charters.accept(layout, SignedCharter(ten.charter))
    assert charters.present(layout, "gw1") == ten, "signatures are not taken off it"
    kept = sorted(file.name for file in (layout.charters / "gw1").iterdir())
    assert kept == ["1.charter", "10.charter"]
    with pytest.raises(CenterError, match="does not come back"):
        charters.accept(layout, one)


def test_what_is_not_rightful_does_not_come_into_force(layout: Layout) -> None:
    with pytest.raises(CenterError, match="has not signed it"):
        charters.accept(layout, SignedCharter(first(layout)).signed_by(OWNER, 1))
    with pytest.raises(CenterError, match="authority of no center"):
        charters.accept(layout, SignedCharter(CHARTER).signed_by(signer(11), 1).signed_by(OWNER, 1))
    charters.accept(layout, signed(layout, first(layout)))
    other = replace(first(layout), purpose="another with the same number")
    with pytest.raises(CenterError, match="does not come back"):
        charters.accept(layout, signed(layout, other))
    assert charters.present(layout, "gw1") == signed(layout, first(layout))


def test_a_charter_that_cannot_be_read_costs_its_own_gateway_only(layout: Layout) -> None:
    charters.accept(layout, signed(layout, first(layout)))
    (layout.charters / "gw0").mkdir()
    (layout.charters / "gw0" / "1.charter").write_bytes(b"junk")
    assert charters.marks(layout).keys() == {"gw1"}
    with pytest.raises(CenterError, match=r"gw0/1\.charter: no charter"):
        charters.present(layout, "gw0")


def test_files_that_are_no_charters_are_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"junk")
    for name, told in (("x", "no charter"), ("none", "name the file")):
        with pytest.raises(CenterError, match=told):
            charters.read_file(tmp_path / name)
