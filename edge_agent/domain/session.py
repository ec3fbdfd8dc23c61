"""The session contract: how a panel's protocol talks to the outside without doing any I/O.

A session is a pure machine: `handle(happened, now_ns)` takes one input and returns the actions
that follow, `deadline_ns()` says when it wants to be woken.  `now_ns` is CLOCK_BOOTTIME and never
goes back.  Bytes from the wire never raise: what is wrong with them is a `Fault`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import Enum, StrEnum
from typing import Protocol

from edge_agent.domain.codes import Codes
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.signal import Signal, Span
from edge_agent.domain.stamp import Trust

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
    MISSED = "missed"  # a number or a toggle shows that the panel said something we did not hear
    HEARTBEAT = "heartbeat"  # one that was due did not come; several are silence


# ---- inputs


@dataclass(frozen=True, slots=True)
class Recent:
    """A frame recorded from this panel earlier, its secrets masked, and how long ago it was heard.

    `age_ns` is None where that cannot be known: another boot, an unset clock.
    """

    frame: bytes
    age_ns: int | None = None


WAITING = -1
"""The token of what `Opened.waiting` shows; a session's own tokens are not negative."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The line is up: every point is unknown until proven.

    `recent` are the newest durable frames of this panel, oldest first; those of events, those that
    told states alone, and alarms of life and fire out of the panel's own log are counted apart, as
    those are told before what is older.  It is empty where there are none.  By them a protocol that
    repeats unacknowledged frames tells a repeat after a restart, and one whose panel keeps a log
    tells what of the log is recorded already.  `standing` are the events that were recorded active
    and not ended, without time and frame: they are in the journal, and are not reported again where
    the panel still shows them.

    `waiting` is newer than all of `recent`: an earlier session of this run reported it and was
    never told that it is durable, so it was never acknowledged.  `Committed(WAITING)` follows as
    soon as it is durable, with everything before it; until then a copy of it gets no ACK.
    """

    recent: tuple[Recent, ...] = ()
    standing: tuple[Signal, ...] = ()
    waiting: Recent | None = None

    @property
    def last(self) -> Recent | None:
        """The newest of them."""
        return self.recent[-1] if self.recent else None


@dataclass(frozen=True, slots=True)
class ClockRead:
    """What our wall clock is worth: told after `Opened`, then when its trust changes or it jumps.

    The wall clock reads `now_ns + offset_ns`, in ns since 1970, UTC.  Unless `trust` is `synced`
    no panel is given time and no window of time is applied.
    """

    offset_ns: int | None
    trust: Trust


@dataclass(frozen=True, slots=True)
class Called:
    """On a line of many peers: one called (or, by datagrams, spoke for the first time).

    `peer` is never given twice while the line is up; `host` is the address it called from.
    """

    peer: int
    host: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """On a line of many peers: this one is gone; what it left unfinished is void."""

    peer: int


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes came from the line, in any split; on a line of many peers from `peer`.

    On a bus: what nobody here asked for, such as the talk of another master; `peer` is then the
    unit of this session's own panel.  `packet` says that the medium bounds them: one datagram, no
    more and no less.
    """

    data: bytes
    peer: int = 0
    packet: bool = False


@dataclass(frozen=True, slots=True)
class Commanded:
    """Somebody entitled wants something of the panel; `Obeyed` with the same id answers once.

    A session does it once or not at all.  When the line is lost its outcome is `lost`, whatever the
    panel did: a later session knows nothing of it, so no command is ever sent again.
    """

    id: int
    command: Command


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
    """The bus answered `request`: bits as 0 or 1, registers as 0..65535; `frame` as heard.

    Of a write `values` is empty: the device took it.
    """

    request: int
    values: tuple[int, ...]
    frame: bytes = b""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """`request` failed: no answer, a damaged one, or a refusal with a Modbus exception code."""

    request: int
    fault: FaultKind
    detail: str = ""


Input = (
    Opened
    | ClockRead
    | Called
    | HungUp
    | Received
    | Committed
    | Commanded
    | Ticked
    | Answered
    | Unanswered
)

