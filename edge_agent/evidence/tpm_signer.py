"""Signs with a key that a TPM 2.0 made and keeps; loaded only where a key file says so.

The TPM is talked to through the kernel's resource manager (/dev/tpmrm0), or through a socket on
which a software TPM listens; no library is needed.  It is held for no longer than one signature
takes, which is one a start and a few a year, so that others on the machine can use it as well.

The key file holds what the TPM wrapped, in the form that the TPM engines of OpenSSL use too (PEM
`TSS2 PRIVATE KEY`): a copy of it is worth nothing to another machine.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import re
import select
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_agent.evidence import der, tpm
from edge_agent.evidence.booting import when_there
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.key_file import KeyFileError, write_key_file
from edge_agent.evidence.request import request_of
from edge_agent.evidence.tpm import Refused, Wrapped

ANSWER_S_MAX = 10.0  # slow chips make a key in two
TALK_S_MAX = 15.0  # of a signature: a chip that hangs must not hold up a start for long
_PEM = re.compile(
    rb"-----BEGIN TSS2 PRIVATE KEY-----(.+?)-----END TSS2 PRIVATE KEY-----", re.DOTALL
)
_LOADABLE = der.oid("2.23.133.10.1.3")
_NO_PASSWORD = der.encode(der.context(0), der.encode(der.BOOLEAN, b"\xff"))
_AGAIN = "Enrol this gateway anew, with --tpm"


class TpmSigner:
    """Signs by ESP256 with a key that never leaves the TPM at `device`."""

    def __init__(self, path: Path, wrapped: Wrapped, parent: int, device: Path) -> None:
        self._path, self._wrapped, self._parent, self._device = path, wrapped, parent, device
        self._public = wrapped.key

    @property
    def public(self) -> PublicKey:
        """The key that checks what this signs; known without the TPM."""
        return self._public

    @property
    def where(self) -> str:
        """Say where the key is."""
        return f"in the TPM at {self._device}"

    def sign(self, message: bytes) -> bytes:
        """Return r || s, s in the lower half of the group order.  Raises KeyFileError."""
        return _in_time(self._path, self._device, lambda: self._signed(message))

    def _signed(self, message: bytes) -> bytes:
        with Session(self._path, self._device) as session:
            key = session.load(self._wrapped, session.parent(self._parent))
            digest = hashlib.sha256(message).digest()
            signature = tpm.signature_in(session.ask(tpm.sign(key, digest)))
            if not self._public.verify(signature, message):  # a broken chip or bus
                raise Malformed("its signature does not fit the key")
            return signature

    def request(self, name: str) -> bytes:
        """Return a request for a certificate of this key for `name` (PKCS #10, DER).

        Raises KeyFileError.
        """
        return request_of(self, name)

    @classmethod
    def make(cls, path: Path, device: Path) -> Self:
        """Have the TPM make a key, and write what it wrapped to `path`.  Raises KeyFileError."""
        with Session(path, device) as session:
            parent = tpm.STORAGE_KEY if session.keeps_storage_key() else tpm.OWNER
            wrapped = tpm.wrapped_in(session.ask(tpm.create(session.parent(parent))))
            made = cls(path, wrapped, parent, device)
        write_key_file(path, _to_pem(wrapped, parent))
        return made

    @classmethod
    def read(cls, path: Path, data: bytes, device: Path) -> Self:
        """Return the signer of a key file's bytes; the TPM is not asked.  Raises KeyFileError."""
        try:
            return cls(path, *_from_pem(data), device)
        except (Malformed, binascii.Error) as error:
            raise KeyFileError(path, f"it holds no usable key of a TPM: {error}", _AGAIN) from error


# ---- the key file


def _to_pem(wrapped: Wrapped, parent: int) -> bytes:
    halves = (len(half).to_bytes(2, "big") + half for half in (wrapped.public, wrapped.private))
    octets = [der.encode(der.OCTET_STRING, half) for half in halves]
    whole = der.encode(der.SEQUENCE, _LOADABLE, _NO_PASSWORD, der.integer(parent), *octets)
    text = base64.b64encode(whole)
    lines = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return b"-----BEGIN TSS2 PRIVATE KEY-----\n" + lines + b"\n-----END TSS2 PRIVATE KEY-----\n"


def _from_pem(data: bytes) -> tuple[Wrapped, int]:
    """Return the wrapped key and its parent.  Raises Malformed, binascii.Error."""
    found = _PEM.search(data)
    if found is None:
        raise Malformed("it is cut off")
    reader = der.Reader.of(base64.b64decode(b"".join(found[1].split()), validate=True))
    if reader.take(der.OID).whole != _LOADABLE:
        raise Malformed("a key of another kind")
    if reader.take(der.context(0)).whole != _NO_PASSWORD:
        raise Malformed("a key with a password")
    parent = reader.take(der.INTEGER).number()
    if parent not in {tpm.OWNER, tpm.STORAGE_KEY}:
        raise Malformed(f"below an unknown key, {parent:#x}")
    public, private = (_unsized(reader.take(der.OCTET_STRING).content) for _ in range(2))
    reader.end()
    return Wrapped(public, private), parent


def _unsized(data: bytes) -> bytes:
    if int.from_bytes(data[:2], "big") != len(data) - 2:
        raise Malformed("a part of another length than it says")
    return data[2:]


# ---- the TPM


def _in_time(path: Path, device: Path, work: Callable[[], bytes]) -> bytes:
    """Return what `work` does, in a thread: the kernel lets nobody go while a chip is at it.

    Raises KeyFileError, also where it takes too long; the thread is left behind then.
    """
    done: list[bytes | KeyFileError] = []

    def run() -> None:
        try:
            done.append(work())
        except KeyFileError as error:
            done.append(error)

    thread = threading.Thread(target=run, name="tpm", daemon=True)
    thread.start()
    thread.join(TALK_S_MAX)
    match done:
        case [bytes(signature)]:
            return signature
        case [KeyFileError() as error]:
            raise error
    if not thread.is_alive():
        raise RuntimeError("signing by the TPM ended in a defect of ours, named before")
    cause = f"the TPM at {device} hangs for {TALK_S_MAX:.0f} s"
    raise KeyFileError(path, cause, "Cut the power once; if that does not help, it is broken")


class Session:
    """The TPM, held while the block runs; all that goes wrong in it is a KeyFileError."""

    def __init__(self, path: Path, device: Path) -> None:
        self._path, self._device = path, device
        self._stream = -1
        self._loaded: list[int] = []

    def __enter__(self) -> Self:
        try:
            self._stream = when_there(lambda: _open(self._device), FileNotFoundError)
        except FileNotFoundError as error:
            remedy = (
                "Switch it on in the firmware (on a Raspberry Pi by its device tree overlay), or "
                "name it by `tpm` in the configuration"
            )
            raise KeyFileError(self._path, f"there is no TPM at {self._device}", remedy) from error
        except OSError as error:
            raise self._unusable(f"cannot be opened ({error.strerror})") from error
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:  # else it has said enough
                self._forget()
        finally:
            os.close(self._stream)
        if isinstance(error, Refused):
            raise self._refused(error) from error
        if isinstance(error, Malformed):
            raise self._unusable(f"answers what cannot be: {error}") from error

    def _forget(self) -> None:
        """Leave room for others; what fails here is no harm: the resource manager does it too."""
        with contextlib.suppress(KeyFileError, Refused, Malformed):
            for handle in reversed(self._loaded):
                tpm.check(self.ask(tpm.flush(handle)))

    def ask(self, command: bytes) -> bytes:
        """Return the answer to a command.  Raises KeyFileError where none comes."""
        try:
            os.write(self._stream, command)
            answer = b""
            while len(answer) < tpm.HEAD_BYTES or len(answer) < tpm.size_of(answer):
                answer += self._read()
        except OSError as error:
            raise self._unusable(f"fails ({error.strerror})") from error
        return answer

    def _read(self) -> bytes:
        waiting = select.poll()
        waiting.register(self._stream, select.POLLIN)
        if not waiting.poll(ANSWER_S_MAX * 1000):
            raise self._unusable(f"does not answer within {ANSWER_S_MAX:.0f} s")
        part = os.read(self._stream, tpm.ANSWER_BYTES_MAX)
        if not part:
            raise self._unusable("went away")
        return part

    def keeps_storage_key(self) -> bool:
        """Tell whether the machine's owner keeps a storage key for all."""
        try:
            tpm.check(self.ask(tpm.read_public(tpm.STORAGE_KEY)))
        except Refused:
            return False
        return True

    def parent(self, parent: int) -> int:
        """Return the handle of the storage key, made anew where none is kept."""
        if parent == tpm.STORAGE_KEY:
            return parent
        return self._remembered(tpm.handle_in(self.ask(tpm.create_primary())))

    def load(self, wrapped: Wrapped, parent: int) -> int:
        """Return the handle of the key."""
        return self._remembered(tpm.handle_in(self.ask(tpm.load(parent, wrapped))))

    def _remembered(self, handle: int) -> int:
        self._loaded.append(handle)
        return handle

    def _unusable(self, cause: str) -> KeyFileError:
        remedy = "Let the agent's user use it (group tss); if it hangs, cut the power once"
        return KeyFileError(self._path, f"the TPM at {self._device} {cause}", remedy)

    def _refused(self, error: Refused) -> KeyFileError:
        where = f"the TPM at {self._device}"
        if error.is_of_another:
            cause = f"{where} did not make this key, or was cleared since"
            return KeyFileError(self._path, cause, f"{_AGAIN}; or put the right TPM back")
        if error.is_locked:
            remedy = (
                "Wait until it takes tries again, or have the machine's owner reset the lockout"
            )
            return KeyFileError(self._path, f"{where} is locked out", remedy)
        if error.is_shut:
            cause = f"{where} is closed to its owner's keys ({error})"
            remedy = "Have its owner keep a storage key at 0x81000001, or switch the hierarchy on"
            return KeyFileError(self._path, cause, remedy)
        remedy = "Look the number up (tpm2_rc_decode); cut the power once if it makes no sense"
        return KeyFileError(self._path, f"{where} refuses ({error})", remedy)


def _open(device: Path) -> int:
    """Return the open device, or the connection to the socket that is there.  Raises OSError."""
    if not stat.S_ISSOCK(device.stat().st_mode):
        return os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(ANSWER_S_MAX)
        stream.connect(str(device))
        return stream.detach()
