"""Signs with a key in a PKCS #11 token: an HSM, a smart card; loaded where a key file says so.

The key file names the key by a `pkcs11:` URI (RFC 7512) in its first line, for people to read and
edit, and holds the public key behind it.  Each signature is asked of a child (`pkcs11_child`),
which alone loads the library of the token's maker: what that does to its process it does not do to
the agent.  A run signs once by the identity key, so a child for each costs nothing that counts.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from edge_agent.evidence.booting import when_there
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import P256_ORDER, SIGNATURE_BYTES, Algorithm, PublicKey
from edge_agent.evidence.key_file import KeyFileError, write_key_file
from edge_agent.evidence.pkcs11_uri import KeyUri, NoUri
from edge_agent.evidence.request import request_of

TALK_S_MAX = 15.0  # of a signature: a token that hangs must not hold up a start for long
MAKE_S_MAX = 60.0  # smart cards think long about a key
END_S_MAX = 1.0  # for a killed child to go: one in the kernel's hands is left behind
CHILD = (sys.executable, "-I", "-m", "edge_agent.evidence.pkcs11_child")
_AGAIN = "Restore it, or enrol this gateway anew with --pkcs11"


class TokenAbsentError(KeyFileError):
    """The token is not there now."""


class Pkcs11Signer:
    """Signs by ESP256 or Ed25519 with a key that never leaves its token."""

    def __init__(self, path: Path, uri: KeyUri, public: PublicKey) -> None:
        self._path, self._uri, self._public = path, uri, public

    @property
    def public(self) -> PublicKey:
        """The key that checks what this signs; known without the token."""
        return self._public

    @property
    def where(self) -> str:
        """Say where the key is."""
        return f"in {self._uri.place}"

    def sign(self, message: bytes) -> bytes:
        """Return 64 bytes: Ed25519, or r || s of ESP256 with s in the lower half.

        Raises KeyFileError.
        """
        wants = {"signature": bytes.fromhex}
        told = when_there(lambda: self._ask("sign", wants, message=message.hex()), TokenAbsentError)
        signature = _low(told["signature"], self._public.algorithm)
        if len(signature) != SIGNATURE_BYTES or not self._public.verify(signature, message):
            cause = f"{self._uri.place} signs with another key than the one in this file"
            raise KeyFileError(self._path, cause, _AGAIN)
        return signature

    def request(self, name: str) -> bytes:
        """Return a request for a certificate of this key for `name` (PKCS #10, DER).

        Raises KeyFileError.
        """
        return request_of(self, name)

    def destroy(self) -> None:
        """Remove the key from the token for good; the file stays.  Raises KeyFileError."""
        self._ask("destroy", {})

    def _ask(self, order: str, wants: "Wants", **more: str) -> dict[str, Any]:
        told = {"order": order, **more}
        return _asked(self._path, self._uri, told, wants, TALK_S_MAX)

    @classmethod
    def make(cls, path: Path, uri: KeyUri) -> Self:
        """Have the token make a key, or take the one of that name; write `path`.

        Raises KeyFileError.
        """
        wants: Wants = {"uri": KeyUri.read, "raw": bytes.fromhex}
        answer = _asked(path, uri, {"order": "make"}, wants, MAKE_S_MAX)
        raw: bytes = answer["raw"]
        algorithm = Algorithm.ESP256 if len(raw) == SIGNATURE_BYTES else Algorithm.ED25519
        try:
            made = cls(path, answer["uri"], PublicKey(algorithm, raw))
        except ValueError as error:
            raise KeyFileError(path, f"{uri.place} makes no usable key: {error}", _AGAIN) from error
        write_key_file(path, f"{made._uri.text}\n".encode() + made.public.to_pem())
        return made

    @classmethod
    def read(cls, path: Path, data: bytes) -> Self:
        """Return the signer of a key file's bytes; the token is not asked.  Raises KeyFileError."""
        line, _, rest = data.partition(b"\n")
        try:
            uri = KeyUri.read(line.decode("ascii", "replace").strip())
            return cls(path, uri, PublicKey.from_pem(rest))
        except (NoUri, Malformed) as error:
            raise KeyFileError(path, f"it names no key in a token: {error}", _AGAIN) from error


def _low(signature: bytes, algorithm: Algorithm) -> bytes:
    if algorithm is Algorithm.ED25519 or len(signature) != SIGNATURE_BYTES:
        return signature
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + min(s, P256_ORDER - s % P256_ORDER).to_bytes(32, "big")


Wants = Mapping[str, Callable[[str], Any]]
"""What an answer must hold, and how it is read."""


def _asked(
    path: Path, uri: KeyUri, order: dict[str, str], wants: Wants, s_max: float
) -> dict[str, Any]:
    """Return what a child answers to an order.  Raises KeyFileError, also TokenAbsentError."""
    told = json.dumps({"uri": uri.text, "file": str(path), **order})
    child = subprocess.Popen(
        CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        output, _ = child.communicate(told.encode(), s_max)
    except subprocess.TimeoutExpired as error:
        _end(child)
        remedy = "See that the token's own tools reach it; plug it in anew"
        raise KeyFileError(path, f"{uri.place} hangs for {s_max:.0f} s", remedy) from error
    try:
        answer = json.loads(output)
        if "cause" in answer:
            kind = TokenAbsentError if answer["absent"] else KeyFileError
            raise kind(path, answer["cause"], answer["remedy"])
        return {name: read(answer[name]) for name, read in wants.items()}
    except (ValueError, LookupError, TypeError) as error:  # NoUri is of the first
        cause = f"the library of {uri.place} ends its process ({_how(child.returncode)})"
        raise KeyFileError(path, cause, "Have its maker mend it; the agent goes on") from error


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    try:
        child.communicate(timeout=END_S_MAX)
    except subprocess.TimeoutExpired:
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
