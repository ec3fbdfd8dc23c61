"""What a gateway writes of what its center told.  Whole enrolments: tests/center."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent import config
from edge_agent.center import credentials
from edge_agent.center.credentials import Subject, Use
from edge_agent.evidence.enrolment import Bundle, Way
from edge_agent.evidence.invitation import Invitation
from edge_agent.identity import enrolment
from edge_agent.identity.bundle_files import configuration_text
from edge_agent.identity.est import EstError, NotOffered, Server

INVITATION = Invitation("gw4", "a.example", 8443, "0" * 16, "0" * 12)


def test_the_configuration_is_one_that_the_agent_reads(tmp_path: Path) -> None:
    bundle = Bundle(
        gateway="gw4",
        center="center",
        time_ms=0,
        authorities=(b"ca",),
        client=b"c",
        identity=b"i",
        receipts=(b"r",),
        commands=(),
        seals=(b"s",),
        ways=(Way("a.example", 8883), Way("b.example", 1883)),
        enrolment=Way("a.example", 8443),
    )
    file = tmp_path / "gateway.toml"
    panel = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = { port = "/dev/ttyUSB0" }\n'
    file.write_text(configuration_text(bundle) + panel)
    read = config.load(file).config
    assert read.gateway.id == "gw4"
    assert [(path.host, path.port) for path in read.center[0].path] == [
        ("a.example", 8883),
        ("b.example", 1883),
    ]
    assert read.center[0].seal_certificate == "seal.pem"
    assert read.center[0].enrolment == "a.example:8443"


def test_a_certificate_for_another_key_is_not_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a server that certifies alone; that of a center: tests/center/test_enrolment.py."""
    now = datetime(2026, 11, 23, tzinfo=UTC)
    authority = credentials.make_authority(credentials.new_tls_key(), now)
    other = credentials.new_tls_key().public_key()
    granted = credentials.certify(authority, other, Subject("gw4", Use.CLIENT), now, 9)

    def refuse(*_: object) -> bytes:
        raise NotOffered("certificates only")

    monkeypatch.setattr(Server, "pinned", lambda _: Server("a.example", 8443, b"ca"))
    monkeypatch.setattr(Server, "enrol", lambda *_: granted)
    monkeypatch.setattr(Server, "bundle", refuse)
    with pytest.raises(EstError, match="for another key"):
        enrolment.enrol(INVITATION, tmp_path, lambda _: None)
    assert not (tmp_path / "client.pem").exists()


@pytest.mark.parametrize("data", [b"", b"junk", b"\x00" * 200_000])
def test_what_is_no_bundle_is_told(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(EstError, match="bundle"):
        enrolment.install(data, INVITATION, tmp_path)
