"""A release's digest: one SHA-256 that stands for all files of an installed program.

It is over one line a file, `path`, a zero byte, the file's SHA-256 in hexadecimal and a line feed,
in the order of the paths' bytes; files are those of the wheel (the package's RECORD) without what
an installer adds.  A wheel and its installation have the same.
"""

import base64
import binascii
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

RECORD_BYTES_MAX = 4 << 20
"""Of a package's list; the largest among the dependencies takes 0.1 MB."""

MEMBER_BYTES_MAX = 16 << 20
"""Of one file of our own wheel: none is near it."""

_OF_THE_INSTALLER = frozenset(
    {"RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json"}
)


class NoRelease(Exception):  # noqa: N818  reads as what it says
    """The file is no wheel of this program, or one that contradicts its own list."""


def is_released(path: str) -> bool:
    """Tell whether a file of RECORD was in the wheel, and is not the installer's own."""
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == ".." or path.startswith("/") or path.endswith(".pyc"):
        return False
    return not (parts[0].endswith(".dist-info") and parts[-1] in _OF_THE_INSTALLER)


def digest(files: Mapping[str, bytes]) -> bytes:
    """Return the digest over files, each with its SHA-256."""
    whole = hashlib.sha256()
    for path in sorted(files, key=str.encode):
        whole.update(path.encode() + b"\0" + files[path].hex().encode() + b"\n")
    return whole.digest()


def read_record(text: str) -> dict[str, bytes | None]:
    """Return the files of a RECORD with their SHA-256, None where it names none or another hash,
    and an empty one where it names nonsense.

    Source of the format: the Python packaging specification, "recording installed projects".
    Raises ValueError for text that is no such list.
    """
    found: dict[str, bytes | None] = {}
    try:
        for row in csv.reader(io.StringIO(text), strict=True):
            if row:
                path, named, *_ = [*row, ""]
                found[path] = _sha256(named)
    except csv.Error as error:
        raise ValueError(f"RECORD cannot be read: {error}") from error
    return found


def _sha256(named: str) -> bytes | None:
    algorithm, _, value = named.partition("=")
    if algorithm != "sha256":
        return None
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return b""  # the hash of no file


def of_wheel(file: Path) -> tuple[str, bytes]:
    """Return version and digest of a release.  Raises NoRelease, saying why."""
    try:
        with zipfile.ZipFile(file) as wheel:
            (folder,) = {top for top in _tops(wheel.namelist()) if top.endswith(".dist-info")}
            name, _, version = folder.removesuffix(".dist-info").partition("-")
            if name != "edge_agent":
                raise NoRelease(f"{file} is a wheel of {name}")
            record = read_record(_member(wheel, f"{folder}/RECORD").decode())
            files = {
                path: hashlib.sha256(_member(wheel, path)).digest()
                for path in wheel.namelist()
                if is_released(path)
            }
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise NoRelease(f"{file} is no wheel: {error}") from error
    if wrong := sorted(path for path in files if record.get(path) != files[path]):
        raise NoRelease(f"{file} is damaged: {wrong[0]} is not what its own list says")
    return version, digest(files)


def _tops(names: Iterable[str]) -> set[str]:
    return {name.split("/")[0] for name in names}


def _member(wheel: zipfile.ZipFile, name: str) -> bytes:
    with wheel.open(name) as member:
        data = member.read(MEMBER_BYTES_MAX + 1)
    if len(data) > MEMBER_BYTES_MAX:
        raise NoRelease(f"{name} in the wheel is larger than {MEMBER_BYTES_MAX} bytes")
    return data
