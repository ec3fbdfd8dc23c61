"""Where a demo lives: a private temporary folder, or a kept one that no other demo is using."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MARKER = "edge-agent-demo"  # the file that makes a folder a demo's: only such a one is replaced
PARTS = ("center", "gateway", "ledgers", "logs")
SOCKET_PATH_BYTES_MAX = 100  # unix(7) has room for 108 with the end


class DemoError(Exception):
    """The demo cannot be played; the message names cause and remedy."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one demo.  `run` holds sockets and links and never outlives it."""

    top: Path
    run: Path

    @property
    def center(self) -> Path:
        """The center's directory, as `edge-center` takes it."""
        return self.top / "center"

    @property
    def gateway(self) -> Path:
        """The gateway's credentials, configuration and journal."""
        return self.top / "gateway"

    @property
    def logs(self) -> Path:
        """What the children said on their error output."""
        return self.top / "logs"

    @property
    def ledgers(self) -> Path:
        """What the panels said they said."""
        return self.top / "ledgers"

    @property
    def config(self) -> Path:
        """The gateway's configuration."""
        return self.gateway / "gateway.toml"

    @property
    def journal(self) -> Path:
        """The gateway's journal."""
        return self.gateway / "data" / "journal"

    @property
    def socket(self) -> Path:
        """Where the agent answers `edge-agent status`."""
        return self.run / "agent.sock"

    def port(self, panel: str) -> Path:
        """Return the serial port of a panel: a link to its pseudo terminal."""
        return self.run / f"tty-{panel}"


@contextmanager
def make(keep: Path | None) -> Iterator[Folder]:
    """Make the folders; only those in `keep` outlive the context.

    Raises DemoError where `keep` cannot be used.
    """
    run = Path(tempfile.mkdtemp(prefix="edge-agent-demo-")).resolve()
    try:
        if len(os.fsencode(run / "agent.sock")) > SOCKET_PATH_BYTES_MAX:
            raise DemoError(
                f"{run}: too long for a socket's name; set TMPDIR to a shorter folder, such as /tmp"
            )
        if keep is None:
            yield _fill(Folder(run, run))
            return
        keep = keep.expanduser().absolute()
        with _ours(keep):
            yield _fill(Folder(keep, run))
    finally:
        shutil.rmtree(run, ignore_errors=True)


def _fill(folder: Folder) -> Folder:
    for part in (folder.logs, folder.ledgers):
        part.mkdir(mode=0o700)
    return folder


@contextmanager
def _ours(keep: Path) -> Iterator[None]:
    """Claim `keep`, emptied of what an earlier demo left."""
    try:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        marker = keep / MARKER
        if not marker.exists() and any(keep.iterdir()):
            raise DemoError(
                f"{keep}: not empty, and no earlier demo made it; name an empty or a new folder"
            )
        with marker.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DemoError(
                    f"{keep}: another demo is using it; wait for its end or name another folder"
                ) from error
            for part in PARTS:
                with contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(keep / part)
            yield
    except OSError as error:
        raise DemoError(
            f"{error.filename or keep}: {error.strerror}; name a folder that this user may write"
        ) from error
