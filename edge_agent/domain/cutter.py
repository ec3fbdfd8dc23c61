"""Binary frames and others that end of themselves: cut from the stream piece by piece.

Pure.  For decoders whose frames no line end cuts (those: `lines`).  `Cutter` is the loop that all
of them have; `SizedDecoder` is the whole of it where a frame says at its beginning how long it is,
and `CommandFrames` that with the commonest form of such a frame.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import reduce
from operator import xor

from edge_agent.domain.noise import Noise
from edge_agent.domain.session import FaultKind, Frame, Setup

Found = Frame | FaultKind | None
MORE: tuple[int, Found] = (0, None)


class Cutter(ABC):
    """Cuts a stream into pieces; what each of them is `piece` says.

    Memory is bounded where `piece` asks for no more than a frame of the longest.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._noise = Noise()

    @abstractmethod
    def piece(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        """Return the size of the piece that begins at `at`, and what it is.

        A frame, what is wrong with it, or None for what stands between frames, such as the rest of
        a line's end: within noise it is noise.  `MORE` where bytes have to come first, never at the
        end of the input.
        """

    def is_waiting(self) -> bool:
        """Tell whether a frame has begun that has not ended."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        self._held += data
        return self._take(is_end=False)

    def finish(self) -> list[Frame]:
        """Return what is left."""
        return [*self._take(is_end=True), *self._noise.flush()]

    def _take(self, *, is_end: bool) -> list[Frame]:
        frames: list[Frame] = []
        held, at = self._held, 0
        while at < len(held):
            size, found = self.piece(held, at, is_end=is_end)
            if not size:
                break
            raw = bytes(held[at : at + size])
            at += size
            if found is None and not self._noise:
                continue
            if found is None or found is FaultKind.NOISE:
                frames += self._noise.take(raw)
                continue
            frames += self._noise.flush()
            frames.append(found if isinstance(found, Frame) else Frame(raw, fault=found))
        del held[:at]
        return frames


class SizedDecoder(Cutter):
    """Cuts at `start`, by the length that the head says.

    `size` returns of a frame's first `head_bytes` bytes how long all of it is, 0 where no frame
    begins so, as where it would be longer than the longest.  `is_sound` tells whether a whole frame
    is right; `read` makes a Frame of one that is.  A frame that begins and ends within another
    before that is whole is taken, for a length that the line damaged must not hold back what
    follows it.  So `is_sound` has to look at more than eight bits: at the size that each command
    has, where the sum is a byte.  Where the head alone is believed, by `is_sure`, the data may look
    like a frame: what is within counts only when the whole is wrong.

        SizedDecoder(b"\\xa5", 3, size, is_sound, read)
    """

    def __init__(
        self,
        start: bytes,
        head_bytes: int,
        size: Callable[[bytes], int],
        is_sound: Callable[[bytes], bool],
        read: Callable[[bytes], Frame],
        is_sure: Callable[[bytes], bool] = lambda _: False,
    ) -> None:
        super().__init__()
        self._start = start
        self._head_bytes = head_bytes
        self._size = size
        self._is_sound = is_sound
        self._read = read
        self._is_sure = is_sure
        self._looked = 0  # how much of the frame that has begun was searched for others within

    def piece(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        """See Cutter."""
        if not held.startswith(self._start, at):
            return self._between(held, at, is_end=is_end)
        size = self._size_at(held, at)
        if size == 0:
            return 1, FaultKind.NOISE
        end = at + size if size else None
        is_sure = size is not None and self._is_sure(bytes(held[at : at + self._head_bytes]))
        last = len(held) if end is None else min(len(held), end - 1)
        inner = 0 if is_sure else self._within(held, at, last)
        if inner:
            return self._refused(inner - at, FaultKind.LENGTH)
        if size and at + size <= len(held):
            raw = bytes(held[at : at + size])
            if self._is_sound(raw):
                self._looked = 0
                return size, self._read(raw)
            return self._given_up(held, at, at + size, FaultKind.CHECKSUM)
        return self._given_up(held, at, len(held), FaultKind.LENGTH) if is_end else MORE

    def _between(self, held: bytearray, at: int, *, is_end: bool) -> tuple[int, Found]:
        found = held.find(self._start, at)
        if found < 0:
            begun = range(min(len(self._start) - 1, len(held) - at), 0, -1)
            open_ = next((size for size in begun if held.endswith(self._start[:size])), 0)
            found = len(held) - (0 if is_end else open_)
        return found - at, FaultKind.NOISE

    def _size_at(self, held: bytearray, at: int) -> int | None:
        """Return the size of a frame that begins here, None while that is not heard yet."""
        head = bytes(held[at : at + self._head_bytes])
        return self._size(head) if len(head) == self._head_bytes else None

    def _within(self, held: bytearray, begin: int, end: int) -> int:
        """Return where the sound frame that ends first before `end` stands; 0: nowhere."""
        looked, self._looked = begin + self._looked, end - begin
        found, first = 0, end + 1
        at = held.find(self._start, begin + 1, end)
        while at > 0:
            last = at + (self._size_at(held, at) or 0)
            if looked < last < first and last > at and self._is_sound(bytes(held[at:last])):
                found, first = at, last
            at = held.find(self._start, at + 1, end)
        return found

    def _given_up(self, held: bytearray, at: int, end: int, fault: FaultKind) -> tuple[int, Found]:
        """Refuse a frame up to the next that may begin within it."""
        inside = held.find(self._start, at + 1, end)
        if inside > 0:
            return self._refused(inside - at, FaultKind.LENGTH)
        return self._refused(end - at, fault)

    def _refused(self, size: int, fault: FaultKind) -> tuple[int, Found]:
        self._looked = 0
        return size, fault if size > self._head_bytes else FaultKind.NOISE


class CommandFrames(SizedDecoder):
    """Frames of a start, a length, a command, its data, and a sum of one byte.

    `lengths` are, for each command, how many bytes it has with its data: a frame of another command
    or of another length is no frame, for a byte of a sum alone proves too little.  `uncounted` are
    the bytes of a frame that its length does not count.  The sum is the exclusive or of all before
    it, unless a protocol has a `total` of its own.  What a good frame says `read` has to know.

        class MyDecoder(CommandFrames):
            start, lengths = b"\x5a", {0x10: 1, 0x80: 4}
            def read(self, raw): ...

        MyDecoder.framed("10")                   # in hex: command and data
    """

    start: bytes
    lengths: Mapping[int, int]
    uncounted: int = 3  # the start, the length, the sum

    def __init__(self, setup: Setup) -> None:
        self.codes = setup.codes
        self._longest = max(self.lengths.values())
        self._command_at = len(self.start) + 1
        super().__init__(
            self.start,
            self._command_at + 1,
            self._whole,
            self._is_right,
            self.read,
            lambda head: self.lengths.get(head[-1]) == self._counted(head),
        )

    @classmethod
    def framed(cls, said: str) -> bytes:
        """Return the frame of a command and its data, which are in hex."""
        data = bytes.fromhex(said)
        length = len(cls.start) + 1 + len(data) + 1 - cls.uncounted
        frame = cls.start + bytes((length,)) + data
        return frame + bytes((cls.total(frame),))

    @classmethod
    def total(cls, frame: bytes) -> int:
        """Return the sum of a frame but for its last byte, 0 to 255."""
        return reduce(xor, frame)

    @abstractmethod
    def read(self, raw: bytes) -> Frame:
        """Return what a frame says whose length and sum are right."""

    def command(self, raw: bytes) -> tuple[int, bytes]:
        """Return a frame's command and its data."""
        at = self._command_at
        return raw[at], raw[at + 1 : -1]

    def _counted(self, head: bytes) -> int:
        """Return how many bytes command and data are, by the length that a head says."""
        return head[self._command_at - 1] + self.uncounted - self._command_at - 1

    def _whole(self, head: bytes) -> int:
        counted = self._counted(head)
        return self._command_at + counted + 1 if 0 < counted <= self._longest else 0

    def _is_right(self, frame: bytes) -> bool:
        command, data = self.command(frame)
        return self.lengths.get(command) == 1 + len(data) and self.total(frame[:-1]) == frame[-1]
