"""Looks for secrets where none may be: in all that a run leaves behind but the secrets' own files.

Of private keys each form is looked for in which one could get into a log, a journal, a database or
a bundle: the bytes, hexadecimal, base64, the text of PEM.  Passwords are looked for as they are.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from hil.rig import Stack

KEYS, PASSWORDS = ".key", ".password"
PASSWORD_CHARS_MIN = 6  # what is shorter stands somewhere by chance
LINE = 64  # of PEM
_FILE_BYTES_MAX = 256 << 20


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_left_anywhere() -> Iterator[None]:
    """Every stack's logs, journals, databases and bundles, once all has ended, crashes too.

    Of the whole session, since several tests may share a stack.
    """
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stack, "lookers", [lambda folder: found.extend(leaks(folder))])
        yield
    assert not found, found


def leaks(folder: Path) -> list[str]:
    """Return each file below `folder` that holds a secret of another one, and whose."""
    needles = {needle: name for name, needle in secrets(folder)}
    return [
        f"{file.relative_to(folder)} holds {name}"
        for file in _files(folder)
        if file.suffix not in {KEYS, PASSWORDS}
        for name in sorted(_found(file, needles))
    ]


def _found(file: Path, needles: dict[bytes, str]) -> set[str]:
    try:
        data = file.read_bytes()
    except OSError:  # a test's card that refuses, a file that a last child took away
        return set()
    return {name for needle, name in needles.items() if needle in data}


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _FILE_BYTES_MAX:
            yield path


def secrets(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield whose secret it is, and each form of it."""
    for file in _files(folder):
        if file.suffix == KEYS:
            yield from ((file.name, form) for form in _forms(file))
        elif file.suffix == PASSWORDS:
            password = file.read_bytes().strip()
            if len(password) >= PASSWORD_CHARS_MIN:
                yield file.name, password


def _forms(file: Path) -> Iterator[bytes]:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # rubbish, or a key that a TPM keeps
        return
    raw = _raw(key)
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield base64.b64encode(raw).rstrip(b"=")
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    body = base64.b64encode(der)
    # of Ed25519 the private half ends the only line, of P-256 it ends early in the second one
    yield body[LINE : LINE + 24] if len(body) > LINE else body[24:]


def _raw(key: object) -> bytes:
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")
        case ed25519.Ed25519PrivateKey() | x25519.X25519PrivateKey():
            return key.private_bytes_raw()
    raise AssertionError(f"no form of {type(key).__name__} is known")
