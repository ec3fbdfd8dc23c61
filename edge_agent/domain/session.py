"""The session contract: how a panel's protocol talks to the outside without doing any I/O.

A session is a pure machine: `handle(happened, now_ns)` takes one input and returns the actions
that follow, `deadline_ns()` says when it wants to be woken.  `now_ns` is CLOCK_BOOTTIME and never
goes back.  Bytes from the wire never raise: what is wrong with them is a `Fault`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Protocol

from edge_agent.domain.codes import Codes
from edge_agent.domain.signal import Signal

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
"""What a profile, an option or a decoded field may hold: plain values, ready for JSON."""


class FaultKind(StrEnum):
    """What can be wrong with bytes or with their absence; the first seven are a frame's."""

    CHECKSUM = "checksum"
    LENGTH = "length"
    SHAPE = "shape"
    REPLAY = "replay"
    DECRYPT = "decrypt"
    UNSUPPORTED = "unsupported"
    NOISE = "noise"
    SILENCE = "silence"  # nothing heard for longer than the protocol allows
    NO_ANSWER = "no_answer"  # a request was not answered
    REFUSED = "refused"  # the panel answered that it will not
    REPEAT = "repeat"  # a retransmission, recognised and not recorded again


# ---- inputs


@dataclass(frozen=True, slots=True)
class Opened:
    """The line is up: every point is unknown until proven.

    `last_frame` is the newest frame recorded from this panel and `last_age_ns` how long ago it was
    heard; both None where there is none or the age cannot be known (another boot, unset clock).
    A protocol that repeats unacknowledged frames tells a repeat by them after a restart.
    """

    last_frame: bytes | None = None
    last_age_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes came from the line, in any split."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """Everything reported with `token` is durable: the panel may have its ACK."""

    token: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """The deadline has passed."""


class Table(Enum):
    """The four tables of a Modbus device; the value is the function code that reads it."""

    COILS = 1
    DISCRETE_INPUTS = 2
    HOLDING_REGISTERS = 3
    INPUT_REGISTERS = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """The bus answered read `request`: bits as 0 or 1, registers as 0..65535; `frame` as heard."""

    request: int
    values: tuple[int, ...]
    frame: bytes = b""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Read `request` failed: no answer, or the device refused with a Modbus exception code."""

    request: int
    fault: FaultKind
    detail: str = ""


Input = Opened | Received | Committed | Ticked | Answered | Unanswered

# ---- actions


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes to the line."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """Record these signals; `Committed(token)` follows when all of them are durable."""

    token: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Count this; `frame` is what was refused."""

    kind: FaultKind
    detail: str = ""
    frame: bytes = b""


@dataclass(frozen=True, slots=True)
class Link:
    """The panel is proven to be there, or is no longer: recorded as a link event on each change."""

    online: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """Read `count` values at `address` (0-based) of `table`; answered with the same `request`."""

    request: int
    table: Table
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close the line and open it again."""

    reason: str


Action = Send | Report | Fault | Link | Read | Close


class Session(Protocol):
    """One live conversation with one panel."""

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input at `now_ns`; return what is to be done, in order."""

    def deadline_ns(self) -> int | None:
        """Return when `Ticked` is wanted, None for never."""


# ---- decoding without a conversation


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as recognised or refused: what `decode` prints and what sessions build on.

    `type` is what the protocol calls it.  `fields` holds what the frame says beyond its signals,
    as plain values.  `fault` is None for a good frame.
    """

    raw: bytes
    type: str | None = None
    signals: tuple[Signal, ...] = ()
    fields: Mapping[str, Plain] = field(default_factory=dict)
    fault: FaultKind | None = None


class Decoder(Protocol):
    """Cuts a stream into frames; memory is constant, time linear, and nothing raises."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes (for packet lines: one chunk) and return the frames now complete."""

    def finish(self) -> list[Frame]:
        """Return what is left at the end of the input: a cut frame, or noise."""


# ---- what a driver is


class Nature(Enum):
    """How a driver reaches its panel."""

    STREAM = "stream"  # bytes over a serial line or TCP
    BUS = "bus"  # register reads over a shared Modbus bus


@dataclass(frozen=True, slots=True)
class Profile:
    """The facts of one panel model: data for a driver.  `facts` is the driver's own section."""

    name: str
    version: str
    driver: str
    title: str
    facts: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Option:
    """One setting that a driver takes: `kind` is bool, int, float or str; `allowed` lists words."""

    name: str
    kind: type
    default: Plain
    help: str
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """What a session or decoder is made from; `profile` is None to detect the dialect."""

    codes: Codes
    profile: Profile | None = None
    options: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Driver:
    """One panel protocol: what it is called, what it can do, and how to start it.

    `session` and `decoder` are called with a `Setup` whose options were checked against `options`
    (defaults filled in); they raise ValueError with a plain sentence where a profile or a
    combination of options makes no sense.
    """

    name: str
    version: str
    title: str
    nature: Nature
    session: Callable[[Setup], Session]
    decoder: Callable[[Setup], Decoder]
    panels: tuple[str, ...]
    lines: tuple[str, ...]  # serial, tcp, listen, modbus_rtu, modbus_tcp
    bauds: tuple[int, ...] = ()
    abilities: tuple[str, ...] = ()
    acknowledges: bool = False
    quality: str = "emulated"  # emulated, counterpart, bench, field
    options: tuple[Option, ...] = ()
