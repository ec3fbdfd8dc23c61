"""The ACK that a panel waits for, where it says one message at a time and the ACK names none.

Pure.  For sessions of such protocols.  It is sent once everything heard is durable: whatever the
panel takes it for, that is safe, as long as it is not yet another message.  Hence the rules about
time: an ACK that is late is left to the next copy, and a copy that crossed an ACK gets none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.domain.session import Action, Report, Send

COPY_NS = 2_000_000_000  # the same words so soon after the last copy are a copy too


@dataclass(slots=True)
class _Heard:
    words: bytes
    answer: bytes
    heard_ns: int  # the newest copy
    answered_ns: int | None = None


class OwedAck:
    """What is owed to the panel.

    `late_ns` after the newest copy a panel may have given up, and may say something else;
    `crossing_ns` after an ACK what comes did not wait for it.

    acks.open(waiting=None)
    if acks.heard(frame.raw, ACK, now_ns): ...    # a copy
    acks.reported(actions)
    acks.committed(token)
    actions += acks.due(now_ns)
    """

    def __init__(self, late_ns: int, crossing_ns: int) -> None:
        self._late_ns = late_ns
        self._crossing_ns = crossing_ns
        self._pending: set[int] = set()
        self.forget()

    @property
    def is_owed(self) -> bool:
        """Whether an ACK is to come."""
        return self._owes

    def open(self, waiting: int | None) -> None:
        """The line is up; `waiting` is the token of what is not durable yet of an earlier one."""
        self._pending = set() if waiting is None else {waiting}
        self.forget()

    def forget(self) -> None:
        """The panel was away: what it says now is new."""
        self._last: _Heard | None = None
        self._owes = False

    def heard(self, words: bytes, answer: bytes, now_ns: int) -> bool:
        """Note a message that wants `answer`; return whether it is a copy of the last one."""
        last = self._last
        if last is None or last.words != words or self._is_over(last, now_ns):
            self._last, self._owes = _Heard(words, answer, now_ns), True
            return False
        last.heard_ns = now_ns
        answered_ns = last.answered_ns
        self._owes = answered_ns is None or now_ns - answered_ns > self._crossing_ns
        return True

    def reported(self, actions: Iterable[Action]) -> None:
        """Note what is not durable yet."""
        self._pending |= {action.token for action in actions if isinstance(action, Report)}

    def committed(self, token: int) -> None:
        """It is durable."""
        self._pending.discard(token)

    def due(self, now_ns: int) -> list[Action]:
        """Return the ACK where it may be given."""
        if not self._owes or self._pending or self._last is None:
            return []
        self._owes = False
        if now_ns - self._last.heard_ns > self._late_ns:
            return []  # the next copy is answered at once
        self._last.answered_ns = now_ns
        return [Send(self._last.answer)]

    @staticmethod
    def _is_over(last: _Heard, now_ns: int) -> bool:
        return last.answered_ns is not None and now_ns - last.heard_ns > COPY_NS
