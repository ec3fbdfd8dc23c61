"""Frames that are lines of text: cut from the stream at their ends, and read one by one.

Pure.  For protocols whose frames end with a character that stands nowhere else.  Where they begin
with one too, what a lost end has glued is told apart, and what stands before a beginning is noise.
"""

from collections.abc import Callable

from edge_agent.domain.noise import Noise
from edge_agent.domain.session import Frame

LINE_BYTES_MAX = 512  # no known protocol's line is longer; what is has lost its end


class LineDecoder:
    """`read` makes a Frame of the bytes of a line and of its text without the ends, in Latin-1.

    Where it returns None the line is noise.  `begin` is the character that each line begins with,
    b"" for none; `end` the last one of those that end it.

        LineDecoder(read, begin=b"$")                  # `$...` CR LF
        LineDecoder(read, end=b"\\r")                   # ... CR
    """

    def __init__(
        self,
        read: Callable[[bytes, str], Frame | None],
        *,
        begin: bytes = b"",
        end: bytes = b"\n",
    ) -> None:
        self._read = read
        self._begin, self._end = begin, end
        self._line = bytearray()
        self._noise = Noise()

    def is_waiting(self) -> bool:
        """Tell whether a line has begun that has not ended."""
        return bool(self._line)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        frames: list[Frame] = []
        *ended, rest = data.split(self._end)
        for piece in ended:
            frames += self._take(piece + self._end)
            frames += self._cut()
        return frames + self._take(rest)

    def finish(self) -> list[Frame]:
        """Return what is left: a line without its end, or noise."""
        return [*self._cut(), *self._noise.flush()]

    def _take(self, data: bytes) -> list[Frame]:
        """Hold the newest bytes of a line: what is too old for it is noise."""
        self._line += data
        more = max(len(self._line) - LINE_BYTES_MAX, 0)
        frames = self._noise.take(bytes(self._line[:more]))
        del self._line[:more]
        return frames

    def _cut(self) -> list[Frame]:
        line = bytes(self._line)
        self._line.clear()
        frames: list[Frame] = []
        for piece in self._pieces(line):
            text = piece.decode("latin-1").strip("\r\n" + self._end.decode("latin-1"))
            frame = self._read(piece, text) if text else None
            if frame is None:
                frames += self._noise.take(piece)
            else:
                frames += [*self._noise.flush(), frame]
        return frames

    def _pieces(self, line: bytes) -> list[bytes]:
        """Return what begins each with its character, the first one perhaps without."""
        if not self._begin:
            return [line] if line else []
        first, *others = line.split(self._begin)
        return [one for one in (first, *(self._begin + other for other in others)) if one]
