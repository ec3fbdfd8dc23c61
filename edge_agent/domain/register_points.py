"""What a value of a register map means: a bit, a word of many values, a measured loop.

A value gives a `Reading`: the state of the point, the events that stand while it is read, and the
events that it proves to be over.  A register that shows one thing at a time proves less than one
with a flag for each: a fire that a later fault hides is not over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edge_agent.domain.end_of_line import Circuit
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import Table
from edge_agent.domain.signal import Signal

WORD_MAX: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Standing:
    """One event that a value stands for; `text` names what no code does.

    Two values of one kind and code are one event, as for everybody who hears of it.
    """

    kind: Kind
    code: str | None = None
    text: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one value says of its point; `state` is None where it says nothing of the contact."""

    state: State | None
    active: tuple[Standing, ...] = ()
    over: frozenset[Standing] = frozenset()

    @property
    def at_rest(self) -> bool:
        """Whether nothing is wrong: no event stands."""
        return not self.active


@dataclass(frozen=True, slots=True)
class Value:
    """One condition of a word: it holds where `word & mask` is one of `values`.

    `state` is the point's, `event` what stands; `ends` names the values whose events are over,
    None for all of them.  `absent`: there is no such point, nothing else is to be believed.
    `otherwise`: only where no value before it that looks at the same bits holds.
    """

    name: str
    mask: int
    values: frozenset[int]
    state: State | None = None
    event: Standing | None = None
    ends: frozenset[str] | None = frozenset()
    absent: bool = False
    otherwise: bool = False

    def holds(self, word: int) -> bool:
        """Tell whether `word` says so."""
        return word & self.mask in self.values


@dataclass(frozen=True, slots=True)
class Word:
    """A register of many values.

    With `flags` each condition is shown by itself, and is over when it is not shown.  Else the
    register shows one thing at a time: what it hides goes on.
    """

    name: str
    values: tuple[Value, ...]
    flags: bool = False

    def reading(self, word: int) -> Reading:
        """Return what `word` means; a value of no table is an event of kind unknown."""
        held = self._held(word)
        if any(value.absent for value in held):
            return Reading(State.UNKNOWN)
        state = next((value.state for value in held if value.state is not None), None)
        active = tuple(dict.fromkeys(value.event for value in held if value.event is not None))
        if not held:
            return Reading(State.UNKNOWN, (Standing(Kind.UNKNOWN, None, f"value {word}"),))
        over = {Standing(Kind.UNKNOWN)}  # what no table knew is over with what one knows
        if self.flags:
            return Reading(state, active, frozenset((over | self._events()) - set(active)))
        for value in held:
            over |= self._events() if value.ends is None else self._events(value.ends)
        return Reading(state, active, frozenset(over - set(active)))

    def _held(self, word: int) -> list[Value]:
        held: list[Value] = []
        for value in self.values:
            if value.holds(word) and not (
                value.otherwise and any(before.mask & value.mask for before in held)
            ):
                held.append(value)
        return held

    def _events(self, names: frozenset[str] | None = None) -> frozenset[Standing]:
        return frozenset(
            value.event
            for value in self.values
            if value.event is not None and (names is None or value.name in names)
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a new value must hold, in ns: away from rest, back to it, between the bands."""

    alarm_ns: int = 0
    restore_ns: int = 0
    undefined_ns: int = 0


@dataclass(frozen=True, slots=True)
class Bit:
    """One bit; `normal` is its value at rest."""

    bit: int | None
    normal: int
    event: Standing

    def reading(self, word: int) -> Reading:
        """Return what `word` means."""
        value = word if self.bit is None else word >> self.bit & 1
        if value == self.normal:
            return Reading(State.CLOSED, (), frozenset({self.event}))
        return Reading(State.OPEN, (self.event,))


@dataclass(frozen=True, slots=True)
class Switch:
    """One bit that is an output."""

    bit: int | None
    normal: int

    def reading(self, word: int) -> Reading:
        """Return what `word` means."""
        value = word if self.bit is None else word >> self.bit & 1
        return Reading(State.OFF if value == self.normal else State.ON)


@dataclass(frozen=True, slots=True)
class Loop:
    """A supervised loop; `reference` is the address of the register that reads its reference."""

    circuit: Circuit
    event: Standing
    tamper: Standing
    fault: Standing
    reference: int | None = None
    readings: Mapping[State, Reading] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Say what each state of the loop means: the alarm is over only when it is at rest."""
        stands = {
            State.CLOSED: None,
            State.OPEN: self.event,
            State.TAMPER: self.tamper,
            State.MASKED: self.tamper,
            State.FAULT: self.fault,
        }
        troubles = {self.tamper, self.fault}
        readings = {
            state: Reading(
                state,
                () if event is None else (event,),
                frozenset(troubles | {self.event} if event is None else troubles - {event}),
            )
            for state, event in stands.items()
        }
        object.__setattr__(self, "readings", readings)

    def is_whole(self, address: int, count: int) -> bool:
        """Tell whether an answer of `count` registers from `address` holds the reference too."""
        return self.reference is None or 0 <= self.reference - address < count

    def ohms(self, word: int, reference: int | None) -> int | None:
        """Return what is measured, None where nothing is."""
        return self.circuit.ohms(word, reference)

    def reading(self, ohms: int | None, before: State | None = None) -> Reading:
        """Return what `ohms` mean, `before` being what they meant so far."""
        return self.readings[self.circuit.state(ohms, before)]


Meaning = Bit | Switch | Word | Loop


@dataclass(frozen=True, slots=True)
class Point:
    """One thing of the map; `zone` is None for what is of the whole panel, such as its mains.

    The number of an output stands in `zone`.  `contact` is False for what tells of a zone beside
    its contact, such as its tamper switch: that gives events only.
    """

    table: Table
    address: int
    meaning: Meaning
    zone: int | None = None
    area: int | None = None
    text: str | None = None
    hold: Hold = Hold()
    contact: bool = True

    @property
    def is_output(self) -> bool:
        """Whether it is an output, and not a zone."""
        return isinstance(self.meaning, Switch)

    def state_signal(self, state: State, origin: Origin, frame: bytes) -> Signal | None:
        """Return the state of the point; None where the panel has no word for it."""
        if self.zone is None or not self.contact or (self.is_output and state is State.UNKNOWN):
            return None
        on_off = state in (State.ON, State.OFF)
        kind = Kind.OUTPUT if on_off else Kind.ZONE
        return self._signal(kind, state, origin, frame, text=self.text)

    def event_signal(self, event: Standing, state: State, origin: Origin, frame: bytes) -> Signal:
        """Return that an event began or ended."""
        text = self.text or (event.text if event.code is None else None)
        return self._signal(event.kind, state, origin, frame, code=event.code, text=text)

    def measured(self, ohms: int, origin: Origin, frame: bytes) -> Signal:
        """Return what its loop measures."""
        return self._signal(Kind.LOOP, State.STATUS, origin, frame, ohms=ohms)

    def _signal(  # noqa: PLR0913  what differs from signal to signal
        self,
        kind: Kind,
        state: State,
        origin: Origin,
        frame: bytes,
        *,
        code: str | None = None,
        text: str | None = None,
        ohms: int | None = None,
    ) -> Signal:
        return Signal(
            kind=kind,
            code=code,
            state=state,
            origin=origin,
            area=self.area,
            zone=self.zone,
            text=text,
            ohms=ohms,
            frame=frame,
        )