# ---- actions


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes to the line; on a line of many peers to `peer`."""

    data: bytes
    peer: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Record these signals; `Committed(token)` follows when all of them are durable."""

    token: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Count this; `frame` is what was refused.

    It may be logged: a frame that could hold a user code is left out.
    """

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
class Write:
    """Write `values` at `address` (0-based) of coils or holding registers; put on the bus once.

    Answered with the same `request`; unanswered, nobody knows what the device did.
    """

    request: int
    table: Table
    address: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Close the line and open it again; on a line of many peers hang up on `peer` alone."""

    reason: str
    peer: int | None = None


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What became of command `id`."""

    id: int
    outcome: Outcome
    detail: str = ""


Action = Send | Report | Fault | Link | Finding | Obeyed | Read | Write | Close


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
    as plain values.  `fault` is None for a good frame.  `secrets` are the stretches of a host's
    frame that hold a user code or password; a signal has its own.
    """

    raw: bytes
    type: str | None = None
    signals: tuple[Signal, ...] = ()
    fields: Mapping[str, Plain] = field(default_factory=dict)
    fault: FaultKind | None = None
    secrets: tuple[Span, ...] = ()


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
    """What a session or decoder is made from; `profile` is None to detect the dialect.

    `dialects` are then the shipped profiles to choose from, for a driver whose dialects they are.
    `zone` is the time zone of the site, in which its panels tell the time.  `allow` are the words
    of `command.ALLOWABLE` that the site allows: `clock` for setting the panel's clock unasked,
    the others for commands, which the runner refuses where they are not allowed.
    """

    codes: Codes
    profile: Profile | None = None
    options: Mapping[str, Plain] = field(default_factory=dict)
    zone: tzinfo = UTC
    allow: frozenset[str] = frozenset()
    dialects: tuple[Profile, ...] = ()


class Ability(StrEnum):
    """What a driver can hear and do beside its `commands`: one closed list, the same words for all.

    What its panel or its options do not have is missing there all the same.
    """

    EVENTS = "events"
    RESTORES = "restores"  # the ends of events
    OPEN_CLOSE = "open_close"  # who armed and disarmed
    ZONES = "zones"  # how each zone is
    AREAS = "areas"
    OUTPUTS = "outputs"
    LOOPS = "loops"  # measures end-of-line loops
    BYPASS = "bypass"  # what is bypassed or isolated
    TROUBLES = "troubles"  # mains, battery, tamper and faults
    AT_START = "at_start"  # what stands at link-up is found by asking
    BACKFILL = "backfill"  # the panel's own log fills a gap
    PANEL_TIME = "panel_time"  # events carry the panel's time
    CLOCK = "clock"  # sets the panel's clock
    ARM = "arm"
    SUPERVISION = "supervision"  # finds silence
    ENCRYPTION = "encryption"
    LISTEN_ONLY = "listen_only"  # can be told never to send a byte


@dataclass(frozen=True, slots=True)
class Driver:
    """One panel protocol: what it is called, what it can do, and how to start it.

    `session` and `decoder` are called with a `Setup` whose options were checked against `options`
    (defaults filled in); they raise ValueError with a plain sentence where a profile or a
    combination of options makes no sense.  `commands` are those that the protocol has words for.
    With `peers_max` above 1 a listening line has many peers (`Called`, `HungUp`); beyond that
    many the one that was silent longest has to go.  A line of datagrams always has.
    `recognition` is where the Recognition of its protocol stands, as MODULE:NAME, for it is loaded
    by those who look for panels only; None: it is recognised by its good frames alone.
    With `dialects_are_profiles` it is given its shipped profiles in `Setup.dialects`, where none is
    named.
    """

    name: str
    version: str
    title: str
    nature: Nature
    session: Callable[[Setup], Session]
    decoder: Callable[[Setup], Decoder]
    panels: tuple[str, ...]
    lines: tuple[str, ...]  # serial, tcp, listen, udp, modbus_rtu, modbus_tcp
    bauds: tuple[int, ...] = ()
    abilities: tuple[str, ...] = ()  # words of Ability
    acknowledges: bool = False
    quality: str = "emulated"  # emulated, counterpart, bench, field
    options: tuple[Option, ...] = ()
    commands: frozenset[Act] = frozenset()
    peers_max: int = 1
    recognition: str | None = None
    dialects_are_profiles: bool = False
