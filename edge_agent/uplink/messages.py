"""What the outbox hears and what it asks for: frozen values in two closed unions.

A connection is named by its `attempt`, a number that never repeats, so that news of a connection
that was given up cannot be taken for news of the present one.  A path is its index in the
center's list, in order of preference.

Events travel over one connection, the *main* one.  Beside it there may be a rival, made while the
main one is doubted or while the preferred path is returned to, and a probe, which watches a path
that is not in use.
"""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.evidence.receipt import Receipt

Key = tuple[bytes, int]
"""An event's name within its gateway: (epoch, seq)."""

Cursor = object
"""A position in the source: made by it, handed back to it, opaque here."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One envelope on its way: `leaf` is its RFC 9162 leaf hash, which receipts are checked by.

    `awaited`: it is in memory only, the disk refuses: its receipt is what makes it durable, and a
    panel that waits for its ACK says nothing more until then.
    """

    epoch: bytes
    seq: int
    lane: int
    leaf: bytes
    data: bytes
    awaited: bool = False

    @property
    def key(self) -> Key:
        """The event's name."""
        return (self.epoch, self.seq)


class Topic(StrEnum):
    """Where a message goes: below `edge/v1/<gateway>/`."""

    ALARMS = "alarms"  # live events of lanes 0 to 3
    EVENTS = "events"  # the rest


# ---- inputs


@dataclass(frozen=True, slots=True)
class Started:
    """Begin: `epoch` is the running one, whose genesis goes first on each connection."""

    epoch: bytes


@dataclass(frozen=True, slots=True)
class Offered:
    """An event was recorded just now; the source holds it too."""

    event: Outgoing


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted; it allows `messages_max` unacknowledged messages (MQTT 5, 3.2.2.3.3).

    `jitter` is 0..1, drawn by the shell.
    """

    attempt: int
    messages_max: int
    jitter: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection failed or ended; `jitter` is 0..1, drawn by the shell."""

    attempt: int
    reason: str
    jitter: float


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the source held; `next` None: the lane's end was reached."""

    request: int
    events: tuple[Outgoing, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """The source could not read; it is asked again later."""

    request: int


@dataclass(frozen=True, slots=True)
class Introduced:
    """The genesis of `epoch`; None where the source has none."""

    epoch: bytes
    genesis: Outgoing | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The broker said something on this connection: it and the path to it are alive."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Receipted:
    """A receipt whose signature and addressee the shell has verified; `attempt`: over which
    connection it came.
    """

    receipt: Receipt
    attempt: int


@dataclass(frozen=True, slots=True)
class Unread:
    """The broker dropped a message because nobody subscribes: the center is not there yet."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """The deadline has passed; `jitter` is 0..1, drawn by the shell."""

    jitter: float


Input = (
    Started
    | Offered
    | Connected
    | Lost
    | Answered
    | Fetched
    | FetchFailed
    | Introduced
    | Receipted
    | Unread
    | Ticked
)

# ---- actions


@dataclass(frozen=True, slots=True)
class Publish:
    """Send these envelopes as one message, a CBOR sequence, with QoS 1."""

    topic: Topic
    events: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read unreceipted events of `lane` after `after` (None: from the oldest)."""

    request: int
    lane: int
    after: Cursor | None
    bytes_max: int


@dataclass(frozen=True, slots=True)
class Introduce:
    """Find the genesis of `epoch`; answered by `Introduced`."""

    epoch: bytes


@dataclass(frozen=True, slots=True)
class LetGo:
    """The center holds these: the source need not."""

    epoch: bytes
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect over `path`, within `patience_ns`; answered by `Connected` or `Lost`."""

    path: int
    attempt: int
    patience_ns: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Connect over `path` beside the main connection, only to see whether it would serve."""

    path: int
    attempt: int
    patience_ns: int


@dataclass(frozen=True, slots=True)
class Greet:
    """Send the genesis over a probe: its receipt proves the whole way to the center."""

    attempt: int
    genesis: Outgoing


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask the broker for a sign of life; answered by `Answered`."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Use:
    """From now on this connection is the main one: what is published goes over it."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Give this connection up; nothing more is expected from it.

    `orderly`: with a good-bye, so that the broker does not tell the center that we are lost.
    """

    path: int
    attempt: int
    reason: str
    orderly: bool = False


@dataclass(frozen=True, slots=True)
class PathFault:
    """A path that was good, or never tried, is not; told once until it is back."""

    path: int
    reason: str


@dataclass(frozen=True, slots=True)
class PathBack:
    """A receipt proved the whole way over this path; told once until it fails."""

    path: int


Action = (
    Publish
    | Fetch
    | Introduce
    | LetGo
    | Connect
    | Probe
    | Greet
    | Ping
    | Use
    | Disconnect
    | PathFault
    | PathBack
)
