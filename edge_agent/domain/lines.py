"""Frames that are lines of text: cut from the stream at CR and LF, and read one by one.

Pure.  For decoders.  What stands before a good line on the same line (noise of a plug, a line whose
end was lost) is cut off; what fits nothing is refused.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from edge_agent.domain.noise import Noise
from edge_agent.domain.session import FaultKind, Frame

LINE_BYTES_MAX = 512  # no known protocol's line is longer; what is has lost its end
CR_LF = re.compile(rb"([\r\n])")


def _noise(piece: bytes) -> FaultKind:
    del piece
    return FaultKind.NOISE


class LineCutter(ABC):
    """Cuts a stream at its ends, in bounded memory: what is made of a line `ended` says.

    What is longer than `bytes_max` is noise.  `ends` has one group: what ends a line.
    """

    def __init__(self, bytes_max: int = LINE_BYTES_MAX, ends: re.Pattern[bytes] = CR_LF) -> None:
        self._bytes_max = bytes_max
        self._ends = ends
        self._line = bytearray()
        self._noise = Noise()

    @abstractmethod
    def ended(self, line: bytes, end: bytes) -> list[Frame]:
        """Make frames of a line, of at least one byte, that ended so; b"" is that of the input."""

    def is_waiting(self) -> bool:
        """Tell whether a line has begun that has not ended."""
        return bool(self._line)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        frames: list[Frame] = []
        for at, piece in enumerate(self._ends.split(data)):
            frames += self._end(piece) if at % 2 else self._take(piece)
        return frames

    def finish(self) -> list[Frame]:
        """Return what is left."""
        return [*self._end(b""), *self._noise.flush()]

    def _take(self, piece: bytes) -> list[Frame]:
        self._line += piece
        if len(self._line) <= self._bytes_max:
            return []
        long = bytes(self._line[: -self._bytes_max])
        del self._line[: -self._bytes_max]
        return self._noise.take(long)

    def _end(self, end: bytes) -> list[Frame]:
        line = bytes(self._line)
        self._line.clear()
        if line:
            return self.ended(line, end)
        # the rest of CR LF belongs to the line before it, unless noise stands there
        return self._noise.take(end) if self._noise and end else []


class LineDecoder(LineCutter):
    """Cuts at CR and LF; ends that follow an end are in no frame.

    `read` makes a Frame of a line (without its end, and with it), None where it is none.  `begins`
    is what a line of the panel begins with: there one may begin in the middle of another.  `fault`
    says what is wrong with a piece that is none: noise, where it resembles nothing.  What is longer
    than `bytes_max` is noise.  Of types in `whole` nothing can be missing but the end: of these the
    last line of the input may lack it.

        LineDecoder(read, re.compile(rb"[$]"))
    """

    def __init__(
        self,
        read: Callable[[bytes, bytes], Frame | None],
        begins: re.Pattern[bytes] | None = None,
        fault: Callable[[bytes], FaultKind] = _noise,
        bytes_max: int = LINE_BYTES_MAX,
        whole: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(bytes_max)
        self._read = read
        self._begins = begins
        self._fault = fault
        self._whole = whole

    def ended(self, line: bytes, end: bytes) -> list[Frame]:
        """See LineCutter: at the end of the input it is cut, unless it is of a whole type."""
        if not end:
            frame = self._read(line, line)
            if frame is not None and frame.type in self._whole:
                return [*self._noise.flush(), frame]
            return self._refused(line, b"")
        later = self._begins.finditer(line, 1) if self._begins is not None else ()
        for at in (0, *(found.start() for found in later)):
            frame = self._read(line[at:], line[at:] + end)
            if frame is not None:
                before = self._refused(line[:at], b"") if at else []
                return [*before, *self._noise.flush(), frame]
        return self._refused(line, end)

    def _refused(self, piece: bytes, end: bytes) -> list[Frame]:
        fault = self._fault(piece)
        if fault is FaultKind.NOISE:
            return self._noise.take(piece + end)
        return [*self._noise.flush(), Frame(piece + end, fault=fault)]
