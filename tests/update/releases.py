"""Releases for the tests: a wheel of a few lines, a lock, and their file."""

import base64
import hashlib
import zipfile
from pathlib import Path

from edge_agent.evidence.cose import Signer
from edge_agent.evidence.manifest import Manifest
from edge_agent.update.release_file import LOCK, make
from tests.evidence.conftest import signer

KEY = signer(7)


def wheel(folder: Path, version: str, name: str = "edge_agent") -> Path:
    """A wheel of one module that holds its version."""
    made = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    rows = [
        f"{path},sha256={_named(hashlib.sha256(text.encode()).digest())},{len(text)}"
        for path, text in files.items()
    ]
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)  # of 1980, whenever it is made
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "\n".join([*rows, f"{info}/RECORD,,"]))
    return made


def _named(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def parts(folder: Path, version: str) -> dict[str, Path]:
    """What goes into a release: our wheel, another's, the lock."""
    folder.mkdir(exist_ok=True)
    ours, other = wheel(folder, version), wheel(folder, "2.0", "helpful_thing")
    lock = folder / LOCK
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    lock.write_text(f"helpful-thing==2.0 \\\n    --hash=sha256:{digest}\n")
    return {file.name: file for file in (ours, other, lock)}


def release(
    folder: Path, version: str, minimum: str = "0", key: Signer = KEY
) -> tuple[Path, Manifest]:
    """The file of a release of that version."""
    file = folder / f"{version}.release"
    return file, make(file, parts(folder / f"of-{version}", version), minimum, key)
