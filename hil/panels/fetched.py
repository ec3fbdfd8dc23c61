"""What a panel does that never speaks unless it is asked, and keeps each event until it is fetched.

Pure.  Beside `hil.panels.outbox`, for panels that repeat by themselves, and `LineVoice`, for those
that want no acknowledgement.  The host asks for the oldest event, again and again, and lets go of
it by its number; whatever else it asks is answered at once.
"""

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, replace

from edge_agent.domain.kinds import POINTS
from edge_agent.domain.signal import Signal
from hil.panels.machine import Command, CommandError, Entry, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model
from hil.panels.voice import LINE_BYTES_MAX, Told, raw_bytes

KEPT_MAX = 127  # events; such panels forget the newest where nobody fetches them


@dataclass(slots=True)
class _Kept:
    number: int
    frame: bytes
    entries: list[Entry]
    is_said: bool = False


class FetchedVoice(ABC):
    """The voice of such a panel: it brings `event`, and `take` with `fetch` and `confirm` in it.

        def event(self, happened, number, now_ns):
            return Told(framed(f"EV,{number:02d},..."), (meaning(word, happened),))

        def take(self, request, now_ns):
            match request:
                case b"EV?": return self.fetch(framed("EM"))
                case b"OK,07": return self.confirm(7, framed("CF,07"))

    A request is a line; of a panel with other frames `cut` says where they end.  `end` ends what
    the panel says and is not in the ledger.  Its events have the `numbers` in turn.
    """

    def __init__(
        self,
        model: Model,
        end: bytes = b"",
        numbers: range = range(1, 100),
        kept_max: int = KEPT_MAX,
    ) -> None:
        self.model = model
        self._end = end
        self._numbers = numbers
        self._kept_max = kept_max
        self._events = 0  # how many were numbered
        self._kept: deque[_Kept] = deque()
        self._ids = 0
        self._peer: int | None = None
        self._held = b""

    # ---- what a panel brings

    @abstractmethod
    def event(self, happened: Happened, number: int, now_ns: int) -> Told | None:
        """Return the frame of an event with its number; None where there is no word for it."""

    @abstractmethod
    def take(self, request: bytes, now_ns: int) -> list[Output]:
        """Answer a request of the host, without what ends it."""

    def cut(self, held: bytes) -> tuple[list[bytes], bytes]:
        """Return the requests in what was heard, and what is left of one that is not whole."""
        *lines, rest = held.replace(b"\n", b"\r").split(b"\r")
        return [line for line in lines if line], rest[-LINE_BYTES_MAX:]

    # ---- for the panel

    def fetch(self, empty: bytes) -> list[Output]:
        """Say the oldest event, or `empty`."""
        if not self._kept:
            return self.say(empty)
        first = self._kept[0]
        notes = [] if first.is_said else [Note(entry) for entry in first.entries]
        first.is_said = True
        return [*self._put(first.frame), *notes]

    def confirm(self, number: int, done: bytes = b"") -> list[Output]:
        """Let go of the oldest event if this is its number, and say `done`; else do nothing.

        The host may have heard no answer to its first try: of what is gone already `done` is said
        too.
        """
        if self._kept and self._kept[0].is_said and self._kept[0].number == number:
            told = self._kept.popleft().entries
            acked = [replace(one, state=Said.ACKED) for one in told if one.state is Said.SAID]
            return [*map(Note, acked), *self.say(done)]
        is_kept = any(kept.number == number for kept in self._kept)
        return [] if is_kept else self.say(done)

    def say(self, frame: bytes, stated: tuple[Signal, ...] = ()) -> list[Output]:
        """Say an answer; `stated` is what it shows of points and standing events."""
        shown = [Note(self._entry(Said.STATED, signal, frame)) for signal in stated]
        return [*self._put(frame), *shown]

    def do(self, line: str, now_ns: int) -> list[Output]:
        """Let the panel do a control line that its host wants; nothing where it makes no sense."""
        try:
            happened = self.model.obey(Command.parse(line), now_ns)
        except CommandError:
            return []
        obeyed = self._noted(Said.OBEYED, line.split(" user=", maxsplit=1)[0])
        return [obeyed, *(output for one in happened for output in self.tell(one, now_ns))]

    # ---- Voice

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Keep it until it is fetched; a full memory drops it."""
        number = self._numbers[self._events % len(self._numbers)]
        told = self.event(happened, number, now_ns)
        if told is None:
            word = happened.word if isinstance(happened, Happening) else ""
            return [self._noted(Said.UNTOLD, word)] if word else []  # a point that moved is asked
        news = [(Said.STATED if s.kind in POINTS else Said.SAID, s) for s in told.signals]
        news += [(Said.STATED, signal) for signal in told.stated]
        entries = [self._entry(state, signal, told.frame) for state, signal in news]
        if len(self._kept) >= self._kept_max:
            return [Note(replace(entry, state=Said.DROPPED)) for entry in entries]
        self._events += 1
        self._kept.append(_Kept(number, told.frame, entries))
        return []

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Say nothing: it is not asked."""
        del now_ns
        self._peer, self._held = peer, b""
        return []

    def unplugged(self, peer: int) -> None:
        """Keep what was not confirmed."""
        if peer == self._peer:
            self._peer = None

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Answer whole requests."""
        if peer != self._peer:
            return []
        requests, self._held = self.cut(self._held + data)
        return [output for one in requests for output in self.take(one, now_ns)]

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Take the control line `raw HEX`."""
        del now_ns
        return [Say(raw_bytes(command), self._peer or 0)] if command.name == "raw" else None

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """Nothing follows from arrival alone: the confirmation counts."""
        del covers, frame
        return []

    def deadline_ns(self) -> int | None:
        """It says nothing by the clock."""
        return None

    def wake(self, now_ns: int) -> list[Output]:
        """See Voice."""
        del now_ns
        return []

    def _put(self, frame: bytes) -> list[Output]:
        return [Say(frame + self._end, self._peer)] if frame and self._peer is not None else []

    def _entry(self, state: Said, signal: Signal, frame: bytes) -> Entry:
        self._ids += 1
        return Entry(self._ids, state, replace(signal, frame=frame), frame)

    def _noted(self, state: Said, line: str) -> Note:
        self._ids += 1
        return Note(Entry(self._ids, state, line=line))
