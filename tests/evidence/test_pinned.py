"""Pinned keys: what one tool writes is what a gateway reads, openssl's form too."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence.pinned import PINS_MAX, read_public_keys
from edge_agent.evidence.signers import P256Signer
from tests.evidence.conftest import signer

KEY = signer(1).public


def test_both_kinds_of_keys_come_back_in_their_order() -> None:
    other = P256Signer.generate().public
    assert read_public_keys(KEY.to_pem()) == (KEY,)
    both = other.to_pem() + b"\n# the old one\n" + KEY.to_pem()
    assert read_public_keys(both) == (other, KEY)


def test_openssl_makes_what_is_read(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    made = subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout"], check=True, capture_output=True
    ).stdout
    (read,) = read_public_keys(made)
    assert read.to_pem() == made


def test_none_and_too_many_are_refused() -> None:
    for wrong in (b"", b"x", KEY.to_pem() * (PINS_MAX + 1), b" " * 10_000):
        with pytest.raises(ValueError, match="public keys in PEM"):
            read_public_keys(wrong)


def test_other_kinds_are_refused(tmp_path: Path) -> None:
    made = subprocess.run(
        ["sh", "-c", "openssl genpkey -algorithm ed448 | openssl pkey -pubout"],
        check=True,
        capture_output=True,
    ).stdout
    with pytest.raises(ValueError, match="neither"):
        read_public_keys(made)


@settings(max_examples=30)
@given(st.binary(max_size=90))
def test_junk_is_refused(junk: bytes) -> None:
    wrapped = b"-----BEGIN PUBLIC KEY-----\n" + junk + b"\n-----END PUBLIC KEY-----\n"
    for data in (junk, wrapped):
        with pytest.raises(ValueError):  # noqa: PT011  by the library or by us
            read_public_keys(data)
