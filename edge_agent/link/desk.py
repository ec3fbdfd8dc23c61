"""Where commands for one panel are handed in, and from where their outcome comes back.

What the site does not allow never reaches a session.  A command is given to the session that runs
now or to none: when its line is lost, so is the command, and nobody sends it again.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from edge_agent.domain.command import Command, Outcome
from edge_agent.domain.session import Commanded, Obeyed
from edge_agent.limits import COMMANDS_MAX


class Desk:
    """The commands of one panel; `allow` are the words that the site allows (`Act` by `ALLOWS`)."""

    def __init__(self, allow: frozenset[str] = frozenset()) -> None:
        self._allow = allow
        self._wake: Callable[[], None] | None = None  # None: no session runs
        self._new: deque[Commanded] = deque()
        self._waiting: dict[int, asyncio.Future[Obeyed]] = {}
        self._count = 0

    def ask(self, command: Command) -> asyncio.Future[Obeyed]:
        """Hand a command in; the future is done when its outcome is known."""
        self._count += 1
        future: asyncio.Future[Obeyed] = asyncio.get_running_loop().create_future()
        outcome, why = self._judge(command)
        if outcome is not None or self._wake is None:
            future.set_result(Obeyed(self._count, outcome or Outcome.LOST, why))
            return future
        self._waiting[self._count] = future
        self._new.append(Commanded(self._count, command))
        self._wake()
        return future

    def _judge(self, command: Command) -> tuple[Outcome | None, str]:
        word = command.allowed_by
        if word is not None and word not in self._allow:
            return Outcome.FORBIDDEN, f"the site does not allow {word!r} for this panel"
        if len(self._waiting) >= COMMANDS_MAX:
            return Outcome.REFUSED, f"{COMMANDS_MAX} commands wait for this panel already"
        return None, "the line is down"

    # ---- the conversation's side

    def open(self, wake: Callable[[], None]) -> None:
        """A session runs from now on; `wake` is called when there is a command for it."""
        self._wake = wake

    def close(self, reason: str) -> None:
        """The session is over: what it did not answer is lost."""
        self._wake = None
        self._new.clear()
        for number in list(self._waiting):
            self.settle(Obeyed(number, Outcome.LOST, reason))

    def take(self) -> list[Commanded]:
        """Return the commands handed in since."""
        taken = list(self._new)
        self._new.clear()
        return taken

    def settle(self, obeyed: Obeyed) -> None:
        """Tell whoever asked; an answer to nobody's command is passed over."""
        future = self._waiting.pop(obeyed.id, None)
        if future is not None and not future.done():
            future.set_result(obeyed)
