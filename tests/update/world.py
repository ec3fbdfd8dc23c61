"""A folder of releases on a real file system, with a service and an installer of a few lines."""

import shutil
from collections.abc import Callable
from pathlib import Path

from edge_agent.evidence.manifest import Manifest
from edge_agent.program.signed import PINS
from edge_agent.update.folder import CURRENT, GOOD, PARTS, Folder
from edge_agent.update.install import Failed
from edge_agent.update.marker import Word
from edge_agent.update.perform import Hands
from edge_agent.update.steps import Recorded, Seen, SelfTested, Silent, Tell
from tests.update.releases import KEY


def folder(root: Path, version: str = "1.0") -> Folder:
    """A folder with one release in service, as an update leaves it."""
    made = Folder(root)
    made.release(version).mkdir(parents=True)
    made.complete(version, b"by hand")
    made.point(CURRENT, version)
    made.point(GOOD, version)
    (root / PINS).write_bytes(KEY.public.to_pem())
    return made


class Service:
    """Runs what `current` pointed to when it was last started; nothing starts that is not whole."""

    def __init__(self, place: Folder) -> None:
        self.place = place
        self.runs = place.linked(CURRENT)
        self.starts = 0
        self.broken: set[str] = set()
        self.told: list[tuple[Word, str]] = []
        self.trouble = ""
        self.digests: list[str] = []
        self.actors: list[str] = []

    def look(self) -> Seen | Silent:
        if self.runs is None:
            return Silent()
        return Seen(self.runs, str(self.starts), proven=True, trouble=self.trouble)

    def test(self) -> SelfTested:
        return SelfTested(())

    def tell(self, tell: Tell, actor: str, digest: str) -> Recorded:
        if self.runs is None:
            return Recorded("nobody answers")
        self.told.append((tell.word, tell.detail))
        self.digests.append(digest)
        self.actors.append(actor)
        return Recorded()

    def restart(self) -> None:
        self.starts += 1
        linked = self.place.linked(CURRENT)
        assert linked is not None, "the link is never missing"
        whole = linked in self.place.versions() and linked not in self.broken
        self.runs = linked if whole else None


class Installs:
    """Puts the wheels where they belong, in its own way."""

    def __init__(self, why: str = "") -> None:
        self.why = why

    def install(self, place: Path, manifest: Manifest) -> None:
        if self.why:
            raise Failed(self.why)
        assert sorted(one.name for one in (place / PARTS).iterdir()) == [
            part.name for part in manifest.parts
        ]
        (place / "bin").mkdir()
        shutil.rmtree(place / PARTS)

    def check(self, place: Path, manifest: Manifest) -> None:
        if self.why:
            raise Failed(self.why)
        assert (place / "bin").is_dir()


class Clock:
    """Time passes only while somebody waits."""

    def __init__(self) -> None:
        self.now_ns = 0

    def pause(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


def hands(
    place: Folder, service: Service, say: Callable[[str], None] = lambda text: None, why: str = ""
) -> Hands:
    """What an update is performed with here."""
    clock = Clock()
    return Hands(place, service, Installs(why), lambda: clock.now_ns, clock.pause, say)
