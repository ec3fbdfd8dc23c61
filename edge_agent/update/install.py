"""Installs a release into a folder of its own, offline from what the release brought along.

Whatever fails is a sentence, and nothing was switched.  It is done at the lowest priority: the
gateway reads its panels meanwhile, from the card that this writes to.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.evidence.manifest import Manifest
from edge_agent.update.folder import PARTS
from edge_agent.update.release_file import LOCK, OURS

STEP_S_MAX = 900.0  # a Pi with a slow card takes some two minutes for the longest
SPACE_FACTOR = 4  # wheels, what they unpack to, its bytecode
SPARE_BYTES = 64 << 20  # the journal may be on the same card
_SAID_CHARS_MAX = 300
QUIETLY = ("nice", "-n", "19")


class Failed(Exception):  # noqa: N818  reads as what it says
    """A step of the installation failed: which, and what it said."""


@dataclass(frozen=True, slots=True)
class Installer:
    """Makes environments; `config` is the gateway's own, which the new release must accept."""

    config: Path

    def install(self, folder: Path, manifest: Manifest) -> None:
        """Install from `folder`/parts into `folder`, check what came of it.  Raises Failed."""
        parts = folder / PARTS
        own = next(part.name for part in manifest.parts if part.name.startswith(OURS))
        pip = [
            *(str(folder / "bin" / "python"), "-I", "-m", "pip", "--isolated", "install"),
            *("--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-index"),
        ]
        locked = ["--require-hashes", "--only-binary", ":all:", "--find-links", str(parts)]
        _run("an environment", [sys.executable, "-I", "-m", "venv", str(folder)])
        _run("its dependencies", [*pip, *locked, "-r", str(parts / LOCK)])
        _run("the program", [*pip, "--no-deps", str(parts / own)])
        self.check(folder, manifest)
        shutil.rmtree(parts)

    def check(self, folder: Path, manifest: Manifest) -> None:
        """See that it is what was signed, and that it accepts the configuration.  Raises Failed."""
        program = str(folder / "bin" / "edge-agent")
        said = _run("what was installed", [program, "program", "--json"], good=(0, 1))
        try:
            seen = json.loads(said)
            differing = [one["path"] for one in seen["differences"]]
            found = (seen["version"], bytes.fromhex(seen["digest"]))
        except (ValueError, TypeError, KeyError) as error:
            raise Failed("what was installed cannot be told") from error
        if differing:
            raise Failed(f"what was installed is not as released: {', '.join(differing[:4])}")
        if found != (manifest.version, manifest.digest):
            raise Failed(f"what was installed is {found[0]} {found[1].hex()[:16]}, not as signed")
        if self.config.exists():
            _run(
                "the configuration under the new release",
                [program, "check", "--config", str(self.config)],
                good=(0, 1),
            )


def is_room(folder: Path, manifest: Manifest) -> bool:
    """Tell whether the file system has room for it, and for what else writes there."""
    return shutil.disk_usage(folder).free >= SPACE_FACTOR * manifest.size + SPARE_BYTES


def _run(what: str, command: Sequence[str], good: tuple[int, ...] = (0,)) -> str:
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    try:
        ran = subprocess.run(
            [*QUIETLY, *command],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=STEP_S_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{what}: {error}") from error
    if ran.returncode not in good:
        said = " ".join((ran.stderr or ran.stdout).split())[-_SAID_CHARS_MAX:]
        raise Failed(f"{what}: exit code {ran.returncode}: {said}")
    return ran.stdout
