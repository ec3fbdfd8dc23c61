"""What a TPM 2.0 is asked for an identity key, as bytes, and what its answers say (pure).

Commands and structures are those of the TCG TPM 2.0 Library, parts 2 and 3.  The key is made by
the TPM below a storage key that the TPM makes from its own seed, or keeps at the handle that TCG
reserves for one.  What is kept outside is wrapped: only that TPM can use it.  Neither key has a
password, and neither is subject to the lockout after wrong ones.
"""

import struct
from dataclasses import dataclass

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import P256_ORDER, Algorithm, PublicKey

ANSWER_BYTES_MAX = 4096  # of every TPM
HEAD_BYTES = 10
OWNER = 0x40000001  # the hierarchy whose seed makes the storage key
STORAGE_KEY = 0x81000001  # where a machine's owner keeps one (TCG PC Client, provisioning guidance)
_SESSIONS, _NO_SESSIONS = 0x8002, 0x8001
_COMMANDS = {"create_primary": 0x131, "create": 0x153, "load": 0x157, "sign": 0x15D}
_FLUSH, _READ_PUBLIC = 0x165, 0x173
_EMPTY_PASSWORD = struct.pack(">IIHBH", 9, 0x40000009, 0, 0, 0)
_NULL_TICKET = struct.pack(">HIH", 0x8024, 0x40000007, 0)  # the digest came from outside
_ECC, _SHA256, _NULL, _ECDSA, _P256 = 0x23, 0x0B, 0x10, 0x18, 0x03
_AES, _CFB = 0x06, 0x43

_STAYS = 0x0002 | 0x0010 | 0x0020  # fixedTPM, fixedParent, sensitiveDataOrigin: made there, to stay
_OPEN = 0x0040 | 0x0400  # userWithAuth, noDA
_RESTRICTED, _DECRYPT, _SIGN = 0x10000, 0x20000, 0x40000
_SIGNING_KEY = struct.pack(
    ">HHIHHHHHH", _ECC, _SHA256, _STAYS | _OPEN | _SIGN, 0, _NULL, _ECDSA, _SHA256, _P256, _NULL
)
_PARENT_KEY = struct.pack(
    ">HHIHHHHHHH",
    *(_ECC, _SHA256, _STAYS | _OPEN | _RESTRICTED | _DECRYPT, 0),
    *(_AES, 128, _CFB, _NULL, _P256, _NULL),
)
_NO_POINT = bytes(4)


class Refused(Exception):  # noqa: N818  reads as what it says
    """The TPM answered with an error; `code` is its response code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"it answers {code:#05x}")
        self.code = code

    @property
    def is_of_another(self) -> bool:
        """What was to be loaded was wrapped by another TPM, or before this one was cleared."""
        return self.code & 0x0BF == 0x09F  # TPM_RC_INTEGRITY of any parameter

    @property
    def is_locked(self) -> bool:
        """It takes no more tries for some time."""
        return self.code == 0x921  # TPM_RC_LOCKOUT

    @property
    def is_shut(self) -> bool:
        """The owner's hierarchy wants a password, or is switched off."""
        wrong = self.code & 0x0BF
        return wrong in {0x08E, 0x0A2, 0x085} or self.code == 0x120  # AUTH_FAIL, BAD_AUTH, ...


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key as it leaves the TPM: its public area, and its private one that only the TPM opens.

    Both without the two bytes of length before them.
    """

    public: bytes
    private: bytes

    @property
    def key(self) -> PublicKey:
        """The public key.  Raises Malformed for any other kind than `create` makes."""
        if not self.public.startswith(_SIGNING_KEY):
            raise Malformed("no P-256 signing key that was made to stay in its TPM")
        parts = _Parts(self.public[len(_SIGNING_KEY) :])
        x, y = parts.sized(), parts.sized()
        parts.end()
        if max(len(x), len(y)) > 32:
            raise Malformed("a point that is none of P-256")
        try:
            return PublicKey(Algorithm.ESP256, x.rjust(32, b"\0") + y.rjust(32, b"\0"))
        except ValueError as error:
            raise Malformed(f"a point that is none of P-256: {error}") from error


# ---- commands


def create_primary() -> bytes:
    """Make the storage key from the owner's seed: the same one each time."""
    template = _sized(_PARENT_KEY + _NO_POINT)
    return _command("create_primary", [OWNER], _sized(bytes(4)) + template + bytes(6))


