"""An EST server that is none of ours: openssl's command line and a few lines around it.

It is what a foreign enterprise's certificate authority looks like: certificates, nothing else.
"""

import base64
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def openssl(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    ran = subprocess.run(
        ["openssl", *arguments], cwd=folder, input=data, capture_output=True, check=True
    )
    return ran.stdout


def authority(folder: Path) -> Path:
    """Make an authority, and a server's certificate for localhost."""
    folder.mkdir()
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        folder, *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Foreign", "-days", "9"
    )
    ask = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, *ask, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "san").write_text("subjectAltName=DNS:localhost")
    sign = ("x509", "-req", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "9")
    openssl(folder, *sign, "-in", "server.csr", "-extfile", "san", "-out", "server.pem")
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serve until the end of the block; gives the port."""

    class Talk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/.well-known/est/cacerts"
            assert not known or "Authorization" not in self.headers, "told before who asks knows us"
            self.answer(200 if known else 404, pkcs7("ca.pem") if known else b"")

        def do_POST(self) -> None:
            if self.path != "/.well-known/est/simpleenroll":
                self.answer(404, b"")
                return
            request = base64.b64decode(self.rfile.read(int(self.headers["Content-Length"])))
            sign = ("x509", "-req", "-inform", "DER", "-CA", "ca.pem", "-CAkey", "ca.key")
            openssl(folder, *sign, "-days", "9", "-out", "granted.pem", data=request)
            self.answer(200, pkcs7("granted.pem"))

        def answer(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    def pkcs7(name: str) -> bytes:
        pack = ("crl2pkcs7", "-nocrl", "-outform", "DER", "-certfile", name)
        return base64.encodebytes(openssl(folder, *pack))

    server = ThreadingHTTPServer(("localhost", 0), Talk)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
