"""Which keys an authority certified for signing: X.509 as far as evidence needs it.

Dates are not looked at: what was signed while a certificate was valid stays evidence.
"""

import hashlib
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey

Certificate = x509.Certificate
REVOKED_SUFFIX = ".revoked"
"""Behind the name of the file of an authority: which keys count no more."""

SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # id-kp-documentSigning, RFC 9336


def read(der: bytes) -> x509.Certificate:
    """Return the certificate in `der`.  Raises Malformed."""
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise Malformed(f"no certificate: {error}") from error


def read_pem(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates in a PEM file, at least one.  Raises Malformed."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion) as error:
        raise Malformed(f"no certificate: {error}") from error


def der_of(certificate: x509.Certificate) -> bytes:
    """Return the certificate's bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return SHA-256 over the certificate in hex, as openssl shows it but without colons."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def spki(certificate: x509.Certificate) -> bytes:
    """Return the certificate's public key as SubjectPublicKeyInfo (RFC 5280), DER."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def key_digest(certificate: x509.Certificate) -> bytes:
    """Return SHA-256 over the certificate's public key, as `spki` has it."""
    return hashlib.sha256(spki(certificate)).digest()


def is_issued_by(certificate: x509.Certificate, authorities: Iterable[x509.Certificate]) -> bool:
    """Tell whether one of `authorities` signed the certificate."""
    return any(_signed(authority, certificate) for authority in authorities)


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether it certifies itself and may certify others."""
    return _signed(certificate, certificate) and may_certify(certificate)


def may_certify(certificate: x509.Certificate) -> bool:
    """Tell whether it is an authority's, whoever certified that."""
    try:
        limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return limits.ca


def is_for_signing(certificate: x509.Certificate) -> bool:
    """Tell whether it is a signing key's, and no server's or client's."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return SIGNING in usage


def signing_key(
    certificate: x509.Certificate, authorities: Iterable[x509.Certificate]
) -> tuple[str, PublicKey] | None:
    """Return common name and key, None unless one of `authorities` certified it for signing."""
    if not is_issued_by(certificate, authorities) or not is_for_signing(certificate):
        return None
    try:
        key = PublicKey.of(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return None  # a kind of key that nothing here is signed with
    return name_of(certificate), key


def name_of(certificate: x509.Certificate) -> str:
    """Return the common name of a certificate's holder; empty where it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _signed(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True
