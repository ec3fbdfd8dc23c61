"""The center opens what was sealed to any of its keys, and hands on what it cannot open."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519
from structlog.testing import capture_logs

from edge_agent.center.credentials import Use
from edge_agent.center.init import Request, init
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.sealing import COMPLAIN_FIRST, Opener, load_keys
from edge_agent.evidence.sealed import kid_of, seal

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DATA = b"\xd2an envelope"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "center")
    init(layout, Request(gateways=("gw1",)), NOW)
    return layout


def public(layout: Layout) -> x25519.X25519PublicKey:
    certificate = x509.load_pem_x509_certificate(layout.certificate("seal").read_bytes())
    key = certificate.public_key()
    assert isinstance(key, x25519.X25519PublicKey)
    return key


def test_init_makes_a_key_that_is_for_nothing_else(layout: Layout) -> None:
    certificate = x509.load_pem_x509_certificate(layout.certificate("seal").read_bytes())
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_agreement
    assert not usage.digital_signature
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [Use.SEALING.value]
    handed = (layout.gateway("gw1") / "seal.pem").read_bytes()
    assert handed == layout.certificate("seal").read_bytes()


def test_a_sealed_message_is_opened_and_another_left(layout: Layout) -> None:
    opener = Opener(load_keys(layout))
    assert opener.opened("gw1", seal(DATA, "gw1", public(layout))) == DATA
    assert opener.opened("gw1", DATA) == DATA


def test_an_old_key_still_opens_after_a_new_one_was_made(layout: Layout) -> None:
    old = public(layout)
    init(layout, Request(gateways=(), new_seal=True), NOW)
    new = public(layout)
    assert old != new
    assert (layout.seals / f"{kid_of(old).hex()}.key").exists()
    opener = Opener(load_keys(layout))
    for key in (old, new):
        assert opener.opened("gw1", seal(DATA, "gw1", key)) == DATA


def test_what_cannot_be_opened_is_handed_on_and_told_some_times(layout: Layout) -> None:
    opener = Opener(load_keys(layout))
    stranger = x25519.X25519PrivateKey.generate().public_key()
    for sealed in (seal(DATA, "gw1", stranger), seal(DATA, "gw2", public(layout)), b"\x83junk"):
        with capture_logs() as logs:
            assert opener.opened("gw1", sealed) == sealed
        assert len(logs) == 1
    with capture_logs() as logs:
        for _ in range(95):
            opener.opened("gw1", b"\x83junk")
    assert [entry["count"] for entry in logs] == [10]
    assert COMPLAIN_FIRST == 3


def test_an_unusable_key_is_named(layout: Layout) -> None:
    layout.seals.mkdir()
    (layout.seals / "x.key").write_bytes(layout.key("receipt").read_bytes())
    with pytest.raises(CenterError, match=r"x\.key: not an X25519 key"):
        load_keys(layout)
    (layout.seals / "x.key").write_bytes(b"junk")
    with pytest.raises(CenterError, match="no usable key"):
        load_keys(layout)


def test_a_center_of_before_has_none(layout: Layout) -> None:
    layout.key("seal").unlink()
    assert load_keys(layout) == {}
