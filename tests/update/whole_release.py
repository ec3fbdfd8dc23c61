"""A release of this very program: its wheel and those of all that it needs."""

import base64
import hashlib
import importlib.metadata
import zipfile
from pathlib import Path

from edge_agent.program.packages import closure
from edge_agent.update.release_file import LOCK, make
from tests.test_wheel import build
from tests.update.releases import KEY

UNUSED = {"edge-agent", "rich", "pygments", "markdown-it-py", "mdurl", "segno", "argcomplete"}
"""What the daemon and the commands used here never load: installing it would only take time."""

LEFT_OUT = {"INSTALLER", "REQUESTED", "direct_url.json"}


def wheel_of(package: importlib.metadata.Distribution, folder: Path) -> Path:
    """An installed package as the wheel that it came from, as far as pip cares."""
    tag = (package.read_text("WHEEL") or "").split()[-1]  # of several the newest
    name = package.metadata["Name"].replace("-", "_")
    made = folder / f"{name}-{package.version}-{tag}.whl"
    with zipfile.ZipFile(made, "w") as archive:
        rows = []
        for path in package.files or ():
            text = path.as_posix()
            if text.startswith("..") or text.endswith((".pyc", "/RECORD")) or path.name in LEFT_OUT:
                continue
            data = Path(str(path.locate())).read_bytes()
            archive.writestr(zipfile.ZipInfo(text), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{text},sha256={digest},{len(data)}")
        info = next(row for row in rows if ".dist-info/METADATA" in row).split("/")[0]
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "\n".join([*rows, f"{info}/RECORD,,"]))
    return made


def release(folder: Path) -> tuple[Path, bytes]:
    """A release of this very program under the version 9.9, and the program's digest."""
    source, parts = folder / "source", folder / "parts"
    for made in (source, parts):
        made.mkdir()
    wheel = build(source, parts, version="9.9")
    lock = []
    for name, package in closure().items():
        if name not in UNUSED:
            digest = hashlib.sha256(wheel_of(package, parts).read_bytes()).hexdigest()
            lock.append(f"{name}=={package.version} --hash=sha256:{digest}\n")
    (parts / LOCK).write_text("".join(lock))
    file = folder / "9.9.release"
    manifest = make(file, {one.name: one for one in parts.iterdir()}, "0.1", KEY)
    assert wheel.name.startswith("edge_agent-9.9-")
    return file, manifest.digest
