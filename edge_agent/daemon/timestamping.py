"""Asks an authority for a timestamp over HTTP (RFC 3161, section 3.4), and checks what it gives.

Done by a child of the agent: HTTP and X.509 take memory that the agent does not have.
"""

import http.client
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.evidence import certificates, timestamp
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import Certificate
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.timestamp import NotGranted, Stamped

TALK_S_MAX = 20.0
ANSWER_BYTES_MAX = 65_536


class TimestampError(Exception):
    """No timestamp that can be kept: why, and what to do."""


def read_authorities(file: Path) -> list[Certificate]:
    """Return the certificates whose timestamps count.  Raises TimestampError."""
    try:
        return certificates.read_pem(file.read_bytes())
    except OSError as error:
        raise TimestampError(
            f"{file}: {error.strerror}; put the authority's certificate there (PEM)"
        ) from error
    except Malformed as error:
        raise TimestampError(f"{file}: {error}; it holds the authority's, in PEM") from error


def ask(url: str, imprint: bytes, trusted: Sequence[Certificate]) -> tuple[bytes, Stamped]:
    """Return the token over a SHA-256 hash, and what it proves.  Raises TimestampError."""
    nonce = secrets.randbits(63)
    answer = _post(url, timestamp.request(imprint, nonce))
    try:
        token = timestamp.granted(answer, nonce)
        return token, timestamp.verify(token, imprint, trusted)
    except NotGranted as error:
        raise TimestampError(f"{url} gives no timestamp: {error}") from error
    except Malformed as error:
        raise TimestampError(f"{url} answers what is no timestamp: {error}") from error
    except BadSignature as error:
        raise TimestampError(
            f"{url}: {error}; if the authority has a new certificate, renew the one in [anchor]"
        ) from error


def _post(url: str, body: bytes) -> bytes:
    try:
        place = urlsplit(url)
        secure = place.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(place.hostname or "", place.port, timeout=TALK_S_MAX)
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        try:
            connection.request(
                "POST", target, body, {"Content-Type": "application/timestamp-query"}
            )
            answer = connection.getresponse()
            data = answer.read(ANSWER_BYTES_MAX + 1)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise TimestampError(
            f"{url}: {error or type(error).__name__}; is the address right, is the network up?"
        ) from error
    if answer.status != http.client.OK:
        raise TimestampError(f"{url} answers {answer.status}; is the address right?")
    if len(data) > ANSWER_BYTES_MAX:
        raise TimestampError(f"{url}: an endless answer")
    return data
