"""How a command comes to a gateway's records: by its files, or handed over by the running agent.

Root and the agent's own user read the files.  Whoever has a role for them asks the agent, which
records it and hands them over one by one.
"""

import argparse
import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edge_agent.cli.options import UnreadableError, agent_socket, unanswered
from edge_agent.config import ConfigError, Loaded, load
from edge_agent.control.handing import Handed
from edge_agent.control.socket import ask, handed
from edge_agent.journal.disk import FolderFile
from edge_agent.trusted import Trusted

if TYPE_CHECKING:
    from edge_agent.journal import Where

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Reading:
    """A journal that is being read; `trusted` None: that of a card, of which nobody says whose."""

    where: "Where"
    trusted: Trusted | None


class AgentGoneError(UnreadableError):
    """The agent that handed over its journal does not answer any more."""


class HandedDisk:
    """The journal of the running agent, as it is handed over: for reading alone.

    It is asked for at `socket`; an agent that was started anew is asked again.  Raises
    AgentGoneError where none answers, UnreadableError where it refuses: never what would be taken
    for a damaged disk.  `close` it in the end.
    """

    def __init__(self, socket: Path, what: str, purpose: str) -> None:
        self._socket, self._what, self._purpose = socket, what, purpose
        self._files = self._asked()
        self.trusted = Trusted.from_facts(self._files.facts)

    def __str__(self) -> str:
        return "the running agent"

    def close(self) -> None:
        """Ask no more."""
        self._files.close()

    def names(self) -> list[str]:
        """Return the names in the directory, in any order."""
        return self._answer(lambda files: files.names())

    def open(self, name: str) -> FolderFile:
        """Open an existing file."""
        return FolderFile(self._answer(lambda files: files.open(name)))

    def _answer(self, ask: Callable[[Handed], _Answer]) -> _Answer:
        try:
            return ask(self._files)
        except (ConnectionError, TimeoutError):
            self._files.close()
            self._files = self._asked()
        try:
            return ask(self._files)
        except (ConnectionError, TimeoutError) as error:
            raise AgentGoneError(unanswered(self._socket, error)) from error

    def _asked(self) -> Handed:
        try:
            return handed(self._socket, "records", what=self._what, purpose=self._purpose)
        except OSError as error:
            raise AgentGoneError(unanswered(self._socket, error)) from error
        except ValueError as error:
            raise UnreadableError(f"the agent refuses: {error}") from error


@contextlib.contextmanager
def reading(
    arguments: argparse.Namespace, what: str, *, is_recorded: bool = True
) -> Iterator[Reading]:
    """Open the journal that is meant, and have the running agent record that it is read.

    Without `is_recorded` by the files it is not: the command does so by itself.  Where none runs,
    nobody can record it: who may read the files of a gateway that stands still is root or its own
    user.  Raises UnreadableError, ConfigError.
    """
    if getattr(arguments, "journal", None):
        yield Reading(arguments.journal, None)
        return
    purpose = getattr(arguments, "purpose", "")
    loaded = _own(arguments.config)
    if loaded is not None:
        folder = loaded.path(loaded.config.gateway.data_dir) / "journal"
        if not _is_closed(folder):
            if is_recorded:
                with contextlib.suppress(OSError, ValueError):
                    ask(Path(loaded.config.gateway.socket), "read", what=what, purpose=purpose)
            yield Reading(folder, Trusted.of(loaded))
            return
    disk = HandedDisk(agent_socket(arguments.config), what, purpose)
    with contextlib.closing(disk):
        yield Reading(disk, disk.trusted)


def _own(file: Path) -> Loaded | None:
    """Return the configuration, None where this user may not read it.  Raises ConfigError."""
    try:
        return load(file)
    except ConfigError as error:
        if isinstance(error.__cause__, PermissionError):
            return None
        raise


def _is_closed(folder: Path) -> bool:
    try:
        with os.scandir(folder):
            return False
    except PermissionError:
        return True
    except OSError:
        return False  # whoever reads it says what is wrong
