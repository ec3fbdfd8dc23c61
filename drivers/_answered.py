"""A polled panel that waits for an ACK of what it says by itself; the ACK names no message.

Pure.  The ACK is an `OwedAck`.  What is a copy is decided here, by the time since the last one
alone: such a panel has no heartbeat and begins no conversation.  A NAK is said into a quiet line
only, for a copy that is under way would get two answers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.owed_ack import Message, OwedAck, Undurable, has_crossed
from edge_agent.domain.polled import Habits, PolledPanel, PolledSession
from edge_agent.domain.session import (
    Action,
    Committed,
    Fault,
    FaultKind,
    Frame,
    Input,
    Opened,
    Received,
    Send,
    Setup,
)
from edge_agent.domain.signal import Signal

_DAMAGE = frozenset({FaultKind.CHECKSUM, FaultKind.LENGTH, FaultKind.SHAPE})
QUIET_NS = 300_000_000  # without a byte, before a NAK


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How a panel waits; times in ns.

    Answered or not, the same words `soonest_ns` to `latest_ns` after the last copy are another one:
    what the panel repeats.  `crossing_ns` after an ACK what comes did not wait for it.  `late_ns`
    after the newest copy the panel may have given up, and may say something else.  What a session
    before this one heard is said again within `earlier_ns`, if at all.
    """

    soonest_ns: int
    latest_ns: int
    crossing_ns: int
    late_ns: int
    earlier_ns: int = 0


class Acks:
    """The ACKs of one conversation, and which messages are copies.

    if acks.heard(frame.raw, ACK, now_ns): ...    # a copy
    acks.damaged(NAK, now_ns)
    actions += acks.due(now_ns)
    """

    def __init__(self, waiting: Waiting, undurable: Undurable, *, listen_only: bool) -> None:
        self._waiting = waiting
        self._listen_only = listen_only
        self._owed = OwedAck(undurable, waiting.late_ns + 1)  # at that moment it is in time
        self.forget()

    def deadline_ns(self) -> int | None:
        """Return when a NAK is due."""
        return None if self._nak is None else self._nak[1]

    def forget(self) -> None:
        """The panel was away: what it says now is new."""
        self._last: Message | None = None
        self._is_earlier = False  # the last was heard by an earlier session
        self._owed.withdraw()
        self._nak: tuple[bytes, int] | None = None

    def received(self, now_ns: int) -> None:
        """Note that bytes came: the line is not quiet."""
        if self._nak is not None:
            self._nak = self._nak[0], now_ns + QUIET_NS

    def damaged(self, nak: bytes, now_ns: int) -> None:
        """Note a damaged message: it is wanted again, unless another one comes."""
        if not self._listen_only:
            self._nak = nak, now_ns + QUIET_NS

    def earlier(self, words: bytes, heard_ns: int) -> None:
        """Note what an earlier session heard last: whether it had its ACK is not known."""
        self._last, self._is_earlier = Message(words, heard_ns), True

    def heard(self, words: bytes, answer: bytes, now_ns: int) -> bool:
        """Note a message that wants `answer`; return whether it is a copy of the last one."""
        last, self._nak = self._last, None
        if last is None or last.words != words or not self._is_copy(last, now_ns):
            self._last, self._is_earlier = Message(words, now_ns), False
            self._owe(answer, self._last)
            return False
        last.heard_ns, self._is_earlier = now_ns, False
        if self._has_crossed(last, now_ns):
            self._owed.withdraw()
        else:
            self._owe(answer, last)
        return True

    def due(self, now_ns: int) -> list[Action]:
        """Return the ACK where it may be given, the NAK where it is time."""
        if self._nak is not None and now_ns >= self._nak[1]:
            nak, self._nak = self._nak[0], None
            return [] if self._owed.answer else [Send(nak)]
        answer = self._owed.due(now_ns)
        return [Send(answer)] if answer else []

    def _is_copy(self, last: Message, now_ns: int) -> bool:
        times, age_ns = self._waiting, now_ns - last.heard_ns
        if self._is_earlier:
            return age_ns <= times.earlier_ns
        if last.answered_ns is None or self._has_crossed(last, now_ns):
            return True
        return times.soonest_ns <= age_ns <= times.latest_ns

    def _has_crossed(self, last: Message, now_ns: int) -> bool:
        return has_crossed(last.answered_ns, now_ns, self._waiting.crossing_ns)

    def _owe(self, answer: bytes, message: Message) -> None:
        if self._listen_only:  # it is answered by another host, as far as we know
            message.answered_ns = message.heard_ns
        else:
            self._owed.owe(answer, message.heard_ns, message)


class AnsweredPanel(PolledPanel, Protocol):
    """What is special of such a protocol; `misfits` are messages of a right sum and of no shape."""

    misfits: list[Frame]

    def is_copy(self, frame: Frame, now_ns: int) -> bool:
        """Note what wants an ACK (`Acks.heard`); tell whether it is the last message again."""

    def nak(self) -> bytes:
        """Return what asks for a message again."""


class AnsweredSession:
    """The conversation of a polled panel, and the ACK of what it says."""

    def __init__(
        self,
        setup: Setup,
        habits: Habits,
        waiting: Waiting,
        panel: Callable[[Setup, PolledSession, Acks], AnsweredPanel],
    ) -> None:
        self._undurable = Undurable()
        self._listen_only = setup.options.get("listen_only") is True
        self._acks = Acks(waiting, self._undurable, listen_only=self._listen_only)

        def made(setup: Setup, talk: PolledSession) -> AnsweredPanel:
            self._panel = panel(setup, talk, self._acks)
            return self._panel

        self._talk = PolledSession(setup, habits, made)

    def deadline_ns(self) -> int | None:
        """Return when to ask, to repeat, to refuse, or to give up."""
        due = (self._talk.deadline_ns(), self._acks.deadline_ns())
        return min((at_ns for at_ns in due if at_ns is not None), default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                self._undurable.open(happened)
            case Committed(token):
                self._undurable.committed(token)
            case Received():
                self._acks.received(now_ns)
        actions = self._talk.handle(happened, now_ns)
        is_damaged = any(isinstance(a, Fault) and a.kind in _DAMAGE for a in actions)
        if is_damaged:
            self._acks.damaged(self._panel.nak(), now_ns)
        actions += self._on_misfits(now_ns)
        self._undurable.note(actions)
        return actions + self._acks.due(now_ns)

    def _on_misfits(self, now_ns: int) -> list[Action]:
        """Keep what the panel said although it has no shape: it would say it again for ever."""
        misfits, self._panel.misfits = self._panel.misfits, []
        return [
            action
            for frame in misfits
            if not self._panel.is_copy(frame, now_ns)
            for action in self._talk.report(
                (Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=frame.raw),)
            )
        ]
