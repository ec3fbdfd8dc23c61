"""Performs an update: a thin shell around `steps`, which decides.

It runs as root, beside the agent, from the release that has proven itself: a new one that does not
even start cannot keep it from going back.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.manifest import Manifest
from edge_agent.program.release import NoRelease
from edge_agent.update.folder import CURRENT, GOOD, PARTS, Folder
from edge_agent.update.install import Failed, is_room
from edge_agent.update.marker import Marker, Phase, Word
from edge_agent.update.release_file import Opened, open_release
from edge_agent.update.steps import (
    Action,
    End,
    Input,
    Install,
    Installed,
    Look,
    Recorded,
    Remove,
    Restart,
    Seen,
    SelfTest,
    SelfTested,
    Settle,
    Silent,
    Switch,
    Tell,
    Update,
    Wait,
    Write,
    refusal,
)


class Service(Protocol):
    """The agent, as a process that somebody supervises."""

    def look(self) -> Seen | Silent:
        """Ask how it stands."""

    def test(self) -> SelfTested:
        """Have it test itself."""

    def tell(self, tell: Tell, actor: str, digest: str) -> Recorded:
        """Have it record a step, durably; `digest` of the program, in hex, may be empty."""

    def restart(self) -> None:
        """Have it end in order and start again, by the link."""


class Installs(Protocol):
    """Makes a release's folder out of its parts."""

    def install(self, folder: Path, manifest: Manifest) -> None:
        """Install from `folder`/parts into `folder`, and check it.  Raises Failed."""

    def check(self, folder: Path, manifest: Manifest) -> None:
        """See that what is installed in `folder` is to be switched to.  Raises Failed."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What an update is performed with; `pause` waits for so many seconds, `say` tells people."""

    folder: Folder
    service: Service
    installer: Installs
    now_ns: Callable[[], int]
    pause: Callable[[float], object]
    say: Callable[[str], None]


def update(stream: BinaryIO, hands: Hands, actor: str) -> End:
    """Put the release that begins in `stream` into service.

    Raises NoRelease where it is none to be installed, which is recorded; NotByReleases, OSError.
    """
    folder = hands.folder
    before, pins = folder.proven(), folder.pins()
    if folder.linked(GOOD) is None:  # installed by hand; whoever goes on with it runs from there
        folder.point(GOOD, before)
    try:
        opened = _admitted(stream, pins, folder, before)
    except NoRelease as error:
        hands.service.tell(Tell(Word.REFUSED, str(error)), actor, "")
        raise
    manifest = opened.manifest
    marker = Marker(
        phase=Phase.FILLING,
        version=manifest.version,
        before=before,
        minimum=manifest.minimum,
        digest=manifest.digest.hex(),
        actor=actor,
    )
    return _Work(hands, opened).perform(Update(marker, hands.now_ns()))


def resume(hands: Hands) -> End | None:
    """Go on with an update that was cut off; None where there is none.  Raises OSError."""
    marker = hands.folder.take_up()
    if marker is None:
        return None
    return _Work(hands, None).perform(Update(marker, hands.now_ns(), found=True))


def _admitted(
    stream: BinaryIO, pins: tuple[PublicKey, ...], folder: Folder, running: str
) -> Opened:
    """Return the release, verified.  Raises NoRelease for one that may not be installed."""
    opened = open_release(stream, pins)
    manifest = opened.manifest
    if why := refusal(manifest.version, running, folder.floor()):
        raise NoRelease(why)
    if not (folder.holds(manifest.version, opened.signed) or is_room(folder.root, manifest)):
        raise NoRelease("there is no room for it on the disk")
    return opened


class _Work:
    """One update in the making; without `opened` nothing more can be installed."""

    def __init__(self, hands: Hands, opened: Opened | None) -> None:
        self._hands = hands
        self._opened = opened

    def perform(self, update: Update) -> End:
        """Do what is decided until it is over."""
        now_ns, actions = self._hands.now_ns, deque(update.begin(self._hands.now_ns()))
        while True:
            while actions:
                action = actions.popleft()
                if isinstance(action, End):
                    self._hands.folder.erase()
                    return action
                result = self._do(action, update)
                if result is not None:
                    actions.extend(update.handle(result, now_ns()))
            deadline_ns = update.deadline_ns()
            assert deadline_ns is not None, "what is not over waits for something"
            self._hands.pause(max(0.0, (deadline_ns - now_ns()) / 1e9))
            actions.extend(update.handle(None, now_ns()))

    def _do(self, action: Action, update: Update) -> Input:
        folder, service, say = self._hands.folder, self._hands.service, self._hands.say
        match action:
            case Write(marker):
                folder.write(marker)
            case Install():
                say(f"installing {update.marker.version}")
                return self._install()
            case Look():
                return service.look()
            case SelfTest():
                say("self-test")
                return service.test()
            case Tell():
                return service.tell(action, update.marker.actor, update.marker.digest)
            case Switch(version):
                say(f"{folder.root / CURRENT} is {version}")
                folder.point(CURRENT, version)
            case Restart():
                say("restarting the service")
                service.restart()
            case Settle(version, minimum):
                folder.raise_floor(minimum)
                folder.point(GOOD, version)
            case Remove(None, before):
                folder.remove_all_but(before)
            case Remove(str(version)):
                folder.remove(version)
            case Wait(why):
                say(why)
        return None

    def _install(self) -> Installed:
        folder, opened = self._hands.folder, self._opened
        assert opened is not None, "only what was just opened is installed"
        manifest = opened.manifest
        place = folder.release(manifest.version)
        try:
            if folder.holds(manifest.version, opened.signed):  # gone back to
                self._hands.installer.check(place, manifest)
                return Installed()
            folder.remove(manifest.version)
            opened.unpack(place / PARTS)
            self._hands.installer.install(place, manifest)
            folder.complete(manifest.version, opened.signed)
        except (NoRelease, Failed) as error:
            return Installed(str(error))
        except OSError as error:
            return Installed(f"{error.filename or place}: {error.strerror or error}")
        return Installed()
