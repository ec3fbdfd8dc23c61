from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from edge_agent.center import credentials
from edge_agent.center.credentials import Subject, Use

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> credentials.Authority:
    return credentials.make_authority(credentials.new_tls_key(), NOW)


def made(authority: credentials.Authority, subject: Subject, days: int = 30) -> x509.Certificate:
    key = credentials.new_tls_key().public_key()
    return credentials.certify(authority, key, subject, NOW, days)


def test_the_authority_may_sign_certificates_and_nothing_else(
    authority: credentials.Authority,
) -> None:
    extensions = authority.certificate.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature


def test_two_authorities_have_two_names(authority: credentials.Authority) -> None:
    other = credentials.make_authority(credentials.new_tls_key(), NOW)
    assert other.certificate.subject != authority.certificate.subject


@pytest.mark.parametrize("use", list(Use))
def test_a_certificate_has_one_use_and_is_no_authority(
    authority: credentials.Authority, use: Use
) -> None:
    extensions = made(authority, Subject("gw1", use)).extensions
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [use.value]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_validity_is_backdated_and_ends_with_the_authority(
    authority: credentials.Authority,
) -> None:
    short = made(authority, Subject("gw1", Use.CLIENT), days=30)
    assert short.not_valid_before_utc == NOW - timedelta(days=1)
    assert short.not_valid_after_utc == NOW + timedelta(days=30)
    long = made(authority, Subject("gw1", Use.CLIENT), days=100_000)
    assert long.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_hosts_are_names_or_addresses(authority: credentials.Authority) -> None:
    hosts = ("localhost", "mqtt.example", "10.0.0.1", "::1")
    certificate = made(authority, Subject("localhost", Use.SERVER, hosts))
    assert set(credentials.hosts_of(certificate)) == set(hosts)
    assert credentials.hosts_of(made(authority, Subject("gw1", Use.CLIENT))) == ()


@pytest.mark.parametrize("host", ["", "a b", "-a", "a..b", "a" * 64, "*.example", "bücher.example"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="neither an IP address nor a host name"):
        credentials.general_name(host)


def test_only_a_signing_certificate_of_this_authority_counts(
    authority: credentials.Authority,
) -> None:
    def counts(certificate: x509.Certificate) -> bool:
        return credentials.is_signing_certificate(certificate, authority.certificate)

    other = credentials.make_authority(credentials.new_tls_key(), NOW)
    assert counts(made(authority, Subject("gw1", Use.SIGNING)))
    assert not counts(made(authority, Subject("gw1", Use.CLIENT)))
    assert not counts(made(other, Subject("gw1", Use.SIGNING)))
    assert not counts(authority.certificate)
