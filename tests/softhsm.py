"""SoftHSM, a PKCS #11 token made of software: what the tests have in place of an HSM."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.evidence import pkcs11_signer
from edge_agent.evidence.pkcs11_uri import KeyUri

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "48151623"
PATIENCE_S = 60.0
ONLY_ED25519 = "slots.mechanisms = CKM_EC_EDWARDS_KEY_PAIR_GEN,CKM_EDDSA"


@contextmanager
def softhsm(*settings: str) -> Iterator[KeyUri]:
    """Yield the name of a new token and its PIN's file; a busy machine is given time.

    `settings` are more lines of its configuration.
    """
    with tempfile.TemporaryDirectory(prefix="hsm", dir=_memory()) as name:
        folder = Path(name)
        (folder / "tokens").mkdir()
        lines = (f"directories.tokendir = {folder}/tokens", "log.level = ERROR", *settings)
        (folder / "softhsm2.conf").write_text("\n".join(lines))
        with pytest.MonkeyPatch.context() as patient:
            patient.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
            patient.setattr(pkcs11_signer, "TALK_S_MAX", PATIENCE_S)
            add_token("edge")
            pin = folder / "token.pin"
            pin.write_text(f"{PIN}\n")
            pin.chmod(0o600)
            yield KeyUri(module=MODULE, pin=str(pin), token="edge")


def _memory() -> str | None:
    """Where files wait for no disk: SoftHSM writes each of a new key's attributes by itself."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  if there is one


def add_token(label: str) -> None:
    """Add a token to those of the SoftHSM that is used now."""
    command = ["softhsm2-util", "--init-token", "--free", "--label", label]
    command += ["--so-pin", "87654321", "--pin", PIN]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
