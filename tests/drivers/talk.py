"""A session that a test talks to; time passes as the test says."""

from datetime import datetime
from typing import Any

from edge_agent.domain.command import Act, Command
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Committed,
    Input,
    Opened,
    Received,
    Recent,
    Report,
    Send,
    Session,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S
from edge_agent.domain.stamp import Trust


class Talk:
    """Each method returns all that the session did, also of what the panel answered.

    A driver's test brings the panel: `hears`.  What is reported is durable at once, unless
    `is_slow`.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.now_ns = 0
        self.is_slow = False

    def hears(self, data: bytes) -> list[Action]:
        """Let the panel hear what is sent to it: this one says nothing."""
        del data
        return []

    def give(self, happened: Input) -> list[Action]:
        """Give the session an input."""
        actions = self.session.handle(happened, self.now_ns)
        done = list(actions)
        for action in actions:
            match action:
                case Report(token) if not self.is_slow:
                    done += self.give(Committed(token))
                case Send(data):
                    done += self.hears(data)
        return done

    def open(self, *recent: Recent, **more: Any) -> list[Action]:
        return self.give(Opened(recent, **more))

    def raw(self, data: bytes) -> list[Action]:
        return self.give(Received(data))

    def clock(self, at: datetime) -> list[Action]:
        """Let our clock be synced, and show this."""
        return self.give(ClockRead(int(at.timestamp()) * NS_PER_S - self.now_ns, Trust.SYNCED))

    def order(self, act: Act, **what: Any) -> list[Action]:
        """Order it, and wait for what comes of it."""
        return [*self.give(Commanded(7, Command(act=act, **what))), *self.wait(10)]

    def wait(self, seconds: float) -> list[Action]:
        """Wake the session at its deadlines."""
        end_ns, done = self.now_ns + int(seconds * NS_PER_S), list[Action]()
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.give(Ticked())
        self.now_ns = max(self.now_ns, end_ns)
        return done
