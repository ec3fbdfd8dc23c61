"""The center's own small certificate authority: which certificates exist and what each may do.

X.509 as in RFC 5280.  Every certificate below the authority carries exactly one extended key
usage, so none can stand in for another: a server's certificate opens no client connection, and the
certificate of a signing key (identity, receipt; usage "document signing" of RFC 9336) opens none
at all.  TLS keys are P-256, which every TLS library and secure element speaks; signing keys are
Ed25519, keys that messages are sealed to X25519.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_agent.evidence.certificates import SIGNING, is_for_signing, is_issued_by

AUTHORITY_DAYS = 7300  # 20 years: a panel's installation lives about as long
DAYS_DEFAULT = 825  # the longest that common TLS clients accept of a server
DAYS_MAX = AUTHORITY_DAYS
BACKDATED = timedelta(days=1)  # gateways without a battery clock may be behind by hours

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | x25519.X25519PublicKey


class Use(Enum):
    """What a certificate is for: its one extended key usage."""

    SERVER = ExtendedKeyUsageOID.SERVER_AUTH
    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
    SEALING = x509.ObjectIdentifier("2.25.212483720348611870093548734229128432071")  # a UUID: ours
    SIGNING = SIGNING


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority: its key and its self-signed certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names; `hosts` are DNS names and IP addresses, for servers."""

    name: str
    use: Use
    hosts: tuple[str, ...] = ()


def new_tls_key() -> ec.EllipticCurvePrivateKey:
    """Make a key for TLS."""
    return ec.generate_private_key(ec.SECP256R1())


def new_signing_key() -> ed25519.Ed25519PrivateKey:
    """Make a key for signing events or receipts."""
    return ed25519.Ed25519PrivateKey.generate()


def new_sealing_key() -> x25519.X25519PrivateKey:
    """Make a key that gateways seal to."""
    return x25519.X25519PrivateKey.generate()


def make_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> Authority:
    """Certify `key` as an authority.  Its name ends in digits of its own key, so that two
    authorities are never taken for each other by name."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = _name(f"edge-agent authority {identifier.digest[:4].hex()}")
    usage = _key_usage(digital_signature=False, authority=True)
    certificate = (
        _dated(now, now + timedelta(days=AUTHORITY_DAYS))
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def certify(
    authority: Authority, public: PublicKey, subject: Subject, now: datetime, days: int
) -> x509.Certificate:
    """Certify `public` for `days`, never beyond the authority's own end."""
    until = min(now + timedelta(days=days), authority.certificate.not_valid_after_utc)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _dated(now, until)
        .subject_name(_name(subject.name))
        .issuer_name(authority.certificate.subject)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            _key_usage(digital_signature=subject.use is not Use.SEALING, authority=False),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([subject.use.value]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issuer, critical=False)
    )
    if subject.hosts:
        names = x509.SubjectAlternativeName([general_name(host) for host in subject.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def is_signing_certificate(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether `authority` issued `certificate` for a signing key, whatever its dates."""
    return is_issued_by(certificate, [authority]) and is_for_signing(certificate)


def general_name(host: str) -> x509.GeneralName:
    """Return `host` as it stands in a certificate; raise ValueError where it is no host name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not 0 < len(host) <= 253 or not all(_is_label(label) for label in host.split(".")):
        raise ValueError(f"{host!r} is neither an IP address nor a host name")
    return x509.DNSName(host)


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the hosts that a server's certificate is good for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def key_pem(key: PrivateKey) -> bytes:
    """Return `key` as unencrypted PKCS #8: the file's mode is its protection."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return `certificate` as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def utc(wall_ns: int) -> datetime:
    """Return Unix time in nanoseconds as a date."""
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)


def _is_label(label: str) -> bool:
    plain = label.replace("-", "a").replace("_", "a")
    return label.isascii() and plain.isalnum() and len(label) <= 63 and label[0] != "-"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _dated(now: datetime, until: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(until)
    )


def _key_usage(*, digital_signature: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not digital_signature and not authority,
        encipher_only=False,
        decipher_only=False,
    )
