"""Opens what a center is trusted by: its receipt key, certified by the center's own CA."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from edge_agent.evidence.certificates import is_issued_by, key_digest
from edge_agent.evidence.cose import PublicKey

PEM_BYTES_MAX = 65_536  # a chain of several certificates is a tenth of it


class AccessError(Exception):
    """The operator's fault: a file cannot be used; says why and what to do."""

    def __init__(self, file: Path, cause: str, remedy: str) -> None:
        super().__init__(f"{file}: {cause}; {remedy}")
        self.file = file
        self.cause = cause
        self.remedy = remedy


def client_id_of(gateway: str, key: Path) -> str:
    """Return a client id for MQTT that only the holder of `key` can know.

    A broker drops the older of two clients with one id, whoever they are: with an id that can be
    guessed, any gateway could keep another one off.  An unreadable key gives a passing id.
    """
    try:
        secret = _read(key)
    except AccessError:
        secret = os.urandom(32)
    return f"{gateway}-{hashlib.sha256(b'edge-agent client id ' + secret).hexdigest()[:16]}"


def load_seal(gateway: str, certificate: Path, ca: Path) -> Callable[[bytes], bytes]:
    """Return what seals a gateway's messages to the key in `certificate`.  Raises AccessError."""
    from cryptography.hazmat.primitives.asymmetric import x25519  # noqa: PLC0415  where asked for

    from edge_agent.evidence.sealed import seal  # noqa: PLC0415  where asked for

    claimed = read_certificate(certificate)
    _check_issued(claimed, certificate, ca)
    key = claimed.public_key()
    if not isinstance(key, x25519.X25519PublicKey):
        raise AccessError(certificate, "not for sealing (X25519)", "name the center's seal.pem")
    return lambda data: seal(data, gateway, key)


def load_signing_key(certificate: Path, ca: Path) -> PublicKey:
    """Return the key in `certificate`, of receipts or of commands, which a CA in `ca` must have
    signed.  Raises AccessError.

    Dates are not checked: a gateway without a battery clock does not know them at start, a receipt
    says only what the center holds, and a command has an end of its own.
    """
    pem = _read(certificate)
    try:
        claimed = x509.load_pem_x509_certificate(pem)
        key = PublicKey.from_certificate_pem(pem)
    except ValueError as error:
        raise _unusable(certificate, error) from error
    _check_issued(claimed, certificate, ca)
    return key


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who certifies a center's keys: public keys, and SHA-256 over each as a charter names them.

    A foreign authority may have a kind of key that nothing of ours is signed with: a digest only.
    """

    keys: tuple[PublicKey, ...]
    digests: tuple[bytes, ...]


def load_authorities(ca: Path) -> Authorities:
    """Return the authorities in a file.  Raises AccessError."""
    certificates, keys = _authorities(ca), []
    for one in certificates:
        with suppress(ValueError):
            keys.append(PublicKey.of(one.public_key()))
    return Authorities(tuple(keys), tuple(map(key_digest, certificates)))


def _authorities(ca: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(ca))
    except ValueError as error:
        raise AccessError(ca, f"no certificate ({error})", "copy it from the center") from error


def _check_issued(claimed: x509.Certificate, certificate: Path, ca: Path) -> None:
    if not is_issued_by(claimed, _authorities(ca)):
        raise AccessError(
            certificate,
            f"not signed by the CA in {ca}",
            "both files must come from the same center",
        )


def valid_until(certificate: Path) -> datetime:
    """Return the end of a certificate's life.  Raises AccessError."""
    return read_certificate(certificate).not_valid_after_utc


def read_certificate(certificate: Path) -> x509.Certificate:
    """Return the first certificate in a PEM file.  Raises AccessError."""
    try:
        return x509.load_pem_x509_certificate(_read(certificate))
    except ValueError as error:
        raise _unusable(certificate, error) from error


def _unusable(certificate: Path, error: ValueError) -> AccessError:
    said = str(error).partition(" See https")[0]  # what follows is for those who write programs
    return AccessError(
        certificate, f"no usable certificate ({said})", "copy it from the center again"
    )


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(PEM_BYTES_MAX)
    except OSError as error:
        raise AccessError(
            file, f"cannot be read ({error.strerror})", "check that it exists and who may read it"
        ) from error
