"""Compares what is installed with what was released: every file of ours and what it runs on.

Bytecode counts too.  Python runs a `.pyc` whose header has its source's time and size, whatever is
in it, so each of those is compared with what its source compiles to.
"""

import hashlib
import importlib.metadata
import importlib.util
import marshal
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import edge_agent
from edge_agent.program.packages import NAME, closure
from edge_agent.program.release import digest, is_released, read_record
from edge_agent.program.signed import MANIFEST, is_as_signed

SOURCES = ("edge_agent", "drivers", "hil")
"""The packages of the wheel: whatever else lies in their folders was added."""

DATA = ("config", "systemd")
_STARTS_BY_ITSELF = (".pth", "sitecustomize.py", "usercustomize.py")
_TOOLS = ("_virtualenv.pth",)  # put there by the tool that made the environment
_PYC_HEADER_BYTES = 16
_HASH_BASED = 1  # in a pyc's flags: no time and size, the source's hash
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not as released; `what` is altered, missing, added, bytecode or unsigned."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is installed.  `released`: there is a list to compare with; a checkout has none.

    `signed`: it is the program that a signed manifest tells; None where it came without one.
    """

    version: str
    released: bool
    digest: bytes
    dependencies: bytes  # digest over name, version and digest of each
    files: int
    differences: tuple[Difference, ...]
    signed: bool | None = None


def inspect() -> Inspection:
    """Look at every file of this program and of what it runs on."""
    try:
        found = {name: _Package(one) for name, one in closure().items()}
    except importlib.metadata.PackageNotFoundError:
        found = {}
    ours = found.pop(NAME, None)
    differences = [*_starting()]
    for package in found.values():
        differences += [*package.differences(), *_bytecode(package)]
    released = ours is not None and ours.holds(f"{SOURCES[0]}/__init__.py")
    if ours is not None and released:
        own: Mapping[str, bytes] = ours.released()
        differences += [*ours.differences(), *_added(ours), *_bytecode(ours)]
    else:
        own = _of_checkout()
    named = {f"{name} {one.version}": digest(one.released()) for name, one in found.items()}
    version, whole = ours.version if ours else "unknown", digest(own)
    signed = is_as_signed(version, whole)
    if signed is False:
        differences.append(Difference(MANIFEST, "unsigned"))
    return Inspection(
        version=version,
        released=released,
        digest=whole,
        dependencies=digest(named),
        files=len(own) + sum(len(one.hashes) for one in found.values()),
        differences=tuple(sorted(set(differences), key=lambda one: one.path)),
        signed=signed,
    )


class _Package:
    """An installed package and the list that it brought along."""

    def __init__(self, installed: importlib.metadata.Distribution) -> None:
        self.version = installed.version
        self.root = Path(str(installed.locate_file("")))
        # not `installed.files`: from Python 3.12 on it leaves out what is missing
        self.listed = read_record(installed.read_text("RECORD") or "")
        self.hashes = {path: _hash(self.root / path) for path in self.listed if is_released(path)}

    def holds(self, path: str) -> bool:
        return path in self.listed

    def released(self) -> dict[str, bytes]:
        """Return what is there of the released files; a missing one counts as empty bytes."""
        return {path: found or b"" for path, found in self.hashes.items()}

    def differences(self) -> Iterator[Difference]:
        for path, found in self.hashes.items():
            named = self.listed[path]
            if found is None:
                yield Difference(path, "missing")
            elif named is not None and named != found:
                yield Difference(path, "altered")


def _hash(file: Path) -> bytes | None:
    """Return a file's SHA-256, None where it is not there."""
    whole = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                whole.update(chunk)
    except OSError:
        return None
    return whole.digest()


def _added(ours: _Package) -> Iterator[Difference]:
    for folder in SOURCES:
        for file in _files(ours.root / folder):
            path = file.relative_to(ours.root).as_posix()
            if not ours.holds(path) and not path.endswith(".pyc"):
                yield Difference(path, "added")


def _starting() -> Iterator[Difference]:
    """Yield what Python would run by itself at each start and no package brought along."""
    roots: dict[Path, set[str]] = {}
    for package in importlib.metadata.distributions():
        root = Path(str(package.locate_file("")))
        roots.setdefault(root, set()).update(read_record(package.read_text("RECORD") or ""))
    for root, listed in roots.items():
        for file in sorted(root.glob("*")):
            by_itself = file.name.endswith(_STARTS_BY_ITSELF) and file.name not in _TOOLS
            if by_itself and file.name not in listed:
                yield Difference(file.name, "added")


def _bytecode(package: _Package) -> Iterator[Difference]:
    """Yield the compiled files that Python would run and that their sources do not compile to."""
    for path in package.hashes:
        if path.endswith(".py"):
            source = package.root / path
            for level in ("", "1", "2"):
                compiled = Path(importlib.util.cache_from_source(source, optimization=level))
                if not _is_of_source(compiled, source, int(level or 0)):
                    where = compiled.relative_to(package.root).as_posix()
                    yield Difference(where, "bytecode")


def _is_of_source(compiled: Path, source: Path, level: int) -> bool:
    try:
        data, status = compiled.read_bytes(), source.stat()
    except OSError:
        return True  # nothing there to run
    if len(data) < _PYC_HEADER_BYTES or data[:4] != importlib.util.MAGIC_NUMBER:
        return True  # Python makes it anew
    flags, when, size = (int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12))
    if flags & _HASH_BASED:
        return False  # no installer makes them; they may tell Python not to look at the source
    if when != int(status.st_mtime) & 0xFFFFFFFF or size != status.st_size & 0xFFFFFFFF:
        return True
    try:
        kept = marshal.loads(data[_PYC_HEADER_BYTES:])  # noqa: S302  compared, never run
        made = compile(source.read_bytes(), str(source), "exec", dont_inherit=True, optimize=level)
    except (EOFError, ValueError, TypeError, SyntaxError, OSError):
        return False
    return isinstance(kept, types.CodeType) and kept == made


def _of_checkout() -> Mapping[str, bytes]:
    """Return the files of a checkout: there is no list to compare them with."""
    root = Path(edge_agent.__file__).parent.parent
    files = (file for folder in (*SOURCES, *DATA) for file in _files(root / folder))
    return {
        file.relative_to(root).as_posix(): _hash(file) or b""
        for file in files
        if file.suffix != ".pyc"
    }


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())
