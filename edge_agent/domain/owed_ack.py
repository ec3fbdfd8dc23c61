"""The ACK that a panel waits for: given once, in time, when everything heard is durable.

Pure.  For panels that say one message at a time, again and again until they have an ACK, which
names no message: whatever the panel takes it for has to be durable.  So it waits for all that was
reported; where it would be so late that it could meet another message it is left to the next copy;
and a copy that was under way when an ACK was sent has had it.  What is a copy and what is news no
two protocols tell alike: that is decided by who uses this (docs/decisions/0029).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.domain.session import WAITING, Action, Opened, Report
from edge_agent.domain.signal import Signal

BYTE_NS = 1_146_000  # at 9600 baud, the slowest usual line: what comes whole began so much sooner
# An ACK and the first byte of an answer to it take 2 ms at 9600 baud: what begins sooner than this
# after our ACK is most likely a copy that did not wait for it.
CROSSING_NS = 5_000_000


class Undurable:
    """What was reported and is not durable yet, by the numbers of the reports.

    actions.append(undurable.report(signals))    # its number is `newest`
    undurable.committed(token)
    """

    def __init__(self) -> None:
        self.tokens: set[int] = set()
        self.newest = 0

    def open(self, opened: Opened) -> None:
        """The line is up: of what came before only what waits is not durable, as far as we know."""
        self.tokens = set() if opened.waiting is None else {WAITING}

    def report(self, signals: tuple[Signal, ...]) -> Report:
        """Number a report; the numbers go on when the line is opened again."""
        self.newest += 1
        self.tokens.add(self.newest)
        return Report(self.newest, signals)

    def note(self, actions: Iterable[Action]) -> None:
        """Note reports that were numbered elsewhere."""
        self.tokens |= {action.token for action in actions if isinstance(action, Report)}

    def committed(self, token: int) -> None:
        """A report is durable."""
        self.tokens.discard(token)


@dataclass(slots=True, eq=False, repr=False)
class Message:
    """What a panel said and repeats until it has its ACK."""

    words: bytes
    heard_ns: int  # its newest copy
    token: int | None = None  # of its report; None: it was reported in an earlier run, or by others
    answered_ns: int | None = None  # when it had its ACK


class OwedAck:
    """What is owed to one caller: the ACK of the newest that it said.

    ack.owe(b"ok", now_ns, message)
    if answer := ack.due(now_ns):
        actions.append(Send(answer))

    `answer` is b"" where nothing is owed, `message` None where it is for nothing remembered.
    """

    def __init__(self, undurable: Undurable, late_ns: int) -> None:
        self._undurable = undurable
        self._late_ns = late_ns
        self._heard_ns = 0
        self.answer = b""
        self.message: Message | None = None
        self.answered_ns: int | None = None  # when the newest had its ACK

    def owe(self, answer: bytes, heard_ns: int, message: Message | None = None) -> None:
        """Owe this answer, and no other, to what was heard now."""
        self.answer, self._heard_ns, self.message = answer, heard_ns, message
        self.answered_ns = None

    def withdraw(self) -> None:
        """Owe nothing: the panel will say it again."""
        self.answer, self.message = b"", None

    def due(self, now_ns: int) -> bytes:
        """Return the ACK if it may be given now, and take it for given; b"" otherwise."""
        if not self.answer or self._undurable.tokens:
            return b""
        answer, message = self.answer, self.message
        self.withdraw()
        if now_ns - self._heard_ns >= self._late_ns:
            return b""  # the next copy is answered at once
        self.answered_ns = now_ns
        if message is not None:
            message.answered_ns = now_ns
        return answer


def has_crossed(answered_ns: int | None, said_ns: int, crossing_ns: int = CROSSING_NS) -> bool:
    """Tell whether what was begun at `said_ns` did not wait for the ACK given at `answered_ns`."""
    return answered_ns is not None and said_ns <= answered_ns + crossing_ns
