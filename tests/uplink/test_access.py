"""The receipt key is believed only as the center's own CA certified it."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.sealed import open_sealed
from edge_agent.uplink.access import (
    AccessError,
    client_id_of,
    load_seal,
    load_signing_key,
    valid_until,
)
from edge_agent.uplink.dial import CenterAccess
from tests.uplink.rig import Authority


def test_the_certified_key_is_opened(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate, _ = authority.issue("receipt", key=key)
    assert load_signing_key(certificate, authority.ca) == PublicKey.of(key.public_key())


def test_a_key_of_another_ca_of_the_same_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours")
    certificate, _ = Authority(tmp_path / "theirs").issue("receipt")
    with pytest.raises(AccessError, match="not signed by the CA") as caught:
        load_signing_key(certificate, authority.ca)
    assert caught.value.file == certificate
    assert "same center" in caught.value.remedy


def test_missing_and_senseless_files_are_named_with_a_remedy(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("receipt")
    for receipt, ca, said in (
        (tmp_path / "none.pem", authority.ca, "cannot be read"),
        (certificate, tmp_path / "none.pem", "cannot be read"),
        (key, authority.ca, "no usable certificate"),
        (certificate, key, "no certificate"),
    ):
        with pytest.raises(AccessError, match=said) as caught:
            load_signing_key(receipt, ca)
        assert caught.value.remedy in str(caught.value)


def test_a_seal_is_the_centers_own(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours")
    key = x25519.X25519PrivateKey.generate()
    certificate, _ = authority.issue("seal", key=key)
    sealed = load_seal("gw1", certificate, authority.ca)(b"said")
    assert open_sealed(sealed, "gw1", key) == b"said"
    foreign, _ = Authority(tmp_path / "theirs").issue("seal", key=key)
    with pytest.raises(AccessError, match="not signed by the CA"):
        load_seal("gw1", foreign, authority.ca)
    receipt, _ = authority.issue("receipt")
    with pytest.raises(AccessError, match="not for sealing"):
        load_seal("gw1", receipt, authority.ca)


def test_a_center_has_a_path(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, _ = authority.issue("receipt")
    with pytest.raises(ValueError, match="has no path"):
        CenterAccess("center", load_signing_key(certificate, authority.ca), (), "gw1-x")


def test_the_end_of_a_certificate_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("receipt")
    until = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    assert valid_until(certificate) == until
    with pytest.raises(AccessError, match="no usable certificate"):
        valid_until(key)


def test_a_client_id_is_stable_and_cannot_be_told_without_the_key(tmp_path: Path) -> None:
    (tmp_path / "a.key").write_bytes(b"a")
    (tmp_path / "b.key").write_bytes(b"b")
    ours = client_id_of("gw1", tmp_path / "a.key")
    assert ours.startswith("gw1-")
    assert ours == client_id_of("gw1", tmp_path / "a.key")
    assert ours != client_id_of("gw1", tmp_path / "b.key")
    missing = {client_id_of("gw1", tmp_path / "none.key") for _ in range(3)}
    assert len(missing) == 3
