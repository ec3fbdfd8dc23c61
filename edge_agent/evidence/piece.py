"""A piece of a file on its way to a center that asked for it.

It is not signed: what tells the hash that the whole must have is, a clip's own event or the reply.
"""

from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.clip import PARTS_MAX
from edge_agent.evidence.fields import NAME_CHARS_MAX

VERSION = 1
BYTES_MAX = 8_192
"""Of one piece: an event that comes right behind one waits 66 ms for it on a line of 1 Mbit/s."""

_KEYS = range(1, 6)
_VERSION, _NAME, _PART, _OFFSET, _DATA = _KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes of `part` (from 0) of what is called `name`, from `offset` on.

    Raises ValueError beyond the bounds.
    """

    name: str
    part: int
    offset: int
    data: bytes

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= NAME_CHARS_MAX or not 0 <= self.part < PARTS_MAX:
            raise ValueError(f"nothing called {self.name[:80]!r} with a part {self.part}")
        if not 0 <= self.offset <= fields.NUMBER_MAX or not 0 < len(self.data) <= BYTES_MAX:
            raise ValueError(f"a piece has 1 to {BYTES_MAX} bytes")

    def to_bytes(self) -> bytes:
        """Return the message."""
        content: dict[int, BodyValue] = {
            _VERSION: VERSION,
            _NAME: self.name,
            _PART: self.part,
            _OFFSET: self.offset,
            _DATA: self.data,
        }
        return cbor.encode(content)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what a message says.  Raises Malformed."""
        content = cbor.decode_map(data)
        if content.keys() != set(_KEYS):
            raise Malformed("missing or unknown key in a piece")
        fields.number(content, _VERSION, VERSION, VERSION)
        piece = content[_DATA]
        if not isinstance(piece, bytes):
            raise Malformed("a piece is bytes")
        try:
            return cls(
                name=fields.text(content, _NAME, NAME_CHARS_MAX),
                part=fields.number(content, _PART),
                offset=fields.number(content, _OFFSET),
                data=piece,
            )
        except Malformed:
            raise
        except ValueError as error:
            raise Malformed(str(error)) from error
