"""A gateway's side of EST (RFC 7030): asks a center for certificates, and for the bundle.

First trust is by pin: the authority that the peer tells must have the public key that the
invitation pins, and from then on only a server with that authority's certificate, for the host
that was asked, is talked to.
"""

import base64
import binascii
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from edge_agent.evidence.certificates import spki
from edge_agent.evidence.invitation import Invitation, pin_of

ANSWER_BYTES_MAX = 131_072
TALK_S_MAX = 20.0


class EstError(Exception):
    """The center could not be reached, is another one, or refused: why, and what to do."""


class NotOffered(EstError):  # noqa: N818  reads as what it says
    """The server is no center of this product: it has certificates only."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is trusted by its authority (PEM)."""

    host: str
    port: int
    authority: bytes
    credentials: str | None = None  # of HTTP Basic: gateway and secret

    @classmethod
    def pinned(cls, invitation: Invitation) -> Self:
        """Return the server that an invitation names.  Raises EstError where it is another one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # what comes is believed only if the pin fits
        host, port = invitation.host, invitation.port
        answer = _ask(host, port, context, _Request("GET", "/.well-known/est/cacerts"))
        for certificate in _certificates(answer):
            if pin_of(spki(certificate)) == invitation.pin:
                pem = certificate.public_bytes(serialization.Encoding.PEM)
                secret = f"{invitation.gateway}:{invitation.secret}".encode()
                return cls(host, port, pem, base64.b64encode(secret).decode())
        raise EstError(
            f"who answers at {invitation.place} is not the center of this code: is it the right "
            "address, and nobody between? Ask the enterprise for a new code if in doubt"
        )

    def enrol(self, request: bytes, label: str = "") -> x509.Certificate:
        """Return the certificate for a request (PKCS #10, DER).  Raises EstError."""
        path = f"/.well-known/est/{label + '/' if label else ''}simpleenroll"
        return self._certificate(path, base64.encodebytes(request), "application/pkcs10")

    def renew(self, signed: bytes) -> x509.Certificate:
        """Return a new TLS certificate for a signed wish.  Raises EstError."""
        return self._certificate("/edge/v1/renew", signed, "application/cose")

    def bundle(self) -> bytes:
        """Return the signed bundle.  Raises EstError; NotOffered from a foreign server."""
        return self._ask("GET", "/edge/v1/bundle")

    def _certificate(self, path: str, body: bytes, kind: str) -> x509.Certificate:
        return _certificates(self._ask("POST", path, body, kind))[0]

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cadata=self.authority.decode())
        except (ssl.SSLError, ValueError) as error:
            raise EstError(f"the center's authority (ca.pem) cannot be used: {error}") from error
        headers = {"Content-Type": kind} if kind else {}
        if kind == "application/pkcs10":
            headers["Content-Transfer-Encoding"] = "base64"
        if self.credentials is not None:
            headers["Authorization"] = f"Basic {self.credentials}"
        return _ask(self.host, self.port, context, _Request(method, path, body, headers))


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _ask(host: str, port: int, context: ssl.SSLContext, asked: _Request) -> bytes:
    connection = http.client.HTTPSConnection(
        host.strip("[]"), port, timeout=TALK_S_MAX, context=context
    )
    place = f"{host}:{port}"
    try:
        connection.request(asked.method, asked.path, asked.body, asked.headers)
        answer = connection.getresponse()
        data = answer.read(ANSWER_BYTES_MAX + 1)
    except ssl.SSLCertVerificationError as error:
        raise EstError(
            f"{place}: its certificate is not good: {error.verify_message}; set the clock if the "
            "date is wrong, or use the host name that the center's certificate has"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise EstError(
            f"{place}: {error or type(error).__name__}; is the address right, is the network up, "
            "and does `edge-center enrolment serve` run there?"
        ) from error
    finally:
        connection.close()
    if len(data) > ANSWER_BYTES_MAX:
        raise EstError(f"{place}: an endless answer")
    if answer.status == http.client.OK:
        return data
    cause = data[:300].decode("utf-8", "replace").strip()
    if answer.status == http.client.NOT_FOUND:
        raise NotOffered(f"{place}: {asked.path} is not there")
    if answer.status == http.client.UNAUTHORIZED:
        raise EstError(
            f"{place} refuses: {cause}; the code may be used up, closed after wrong tries, or of "
            "another gateway: ask the enterprise for a new one"
        )
    raise EstError(f"{place} refuses ({answer.status}): {cause}")


def _certificates(data: bytes) -> list[x509.Certificate]:
    try:
        found = pkcs7.load_der_pkcs7_certificates(base64.b64decode(data))
    except (binascii.Error, ValueError) as error:
        raise EstError(f"the answer holds no certificates: {error}") from error
    if not found:
        raise EstError("the answer holds no certificates")
    return found
