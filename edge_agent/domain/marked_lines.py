r"""Lines of a mark, a text, another mark, and a sum of the text in digits.

The sum is the exclusive or of its bytes, of `SummedLines` their sum, unless the decoder has a
`total` of its own.

Pure.  For decoders of such protocols, and for what is said to their panels: one rule for both.

    class MyDecoder(MarkedLines):
        begins, ends = "$", "*"
        def read(self, body, raw): ...

    MyDecoder.framed("HI")                       # b"$HI*01\r\n"
"""

import re
from abc import abstractmethod
from functools import reduce
from operator import xor

from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.session import FaultKind, Frame, Setup

_DIGITS = {"X": (16, "[0-9A-F]"), "x": (16, "[0-9a-f]"), "d": (10, "[0-9]")}


class MarkedLines(LineDecoder):
    """Cuts lines and holds their sums against them; what a body says `read` has to know.

    `begins`, which is in no body, and `ends` stand around it, where there are any.  Without a mark
    `starts` are the words, as a pattern, with which alone a body begins: a line may begin in the
    middle of another, whose end was lost.  `digits` is how the sum is written, as of Python's
    `format`: two in hex, unless a protocol has `03d`.  `seed` is what the sum begins with, and
    `end` is what a host ends its lines with.
    """

    begins: str = ""
    starts: str = ""
    ends: str = ""
    digits: str = "02X"
    seed: int = 0
    end: str = "\r\n"

    def __init__(self, setup: Setup) -> None:
        self.codes = setup.codes
        begins, ends = re.escape(self.begins), re.escape(self.ends)
        start = begins or self.starts
        text = f"(?:(?!{start})[ -~])+" if start else "[ -~]+"
        if not begins and start:
            text = f"(?={start})[ -~]{text}"
        width, kind = int(self.digits[:-1]), self.digits[-1]
        self._base, digit = _DIGITS[kind]
        self._shape = re.compile(f"{begins}({text}){ends}({digit}{{{width}}})")
        super().__init__(self._marked, re.compile(start.encode()) if start else None)

    @classmethod
    def framed(cls, body: str) -> bytes:
        """Return a line of this body."""
        total = format(cls.total(body), cls.digits)
        return f"{cls.begins}{body}{cls.ends}{total}{cls.end}".encode("latin-1")

    @classmethod
    def total(cls, body: str) -> int:
        """Return the sum of a body, as wide as `digits`: the exclusive or, unless it is another."""
        return reduce(xor, body.encode("latin-1"), cls.seed)

    @abstractmethod
    def read(self, body: str, raw: bytes) -> Frame | None:
        """Return the frame of a body of printable ASCII; None where no line is like it."""

    def _marked(self, line: bytes, raw: bytes) -> Frame | None:
        match = self._shape.fullmatch(line.decode("latin-1"))
        if match is None:
            return None
        if self.total(match[1]) != int(match[2], self._base):
            return Frame(raw, fault=FaultKind.CHECKSUM)
        return self.read(match[1], raw)


class SummedLines(MarkedLines):
    """The same, where the digits are the low byte of the sum of the body's bytes."""

    @classmethod
    def total(cls, body: str) -> int:
        """Return the sum of a body, 0 to 255."""
        return (cls.seed + sum(body.encode("latin-1"))) & 0xFF
