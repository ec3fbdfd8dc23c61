"""When a renewal is due, and what is not taken for one.  A real one: tests/center/test_est.py."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from edge_agent.center import credentials
from edge_agent.center.credentials import Subject, Use
from edge_agent.evidence.signers import Ed25519Signer, P256Signer
from edge_agent.identity.est import EstError, Server
from edge_agent.identity.renewal import Place, due, renew

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def certificate(days: int) -> x509.Certificate:
    authority = credentials.make_authority(credentials.new_tls_key(), NOW)
    key = credentials.new_tls_key().public_key()
    return credentials.certify(authority, key, Subject("gw", Use.CLIENT), NOW, days)


def test_it_is_due_between_two_and_three_quarters_of_its_life() -> None:
    made = certificate(720)
    life = made.not_valid_after_utc - made.not_valid_before_utc
    dates = [due(made, f"gw{number}") for number in range(200)]
    assert min(dates) >= made.not_valid_before_utc + life * 2 / 3
    assert max(dates) <= made.not_valid_before_utc + life * 3 / 4
    assert max(dates) - min(dates) > timedelta(days=50), "not all in one week"


def test_it_is_the_same_for_one_gateway() -> None:
    made = certificate(30)
    assert due(made, "gw1") == due(made, "gw1")


@pytest.mark.parametrize("wrong", ["key", "authority"])
def test_another_certificate_than_was_asked_for_is_not_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    ours, theirs = (credentials.make_authority(credentials.new_tls_key(), NOW) for _ in range(2))
    P256Signer.generate().save(tmp_path / "client.key")
    own = serialization.load_pem_private_key((tmp_path / "client.key").read_bytes(), None)
    key = credentials.new_tls_key() if wrong == "key" else own
    subject = Subject("gw", Use.CLIENT)
    by = theirs if wrong == "authority" else ours
    granted = credentials.certify(by, key.public_key(), subject, NOW, 9)  # type: ignore[arg-type]
    monkeypatch.setattr(Server, "renew", lambda *_: granted)
    (tmp_path / "ca.pem").write_bytes(credentials.certificate_pem(ours.certificate))
    (tmp_path / "client.pem").write_text("as it was")
    place = Place(
        "localhost", 1, tmp_path / "ca.pem", tmp_path / "client.pem", tmp_path / "client.key"
    )
    with pytest.raises(EstError, match=f"another {wrong}"):
        renew(place, "gw", Ed25519Signer.generate(), NOW)
    assert (tmp_path / "client.pem").read_text() == "as it was"
