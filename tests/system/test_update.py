"""A real release, from wheels to the center's store: installed, switched to, proven, measured.

The supervisor is a shell loop that starts whatever the link leads to, as systemd does.  The one who
updates is killed while the new release is on trial; `resume`, which the unit runs, keeps it.
"""

import base64
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.program.packages import closure
from edge_agent.update.folder import CURRENT, GOOD, Folder
from edge_agent.update.marker import Phase
from edge_agent.update.release_file import LOCK, make
from hil.rig import Count, Panel, Setup, Stack, wait_until
from tests.test_wheel import build
from tests.update.releases import KEY

UNUSED = {"edge-agent", "rich", "pygments", "markdown-it-py", "mdurl", "segno", "argcomplete"}
"""What the daemon and the commands used here never load: installing it would only take time."""

LEFT_OUT = {"INSTALLER", "REQUESTED", "direct_url.json"}

S_MAX = 400.0
"""Far above what an installation takes, also on a machine that is busy with all other tests."""

SUPERVISOR = """\
#!/bin/sh
trap 'kill "$pid"; wait "$pid"; exit 0' TERM
while :; do
    {root}/current/bin/edge-agent run --config {config} &
    pid=$!
    echo "$pid" > {pid}
    wait "$pid"
done
"""

RESTART = """\
#!/bin/sh
kill -TERM "$(cat {pid})"
"""


AT_ONCE = """
import sys
from edge_agent.cli import main
from edge_agent.update import install
install.QUIETLY = ()
sys.exit(main())
"""
"""The command, but for its low priority: beside other tests it would not end."""


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


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    """A folder in which the tests' own environment was installed by hand as version 0.1.0."""
    made = Folder(tmp_path / "opt")
    made.release("0.1.0").mkdir(parents=True)
    (made.release("0.1.0") / "bin").symlink_to(Path(sys.executable).parent)
    made.point(CURRENT, "0.1.0")
    (made.root / "release.pem").write_bytes(KEY.public.to_pem())
    return made


@pytest.fixture
def stack(tmp_path: Path, place: Folder) -> Iterator[Stack]:
    """A gateway whose agent is started by the link, again and again."""
    folder = tmp_path / "stack"
    folder.mkdir()
    names = {
        "root": place.root,
        "config": folder / "gateway" / "gateway.toml",
        "pid": folder / "agent.pid",
    }
    (tmp_path / "restart").write_text(RESTART.format(**names))
    supervisor = tmp_path / "supervisor"
    supervisor.write_text(SUPERVISOR.format(**names))
    setup = Setup(within=("env", "-u", "PYTHONPATH", "sh", str(supervisor)))
    with Stack([Panel("p1", face="surgard", end="pty")], setup, folder) as made:
        yield made


def command(stack: Stack, place: Folder, what: str) -> list[str]:
    restart = f"sh {stack.folder.parent / 'restart'}"
    config = stack.gateway / "gateway.toml"
    options = ["--root", place.root, "--config", config, "--restart", restart, "--json"]
    return [sys.executable, "-c", AT_ONCE, "update", what, *map(str, options)]


def environment() -> dict[str, str]:
    """Without the rig's PYTHONPATH: a release runs its own files."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def kill_on_trial(stack: Stack, place: Folder, file: Path) -> str:
    """Update, and kill whoever does it once the new release is on trial; return what was said."""
    log = stack.folder / "update.log"

    def on_trial() -> bool:
        found = place.marker()
        return found is not None and found.phase is Phase.TRIAL

    with log.open("w") as said:
        words = command(stack, place, str(file))
        with subprocess.Popen(words, stdout=said, stderr=said, env=environment()) as updating:
            wait_until(lambda: on_trial() or updating.poll() is not None, log.read_text, S_MAX)
            updating.kill()
    assert on_trial(), log.read_text()
    return log.read_text()


@pytest.mark.timeout(3 * S_MAX)
def test_a_release_is_put_into_service_and_measured(
    stack: Stack, place: Folder, tmp_path: Path
) -> None:
    file, digest = release(tmp_path)
    wait_until(lambda: stack.agent.outstanding() == 0, "all receipted")
    before = {one: one.read_bytes() for one in stack.gateway.glob("*.key")}
    said = kill_on_trial(stack, place, file)
    ran = subprocess.run(
        command(stack, place, "resume"),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=S_MAX,
        check=False,
    )
    assert ran.returncode == 0, f"{said}{ran.stdout}{ran.stderr}{stack.logs()}"
    assert json.loads(ran.stdout)["outcome"] == "confirmed"
    assert place.linked(CURRENT) == place.linked(GOOD) == "9.9"
    assert place.versions() == ["9.9"]
    assert place.release("0.1.0").is_dir()  # to go back to

    status = stack.agent.status()
    assert status["version"] == "9.9"
    measured = subprocess.run(
        [place.root / CURRENT / "bin" / "edge-agent", "program", "--json"],
        capture_output=True,
        env=environment(),
        check=False,
    )
    seen = json.loads(measured.stdout)
    assert (seen["digest"], seen["differences"], seen["signed"]) == (digest.hex(), [], True)

    stack.panels[0].tell("plan traffic rate=20")
    stack.panels[0].wait_acked(3)
    stack.panels[0].tell("stop")
    stack.settle()
    assert {one: one.read_bytes() for one in before} == before
    assert stack.count() == Count()
    acts = [row for row in stack.center.events("--type", "act") if "update" in json.dumps(row)]
    told = json.dumps(acts)
    for word in ("begun", "confirmed"):
        assert word in told
    assert digest.hex() in told
    assert "gw1: good" in stack.center.verify()
