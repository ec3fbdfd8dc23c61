"""Frames that are lines of text: cut from the stream at CR and LF, and read one by one.

Pure.  For decoders.  What stands before a good line on the same line (noise of a plug, a line whose
end was lost) is cut off; what fits nothing is refused.
"""

import re
from collections.abc import Callable

from edge_agent.domain.noise import Noise
from edge_agent.domain.session import FaultKind, Frame

LINE_BYTES_MAX = 512  # no known protocol's line is longer; what is has lost its end
_END = re.compile(rb"([\r\n])")


def _noise(piece: bytes) -> FaultKind:
    del piece
    return FaultKind.NOISE


class LineDecoder:
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
        self._read = read
        self._begins = begins
        self._fault = fault
        self._bytes_max = bytes_max
        self._whole = whole
        self._line = bytearray()
        self._noise = Noise()

    def is_waiting(self) -> bool:
        """Tell whether a line has begun that has not ended."""
        return bool(self._line)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        frames: list[Frame] = []
        for piece in _END.split(data):
            if piece in (b"\r", b"\n"):
                frames += self._end(piece)
            else:
                frames += self._take(piece)
        return frames

    def finish(self) -> list[Frame]:
        """Return what is left: a line without its end is cut, unless it is of a whole type."""
        line = bytes(self._line)
        self._line.clear()
        frame = self._read(line, line) if line else None
        if frame is not None and frame.type in self._whole:
            return [*self._noise.flush(), frame]
        return [*(self._refused(line, b"") if line else []), *self._noise.flush()]

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
        if not line:
            # the rest of CR LF belongs to the line before it, unless noise stands there
            return self._noise.take(end) if self._noise else []
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
