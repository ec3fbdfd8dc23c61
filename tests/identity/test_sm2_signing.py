"""The key for SM2: made once, used through the real openssl, and what happens without it."""

import os
import stat
from pathlib import Path

import pytest

from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.second_signature import SecondSignature, TreeHead
from edge_agent.evidence.sm2 import Sm2Key
from edge_agent.identity import sm2_signing
from edge_agent.identity.sm2_signing import SigningError, make, public_key, sign
from tests import openssl
from tests.evidence import second_vectors

HEAD = TreeHead("gw1", b"epoch--1", 60, bytes(range(32)))


def test_a_key_is_made_once_for_its_owner_alone_and_signs(tmp_path: Path) -> None:
    path = tmp_path / "sm2.key"
    key = make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public_key(path) == key == Sm2Key.from_pem(openssl.public_of(path))
    read = SecondSignature.read(sign(path, HEAD))
    assert read.head == HEAD
    read.verify(key)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="exists"):
        make(path)
    assert path.read_bytes() == before


def test_a_published_key_signs(tmp_path: Path) -> None:
    path = tmp_path / "sm2.key"
    path.write_bytes(second_vectors.private_key())
    path.chmod(0o600)
    SecondSignature.read(sign(path, HEAD)).verify(second_vectors.key())


def test_a_key_that_others_can_use_or_of_another_kind_does_not_sign(tmp_path: Path) -> None:
    path = tmp_path / "sm2.key"
    with pytest.raises(KeyFileError, match="not there"):
        sign(path, HEAD)
    make(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        sign(path, HEAD)
    path.chmod(0o600)
    path.write_bytes(openssl.run("genpkey", "-algorithm", "Ed25519"))
    with pytest.raises(KeyFileError, match="--make"):
        sign(path, HEAD)


def test_a_private_part_of_another_key_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "sm2.key"
    path.write_bytes(openssl.private_pem(bytes(31) + b"\x05", second_vectors.key().raw))
    path.chmod(0o600)
    with pytest.raises(SigningError):
        sign(path, HEAD)


def program(folder: Path, script: str) -> None:
    """Put another `openssl` before the real one."""
    file = folder / "openssl"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o700)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "install it"),
        ("echo 'unknown: Algorithm SM2' >&2; exit 1", "Algorithm SM2; does it know SM2"),
        ("exit 3", "exit code 3"),
        ("cat > /dev/null; echo junk", "no signature by SM2"),
    ],
)
def test_what_openssl_does_not_do_is_told(
    script: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sm2.key"
    make(path)
    folder = tmp_path / "bin"
    folder.mkdir()
    if script is not None:
        program(folder, script)
    # what the script itself calls is found behind it, openssl is not
    others = () if script is None else ("/bin", "/usr/bin")
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), *others]))
    with pytest.raises(SigningError, match=said):
        sign(path, HEAD)


def test_one_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sm2.key"
    make(path)
    program(tmp_path, "exec sleep 60")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin"]))
    monkeypatch.setattr(sm2_signing, "OPENSSL_S_MAX", 0.05)
    with pytest.raises(SigningError, match="timed out"):
        sign(path, HEAD)
