"""What every emulated panel is: a pure machine, a ledger of what it said, a name and its options.

The emulators are written from the protocol facts and share nothing with the drivers, so that an
error made in one is found by the other.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Profile
from edge_agent.domain.signal import Signal


class Said(StrEnum):
    """The life of a signal in the ledger; the last line of an id counts."""

    SET = "set"  # it happened in the panel; nobody can know it yet (register maps only)
    SAID = "said"  # first put on the wire, or first read by a master
    ACKED = "acked"  # the panel heard its acknowledgement
    ARRIVED = "arrived"  # it left the panel unharmed; its protocol has no acknowledgement
    STATED = "stated"  # not an event: the condition of a point, said along in a frame
    UNTOLD = "untold"  # not a signal: `line` happened, and the protocol has no words for it
    OBEYED = "obeyed"  # not a signal: the panel did `line`, as it was told over its line
    GAVE_UP = "gave_up"  # all tries used; kept, and said again when communication starts again
    DROPPED = "dropped"  # never said: the panel's buffer was full
    MISSED = "missed"  # never read: it changed back too soon (register maps only)
    FOUND = "found"  # read, but it was there before the conversation began (register maps only)
    OPEN = "open"  # not a signal: the line is there, `line` says where
    CLOSED = "closed"  # not a signal: the line is gone


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.  `frame` is as on the wire without its terminator."""

    id: int
    state: Said
    signal: Signal | None = None
    frame: bytes = b""
    unit: int | None = None
    line: str | None = None

    def to_json(self, panel: str, t_ns: int) -> str:
        """Return the JSON line of this entry; `t_ns` is CLOCK_BOOTTIME."""
        told: dict[str, object] = {"id": self.id, "panel": panel, "state": self.state.value}
        told["signal"] = None if self.signal is None else describe(self.signal)
        told["frame"] = self.frame.hex()
        told["t_ns"] = t_ns
        if self.unit is not None:
            told["unit"] = self.unit
        if self.line is not None:
            told["line"] = self.line
        return json.dumps(told)


def describe(signal: Signal) -> dict[str, object]:
    """Return what a signal means, as plain values: what a driver must have understood."""
    return {
        "kind": signal.kind.value,
        "code": signal.code,
        "state": signal.state.value,
        "area": signal.area,
        "zone": signal.zone,
        "user": signal.user,
        "account": signal.account,
    }


class CommandError(ValueError):
    """A control line that makes no sense; the message says what would."""


@dataclass(frozen=True, slots=True)
class Command:
    """One control line: `name words... key=value...`."""

    name: str
    words: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, line: str) -> "Command":
        """Read a control line; raises CommandError for an empty one."""
        parts = line.split()
        if not parts:
            raise CommandError("an empty control line says nothing")
        words = tuple(part for part in parts[1:] if "=" not in part)
        settings = dict(part.split("=", 1) for part in parts[1:] if "=" in part)
        return cls(parts[0].lower(), words, settings)

    def only(self, *names: str) -> None:
        """Raise CommandError for a setting that is not among `names`."""
        for name in self.settings:
            if name not in names:
                raise CommandError(f"{self.name}: no setting {name}=; takes {', '.join(names)}")

    def number(self, name: str, default: int | None, least: int, most: int) -> int | None:
        """Return setting `name` as a number within `least`..`most`; raises CommandError."""
        text = self.settings.get(name)
        if text is None:
            return default
        if not text.isdecimal() or not least <= int(text) <= most:
            raise CommandError(f"{self.name}: {name}={text} is not a number {least}..{most}")
        return int(text)

    def word(self, at: int, default: str) -> str:
        """Return the word at position `at`, or `default` where there is none."""
        return self.words[at] if at < len(self.words) else default

    def seconds_ns(self, at: int, default: float) -> int:
        """Return the word at position `at` as seconds, in ns; raises CommandError."""
        text = self.word(at, str(default))
        try:
            seconds = float(text)
        except ValueError as error:
            raise CommandError(f"{self.name}: {text} is not a number of seconds") from error
        if not 0 <= seconds <= 1e6:
            raise CommandError(f"{self.name}: {text} seconds is outside 0..1000000")
        return int(seconds * 1e9)


