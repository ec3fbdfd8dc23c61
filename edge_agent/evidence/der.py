"""The distinguished encoding (DER, X.690) as far as certificate requests, TPM key files and
timestamps need it (pure).

Only what is definite, in shortest form and of a one-byte tag is read: all else is Malformed.
"""

from dataclasses import dataclass
from typing import Self

from edge_agent.evidence.cbor import Malformed

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
GENERALIZED_TIME, SEQUENCE, SET = 0x18, 0x30, 0x31
_LENGTH_BYTES_MAX = 4
_LONG_FORM = 0x80
_MANY_BYTES = 0x1F  # the low bits of a tag that goes on in the next byte


def context(number: int) -> int:
    """Return the tag of a constructed field [number]."""
    return 0xA0 | number


# ---- writing


def encode(tag: int, *contents: bytes) -> bytes:
    """Return the element of `tag` whose contents are these, one behind the other."""
    content = b"".join(contents)
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(size))) + size + content


def integer(value: int) -> bytes:
    """Return a number, zero or more."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """Return an object identifier from its numbers with dots between."""
    first, second, *others = map(int, dotted.split("."))
    return encode(OID, b"".join(map(_base_128, (40 * first + second, *others))))


def _base_128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes(reversed(groups))


# ---- reading


@dataclass(frozen=True, slots=True)
class Element:
    """One element: what it holds, and all of it as it stood."""

    tag: int
    content: bytes
    whole: bytes

    @property
    def inside(self) -> "Reader":
        """A reader of what a constructed element holds."""
        return Reader(self.content)

    def number(self) -> int:
        """Return an integer's value.  Raises Malformed."""
        if self.tag != INTEGER or not self.content:
            raise Malformed("no number where one should be")
        return int.from_bytes(self.content, "big", signed=True)


class Reader:
    """Reads elements one behind the other; every method raises Malformed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @classmethod
    def of(cls, data: bytes, tag: int = SEQUENCE) -> Self:
        """Return a reader of what the one element in `data` holds."""
        outer = cls(data)
        content = outer.take(tag).content
        outer.end()
        return cls(content)

    def next_tag(self) -> int | None:
        """Return the tag of the next element, None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def take(self, tag: int | None = None) -> Element:
        """Return the next element, which must be of `tag` where one is given."""
        begin, found = self._at, self.next_tag()
        if found is None or found & _MANY_BYTES == _MANY_BYTES or tag not in {None, found}:
            raise Malformed(f"{'nothing' if found is None else hex(found)} where {tag} should be")
        start, length = self._length(begin + 1)
        self._at = start + length
        if self._at > len(self._data):
            raise Malformed("an element that is cut off")
        return Element(found, self._data[start : self._at], self._data[begin : self._at])

    def maybe(self, tag: int) -> Element | None:
        """Return the next element if it is of `tag`, else None."""
        return self.take(tag) if self.next_tag() == tag else None

    def end(self) -> None:
        """Check that nothing is left."""
        if self._at != len(self._data):
            raise Malformed("something stands behind the end")

    def _length(self, at: int) -> tuple[int, int]:
        """Return where the content begins and how long it is."""
        first = self._data[at : at + 1]
        if not first:
            raise Malformed("an element without a length")
        if first[0] < _LONG_FORM:
            return at + 1, first[0]
        count = first[0] & 0x7F
        size = self._data[at + 1 : at + 1 + count]
        if not 0 < count <= _LENGTH_BYTES_MAX or len(size) != count:
            raise Malformed("a length that is open or too long")
        length = int.from_bytes(size, "big")
        if size[0] == 0 or length < _LONG_FORM:
            raise Malformed("a length that could be shorter")
        return at + 1 + count, length
