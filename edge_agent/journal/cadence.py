"""When to sign, when to write, and how long to leave a disk alone that refuses: a pure machine.

A draft without patience is signed and written at once, together with everything that waits; one
with patience waits that long for others to share its commit.  While the disk refuses, signing
goes on (what is signed can be published at once) and only writing waits.
"""

from dataclasses import dataclass
from enum import Enum, auto

RECEIPT_PATIENCE_NS = 10_000_000_000
"""How long a receipt waits for a commit to share.  A crash before costs only doubles, which the
center expects; a commit of its own after every alarm would double what a card has to write."""

RETRY_NS_MIN = 500_000_000
"""First pause after the repeat in the next segment failed as well."""

RETRY_NS_MAX = 10_000_000_000
"""Longest pause: an operator who freed the disk sees it used within 10 s."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A draft waits; it may wait `patience_ns` for company."""

    patience_ns: int


class Happened(Enum):
    """What happened without saying more."""

    RECEIPTED = auto()  # a receipt waits to be recorded
    SEALED = auto()  # all that waited is signed
    SEALED_SOME = auto()  # what fits one commit is signed, more waits
    WRITTEN = auto()  # all that was signed is durable
    WRITTEN_SOME = auto()  # one commit is durable, more is signed
    TICKED = auto()  # look at the clock


@dataclass(frozen=True, slots=True)
class Failed:
    """The disk refused a commit."""

    reason: str


Input = Offered | Happened | Failed


class Do(Enum):
    """What is to be done, in this order."""

    SEAL = auto()  # sign what waits, as much as fits one commit
    WRITE = auto()  # write what is signed, as much as fits one commit
    ACCEPT = auto()  # say that the disk is back


@dataclass(frozen=True, slots=True)
class Refuse:
    """Say that the disk refuses."""

    reason: str


Action = Do | Refuse

_NOTHING: list[Action] = []
_SEAL_AND_WRITE: list[Action] = [Do.SEAL, Do.WRITE]


class Cadence:
    """Decides from what waits, what the disk said, and the clock."""

    def __init__(self) -> None:
        self._seal_at_ns: int | None = None
        self._write_at_ns: int | None = None
        self._retry_at_ns = 0
        self._failures = 0

    @property
    def refused(self) -> bool:
        """Whether the last commit failed."""
        return self._failures > 0

    def deadline_ns(self) -> int | None:
        """Return when TICKED is wanted, None for not before the next input."""
        write_at_ns = self._write_at_ns
        if write_at_ns is not None:
            write_at_ns = max(write_at_ns, self._retry_at_ns)
        if self._seal_at_ns is None or write_at_ns is None:
            return self._seal_at_ns if write_at_ns is None else write_at_ns
        return min(self._seal_at_ns, write_at_ns)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; return what is to be done."""
        match happened:
            case Happened.TICKED:
                return self._look(now_ns)
            case Offered(patience_ns):
                self._seal_at_ns = _sooner(self._seal_at_ns, now_ns + patience_ns)
            case Happened.SEALED | Happened.SEALED_SOME:
                self._seal_at_ns = now_ns if happened is Happened.SEALED_SOME else None
                self._write_at_ns = now_ns
            case Happened.WRITTEN | Happened.WRITTEN_SOME:
                return self._written(now_ns, more=happened is Happened.WRITTEN_SOME)
            case Happened.RECEIPTED:
                self._write_at_ns = _sooner(self._write_at_ns, now_ns + RECEIPT_PATIENCE_NS)
            case Failed(reason):
                return self._failed(reason, now_ns)
        return _NOTHING

    def _look(self, now_ns: int) -> list[Action]:
        may_write = now_ns >= self._retry_at_ns
        if self._seal_at_ns is not None and self._seal_at_ns <= now_ns:
            return _SEAL_AND_WRITE if may_write else [Do.SEAL]
        if self._write_at_ns is not None and self._write_at_ns <= now_ns and may_write:
            return [Do.WRITE]
        return _NOTHING

    def _written(self, now_ns: int, *, more: bool) -> list[Action]:
        self._write_at_ns = now_ns if more else None
        self._retry_at_ns = 0
        if self._failures == 0:
            return _NOTHING
        self._failures = 0
        return [Do.ACCEPT]

    def _failed(self, reason: str, now_ns: int) -> list[Action]:
        """The first repeat, into the next segment, is at once; then ever longer pauses."""
        pause_ns = 0
        if self._failures:
            pause_ns = min(RETRY_NS_MIN << (self._failures - 1), RETRY_NS_MAX)
        self._failures = min(self._failures + 1, 16)
        self._write_at_ns = now_ns
        self._retry_at_ns = now_ns + pause_ns
        return [Refuse(reason)] if self._failures == 1 else []


def _sooner(one_ns: int | None, other_ns: int) -> int:
    return other_ns if one_ns is None else min(one_ns, other_ns)
