"""When a renewal is due.  How it goes is tried against a real server: tests/center/test_est.py."""

from datetime import UTC, datetime, timedelta

from cryptography import x509

from edge_agent.center import credentials
from edge_agent.center.credentials import Subject, Use
from edge_agent.identity.renewal import due

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
