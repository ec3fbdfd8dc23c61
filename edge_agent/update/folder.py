"""The folder that releases are installed into, and what stands in it across a power cut.

    releases/1.2.0/    an environment of its own for each release, with its signed `manifest`
    current            the link that the service goes by
    good               the link to the release that has proven itself last
    release.pem        the keys that releases must be signed with
    floor              the lowest version that may be installed
    update.json        the update under way; last.json: the one before

All of it is root's.  Each change here is whole and durable before the next one is made.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from edge_agent import files
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.manifest import Order, order_of
from edge_agent.evidence.pinned import read_public_keys
from edge_agent.program.signed import MANIFEST, PINS
from edge_agent.update.marker import Marker

CURRENT, GOOD = "current", "good"
PARTS = "parts"
_MODE = 0o644  # what the agent's own user reads too
FLOOR_CHARS_MAX = 64
MARKER_BYTES_MAX = 65_536


class NotByReleases(Exception):  # noqa: N818  reads as what it says
    """The program was not installed by releases, or not here; what to do about it."""


class Busy(Exception):  # noqa: N818  reads as what it says
    """Another process is at an update."""


class Folder:
    """The folder at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._marker, self._last = root / "update.json", root / "last.json"

    # ---- releases

    def release(self, version: str) -> Path:
        """Return where a release is, or would be."""
        return self.root / "releases" / version

    def versions(self) -> list[str]:
        """Return what is installed, the newest last: whatever has its manifest is whole."""
        found = []
        for manifest in (self.root / "releases").glob(f"*/{MANIFEST}"):
            with suppress(ValueError):
                found.append((order_of(manifest.parent.name), manifest.parent.name))
        return [name for _, name in sorted(found)]

    def linked(self, link: str) -> str | None:
        """Return the version that a link points to."""
        try:
            return (self.root / link).readlink().name
        except OSError:
            return None

    def point(self, link: str, version: str) -> None:
        """Let a link point to a release."""
        files.point(self.root / link, f"releases/{version}")

    def proven(self) -> str:
        """Return the version that has proven itself, or was installed by hand as the first one.

        Raises NotByReleases.
        """
        version = self.linked(GOOD) or self.linked(CURRENT) or ""
        try:
            order_of(version)
        except ValueError as error:
            raise NotByReleases(
                f"{self.root / CURRENT} is no link to a release: install the program as "
                "docs/operations.md says, once"
            ) from error
        return version

    def complete(self, version: str, signed: bytes) -> None:
        """Mark a release as whole: everything in it is on the disk before its manifest is."""
        os.sync()
        files.replace(self.release(version) / MANIFEST, signed, _MODE)
        os.sync()

    def holds(self, version: str, signed: bytes) -> bool:
        """Tell whether this very release is installed."""
        try:
            return (self.release(version) / MANIFEST).read_bytes() == signed
        except OSError:
            return False

    def remove(self, version: str) -> None:
        """Remove a release, its manifest first; one that a link points to stays."""
        order_of(version)  # a name, and no way to another folder
        if version in {self.linked(CURRENT), self.linked(GOOD)}:
            return
        folder = self.release(version)
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def remove_all_but(self, version: str) -> None:
        """Remove each other release that no link points to, one that is not whole too."""
        for folder in sorted((self.root / "releases").iterdir()):
            if folder.name != version:
                with suppress(ValueError):
                    self.remove(folder.name)

    # ---- what may be installed

    def pins(self) -> tuple[PublicKey, ...]:
        """Return the pinned keys.  Raises NotByReleases, saying what to do."""
        file = self.root / PINS
        try:
            return read_public_keys(file.read_bytes())
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise NotByReleases(
                f"{file}: {said}; it holds the public key of whoever makes releases, as "
                "'edge-agent release key' writes it"
            ) from error

    def floor(self) -> Order | None:
        """Return the lowest version allowed.  Raises NotByReleases where it cannot be read."""
        file = self.root / "floor"
        try:
            return order_of(file.read_text()[:FLOOR_CHARS_MAX].strip())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise NotByReleases(f"{file}: {error}; write the version that runs into it") from error

    def raise_floor(self, version: str) -> None:
        """From now on nothing below `version`; a floor is never lowered."""
        floor = self.floor()
        if floor is None or order_of(version) > floor:
            files.replace(self.root / "floor", f"{version}\n".encode(), _MODE)

    # ---- the update under way

    def marker(self) -> Marker | None:
        """Return the update under way; in place of one that cannot be read, one that goes back to
        what has proven itself.
        """
        try:
            return _read(self._marker)
        except ValueError:
            good = self.proven()
        current = self.linked(CURRENT) or good
        return None if current == good else Marker.unreadable(current, good)

    def take_up(self) -> Marker | None:
        """Return the update to go on with; what cannot be read is kept beside, and replaced."""
        try:
            return _read(self._marker)
        except ValueError:
            marker = self.marker()
        files.replace(self.root / "update.json.broken", self._marker.read_bytes(), _MODE)
        if marker is None:
            self._marker.unlink()
        else:
            self.write(marker)
        return marker

    def write(self, marker: Marker) -> None:
        """Let this be the update under way."""
        files.replace(self._marker, json.dumps(asdict(marker), indent=1).encode(), _MODE)

    def erase(self) -> None:
        """It is over, and remembered as the last one."""
        with suppress(FileNotFoundError):
            files.move(self._marker, self._last)

    def last(self) -> Marker | None:
        """Return the update before, if it is known."""
        try:
            return _read(self._last)
        except (OSError, ValueError):
            return None

    @contextmanager
    def locked(self, *, wait: bool = False) -> Iterator[None]:
        """Keep others out, who may be resuming; a process that ends lets go.  Raises Busy."""
        try:
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise NotByReleases(f"{self.root}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield
        except BlockingIOError as error:
            raise Busy("another process is at an update: 'edge-agent update status'") from error
        finally:
            os.close(descriptor)


def _read(file: Path) -> Marker | None:
    """Return what was written down, None where nothing was.  Raises ValueError, OSError."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return Marker.read(json.loads(data[:MARKER_BYTES_MAX]))
    except RecursionError as error:
        raise ValueError("no update: nested too deeply") from error
