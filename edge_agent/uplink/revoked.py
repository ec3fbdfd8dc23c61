"""Which keys a broker may not show any more, by what its center's authority has signed.

The list lies beside the file of the authority; loaded only where there is one.  One that cannot be
read refuses nobody: a damaged card must not cut a gateway off.
"""

import ssl
from pathlib import Path

import structlog
from cryptography import x509

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import key_digest
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.revoked_keys import BYTES_MAX, RevokedKeys, open_revoked_keys
from edge_agent.uplink.access import AccessError, Authorities, load_authorities
from edge_agent.uplink.trouble import Cause, DialError, Trouble

log = structlog.get_logger()


def opened(data: bytes, authorities: Authorities) -> RevokedKeys:
    """Return a list that one of the authorities signed.  Raises Malformed, BadSignature."""
    for key in authorities.keys:
        try:
            return open_revoked_keys(data, key)
        except BadSignature:
            continue
    raise BadSignature("not signed by an authority of this center")


def read(file: Path, ca: Path) -> RevokedKeys | None:
    """Return the list in a file, None where there is none that counts."""
    try:
        with file.open("rb") as stream:
            return opened(stream.read(BYTES_MAX + 1), load_authorities(ca))
    except FileNotFoundError:
        return None
    except (OSError, Malformed, BadSignature, AccessError) as error:
        log.warning("revoked keys are not known", file=str(file), cause=str(error))
        return None


def check_peer(connected: ssl.SSLSocket, file: Path, ca: Path, where: str) -> None:
    """Refuse a broker at `where` whose key is on the list in a file.  Raises DialError."""
    listed, shown = read(file, ca), connected.getpeercert(binary_form=True)
    assert shown is not None, "it was verified"
    if listed is not None and key_digest(x509.load_der_x509_certificate(shown)) in listed.keys:
        raise DialError(
            Trouble(
                Cause.REVOKED,
                f"the broker at {where} shows a key that its center has revoked",
                "somebody stands between, or that broker has not been given its new key",
            )
        )
