"""A whole machine under a systemd of its own, which sees this one's files and changes none.

systemd-nspawn boots over a layer that takes every write (overlayfs on a tmpfs): its services are
those of the real packages, `systemctl` is the real one.  Its own network is a loopback alone; what
is run from outside (`run`) has this machine's network, so that pip finds what it installs.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hil.rig import wait_until

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # no environment of a test: systemd's own programs
RUN_S_MAX = 400.0
BOOT_S_MAX = 60.0
NSPAWN = ("systemd-nspawn", "--quiet", "--private-network", "--register=no", "--keep-unit")


class Machine:
    """A booted machine."""

    def __init__(self, init: int) -> None:
        self._enter = ["nsenter", "-t", str(init), "-m", "-p", "-i", "-u", "--"]

    def run(self, script: str, folder: Path, **values: str) -> str:
        """Run a script by bash in `folder` as root; AssertionError with all it said if it fails."""
        ran = subprocess.run(
            [*self._enter, "bash", "-euo", "pipefail", "-c", f"cd {folder}\n{script}"],
            env={"PATH": PATH, "HOME": "/root", **values},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=RUN_S_MAX,
            check=False,
        )
        assert ran.returncode == 0, f"{ran.stdout}\n--- journal\n{self.journal()}"
        return ran.stdout

    def journal(self) -> str:
        """Return what the services said last."""
        command = [*self._enter, "journalctl", "--no-pager", "--lines=60"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@contextmanager
def booted(shown: Path) -> Iterator[Machine]:
    """Boot a machine that sees `shown` as it is; raises OSError where this one cannot."""
    with ExitStack() as ends:
        layer = ends.enter_context(_layered())
        said = ends.enter_context((layer / "said").open("wb"))
        command = [*NSPAWN, "--boot", "--console=pipe", f"--bind={shown}", "--directory"]
        child = subprocess.Popen(
            [*command, str(layer / "root")],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        ends.callback(child.wait)
        inits: list[int] = []

        def up() -> bool:
            inits[:] = _init_of(child.pid)
            return child.poll() is not None or (bool(inits) and _is_up(inits[0]))

        ends.callback(lambda: _end(child, inits))
        wait_until(up, "the machine boots", BOOT_S_MAX)
        if child.poll() is not None:
            raise OSError((layer / "said").read_text(errors="replace").strip())
        yield Machine(inits[0])


@contextmanager
def _layered() -> Iterator[Path]:
    """Lay a folder `root` over all of this machine; what is written to it goes when it goes."""
    with ExitStack() as ends:
        layer = Path(ends.enter_context(TemporaryDirectory(prefix="boot-")))
        _mount(ends, layer, "tmpfs", "tmpfs", "mode=755")
        for name in ("upper", "work", "root"):
            (layer / name).mkdir()
        layers = f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work"
        _mount(ends, layer / "root", "overlay", "overlay", layers)
        yield layer


@cache
def cannot() -> str:
    """Return why no machine can be booted here; "" where one can."""
    if os.geteuid() != 0:
        return "it needs root"
    if shutil.which(NSPAWN[0]) is None:
        return "there is no systemd-nspawn"
    try:
        with _layered() as layer:
            command = [*NSPAWN, "--pipe", "--directory", str(layer / "root"), "/bin/true"]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            return f"systemd-nspawn: {ran.stderr.strip()}" if ran.returncode else ""
    except OSError as error:
        return str(error)


def _mount(ends: ExitStack, place: Path, kind: str, source: str, options: str) -> None:
    command = ["mount", "-t", kind, "-o", options, source, str(place)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise OSError(ran.stderr.strip())
    ends.callback(subprocess.run, ["umount", "--lazy", str(place)], check=False)


def _init_of(nspawn: int) -> list[int]:
    """Return the first process of the machine, once it is systemd."""
    try:
        children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
        return [
            int(one) for one in children if Path(f"/proc/{one}/comm").read_text() == "systemd\n"
        ]
    except OSError:
        return []


def _is_up(init: int) -> bool:
    command = ["nsenter", "-t", str(init), "-m", "-p", "systemctl", "is-system-running"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return said.strip() in {"running", "degraded"}  # another service of this machine may fail


def _end(child: "subprocess.Popen[bytes]", inits: list[int]) -> None:
    """Kill the machine: its processes end with the first one."""
    for pid in [*inits, child.pid]:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue
