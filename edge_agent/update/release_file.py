"""The file of a release: a mark, the signed manifest with its length, and the files it names.

Nothing after the manifest has a form of its own to be parsed: sizes and hashes are the manifest's,
and that is believed only under a pinned key.  What is written while it is read is what was hashed.
"""

import hashlib
import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import MESSAGE_BYTES_MAX, BadSignature, PublicKey, Signer
from edge_agent.evidence.manifest import Manifest, Part, open_manifest, sign_manifest
from edge_agent.program.packages import normal
from edge_agent.program.release import NoRelease, of_wheel

MAGIC = b"\xeaRelease\n"
LOCK = "requirements.txt"
SBOM = "sbom.cdx.json"
OURS = "edge_agent-"  # how the name of the program's own wheel begins
_LENGTH = struct.Struct(">I")
_CHUNK_BYTES = 1 << 16
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)", re.MULTILINE)
_HASHES = re.compile(r"--hash=sha256:([0-9a-f]{64})")


# ---- making one


def make(out: Path, files: Mapping[str, Path], minimum: str, signer: Signer) -> Manifest:
    """Write a release of `files`, named by their names in it; the same files give the same bytes.

    Raises NoRelease, ValueError, OSError.
    """
    wheels = [name for name in files if name.startswith(OURS)]
    if len(wheels) != 1:
        raise NoRelease(f"{len(wheels)} wheels of edge-agent, and it must be one")
    version, digest = of_wheel(files[wheels[0]])
    _check_locked(files)
    parts = tuple(_part(name, files[name]) for name in sorted(files))
    manifest = Manifest(version, minimum, digest, parts)
    signed = sign_manifest(manifest, signer)
    with out.open("wb") as written:
        written.write(MAGIC + _LENGTH.pack(len(signed)) + signed)
        for name in sorted(files):
            with files[name].open("rb") as read:
                while chunk := read.read(_CHUNK_BYTES):
                    written.write(chunk)
    return manifest


def _part(name: str, file: Path) -> Part:
    with file.open("rb") as read:
        return Part(name, file.stat().st_size, hashlib.file_digest(read, "sha256").digest())


def _check_locked(files: Mapping[str, Path]) -> None:
    """A lock that names what is missing, or other files than are here, could not be installed."""
    lock = files[LOCK].read_text()
    hashes = set(_HASHES.findall(lock))
    known: set[str] = set()
    for name, file in files.items():
        if name in {LOCK, SBOM} or name.startswith(OURS):
            continue
        if hashlib.sha256(file.read_bytes()).hexdigest() not in hashes:
            raise NoRelease(f"{name} is not what {LOCK} has locked")
        known.add(normal(name.split("-")[0]))
    if missing := {normal(name) for name, _ in _LOCKED.findall(lock)} - known:
        raise NoRelease(f"no wheel of {', '.join(sorted(missing))}, which {LOCK} names")


# ---- reading one


@dataclass(frozen=True, slots=True)
class Opened:
    """A release whose manifest was verified; `signed` are the manifest's own bytes."""

    manifest: Manifest
    signed: bytes
    _stream: BinaryIO

    def unpack(self, folder: Path) -> None:
        """Write every file into `folder`, a new one, durably.

        Raises NoRelease where one is not what was signed, OSError.
        """
        folder.mkdir(mode=0o755, parents=True)
        for part in self.manifest.parts:
            self._write(part, folder / part.name)
        if self._stream.read(1):
            raise NoRelease("something follows the last file of the release")

    def _write(self, part: Part, target: Path) -> None:
        whole, left = hashlib.sha256(), part.size
        with target.open("xb") as written:
            while chunk := self._stream.read(min(left, _CHUNK_BYTES)):
                whole.update(chunk)
                written.write(chunk)
                left -= len(chunk)
            written.flush()
            os.fsync(written.fileno())
        if left or whole.digest() != part.sha256:
            raise NoRelease(f"{part.name} is not the file that was signed")


def open_release(stream: BinaryIO, keys: tuple[PublicKey, ...]) -> Opened:
    """Return the release that begins here.  Raises NoRelease, saying why it is none to be used."""
    if stream.read(len(MAGIC)) != MAGIC:
        raise NoRelease("this is no release of edge-agent")
    head = stream.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    if not 0 < length <= MESSAGE_BYTES_MAX:
        raise NoRelease(f"a manifest of {length} bytes")
    signed = stream.read(length)
    try:
        return Opened(open_manifest(signed, keys), signed, stream)
    except (Malformed, BadSignature) as error:
        raise NoRelease(f"its manifest is not to be trusted: {error}") from error
