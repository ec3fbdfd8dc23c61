"""A timestamp authority of openssl: a root, its own certificate, and answers over HTTP.

`python -m tests.tsa` writes docs/vectors/timestamp.json anew; then run make_vectors.
"""

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

DAYS = "7300"  # those of docs/vectors/timestamp.json shall stay good

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
[stamping]
extendedKeyUsage = critical,timeStamping
[serving]
extendedKeyUsage = critical,timeStamping,serverAuth
[tsa]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


class Tsa:
    """An authority in `folder`; `root.pem` is what a reader trusts, `key` how it signs."""

    def __init__(
        self, folder: Path, key: str = "ec", ess: str = "sha256", use: str = "stamping"
    ) -> None:
        self.folder, self.root = folder, folder / "root.pem"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder, ess=ess))
        kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else [key]
        new = ("req", "-x509", "-config", "tsa.cnf", "-nodes", "-days", DAYS, "-newkey")
        root = (
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-subj",
            "/CN=Root",
            "-extensions",
            "root",
        )
        own = ("-keyout", "tsa.key", "-out", "tsa.pem", "-subj", "/CN=Time", "-extensions", use)
        self.openssl(*new, *kind, *root)
        self.openssl(*new, *kind, *own, "-CA", "root.pem", "-CAkey", "root.key")

    def openssl(self, *arguments: str | Path, data: bytes = b"") -> bytes:
        """Run openssl in the folder."""
        ran = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, input=data, capture_output=True, check=False
        )
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout

    def certify(self, name: str, use: str, number: int) -> bytes:
        """Return another certificate (PEM) of this authority's key."""
        return self.openssl(
            *("req", "-x509", "-config", "tsa.cnf", "-days", DAYS, "-key", "tsa.key"),
            *("-subj", f"/CN={name}", "-extensions", use, "-set_serial", str(number)),
            *("-CA", "root.pem", "-CAkey", "root.key"),
        )

    def answer(self, query: bytes) -> bytes:
        """Return the answer to a request."""
        (self.folder / "query").write_bytes(query)
        self.openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query"),
            *("-signer", "tsa.pem", "-inkey", "tsa.key", "-chain", "root.pem", "-out", "answer"),
        )
        return (self.folder / "answer").read_bytes()

    def signed(self, statement: bytes, *options: str) -> bytes:
        """Return a statement signed by this authority's key, whatever it is certified for."""
        return self.openssl(
            *("cms", "-sign", "-binary", "-nodetach", "-cades", "-outform", "DER", "-md", "sha256"),
            *("-econtent_type", "1.2.840.113549.1.9.16.1.4", "-signer", "tsa.pem"),
            *("-inkey", "tsa.key", *options),
            data=statement,
        )


@contextmanager
def serving(answer: Callable[[bytes], bytes], status: int = 200) -> Iterator[str]:
    """Yield the address, with a query, at which `answer` answers requests."""

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/tsr?policy=1"
            assert self.headers["Content-Type"] == "application/timestamp-query"
            data = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Asked)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr?policy=1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _write() -> None:
    """Have two events of the tests' history timestamped, each once and for all."""
    from edge_agent.evidence import timestamp  # noqa: PLC0415  of this program only
    from edge_agent.evidence.tree import leaf_hash  # noqa: PLC0415  the same
    from tests.evidence.bundles import STAMPED, TIMESTAMP, history  # noqa: PLC0415  the same

    with tempfile.TemporaryDirectory() as folder:
        tsa = Tsa(Path(folder))
        told = {"root": tsa.root.read_text()}
        for name, seq in (("token", STAMPED), ("other", STAMPED + 1)):
            imprint = leaf_hash(history()[0].envelopes[seq])
            told |= {"leaf": imprint.hex()} if seq == STAMPED else {}
            told[name] = timestamp.granted(tsa.answer(timestamp.request(imprint, 7)), 7).hex()
    TIMESTAMP.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    _write()