# ---- inputs of a machine


@dataclass(frozen=True, slots=True)
class Plugged:
    """A host is there (again): a port was opened, a connection made."""

    peer: int = 0


@dataclass(frozen=True, slots=True)
class Unplugged:
    """The host or the line is gone."""

    peer: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """Bytes came from a host, in any split."""

    data: bytes
    peer: int = 0


@dataclass(frozen=True, slots=True)
class Commanded:
    """A control line: something happens at the panel's premises."""

    command: Command


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was said with `covers` left the panel unharmed, as `frame`."""

    covers: tuple[int, ...]
    frame: bytes


@dataclass(frozen=True, slots=True)
class Ticked:
    """The deadline has passed."""


@dataclass(frozen=True, slots=True)
class Muted:
    """Nothing that is said until `until_ns` will arrive: no conversation can last through it."""

    until_ns: int


Input = Plugged | Unplugged | Heard | Commanded | Delivered | Muted | Ticked

# ---- outputs


@dataclass(frozen=True, slots=True)
class Say:
    """Put bytes on the line; with `covers`, `Delivered` follows when they left unharmed."""

    data: bytes
    peer: int = 0
    covers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Write this into the ledger."""

    entry: Entry


Output = Say | Note


class Machine(Protocol):
    """An emulated panel."""

    def handle(self, happened: Input, now_ns: int) -> list[Output]:
        """Take one input; return what is said and noted.  Raises CommandError only."""

    def deadline_ns(self) -> int | None:
        """Return when `Ticked` is wanted, None for never."""


Plan = Iterable[tuple[float, str]]
"""Control lines, each with its time in seconds since the start of the plan, in order."""


@dataclass(frozen=True, slots=True)
class Face:
    """One kind of panel: how it is made and what can be asked of it.

    `build` makes a machine from parsed arguments, `for_profile` from the profile of a driver
    (None: the driver is to detect the dialect) and settings for tests.  `plans` are built-in plans,
    made from their settings.  `speak` gives the control line of the n-th of endlessly many signals;
    told that the line is bad, only in frames whose damage can be seen.  `unknown` is the control
    line of a good frame that says what no table knows, "" where the protocol has no such thing.
    `wrong_at` is the byte that a wrong frame gets wrong, None for any.  `adds` adds the face's own
    command line arguments, `quick` are those that make its timing fit for tests in real time.

    For the contract test: a silence of `silence_s` its driver has to say, one of `patience_s` to
    bear; `truth` gives what a host must believe of each point, for machines with a state;
    `standing` is a control line of an alarm that a status request shows, "" where there is none;
    `sound` tells whether bytes (without the frame's end) pass the protocol's check, or where it has
    none (`has_sum` is false), whether every character fits its place: what a line did to them so
    that they do, no host can see.  `zone` gives the number that its n-th zone has on the line,
    `options` what a site has to set for it in its driver.

    `asked` is what a host says again and again to a panel that speaks only when it is asked, b""
    to one that speaks by itself.

    Of the faults that every panel can be told: `has_clock`, one that can jump; `has_text`, frames
    of characters, which can be bad.
    """

    name: str
    title: str
    peers_max: int
    control_help: str
    adds: Callable[[ArgumentParser], None]
    build: Callable[[Namespace], Machine]
    for_profile: Callable[[Profile | None, Mapping[str, Any]], Machine]
    plans: Mapping[str, Callable[[Mapping[str, str]], Plan]]
    speak: Callable[[int, bool], str]
    unknown: str = ""
    wrong_at: Callable[[Namespace], int | None] = lambda _: None
    quick: tuple[str, ...] = ()
    silence_s: float = 90.0
    patience_s: float = 5.0
    truth: Callable[[Machine], Mapping[tuple[Kind, int], State]] = lambda _: {}
    standing: str = ""
    sound: Callable[[bytes], bool] = lambda _: False
    zone: Callable[[int], int] = lambda number: number
    options: Mapping[str, str | int] = field(default_factory=dict)
    has_sum: bool = True
    asked: bytes = b""
    has_clock: bool = True
    has_text: bool = True
