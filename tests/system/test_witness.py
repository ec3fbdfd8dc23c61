"""A witness as a process of its own, killed between what it stored and its answer.

The kill comes in the very call that would answer.  A second process finds what the first one had
stored: it gives the same bytes again, and cosigns no other history.

Seen to fail: with a cosignature that is given before it is stored (`witness_stores_late`).
"""

import http.client
import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.evidence.cosignature import open_cosignature
from edge_agent.evidence.pinned import read_public_keys
from edge_agent.evidence.submission import Submission
from tests.witness.world import AUTHORITY, asked, begun, forked

PROGRAM = """
import os, signal, sys
from edge_agent import tls_door
from edge_agent.center.cli import main
if sys.argv.pop(1) == "killed":
    answer = tls_door.Talk.answer
    def killed(self, status, *rest, **headers):
        if status == 200:
            os.kill(os.getpid(), signal.SIGKILL)
        answer(self, status, *rest, **headers)
    tls_door.Talk.answer = killed
sys.exit(main())
"""


@contextmanager
def serving(folder: Path, how: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    words = ["witness", str(folder), "serve", "--listen", "127.0.0.1", "--port", "0"]
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, how, *words], stderr=subprocess.PIPE)
    try:
        assert child.stderr is not None
        ready = json.loads(next(one for one in child.stderr if b"witness.ready" in one))
        yield int(ready["port"]), child
    finally:
        child.kill()
        child.communicate()


def post(folder: Path, port: int, submission: Submission) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(folder / "witness.pem"))
    client = http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
    try:
        client.request("POST", "/edge/v1/witness", submission.to_bytes())
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


def center(*words: object) -> None:
    command = [sys.executable, "-m", "edge_agent.center.cli", *map(str, words)]
    subprocess.run(command, check=True, capture_output=True)


def test_killed_between_store_and_answer_it_cosigns_no_second_history(tmp_path: Path) -> None:
    folder, ca = tmp_path / "w", tmp_path / "ca.pem"
    ca.write_bytes(AUTHORITY.public_bytes(Encoding.PEM))
    center("witness", folder, "init", "--name", "south", "--host", "localhost")
    center("witness", folder, "trust", ca, "--name", "red")
    keys = read_public_keys((folder / "witness.pem").read_bytes())
    first = begun()
    with serving(folder, "killed") as (port, child):
        with pytest.raises((http.client.HTTPException, OSError)):
            post(folder, port, asked(first, 12))
        assert child.wait(30) == -signal.SIGKILL
    with serving(folder, "whole") as (port, child):
        status, data = post(folder, port, asked(first, 12))
        assert (status, open_cosignature(data, keys).size) == (200, 12)
        assert post(folder, port, asked(first, 12)) == (200, data)
        assert post(folder, port, asked(forked(first, 8, 9), 16, 12))[0] == 409
        assert post(folder, port, asked(forked(first, 8, 9), 12))[0] == 409
        child.terminate()
        assert child.wait(30) == 0
