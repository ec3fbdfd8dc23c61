"""One request on the line at a time: sent, awaited, repeated, given up; for protocols that answer.

Pure.  A session says what it wants to know (`ask`), what came (`answered`), and sends what `due`
returns; repeats and time limits are decided here.
"""

from collections import deque
from dataclasses import dataclass

from edge_agent.domain.session import Action, Fault, FaultKind, Send

WAITING_MAX = 64  # requests of a session; more is a session that asks faster than panels answer


@dataclass(frozen=True, slots=True)
class Pace:
    """How a panel wants to be asked; times in ns."""

    answer_ns: int  # an answer that has not come by then does not come
    tries: int = 2
    pause_ns: int = 0  # of quiet between an answer and the next request


@dataclass(frozen=True, slots=True)
class _Request:
    name: str
    data: bytes
    tries: int


class Asking:
    """The requests of one session.

    asking = Asking(Pace(answer_ns=2 * NS_PER_S))
    asking.ask("status 14", b"8300360S14...?")
    actions += asking.due(now_ns)            # [Send(...)]
    asking.answered("status 14", now_ns)     # True: it was asked, and the next may go
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.clear()

    def clear(self) -> None:
        """Want nothing: the line was opened, nothing is under way on it."""
        self._wanted: deque[_Request] = deque()
        self._asked: _Request | None = None
        self._until_ns = 0  # of the answer, or of the pause
        self.given_up: list[str] = []  # since the session last looked; it empties the list
        self.unanswered = 0  # requests given up in a row
        self._is_held = False

    @property
    def idle(self) -> bool:
        """Whether nothing is wanted and nothing under way."""
        return self._asked is None and not self._wanted

    def ask(self, name: str, data: bytes, *, tries: int | None = None, first: bool = False) -> bool:
        """Want this; not twice at a time.  A command has one try: what came of it is not known.

        `first`: before all that waits, itself too.  Returns False where it waits already or too
        much waits.
        """
        waiting = next((request for request in self._wanted if request.name == name), None)
        if waiting is not None and first:
            self._wanted.remove(waiting)
            self._wanted.appendleft(waiting)
        if waiting is not None or self._is_full():
            return False
        request = _Request(name, data, tries or self._pace.tries)
        if first:
            self._wanted.appendleft(request)
        else:
            self._wanted.append(request)
        return True

    def hold(self) -> None:
        """Send nothing until `release`: what was answered has to be dealt with first."""
        self._is_held = True

    def release(self) -> None:
        """Send again."""
        self._is_held = False

    def awaits(self, name: str) -> bool:
        """Tell whether this was asked, and its answer is due."""
        return self._asked is not None and self._asked.name == name

    def is_open(self, name: str) -> bool:
        """Tell whether this was asked, or waits for its turn."""
        return self.awaits(name) or any(request.name == name for request in self._wanted)

    def answered(self, name: str, now_ns: int) -> bool:
        """Take an answer; returns whether just this was awaited."""
        if not self.awaits(name):
            return False
        self._asked = None
        self._until_ns = now_ns + self._pace.pause_ns
        self.unanswered = 0
        return True

    def coming(self, name: str, now_ns: int) -> None:
        """The answer to `name` is long, and still comes."""
        if self.awaits(name):
            self._until_ns = now_ns + self._pace.answer_ns

    def due(self, now_ns: int) -> list[Action]:
        """Return what is to be sent now, and what is given up."""
        actions: list[Action] = []
        if self._asked is not None and now_ns >= self._until_ns:
            late, self._asked = self._asked, None
            if late.tries > 1:
                self._wanted.appendleft(_Request(late.name, late.data, late.tries - 1))
            else:
                self.unanswered += 1
                self.given_up.append(late.name)
                actions.append(Fault(FaultKind.NO_ANSWER, late.name))
        is_free = self._asked is None and not self._is_held
        if is_free and self._wanted and now_ns >= self._until_ns:
            self._asked = self._wanted.popleft()
            self._until_ns = now_ns + self._pace.answer_ns
            actions.append(Send(self._asked.data))
        return actions

    def deadline_ns(self) -> int | None:
        """Return when `due` has work."""
        is_waiting = self._asked is None and self._is_held
        return None if self.idle or is_waiting else self._until_ns

    def _is_full(self) -> bool:
        return len(self._wanted) >= WAITING_MAX
