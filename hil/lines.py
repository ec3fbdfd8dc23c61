"""A line that may be bad: what goes in at one end comes out late, cut, doubled, noisy.

Pure and seeded: the same seed, the same inputs and the same times give the same damage.  Used by
the emulators (faults by command), the driver contract test and simulations.  Facts: a byte on an
asynchronous line takes a start bit, eight data bits, parity or a second stop bit, and a stop bit:
eleven bit times; ptys do not pace, so pacing is done here.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from random import Random

BITS_PER_BYTE = 11
SECOND_NS = 1_000_000_000
GLUED_BYTES_MAX = 1 << 16  # what waits for more while nothing more is let through
IN_FLIGHT_MAX = 100_000  # pieces; a reader that never takes is a test's bug, not a reason to swell


def byte_ns(baud: int) -> int:
    """Return how long one byte takes at `baud`; 0 for an unpaced line (`baud` 0)."""
    return BITS_PER_BYTE * SECOND_NS // baud if baud else 0


class Split(Enum):
    """In which pieces a reader at the other end gets what was said."""

    WHOLE = "whole"
    BYTES = "bytes"
    RANDOM = "random"


class Trick(Enum):
    """What happens to one thing said, by command."""

    WRONG = "wrong"  # one byte has its top bit turned, as by a parity error
    CUT = "cut"  # only the first half arrives
    LOST = "lost"  # nothing arrives
    DOUBLE = "double"  # it arrives twice
    GLUE = "glue"  # it arrives with what is said next, in one piece


@dataclass(frozen=True, slots=True)
class Quality:
    """How bad a line is.  Chances are 0..1: `lose` and `noise` a byte, the others a thing said.

    `cut` leaves the beginning of it, `drop` nothing, as a lost datagram; `wrong` turns one bit of
    it, `glue` lets it wait for what is said next.

    `noise_not` are bytes that noise never imitates: without a checksum a false ACK is
    indistinguishable from a true one, and no protocol can be blamed for that.
    """

    byte_ns: int = 0
    lose: float = 0.0
    noise: float = 0.0
    double: float = 0.0
    cut: float = 0.0
    split: Split = Split.WHOLE
    noise_not: bytes = b""
    drop: float = 0.0
    wrong: float = 0.0
    glue: float = 0.0


PERFECT = Quality()


class Wire:
    """One direction of a line.  `tag` tells readers apart where several share the line."""

    def __init__(
        self, quality: Quality = PERFECT, seed: int = 0, wrong_at: int | None = None
    ) -> None:
        self.quality = quality
        self.busy_until_ns = 0  # when the last byte put so far arrives
        self._random = Random(seed)
        self._wrong_at = wrong_at
        self._muted_until_ns = 0
        self._tricks: deque[Trick] = deque()
        self._glued: dict[int, bytes] = {}
        self._pieces: deque[tuple[int, int, bytes]] = deque()

    def put(self, data: bytes, now_ns: int, tag: int = 0) -> bool:
        """Say `data`; return whether it will arrive unharmed and once."""
        told = self._spoil(data, now_ns, tag)
        at_ns = max(now_ns, self.busy_until_ns)
        for piece in self._split(told):
            at_ns += len(piece) * self.quality.byte_ns
            if len(self._pieces) >= IN_FLIGHT_MAX:
                raise OverflowError(f"{IN_FLIGHT_MAX} pieces wait on a wire that nobody reads")
            self._pieces.append((at_ns, tag, piece))
        # the sender's line is busy for what it sent, whatever of it arrives
        self.busy_until_ns = max(at_ns, now_ns + len(data) * self.quality.byte_ns)
        return told == data

    def take(self, now_ns: int) -> list[tuple[int, bytes]]:
        """Return the pieces that have arrived by `now_ns`, each with its tag."""
        arrived = []
        while self._pieces and self._pieces[0][0] <= now_ns:
            _, tag, piece = self._pieces.popleft()
            arrived.append((tag, piece))
        return arrived

    def deadline_ns(self) -> int | None:
        """Return when the next piece arrives, None for never."""
        return self._pieces[0][0] if self._pieces else None

    def trick(self, trick: Trick, count: int = 1) -> None:
        """Play `trick` on the next `count` things said."""
        self._tricks.extend([trick] * count)

    def mute(self, until_ns: int) -> None:
        """Let nothing through until `until_ns`; 0 ends it."""
        self._muted_until_ns = until_ns

    def garbage(self, count: int, now_ns: int, tag: int = 0) -> None:
        """Let `count` random bytes arrive, as of a loose plug."""
        noise = bytes(self._noise_byte() for _ in range(count))
        if noise:
            self._pieces.append((max(now_ns, self.busy_until_ns), tag, noise))

    def break_off(self, now_ns: int) -> None:
        """Lose everything under way: the plug was pulled."""
        self._pieces.clear()
        self._glued.clear()
        self.busy_until_ns = now_ns

    def _spoil(self, data: bytes, now_ns: int, tag: int) -> bytes:
        if now_ns < self._muted_until_ns:
            return b""
        trick = self._tricks.popleft() if self._tricks else None
        if trick is Trick.GLUE or (trick is None and self._chance(self.quality.glue)):
            self._glued[tag] = (self._glued.get(tag, b"") + data)[:GLUED_BYTES_MAX]
            return b""
        before = self._glued.pop(tag, b"")
        return before + (self._weathered(data) if trick is None else self._play(trick, data))

    def _weathered(self, data: bytes) -> bytes:
        if self._chance(self.quality.drop):
            return b""
        if data and self._chance(self.quality.wrong):
            return self._play(Trick.WRONG, data)
        if self._chance(self.quality.cut):
            data = data[: self._random.randrange(len(data))] if data else data
        elif self._chance(self.quality.double):
            data = data * 2
        if not self.quality.lose and not self.quality.noise:
            return data
        return b"".join(self._weather(data[at : at + 1]) for at in range(len(data)))

    def _weather(self, byte: bytes) -> bytes:
        noise = bytes([self._noise_byte()]) if self._chance(self.quality.noise) else b""
        return noise if self._chance(self.quality.lose) else noise + byte

    def _play(self, trick: Trick, data: bytes) -> bytes:
        match trick:
            case Trick.WRONG:
                at = self._random.randrange(len(data)) if self._wrong_at is None else self._wrong_at
                return data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :]
            case Trick.CUT:
                return data[: len(data) // 2]
            case Trick.LOST:
                return b""
            case Trick.DOUBLE:
                return data * 2
            case Trick.GLUE:
                raise AssertionError("what is glued waits, and is not played")

    def _split(self, data: bytes) -> list[bytes]:
        match self.quality.split:
            case Split.WHOLE:
                return [data] if data else []
            case Split.BYTES:
                return [data[at : at + 1] for at in range(len(data))]
            case Split.RANDOM:
                pieces = []
                while data:
                    size = self._random.randint(1, len(data))
                    pieces.append(data[:size])
                    data = data[size:]
                return pieces

    def _chance(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance

    def _noise_byte(self) -> int:
        while (byte := self._random.randrange(256)) in self.quality.noise_not:
            pass
        return byte
