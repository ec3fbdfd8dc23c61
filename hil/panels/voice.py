"""How a protocol face joins the panel model: what it must provide, and what it is given.

A face is a `Voice`: it says on its line what the model lets happen, and answers what it hears.
`ModelPanel` is the machine made of both; `Teller` keeps the ledger of a protocol without
acknowledgement, `hil.panels.outbox` that of one with.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Delivered,
    Entry,
    Heard,
    Input,
    Muted,
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)
from hil.panels.model import Happened, Happening, Model
from hil.panels.vocabulary import Word

LINE_BYTES_MAX = 512  # of a host's line: what is longer has lost its end


class Voice(Protocol):
    """One protocol's mouth and ear; `now_ns` never goes back."""

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """A host is there (again)."""

    def unplugged(self, peer: int) -> None:
        """It is gone."""

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take bytes of a host, in any split; hostile ones too."""

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say what happened; nothing where the protocol has no words for it (`Teller.untold`)."""

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Take a control line of this face alone; None where it is the model's."""

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """What was said with `covers` left the panel unharmed."""

    def deadline_ns(self) -> int | None:
        """Return when `wake` is wanted."""

    def wake(self, now_ns: int) -> list[Output]:
        """The deadline has passed."""


class ModelPanel:
    """An emulated panel: the model and one voice."""

    def __init__(self, model: Model, voice: Voice) -> None:
        self.model = model
        self.voice = voice

    def deadline_ns(self) -> int | None:
        """Return when the model or the voice has something to do."""
        model_ns, voice_ns = self.model.deadline_ns(), self.voice.deadline_ns()
        if model_ns is None or voice_ns is None:
            return voice_ns if model_ns is None else model_ns
        return min(model_ns, voice_ns)

    def handle(self, happened: Input, now_ns: int) -> list[Output]:
        """Take one input; see `Machine`."""
        match happened:
            case Plugged(peer):
                return self.voice.plugged(peer, now_ns)
            case Unplugged(peer):
                self.voice.unplugged(peer)
            case Heard(data, peer):
                return self.voice.hear(data, peer, now_ns)
            case Commanded(command):
                own = self.voice.obey(command, now_ns)
                return own if own is not None else self._happen(command, now_ns)
            case Delivered(covers, frame):
                return self.voice.delivered(covers, frame)
            case Ticked():
                return self._wake(now_ns)
            case Muted():
                pass
        return []

    def _happen(self, command: Command, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        for happened in self.model.obey(command, now_ns):
            outputs += self.voice.tell(happened, now_ns)
        return outputs

    def _wake(self, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        due_ns = self.model.deadline_ns()
        if due_ns is not None and due_ns <= now_ns:
            for happened in self.model.wake(now_ns):
                outputs += self.voice.tell(happened, now_ns)
        due_ns = self.voice.deadline_ns()
        if due_ns is not None and due_ns <= now_ns:
            outputs += self.voice.wake(now_ns)
        return outputs


@dataclass(frozen=True, slots=True)
class Told:
    """A frame and what it means; the frame of each signal is filled in.

    `signals` are news: a driver has to make exactly these events of it (points among them are noted
    as `stated`).  `stated` is what an answer to a request shows of points and standing events: a
    driver reports of it what it did not know.
    """

    frame: bytes
    signals: tuple[Signal, ...] = ()
    stated: tuple[Signal, ...] = ()


@lru_cache(maxsize=4096)
def framed(signal: Signal, frame: bytes) -> Signal:
    """Return the signal with its frame; a panel that is polled says the same again and again."""
    return replace(signal, frame=frame)


class Teller:
    """The ledger of a protocol without acknowledgement: said, and arrived unharmed.

    `end` is what ends each frame on the wire; the ledger leaves it out.
    """

    def __init__(self, end: bytes = b"") -> None:
        self._end = end
        self._ids = 0
        self._said: dict[int, Entry] = {}
        self._endless = False

    def tell(self, told: Told, peer: int = 0) -> list[Output]:
        """Say a frame; note each signal in it."""
        entries = [
            self._entry(signal, told.frame, Said.STATED if signal.kind in POINTS else Said.SAID)
            for signal in told.signals
        ]
        entries += [self._entry(signal, told.frame, Said.STATED) for signal in told.stated]
        events = tuple(entry.id for entry in entries if entry.state is Said.SAID)
        data = told.frame + (b"" if self._endless else self._end)
        self._endless = False
        return [Say(data, peer, events), *(Note(entry) for entry in entries)]

    def obey(self, command: Command, peer: int) -> list[Output] | None:
        """Take the control lines of every face: `noend`, `raw HEX`; None for others."""
        match command.name:
            case "noend":
                self._endless = True
                return []
            case "raw":
                return [Say(raw_bytes(command), peer)]
        return None

    def untold(self, happening: Happening) -> list[Output]:
        """Note that the protocol has no words for this."""
        self._ids += 1
        return [Note(Entry(self._ids, Said.UNTOLD, line=happening.word))]

    def obeyed(self, what: str) -> list[Output]:
        """Note that the panel did what it was told over the line."""
        self._ids += 1
        return [Note(Entry(self._ids, Said.OBEYED, line=what))]

    def delivered(self, covers: Iterable[int]) -> list[Output]:
        """Note what left the panel unharmed."""
        there = [self._said.pop(number) for number in covers if number in self._said]
        return [Note(replace(entry, state=Said.ARRIVED)) for entry in there]

    def _entry(self, signal: Signal, frame: bytes, state: Said) -> Entry:
        self._ids += 1
        entry = Entry(self._ids, state, framed(signal, frame), frame)
        if state is Said.SAID:
            self._said[entry.id] = entry
            if len(self._said) > 1000:  # harmed ones are never delivered
                self._said.pop(next(iter(self._said)))
        return entry


def meaning(word: Word, event: Happening, account: str | None = None) -> Signal:
    """Return what a driver has to make of an event that is said as `word`, frame aside."""
    if word.kind is Kind.OPEN_CLOSE:
        state = State.ARMED if event.word == "arm" else State.DISARMED
    else:
        state = State.ACTIVE if event.active else State.RESTORED
    return Signal(
        kind=word.kind,
        code=word.code,
        state=state,
        area=event.area,
        zone=event.zone if word.number_is == "zone" else None,
        user=event.user if word.number_is == "user" else None,
        account=account,
    )


class LineVoice(ABC):
    """The voice of a panel that speaks in lines, without acknowledgement.

    A panel's own says what happens (`tell`, see Voice) and takes a host's lines (`take`); it
    speaks by `say`, and lets the model do what the host commands by `do`.  A host's lines end as
    the panel's own do, unless `heard_ends` says by what.
    """

    def __init__(self, model: Model, end: bytes = b"\r\n", heard_ends: bytes = b"") -> None:
        self.model = model
        self.teller = Teller(end)
        self._ends = re.compile(b"[%b]" % re.escape(heard_ends or end))
        self._peer: int | None = None
        self._heard = b""

    @abstractmethod
    def take(self, line: str, now_ns: int) -> list[Output]:
        """Answer a line of a host, without its end."""

    @abstractmethod
    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """See Voice."""

    def say(
        self, frame: bytes, signals: tuple[Signal, ...] = (), stated: tuple[Signal, ...] = ()
    ) -> list[Output]:
        """Say a frame; see Told.  Where nobody is there, nobody hears it."""
        if self._peer is None:
            return []
        return self.teller.tell(Told(frame, signals, stated), self._peer)

    def do(self, line: str, now_ns: int) -> list[Output]:
        """Let the panel do a control line that its host wants; nothing where it makes no sense."""
        try:
            happened = self.model.obey(Command.parse(line), now_ns)
        except CommandError:
            return []
        outputs = self.teller.obeyed(line.split(" user=", maxsplit=1)[0])
        return outputs + [out for one in happened for out in self.tell(one, now_ns)]

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Three wires: the panel does not notice, but for whom to speak to."""
        del now_ns
        self._peer, self._heard = peer, b""
        return []

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer = None

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take whole lines: each character of an end ends one, for the other may be lost."""
        if peer != self._peer:
            return []
        *lines, rest = re.split(self._ends, self._heard + data)
        self._heard = rest[-LINE_BYTES_MAX:]
        texts = [line.decode("latin-1") for line in lines if line]
        return [out for text in texts for out in self.take(text, now_ns)]

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Take the control lines of every face."""
        del now_ns
        return self.teller.obey(command, self._peer or 0)

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """See Voice."""
        del frame
        return self.teller.delivered(covers)

    def deadline_ns(self) -> int | None:
        """It says nothing by the clock."""
        return None

    def wake(self, now_ns: int) -> list[Output]:
        """See Voice."""
        del now_ns
        return []


def raw_bytes(command: Command) -> bytes:
    """Return the bytes of a control line `raw HEX`; raises CommandError."""
    try:
        data = bytes.fromhex(command.word(0, ""))
    except ValueError as error:
        raise CommandError("raw: takes hex digits") from error
    if not data:
        raise CommandError("raw: takes hex digits")
    return data


OWN_CONTROL = """\
control lines of the line:
  noend       the next frame without its end      raw HEX     any bytes"""
