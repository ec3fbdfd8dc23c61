"""When a certificate is renewed, and how: with the same key, on the identity key's word.

Due from two thirds of its life on, RFC 7030's own clients do alike; up to a twelfth later by the
gateway's name, so that a hundred thousand made in one week do not come in one hour.  Whoever was
away while it expired renews it all the same: the identity key does not expire.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from edge_agent import files
from edge_agent.evidence.certificates import is_issued_by
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.enrolment import Renewal, sign_renewal
from edge_agent.evidence.signers import P256Signer
from edge_agent.identity import keys
from edge_agent.identity.est import EstError, Server


def due(certificate: x509.Certificate, gateway: str) -> datetime:
    """Return from when on a gateway's certificate is to be renewed."""
    begun, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    share = int.from_bytes(hashlib.sha256(gateway.encode()).digest()[:4], "big") / 2**32
    return begun + (until - begun) * (2 / 3 + share / 12)


@dataclass(frozen=True, slots=True)
class Place:
    """One center's files and where it renews; `client` and `key` are the gateway's own."""

    host: str
    port: int
    authority: Path
    client: Path
    key: Path


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process renews a certificate in `folder`, then keep others out.

    The daily one, one by command and one by hand may meet, and write the same files.  Raises
    OSError.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def renew(place: Place, gateway: str, identity: Signer, now: datetime) -> datetime:
    """Fetch a new certificate and put it in place; return its end.

    The old one is kept beside it (`.old`).  Raises EstError, KeyFileError, OSError.
    """
    key = P256Signer.load(place.key)
    authority = place.authority.read_bytes()
    server = Server(place.host, place.port, authority)
    wish = Renewal(gateway, int(now.timestamp() * 1000), key.request(gateway))
    made = server.renew(sign_renewal(wish, identity))
    if not keys.is_for(made, key):
        raise EstError("the certificate granted is for another key")
    if not is_issued_by(made, x509.load_pem_x509_certificates(authority)):
        raise EstError("the certificate granted is of another authority")
    if place.client.exists():
        files.replace(place.client.with_name(place.client.name + ".old"), place.client.read_bytes())
    files.replace(place.client, made.public_bytes(serialization.Encoding.PEM))
    return made.not_valid_after_utc
