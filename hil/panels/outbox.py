"""What a panel that wants acknowledgement does: one message at a time, said until it is taken.

Pure.  For voices of such protocols, as `hil.panels.voice.Teller` is for those without;
`OutboxVoice` is what those have in common that are asked and ordered as well.  Unanswered, a
message is said again after `repeat_ns`, `tries_max` times; then the panel gives up for `rest_ns`,
keeps what it has to say, and begins anew; answers to questions it does not keep.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edge_agent.domain.kinds import POINTS
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, Entry, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model
from hil.panels.voice import Told, framed

SECOND_NS = 1_000_000_000
NOTED_IDS = 1_000_000  # numbers in the ledger of what is noted beside what the outbox says


@dataclass(frozen=True, slots=True)
class Patience:
    """How a panel repeats; times in ns."""

    repeat_ns: int = 4 * SECOND_NS
    tries_max: int = 3
    rest_ns: int = 30 * SECOND_NS
    kept_max: int = 127


@dataclass(slots=True)
class _Message:
    frame: bytes
    entries: list[Entry] = field(default_factory=list)
    renew: Callable[[int], bytes] | None = None
    is_kept: bool = True
    tries: int = 0
    said: bool = False


class Outbox:
    """The messages of one panel; `end` ends each on the wire, and is not in the ledger.

    outbox = Outbox(Patience(), b"\\r")
    outbox.open(peer, now_ns)
    outbox.put(Told(frame, (signal,)), now_ns)    # [Say(...), Note(said)]
    outbox.taken(now_ns)                          # [Note(acked), Say(the next) ...]
    """

    def __init__(self, patience: Patience, end: bytes = b"") -> None:
        self._patience = patience
        self._end = end
        self._queue: deque[_Message] = deque()
        self._peer: int | None = None
        self._due_ns = 0
        self._waiting = False  # for the answer to the first of the queue
        self._ids = 0

    @property
    def first(self) -> bytes:
        """The message that waits for its answer, without its end; b"" for none."""
        return self._queue[0].frame if self._queue and self._waiting else b""

    def open(self, peer: int, now_ns: int) -> list[Output]:
        """A host is there."""
        self._peer, self._waiting = peer, False
        return self._next(now_ns)

    def close(self) -> None:
        """It is gone: what was not taken is kept."""
        self._peer, self._waiting = None, False
        if self._queue:
            self._queue[0].tries = 0

    def put(
        self,
        told: Told,
        now_ns: int,
        renew: Callable[[int], bytes] | None = None,
        *,
        is_kept: bool = True,
    ) -> list[Output]:
        """Want this said; a full buffer drops it.

        `renew` makes the frame anew each time it is said again, where it carries the time.  What is
        not kept, as the answer to a question, is given up for good.
        """
        entries = [
            self._entry(signal, told.frame, Said.STATED if signal.kind in POINTS else Said.SAID)
            for signal in told.signals
        ]
        entries += [self._entry(signal, told.frame, Said.STATED) for signal in told.stated]
        if len(self._queue) >= self._patience.kept_max:
            return [Note(replace(entry, state=Said.DROPPED)) for entry in entries]
        self._queue.append(_Message(told.frame, entries, renew, is_kept))
        return self._next(now_ns)

    def untold(self, happening: Happening) -> list[Output]:
        """Note that the protocol has no words for this."""
        self._ids += 1
        return [Note(Entry(self._ids, Said.UNTOLD, line=happening.word))]

    def obeyed(self, what: str) -> list[Output]:
        """Note that the panel did what it was told over the line."""
        self._ids += 1
        return [Note(Entry(self._ids, Said.OBEYED, line=what))]

    def taken(self, now_ns: int) -> list[Output]:
        """The host acknowledged the message that waits; nothing waits for nothing."""
        if not self._waiting:
            return []
        self._waiting = False
        told = self._queue.popleft().entries
        acked = [Note(replace(e, state=Said.ACKED)) for e in told if e.state is Said.SAID]
        return [*acked, *self._next(now_ns)]

    def refused(self, now_ns: int) -> list[Output]:
        """The host wants it again."""
        return self._again(now_ns) if self._waiting else []

    def deadline_ns(self) -> int | None:
        """Return when to repeat, or to begin anew."""
        return self._due_ns if self._peer is not None and self._queue else None

    def wake(self, now_ns: int) -> list[Output]:
        """Repeat, give up, or begin anew."""
        if self._peer is None or not self._queue or now_ns < self._due_ns:
            return []
        return self._again(now_ns) if self._waiting else self._say(now_ns)

    def _again(self, now_ns: int) -> list[Output]:
        message = self._queue[0]
        if message.tries < self._patience.tries_max:
            return self._say(now_ns)
        message.tries, self._waiting = 0, False
        if not message.is_kept:
            self._queue.popleft()
            return self._next(now_ns)
        self._due_ns = now_ns + self._patience.rest_ns
        said = [entry for entry in message.entries if entry.state is Said.SAID]
        return [Note(replace(entry, state=Said.GAVE_UP)) for entry in said]

    def _next(self, now_ns: int) -> list[Output]:
        return self._say(now_ns) if self._queue and not self._waiting else []

    def _say(self, now_ns: int) -> list[Output]:
        if self._peer is None:
            return []
        message = self._queue[0]
        if message.renew is not None and message.said:
            message.frame = message.renew(now_ns)
        message.tries += 1
        self._waiting, self._due_ns = True, now_ns + self._patience.repeat_ns
        outputs: list[Output] = [Say(message.frame + self._end, self._peer)]
        if not message.said:
            message.said = True
            outputs += [Note(entry) for entry in message.entries]
        return outputs

    def _entry(self, signal: Signal, frame: bytes, state: Said) -> Entry:
        self._ids += 1
        return Entry(self._ids, state, framed(signal, frame), frame)


class OutboxVoice(ABC):
    """The voice of a panel with one host: that acknowledges, asks and orders."""

    def __init__(self, model: Model, patience: Patience) -> None:
        self.model = model
        self.outbox = Outbox(patience)
        self.peer: int | None = None
        self.held = b""  # what was heard of a message that is not whole
        self._ids = NOTED_IDS

    @abstractmethod
    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """See Voice."""

    # ---- for the panel

    def noted(self, state: Said, what: str) -> list[Output]:
        """Note what is not said: `obeyed`, `untold`."""
        return [Note(Entry(self.next_id(), state, line=what))]

    def untold(self, word: str) -> list[Output]:
        """Note that the protocol has no words for this."""
        return self.noted(Said.UNTOLD, word)

    def next_id(self) -> int:
        """Return a number for the ledger."""
        self._ids += 1
        return self._ids

    def do(self, line: str, secret: str, now_ns: int) -> list[Output]:
        """Let the panel do a control line; `secret` is the end of it that is not in the ledger."""
        outputs = self.noted(Said.OBEYED, line)
        for happened in self.model.obey(Command.parse(line + secret), now_ns):
            outputs += self.tell(happened, now_ns)
        return outputs

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Say what waited."""
        self.peer, self.held = peer, b""
        return self.outbox.open(peer, now_ns)

    def unplugged(self, peer: int) -> None:
        """Keep what was not taken."""
        del peer
        self.peer = None
        self.outbox.close()

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """Nothing follows from arrival alone: the acknowledgement counts."""
        del covers, frame
        return []

    def deadline_ns(self) -> int | None:
        """Return when to repeat."""
        return self.outbox.deadline_ns()

    def wake(self, now_ns: int) -> list[Output]:
        """Repeat."""
        return self.outbox.wake(now_ns)
