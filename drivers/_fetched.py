"""A polled panel that keeps its events until they are fetched: *give me the oldest*, *I have it*.

Pure.  Such a panel never speaks unless it is asked, mostly on a line of one direction at a time:
its ACK is a request like any other, and has its turn.  While an event waits to be durable nothing
else is asked.  A state may be ahead of the events that wait, so it counts when the request for an
event behind it has shown that none does.

    session=lambda setup: FetchedSession(setup, HABITS, MyPanel)
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.owed_ack import Undurable
from edge_agent.domain.plain import EVENT, VERDICT, PlainPanel
from edge_agent.domain.polled import Habits, PolledSession
from edge_agent.domain.session import (
    Action,
    Committed,
    Fault,
    FaultKind,
    Frame,
    Input,
    Opened,
    Setup,
)
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

EMPTY, CONFIRMED = "empty", "confirmed"


class FetchedSession(PolledSession):
    """The conversation of a polled panel whose events are fetched."""

    def __init__(
        self,
        setup: Setup,
        habits: Habits,
        panel: Callable[[Setup, "FetchedSession"], "FetchedPanel"],
    ) -> None:
        self._undurable = Undurable()
        self._owed = ""
        super().__init__(setup, habits, lambda setup, _: panel(setup, self))

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                self._owed = ""
                self._undurable.open(happened)
            case Committed(token):
                self._undurable.committed(token)
        actions = super().handle(happened, now_ns)
        self._undurable.note(actions)
        if not self._owed or self._undurable.tokens:
            return actions
        name, self._owed = self._owed, ""
        self._asking.release()
        self.want(name, first=True)
        return actions + self._ask(now_ns)

    def owe(self, name: str) -> None:
        """Ask for `name` as the next thing when all that was said is durable, for nothing before:
        what the panel keeps no longer then, the journal has."""
        if not self.listen_only and not self._asking.awaits(name):
            self._owed = name
            self._asking.hold()


class FetchedPanel(PlainPanel):
    """A panel of fetched events and answers; frames are named as of a PlainPanel.

    `fetch` is the request for the oldest event; `event` and `empty` answer it.  `confirmed` answers
    the request that lets go of one, which `confirmation` names.  `rounds` has `fetch` in it.  An
    event that the decoder makes nothing of is recorded as unknown, for the panel would say it for
    ever.  The time that a live event has is held against our clock.  Its `numbers` are not looked
    at: what was not fetched the panel still has.

    `latched` are codes that a state shows until the request of that name lets go of them, such as
    *was restarted*: they count while events wait, too.
    """

    fetch: str
    latched: Mapping[str, str] = {}
    talk: FetchedSession

    def __init__(self, setup: Setup, talk: FetchedSession) -> None:
        super().__init__(setup, talk)
        self._last = b""  # an event that the panel may not have let go of
        self._confirming = self._letting_go = ""
        self._asks = False  # an answer to us was heard, since the line is up

    @abstractmethod
    def confirmation(self, event: Frame) -> str:
        """Return the name of the request that lets go of an event."""

    def identity(self, event: Frame) -> bytes:
        """Return what stays the same when the panel says an event again, and no other one has."""
        return event.raw

    def opened(self, opened: Opened, now_ns: int) -> None:
        """See PolledPanel: the event that was recorded last may not be confirmed."""
        del now_ns
        self._last, self._asks = b"", False
        for one in (*opened.recent, opened.waiting):
            for frame in self.decoder().feed(one.frame) if one else ():
                self._last = self.identity(frame) if frame.type == EVENT else self._last

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        del standing
        self._is_backlog = True  # until none waits
        self._waits = False  # an event was heard, and not yet that none waits
        self._states: dict[str, Frame] = {}  # states that no request for an event has followed yet

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """Record events once, and states where no event waits."""
        talk, name = self.talk, frame.type or ""
        if name == EVENT:
            talk.answered(self.fetch, now_ns)
            return self._on_event(frame, now_ns)
        if name == EMPTY:
            is_late = not talk.answered(self.fetch, now_ns) and self._asks
            return [] if is_late else self._on_empty()
        if name == CONFIRMED:
            if talk.answered(self._letting_go, now_ns):
                if self._letting_go == self._confirming:
                    self._last = b""  # it is gone: the same words again are a new event
                talk.want(self.fetch, first=True)
            return []
        if name in self.verdicts:
            return talk.judged(VERDICT, frame, now_ns)
        judged = talk.judged(name, frame, now_ns)
        is_asked = talk.answered(name, now_ns)
        self._asks |= is_asked
        if name not in self.rounds:
            return judged
        if is_asked:
            self._states[name] = frame
            talk.want(self.fetch)
        elif not (self._waits or self._asks):  # the answer to another host, and not a late one
            judged = [*self.state(frame), *judged]
        return [*judged, *self._on_latched(frame)]

    def _on_latched(self, state: Frame) -> list[Action]:
        held = [one for one in state.signals if one.code in self.latched]
        news = self.talk.proven.map(f"{state.type}, latched", held, state.raw)
        for one in held:
            self.let_go(self.latched[one.code or ""])
        return self.talk.report(news)

    def given_up(self, name: str) -> list[Action]:
        """See PolledPanel: an event that was not confirmed comes again."""
        if name == self._letting_go:
            self.talk.want(self.fetch, first=True)
        return []

    def let_go(self, name: str) -> None:
        """Ask for `name`, which lets go of what was said, when that is durable."""
        self._letting_go = name
        self.talk.owe(name)

    def _on_event(self, frame: Frame, now_ns: int) -> list[Action]:
        self._waits = True
        self._states.clear()
        words = self.identity(frame)
        is_copy, self._last = words == self._last, words
        self._confirming = self.confirmation(frame)
        self.let_go(self._confirming)
        if is_copy:
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        told = frame.signals or (_unread(frame),)
        if self._is_backlog:
            return self.event(frame, (replace(one, origin=Origin.BACKFILL) for one in told))
        return [*self.event(frame, told), *self.compared(frame, now_ns)]

    def _on_empty(self) -> list[Action]:
        states, self._states = self._states, {}
        if self._waits:
            for name in self.rounds:
                self.talk.want(name)  # what was shown before the events is too old
        self._waits = self._is_backlog = False
        return [action for frame in states.values() for action in self.state(frame)]


def _unread(event: Frame) -> Signal:
    return Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=event.raw[:FRAME_BYTES_MAX])
