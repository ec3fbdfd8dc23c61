"""A polled panel that waits for an ACK of what it says by itself; the ACK names no message.

Pure.  Such a panel says one message at a time, again and again until it has its ACK.  That is sent
once everything heard is durable: whatever the panel takes it for, that is safe, as long as it is
not yet another message.  Hence the rules about time: an ACK that is late is left to the next copy,
a copy that crossed an ACK gets none, and a NAK is said into a quiet line only, for a copy that is
under way would get two answers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.polled import Habits, PolledPanel, PolledSession
from edge_agent.domain.session import (
    WAITING,
    Action,
    Committed,
    Fault,
    FaultKind,
    Frame,
    Input,
    Opened,
    Received,
    Report,
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


@dataclass(slots=True)
class _Heard:
    words: bytes
    heard_ns: int  # the newest copy
    answer: bytes = b""
    answered_ns: int | None = None
    is_earlier: bool = False  # of an earlier session: whether it had its ACK is not known


class OwedAck:
    """What is owed to the panel.

    acks.open(waiting=None)
    if acks.heard(frame.raw, ACK, now_ns): ...    # a copy
    acks.reported(actions)
    acks.committed(token)
    acks.damaged(NAK, now_ns)
    actions += acks.due(now_ns)
    """

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._pending: set[int] = set()
        self.forget()

    def deadline_ns(self) -> int | None:
        """Return when a NAK is due."""
        return None if self._nak is None else self._nak[1]

    def open(self, waiting: int | None) -> None:
        """The line is up; `waiting` is the token of what is not durable yet of an earlier one."""
        self._pending = set() if waiting is None else {waiting}
        self.forget()

    def forget(self) -> None:
        """The panel was away: what it says now is new."""
        self._last: _Heard | None = None
        self._owes = False
        self._nak: tuple[bytes, int] | None = None

    def received(self, now_ns: int) -> None:
        """Note that bytes came: the line is not quiet."""
        if self._nak is not None:
            self._nak = self._nak[0], now_ns + QUIET_NS

    def damaged(self, nak: bytes, now_ns: int) -> None:
        """Note a damaged message: it is wanted again, unless another one comes."""
        self._nak = nak, now_ns + QUIET_NS

    def earlier(self, words: bytes, heard_ns: int) -> None:
        """Note what an earlier session heard last: its copy may still come."""
        self._last = _Heard(words, heard_ns, is_earlier=True)

    def heard(self, words: bytes, answer: bytes, now_ns: int) -> bool:
        """Note a message that wants `answer`; return whether it is a copy of the last one."""
        last, self._nak = self._last, None
        if last is None or last.words != words or not self._is_copy(last, now_ns):
            self._last, self._owes = _Heard(words, now_ns, answer), True
            return False
        last.heard_ns, last.answer, last.is_earlier = now_ns, answer, False
        answered_ns = last.answered_ns
        self._owes = answered_ns is None or now_ns - answered_ns > self._waiting.crossing_ns
        return True

    def reported(self, actions: Iterable[Action]) -> None:
        """Note what is not durable yet."""
        self._pending |= {action.token for action in actions if isinstance(action, Report)}

    def committed(self, token: int) -> None:
        """It is durable."""
        self._pending.discard(token)

    def due(self, now_ns: int) -> list[Action]:
        """Return the ACK where it may be given, the NAK where it is time."""
        nak = self._nak
        if nak is not None and now_ns >= nak[1]:
            self._nak = None
            return [] if self._owes else [Send(nak[0])]
        if not self._owes or self._pending or self._last is None:
            return []
        self._owes = False
        if now_ns - self._last.heard_ns > self._waiting.late_ns:
            return []  # the next copy is answered at once
        self._last.answered_ns = now_ns
        return [Send(self._last.answer)]

    def _is_copy(self, last: _Heard, now_ns: int) -> bool:
        times, age_ns = self._waiting, now_ns - last.heard_ns
        if last.is_earlier:
            return age_ns <= times.earlier_ns
        if last.answered_ns is None or now_ns - last.answered_ns <= times.crossing_ns:
            return True
        return times.soonest_ns <= age_ns <= times.latest_ns


class AnsweredPanel(PolledPanel, Protocol):
    """What is special of such a protocol; `misfits` are messages of a right sum and of no shape."""

    misfits: list[Frame]

    def is_copy(self, frame: Frame, now_ns: int) -> bool:
        """Note what wants an ACK (`OwedAck.heard`); tell whether it is the last message again."""

    def nak(self) -> bytes:
        """Return what asks for a message again."""


class AnsweredSession:
    """The conversation of a polled panel, and the ACK of what it says."""

    def __init__(
        self,
        setup: Setup,
        habits: Habits,
        waiting: Waiting,
        panel: Callable[[Setup, PolledSession, OwedAck], AnsweredPanel],
    ) -> None:
        self._acks = OwedAck(waiting)

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
                self._acks.open(WAITING if happened.waiting is not None else None)
            case Committed(token):
                self._acks.committed(token)
            case Received():
                self._acks.received(now_ns)
        actions = self._talk.handle(happened, now_ns)
        is_damaged = any(isinstance(a, Fault) and a.kind in _DAMAGE for a in actions)
        if is_damaged and not self._talk.listen_only:
            self._acks.damaged(self._panel.nak(), now_ns)
        actions += self._on_misfits(now_ns)
        self._acks.reported(actions)
        return actions if self._talk.listen_only else actions + self._acks.due(now_ns)

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
