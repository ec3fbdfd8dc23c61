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
from typing import TYPE_CHECKING

from edge_agent.cli.options import agent_socket, no_agent
from edge_agent.cli.records import UnreadableError
from edge_agent.config import ConfigError, Loaded, load
from edge_agent.control.handing import Handed
from edge_agent.control.socket import ask, handed
from edge_agent.journal.disk import FolderFile
from edge_agent.trusted import Trusted

if TYPE_CHECKING:
    from edge_agent.journal import Where


@dataclass(frozen=True, slots=True)
class Reading:
    """A journal that is being read; `trusted` None: that of a card, of which nobody says whose."""

    where: "Where"
    trusted: Trusted | None


class HandedDisk:
    """The journal of the running agent, as it is handed over: for reading alone.

    `ask` asks for it; an agent that was started anew is asked again.  Raises OSError where none
    answers, ValueError where it refuses.  `close` it in the end.
    """

    def __init__(self, ask: Callable[[], Handed]) -> None:
        self._ask = ask
        self._files = ask()
        self.trusted = Trusted.from_facts(self._files.facts)

    def __str__(self) -> str:
        return "the running agent"

    def close(self) -> None:
        """Ask no more."""
        self._files.close()

    def names(self) -> list[str]:
        """Return the names in the directory, in any order."""
        try:
            return self._files.names()
        except ConnectionError:
            self._files.close()
            self._files = self._ask()
            return self._files.names()

    def open(self, name: str) -> FolderFile:
        """Open an existing file."""
        return FolderFile(self._files.open(name))


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
    socket = agent_socket(arguments.config)
    try:
        disk = HandedDisk(lambda: handed(socket, "records", what=what, purpose=purpose))
    except OSError as error:
        raise UnreadableError(no_agent(socket, error)) from error
    except ValueError as error:
        raise UnreadableError(f"the agent refuses: {error}") from error
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
