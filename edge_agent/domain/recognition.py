"""How a panel's protocol is told by what is heard on a line: what a driver declares of itself.

A driver says how much each frame proves, which of its profiles say such frames, and what may be
asked on a line where nobody knows who listens.  All of it is pure; `edge-agent discover` listens,
asks and weighs the drivers against each other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from edge_agent.domain.session import Frame, Profile, Read

NOT_IN_PROBES: Final = b"\x06\x15\x11\x13"
"""ACK and NAK answer an alarm receiver, which then forgets a signal that nobody recorded; XON and
XOFF start and stop a peer's sending."""
PROBE_BYTES_MAX: Final = 64  # what is longer fills a small panel's input


class Sureness(IntEnum):
    """How sure it is that a line speaks a protocol."""

    NO = 0
    POSSIBLE = 1  # damaged frames of its shape, or good ones that chance could make
    LIKELY = 2  # one good frame
    CERTAIN = 3  # more than chance or another protocol could imitate


LIKELY_BITS: Final = 16
CERTAIN_BITS: Final = 40


@dataclass(frozen=True, slots=True)
class Timed:
    """A good frame and when it was heard, in ns of any clock that does not go back."""

    frame: Frame
    at_ns: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A question that makes a panel of this protocol answer, and harms no panel of any other.

    It has a check that other protocols refuse, holds none of `NOT_IN_PROBES`, changes nothing in
    the panel that understands it, and ends so that the next one is read from its beginning.
    `answers` are the types of the frames that answer it; `why` says in a sentence for people why
    it is harmless.  Raises ValueError where the bytes break the rules that can be checked.
    """

    name: str
    data: bytes
    answers: frozenset[str]
    why: str
    why_zh: str = ""

    def __post_init__(self) -> None:
        held = sorted(set(self.data) & set(NOT_IN_PROBES))
        if held:
            raise ValueError(f"probe {self.name!r} holds {bytes(held).hex(' ')}")
        if not 0 < len(self.data) <= PROBE_BYTES_MAX:
            raise ValueError(f"probe {self.name!r} has {len(self.data)} bytes")


def any_model(heard: Iterable[Timed]) -> frozenset[str] | None:
    """Return None: what was heard fits all profiles of the driver."""
    del heard
    return None


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a driver declares of how its protocol is recognised.

    `weight` returns how many bits a good frame proves: chance, or a line of another protocol,
    makes one like it once in two to this power.  `models` returns the names of the profiles that
    fit all that was heard, None for all of them.  `probes` may be sent to a silent line on which
    anything may hang; where there are none, `only_listens` says why.  `tcp_ports` are where
    panels of this protocol usually listen.  `heard_within_s` is how long a panel that is well may
    be silent.  `reads` (of drivers on a bus) are the reads that a device of a profile answers.
    """

    weight: Callable[[Frame], int]
    models: Callable[[Iterable[Timed]], frozenset[str] | None] = any_model
    probes: tuple[Probe, ...] = ()
    only_listens: str = ""
    only_listens_zh: str = ""
    tcp_ports: tuple[int, ...] = ()
    heard_within_s: float | None = None
    reads: Callable[[Profile], tuple[Read, ...]] | None = None


def weight_of_unknown(frame: Frame) -> int:
    """Return what a good frame proves where its driver does not say: a sum of eight bits."""
    return 0 if frame.fault else 8


UNDECLARED: Final = Recognition(
    weight_of_unknown, only_listens="its driver declares no probe", only_listens_zh="驱动未声明探询"
)
"""For a driver that declares nothing: recognised by its good frames, never asked."""
