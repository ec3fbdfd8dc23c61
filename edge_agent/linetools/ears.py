"""What was heard of one line at one setting, by all drivers, and what it may have been.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edge_agent.domain.recognition import Sureness
from edge_agent.linetools.recognise import Candidate, Likeness, Listener
from edge_agent.linetools.settings import Look, Reception, seven_bits

KEPT_BYTES_MAX: Final = 64 * 1024  # what is judged again is kept; a flood tells no more
PEERS_MAX: Final = 16  # callers of one port that are told apart


def strip_echo(heard: bytes, sent: bytes) -> tuple[bytes, bool]:
    """Return what was heard without our own bytes, and whether they had come back."""
    at = heard.find(sent) if sent else -1
    return (heard, False) if at < 0 else (heard[:at] + heard[at + len(sent) :], True)


@dataclass
class Ears:
    """What was heard since the line was tuned; many peers are listened to apart."""

    candidates: Sequence[Candidate]
    tcp_port: int | None = None
    data: bytearray = field(default_factory=bytearray)
    errors: int | None = None
    stripped: Look | None = None  # the top bit is parity, and is taken off
    listeners: dict[int, Listener] = field(default_factory=dict)

    def hear(self, data: bytes, errors: int | None, now_ns: int, peer: int = 0) -> None:
        """Take bytes; `errors` is what the port has refused since it was tuned."""
        self.errors = errors
        self.data += data[: max(0, KEPT_BYTES_MAX - len(self.data))]
        if peer not in self.listeners and len(self.listeners) >= PEERS_MAX:
            return
        if peer not in self.listeners:
            self.listeners[peer] = Listener(self.candidates, self.tcp_port)
        self.listeners[peer].hear(seven_bits(data) if self.stripped else data, now_ns)

    def rest(self, now_ns: int) -> None:
        """The line was quiet for long: nothing more belongs to what was heard."""
        for listener in self.listeners.values():
            listener.rest(now_ns)

    def strip(self, seen: Look, now_ns: int) -> None:
        """Hear everything again without the top bit."""
        self.stripped = seen
        self.listeners = {0: Listener(self.candidates)}
        self.listeners[0].hear(seven_bits(bytes(self.data)), now_ns)

    def likenesses(self) -> tuple[Likeness, ...]:
        """What the peer is like that was understood best."""
        best: list[Likeness] = []
        for listener in self.listeners.values():
            found = listener.likenesses()
            if found and (not best or found[0].bits > best[0].bits):
                best = found
        return tuple(best)

    def sureness(self) -> Sureness:
        """How sure the best of them is."""
        found = self.likenesses()
        return found[0].sureness if found else Sureness.NO

    @property
    def reception(self) -> Reception:
        """All bytes together, as they came."""
        return Reception(bytes(self.data), self.errors)


@dataclass(frozen=True, slots=True)
class Past:
    """What was heard at one setting, and what it may have been."""

    settings: str | None
    reception: Reception
    likenesses: tuple[Likeness, ...]

    @property
    def is_possible(self) -> bool:
        """Whether good frames were read."""
        return any(one.good for one in self.likenesses)