def create(parent: int) -> bytes:
    """Make a signing key below the storage key."""
    template = _sized(_SIGNING_KEY + _NO_POINT)
    return _command("create", [parent], _sized(bytes(4)) + template + bytes(6))


def load(parent: int, wrapped: Wrapped) -> bytes:
    """Take a wrapped key in again."""
    return _command("load", [parent], _sized(wrapped.private) + _sized(wrapped.public))


def sign(key: int, digest: bytes) -> bytes:
    """Sign a SHA-256 digest."""
    return _command("sign", [key], _sized(digest) + struct.pack(">H", _NULL) + _NULL_TICKET)


def flush(handle: int) -> bytes:
    """Forget a key that was loaded."""
    return _head(_NO_SESSIONS, _FLUSH, struct.pack(">I", handle))


def read_public(handle: int) -> bytes:
    """Ask for a key that is kept at a handle."""
    return _head(_NO_SESSIONS, _READ_PUBLIC, struct.pack(">I", handle))


def _command(name: str, handles: list[int], parameters: bytes) -> bytes:
    body = struct.pack(f">{len(handles)}I", *handles) + _EMPTY_PASSWORD + parameters
    return _head(_SESSIONS, _COMMANDS[name], body)


def _head(tag: int, code: int, body: bytes) -> bytes:
    return struct.pack(">HII", tag, HEAD_BYTES + len(body), code) + body


def _sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


# ---- answers


def size_of(head: bytes) -> int:
    """Return how long the answer is that begins with these 10 bytes.  Raises Malformed."""
    tag, size, _ = struct.unpack(">HII", head[:HEAD_BYTES])
    if tag not in {_SESSIONS, _NO_SESSIONS, 0x00C4} or not HEAD_BYTES <= size <= ANSWER_BYTES_MAX:
        raise Malformed("what answers is no TPM 2.0")
    return int(size)


def check(answer: bytes) -> None:
    """Check that the command was carried out.  Raises Refused, Malformed."""
    _opened(answer)


def handle_in(answer: bytes) -> int:
    """Return the handle that `create_primary` or `load` tells.  Raises Refused, Malformed."""
    return _opened(answer).number(4)


def wrapped_in(answer: bytes) -> Wrapped:
    """Return the key that `create` answers with.  Raises Refused, Malformed."""
    parts = _opened(answer)
    parts.number(4)  # how long the parameters are
    private, public = parts.sized(), parts.sized()
    return Wrapped(public, private)


def signature_in(answer: bytes) -> bytes:
    """Return r || s that `sign` answers with, s in the lower half.  Raises Refused, Malformed."""
    parts = _opened(answer)
    parts.number(4)
    if (parts.number(2), parts.number(2)) != (_ECDSA, _SHA256):
        raise Malformed("a signature of another kind")
    r, s = (int.from_bytes(parts.sized(), "big") for _ in range(2))
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise Malformed("a signature that is none of P-256")
    return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def _opened(answer: bytes) -> "_Parts":
    if len(answer) < HEAD_BYTES or size_of(answer) != len(answer):
        raise Malformed("an answer that is cut off")
    code = int.from_bytes(answer[6:HEAD_BYTES], "big")
    if code:
        raise Refused(code)
    return _Parts(answer[HEAD_BYTES:])


class _Parts:
    """Reads what stands one behind the other; every method raises Malformed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        found = self._data[self._at : self._at + length]
        if len(found) != length:
            raise Malformed("an answer that is cut off")
        self._at += length
        return found

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def sized(self) -> bytes:
        return self.take(self.number(2))

    def end(self) -> None:
        if self._at != len(self._data):
            raise Malformed("something stands behind the end")
