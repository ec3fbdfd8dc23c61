"""The center's door for gateways to be: EST (RFC 7030) over TLS, and the bundle beside it.

| request | who may | answer |
|---|---|---|
| GET /.well-known/est/cacerts | anybody | the authority's certificate |
| POST /.well-known/est/simpleenroll | gateway and secret (HTTP Basic) | a TLS certificate |
| POST /.well-known/est/identity/simpleenroll | the same | a certificate of the identity key |
| POST /.well-known/est/simplereenroll | a client certificate of ours | a new TLS certificate |
| GET /edge/v1/bundle | gateway and secret | all that a gateway needs, signed |
| POST /edge/v1/renew | a wish signed by the identity key | a new TLS certificate |

A process of its own: the authority's key is needed only where and while gateways are enrolled.
"""

import base64
import binascii
import ssl
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from edge_agent import tls_door
from edge_agent.center.enrolment import Enrolments, Kind, Refused, Unknown
from edge_agent.center.layout import Layout
from edge_agent.evidence.certificates import name_of

BODY_BYTES_MAX = 16_384
WRONG_PAUSE_S = 1.0
"""Before a refusal is told: ten tries in all make guessing hopeless; this spares the machine."""

log = structlog.get_logger("center")


class Door(tls_door.Door):
    """Listens on `place` (port 0: any) until `shutdown`; `now` tells the time.

    Raises OSError where the place cannot be had, ssl.SSLError for unusable files.
    """

    def __init__(self, place: tuple[str, int], layout: Layout, now: Callable[[], datetime]) -> None:
        self.enrolments = Enrolments(layout)
        self.now = now
        context = tls_door.tls_context(layout.certificate("server"), layout.key("server"))
        context.load_verify_locations(layout.certificate("ca"))
        context.verify_mode = ssl.CERT_OPTIONAL
        super().__init__(place, _Talk, context, "enrolment")


class _Talk(tls_door.Talk):
    server: Door
    body_bytes_max = BODY_BYTES_MAX

    def do_GET(self) -> None:  # noqa: N802  the library's name
        doors = self.server.enrolments
        match self.path:
            case "/.well-known/est/cacerts":
                self._certificates([doors.authority.certificate])
            case "/edge/v1/bundle":
                self._granted(lambda now: ("application/cose", doors.bundle(*self._who(), now)))
            case _:
                self.refuse(HTTPStatus.NOT_FOUND, "there is no such thing here")

    def do_POST(self) -> None:  # noqa: N802  the library's name
        body = self.body()
        if body is None:
            return
        doors = self.server.enrolments
        match self.path:
            case "/.well-known/est/simpleenroll":
                self._granted(
                    lambda now: _pkcs7([doors.grant(*self._who(), Kind.CLIENT, _pkcs10(body), now)])
                )
            case "/.well-known/est/identity/simpleenroll":
                self._granted(
                    lambda now: _pkcs7(
                        [doors.grant(*self._who(), Kind.IDENTITY, _pkcs10(body), now)]
                    )
                )
            case "/.well-known/est/simplereenroll":
                self._granted(
                    lambda now: _pkcs7([doors.reenroll(self._holder(), _pkcs10(body), now)])
                )
            case "/edge/v1/renew":
                self._granted(lambda now: _pkcs7([doors.renew(body, now)]))
            case _:
                self.refuse(HTTPStatus.NOT_FOUND, "there is no such thing here")

    # ---- who asks, and what

    def _who(self) -> tuple[str, str]:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        try:
            whole = base64.b64decode(value, validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            whole = ""
        name, colon, secret = whole.partition(":")
        if scheme.lower() != "basic" or not colon:
            raise Unknown("no gateway and secret were given (HTTP Basic)")
        return name, secret.replace("-", "").upper()

    def _holder(self) -> str:
        connection: Any = self.connection
        data = connection.getpeercert(binary_form=True)
        if not data:
            raise Refused("no client certificate was shown")
        # of our authority and for clients: TLS has seen to both
        certificate = x509.load_der_x509_certificate(data)
        self.server.enrolments.check(certificate)
        return name_of(certificate)

    # ---- answers

    def _granted(self, grant: Callable[[datetime], tuple[str, bytes]]) -> None:
        try:
            kind, data = grant(self.server.now())
        except Refused as error:
            log.warning("enrolment.refused", peer=self.client_address[0], cause=str(error))
            self.server.leaving.wait(WRONG_PAUSE_S)
            if isinstance(error, Unknown):
                self.refuse(HTTPStatus.UNAUTHORIZED, "gateway or secret is wrong")
            else:
                self.refuse(HTTPStatus.FORBIDDEN, str(error))
            return
        log.info("enrolment.granted", peer=self.client_address[0], path=self.path)
        self.answer(HTTPStatus.OK, kind, data)

    def _certificates(self, certificates: list[x509.Certificate]) -> None:
        self.answer(HTTPStatus.OK, *_pkcs7(certificates))

    def answer(self, status: HTTPStatus, kind: str, data: bytes, **headers: str) -> None:
        """Answer as EST wants it."""
        if status is HTTPStatus.UNAUTHORIZED:
            headers["WWW_Authenticate"] = 'Basic realm="enrolment"'
        if kind.startswith("application/pkcs7"):
            headers["Content_Transfer_Encoding"] = "base64"
        super().answer(status, kind, data, **headers)


def _pkcs7(certificates: list[x509.Certificate]) -> tuple[str, bytes]:
    """Return certificates as EST sends them: PKCS #7, certificates only, in base64."""
    data = pkcs7.serialize_certificates(certificates, serialization.Encoding.DER)
    return "application/pkcs7-mime; smime-type=certs-only", base64.encodebytes(data)


def _pkcs10(body: bytes) -> bytes:
    """Return a request as EST brings it, in base64 with any line ends (RFC 8951: no header)."""
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        raise Refused(f"the request is not in base64: {error}") from error
