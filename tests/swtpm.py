"""A software TPM 2.0 on a socket: what the tests have in place of a chip."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.evidence import tpm_signer
from tests.broker import wait_until

PATIENCE_S = 60.0


@contextmanager
def swtpm() -> Iterator[Path]:
    """Yield the socket at which a new TPM listens; a busy machine is given time."""
    folder = Path(tempfile.mkdtemp(prefix="tpm"))  # a socket's path has 107 bytes at most
    place = folder / "tpm"
    command = [
        *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--log", "file=/dev/null"),
        *("--server", f"type=unixio,path={place}", "--flags", "not-need-init,startup-clear"),
    ]
    child = subprocess.Popen(command)
    patient = pytest.MonkeyPatch()
    patient.setattr(tpm_signer, "ANSWER_S_MAX", PATIENCE_S)
    patient.setattr(tpm_signer, "TALK_S_MAX", PATIENCE_S)
    try:
        wait_until(lambda: _listens(place), "swtpm listens")
        yield place
    finally:
        patient.undo()
        child.terminate()
        child.wait(60)
        shutil.rmtree(folder)


def _listens(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as stream:
        try:
            stream.connect(str(place))
        except OSError:
            return False
    return True
