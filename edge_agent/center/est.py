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
import threading
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from edge_agent.center import credentials
from edge_agent.center.enrolment import Enrolments, Kind, Refused, Unknown
from edge_agent.center.layout import Layout

BODY_BYTES_MAX = 16_384
CONNECTIONS_MAX = 64
TALK_S_MAX = 10.0
WRONG_PAUSE_S = 1.0
"""Before a refusal is told: ten tries in all make guessing hopeless; this spares the machine."""

log = structlog.get_logger("center")


class Door(ThreadingHTTPServer):
    """Listens on `place` (port 0: any) until `shutdown`; `now` tells the time.

    Raises OSError where the place cannot be had, ssl.SSLError for unusable files.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, place: tuple[str, int], layout: Layout, now: Callable[[], datetime]) -> None:
        self.enrolments = Enrolments(layout)
        self.now = now
        self.leaving = threading.Event()
        self._places = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_cert_chain(layout.certificate("server"), layout.key("server"))
        self._context.load_verify_locations(layout.certificate("ca"))
        self._context.verify_mode = ssl.CERT_OPTIONAL
        super().__init__(place, _Talk)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, as far as there are places."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Talk TLS in the thread: a peer that is silent keeps nobody else waiting."""
        try:
            request.settimeout(TALK_S_MAX)
            wrapped = self._context.wrap_socket(request, server_side=True)
        except OSError as error:  # ssl.SSLError among them
            log.info("enrolment.no_tls", peer=client_address[0], cause=str(error))
            self.shutdown_request(request)
        else:
            super().process_request_thread(wrapped, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that breaks off is no trouble of ours; a defect is logged whole."""
        del request
        log.warning("enrolment.broken_off", peer=client_address[0], exc_info=True)

    def shutdown(self) -> None:
        """End `serve_forever`."""
        self.leaving.set()
        super().shutdown()


class _Talk(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "edge-center", ""
    timeout = TALK_S_MAX

    def do_GET(self) -> None:
        doors = self.server.enrolments
        match self.path:
            case "/.well-known/est/cacerts":
                self._certificates([doors.authority.certificate])
            case "/edge/v1/bundle":
                self._granted(lambda now: ("application/cose", doors.bundle(*self._who(), now)))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such thing here")

    def do_POST(self) -> None:
        body = self._body()
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
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such thing here")

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
        return credentials.name_of(certificate)

    def _body(self) -> bytes | None:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= BODY_BYTES_MAX:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a body of 0 to 16384 bytes is read")
            return None
        return self.rfile.read(length)

    # ---- answers

    def _granted(self, grant: Callable[[datetime], tuple[str, bytes]]) -> None:
        try:
            kind, data = grant(self.server.now())
        except Refused as error:
            log.warning("enrolment.refused", peer=self.client_address[0], cause=str(error))
            self.server.leaving.wait(WRONG_PAUSE_S)
            if isinstance(error, Unknown):
                self._refuse(HTTPStatus.UNAUTHORIZED, "gateway or secret is wrong")
            else:
                self._refuse(HTTPStatus.FORBIDDEN, str(error))
            return
        log.info("enrolment.granted", peer=self.client_address[0], path=self.path)
        self._answer(HTTPStatus.OK, kind, data)

    def _certificates(self, certificates: list[x509.Certificate]) -> None:
        self._answer(HTTPStatus.OK, *_pkcs7(certificates))

    def _refuse(self, status: HTTPStatus, cause: str) -> None:
        self.close_connection = True  # what is left of the body is not read
        self._answer(status, "text/plain; charset=utf-8", f"{cause}\n".encode())

    def _answer(self, status: HTTPStatus, kind: str, data: bytes) -> None:
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="enrolment"')
        self.send_header("Content-Type", kind)
        if kind.startswith("application/pkcs7"):
            self.send_header("Content-Transfer-Encoding", "base64")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
        """Say nothing by itself: grants and refusals are logged with their cause."""


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
