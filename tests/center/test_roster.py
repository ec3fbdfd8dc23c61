import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.center.init import Request, init, read_certificate
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.roster import Roster, identity_keys
from edge_agent.evidence.signers import load_signer

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "center")
    init(layout, Request(gateways=("gw1",)), NOW)
    return layout


def test_a_gateway_has_the_key_that_init_certified(layout: Layout) -> None:
    roster = Roster(layout)
    expected = load_signer(layout.gateway("gw1") / "identity.key").public
    assert roster.identities("gw1") == (expected,)
    assert roster.gateways() == ["gw1"]


def test_a_gateway_added_later_needs_no_restart(layout: Layout) -> None:
    roster = Roster(layout)
    assert roster.identities("gw2") is None
    init(layout, Request(gateways=("gw2",)), NOW)
    stat = layout.identities.stat()  # some file systems count time in steps: make it a later one
    os.utime(layout.identities, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
    assert roster.identities("gw2") is not None


@pytest.mark.parametrize("name", ["../gw1", "", "gw1/../gw1"])
def test_a_name_is_never_a_path(layout: Layout, name: str) -> None:
    assert Roster(layout).identities(name) is None


def test_a_certificate_of_another_authority_is_named(layout: Layout, tmp_path: Path) -> None:
    other = Layout(tmp_path / "other")
    init(other, Request(gateways=("gw1",)), NOW)
    layout.identity("gw1").write_bytes(other.identity("gw1").read_bytes())
    with pytest.raises(CenterError, match=r"gw1\.pem: not issued by this center's authority"):
        identity_keys(layout.identity("gw1"), read_certificate(layout.certificate("ca")))


def test_a_tls_certificate_is_no_identity(layout: Layout) -> None:
    client = layout.gateway("gw1") / "client.pem"
    layout.identity("gw1").write_bytes(client.read_bytes())
    with pytest.raises(CenterError, match="for signing"):
        identity_keys(layout.identity("gw1"), read_certificate(layout.certificate("ca")))


@pytest.mark.parametrize("content", [b"", b"junk", None])
def test_a_file_that_cannot_be_used_costs_its_own_gateway_only(
    layout: Layout, content: bytes | None
) -> None:
    """Seen to fail when every file was read at the start: one bad file stopped the whole center."""
    init(layout, Request(gateways=("gw2",)), NOW)
    good = layout.identity("gw1").read_bytes()
    if content is None:
        layout.identity("gw1").unlink()
        layout.identity("gw1").mkdir()
    else:
        layout.identity("gw1").write_bytes(content)
    told: list[str] = []
    roster = Roster(layout, told.append)
    assert roster.identities("gw2") is not None
    assert [roster.identities("gw1") for _ in range(3)] == [None] * 3
    assert len(told) == 1
    assert "gw1.pem" in told[0]
    if content is None:
        layout.identity("gw1").rmdir()
    layout.identity("gw1").write_bytes(good)  # in place: the folder need not change
    assert roster.identities("gw1") is not None, "put right, without a restart"
    assert len(told) == 1


def test_a_gateway_taken_away_is_known_no_more(layout: Layout) -> None:
    roster = Roster(layout)
    assert roster.identities("gw1") is not None
    layout.identity("gw1").unlink()
    stat = layout.identities.stat()
    os.utime(layout.identities, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
    assert roster.identities("gw1") is None
    assert roster.gateways() == []


def test_strangers_leave_nothing_behind(layout: Layout) -> None:
    roster = Roster(layout)
    for number in range(1000):
        assert roster.identities(f"stranger{number}") is None
    assert len(roster._known) == 0
