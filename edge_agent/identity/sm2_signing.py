"""A gateway's key for SM2: made on it, kept in a file, used through the `openssl` command.

The library that signs everything else refuses SM2, and arithmetic of our own would give the key
away by the time that it takes.  OpenSSL is on every Debian, and a process costs 10 ms a day.  The
key goes to it by a pipe, as it was read and judged, and never stands on a command line.
"""

import os
import subprocess
from pathlib import Path

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.key_file import KeyFileError, read_key_file, write_key_file
from edge_agent.evidence.second_signature import TreeHead, Unsigned
from edge_agent.evidence.sm2 import DISTINGUISHING_ID, Sm2Key, signature_from_der

OPENSSL = "openssl"
OPENSSL_S_MAX = 20.0
_PIPE_BYTES_MAX = 4_096  # a pipe takes so much without a reader; a key has 250
_SAID_CHARS_MAX = 160


class SigningError(Exception):
    """OpenSSL did not do it: why, and what to do."""


def make(path: Path) -> Sm2Key:
    """Make a key; an existing file stays.  Raises KeyFileError, SigningError."""
    made = _openssl("genpkey", "-algorithm", "SM2")
    key = _public(path, made)
    write_key_file(path, made)
    return key


def public_key(path: Path) -> Sm2Key:
    """Return the public part of the key in a file.  Raises KeyFileError."""
    return _public(path, read_key_file(path))


def sign(path: Path, head: TreeHead) -> bytes:
    """Return the signed message over a tree head, found good.

    Raises KeyFileError, SigningError.
    """
    secret = read_key_file(path)
    key = _public(path, secret)
    unsigned = Unsigned(head, key.algorithm, key.kid)
    try:
        signature = signature_from_der(_signed(secret, unsigned.to_be_signed()))
    except Malformed as error:
        raise SigningError(f"{OPENSSL} gives what is no signature by SM2: {error}") from error
    if not key.verify(signature, unsigned.to_be_signed()):
        raise SigningError(f"{OPENSSL} gives a signature that does not fit the key in {path}")
    return unsigned.signed(signature)


def _public(path: Path, data: bytes) -> Sm2Key:
    try:
        return Sm2Key.from_pem(data)
    except Malformed as error:
        raise KeyFileError(
            path, f"no private key for SM2 ({error})", "Make one: edge-agent sm2 --make"
        ) from error


def _signed(secret: bytes, message: bytes) -> bytes:
    """Have a message signed; the key is read from a pipe that nobody else can open."""
    if len(secret) > _PIPE_BYTES_MAX:
        raise SigningError(f"a key of {len(secret)} bytes")
    reading, writing = os.pipe()
    try:
        os.write(writing, secret)
        os.close(writing)
        named = f"distid:{DISTINGUISHING_ID.decode()}"
        how = "dgst", "-sm3", "-sign", f"/dev/fd/{reading}", "-sigopt", named
        return _openssl(*how, message=message, handle=reading)
    finally:
        os.close(reading)


def _openssl(*arguments: str, message: bytes = b"", handle: int | None = None) -> bytes:
    try:
        ran = subprocess.run(
            [OPENSSL, *arguments],
            input=message,
            capture_output=True,
            pass_fds=() if handle is None else (handle,),
            timeout=OPENSSL_S_MAX,
            check=False,
        )
    except FileNotFoundError as error:
        raise SigningError(f"the command {OPENSSL} is not there; install it") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SigningError(f"{OPENSSL}: {error}") from error
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        why = said[-1][:_SAID_CHARS_MAX] if said else f"exit code {ran.returncode}"
        raise SigningError(f"{OPENSSL} refuses: {why}; does it know SM2 (3.0 and later do)?")
    return ran.stdout
