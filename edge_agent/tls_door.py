"""A small HTTPS server for strangers: bounded in connections, in the time of a talk, in bytes read.

`Door` listens, `Talk` is one conversation; whoever serves something derives from both.
"""

import ssl
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import structlog

CONNECTIONS_MAX = 64
TALK_S_MAX = 10.0

log = structlog.get_logger("door")


class Door(ThreadingHTTPServer):
    """Listens on `place` (port 0: any) until `shutdown`; `name` is its own in logs.

    Raises OSError where the place cannot be had.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, place: tuple[str, int], talk: type["Talk"], context: ssl.SSLContext, name: str
    ) -> None:
        self.leaving = threading.Event()
        self._places = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._context, self._name = context, name
        super().__init__(place, talk)

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
            log.info(f"{self._name}.no_tls", peer=client_address[0], cause=str(error))
            self.shutdown_request(request)
        else:
            super().process_request_thread(wrapped, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that breaks off is no trouble of ours; a defect is logged whole."""
        del request
        log.warning(f"{self._name}.broken_off", peer=client_address[0], exc_info=True)

    def shutdown(self) -> None:
        """End `serve_forever`."""
        self.leaving.set()
        super().shutdown()


class Talk(BaseHTTPRequestHandler):
    """One conversation; what it may not ask is refused, and the connection closed."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "edge-center", ""
    timeout = TALK_S_MAX
    body_bytes_max = 16_384

    def body(self) -> bytes | None:
        """Return what was sent along, None where it was refused as too long or of no length."""
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= self.body_bytes_max:
            cause = f"a body of 0 to {self.body_bytes_max} bytes is read"
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, cause)
            return None
        return self.rfile.read(length)

    def refuse(self, status: HTTPStatus, cause: str) -> None:
        """Answer why not, in words."""
        self.close_connection = True  # what is left of the body is not read
        self.answer(status, "text/plain; charset=utf-8", f"{cause}\n".encode())

    def answer(self, status: HTTPStatus, kind: str, data: bytes, **headers: str) -> None:
        """Answer with `data` of a media type; `headers` with _ in place of -."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
        """Say nothing by itself: what was granted and refused is logged with its cause."""


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what a door talks with.  Raises OSError, ssl.SSLError for unusable files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
