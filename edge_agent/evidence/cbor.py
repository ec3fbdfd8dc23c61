"""Deterministic CBOR, the only encoding of everything that is signed.

Rules: RFC 8949 section 4.2.1 (core deterministic), narrowed to what evidence needs: integers of 64
bits, byte and text strings, arrays, maps, false, true, null.  No floats, no tags, no indefinite
lengths; map keys are integers in -24..23, which take one byte, so that ascending bytes are the
canonical order and a key out of order or twice is seen at once.

Bytes from outside are scanned against these rules before `cbor2` sees them: its handlers of tags
(dates, big numbers, regular expressions, shared references) are never reached.
"""

from collections.abc import Mapping

import cbor2

from edge_agent.domain.event import BodyValue

DEPTH_MAX = 8  # the deepest object of ours is four deep; the rest is room for later types
INT_MAX = 2**64 - 1  # RFC 8949 major types 0 and 1; larger ones would need a tag
INT_MIN = -(2**64)
_KEYS = {key: (key if key >= 0 else 23 - key) for key in range(-24, 24)}  # key -> canonical rank
_LENGTH_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
_LEAST = {24: 24, 25: 2**8, 26: 2**16, 27: 2**32}  # below this a shorter form exists


class Malformed(ValueError):  # noqa: N818  reads as a verdict: `raise Malformed`
    """Bytes from outside that break a rule of the format; says which."""


# ---- encoding


def encode(value: BodyValue | Mapping[int, BodyValue]) -> bytes:
    """Return the one encoding of `value`.

    Raises ValueError where a value has none: a number beyond 64 bits, a key outside -24..23 or
    text that is no Unicode; TypeError for any other type.
    """
    return cbor2.dumps(_ordered(value))


def _ordered(value: object) -> object:
    """Return `value` with its maps in canonical order, all of it checked."""
    if isinstance(value, (str, bytes)) or value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        if not INT_MIN <= value <= INT_MAX:
            raise ValueError(f"{value} does not fit in 64 bits")
        return value
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    if isinstance(value, Mapping):
        try:
            keys = sorted(value, key=_KEYS.__getitem__)
        except KeyError as error:
            raise ValueError(f"map key {error.args[0]!r} is outside -24..23") from error
        return {int(key): _ordered(value[key]) for key in keys}
    raise TypeError(f"{type(value).__name__} has no place in evidence")


# ---- decoding


def decode(data: bytes) -> BodyValue:
    """Return the value that `data`, all of it, encodes.  Raises Malformed."""
    end = item_end(data, 0)
    if end != len(data):
        raise Malformed(f"{len(data) - end} bytes follow the item")
    return _load(data)


def decode_map(data: bytes) -> dict[int, BodyValue]:
    """Like `decode`, where only a map will do."""
    value = decode(data)
    if not isinstance(value, dict):
        raise Malformed("not a map")
    return value


def _load(data: bytes) -> BodyValue:
    try:
        value: BodyValue = cbor2.loads(data)
    except (cbor2.CBORError, ValueError) as error:  # only text that is not UTF-8 comes this far
        raise Malformed(f"text that is not UTF-8: {error}") from error
    return value


def item_end(data: bytes, at: int, depth: int = DEPTH_MAX) -> int:
    """Return where the item that starts at `at` ends.  Raises Malformed where a rule is broken."""
    major, argument, at = _head(data, at)
    if major <= 1 or major == 7:
        return at
    if argument > len(data) - at:  # an item of a map or array takes a byte or more as well
        raise Malformed("cut short")
    if major <= 3:
        return at + argument
    if depth == 0:
        raise Malformed(f"nested deeper than {DEPTH_MAX}")
    if major == 4:
        for _ in range(argument):
            at = item_end(data, at, depth - 1)
        return at
    return _map_end(data, at, argument, depth - 1)


def _map_end(data: bytes, at: int, pairs: int, depth: int) -> int:
    previous = -1
    for _ in range(pairs):
        if at >= len(data):
            raise Malformed("cut short")
        key = data[at]
        if key & 0x1F > 23 or key > 0x37:
            raise Malformed("map key outside -24..23")
        if key <= previous:
            raise Malformed("map keys doubled or out of order")
        previous = key
        at = item_end(data, at + 1, depth)
    return at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return major type, argument and where the content starts."""
    if at >= len(data):
        raise Malformed("cut short")
    major, low = data[at] >> 5, data[at] & 0x1F
    if major == 6:
        raise Malformed("tag where none is allowed")
    if major == 7:
        if low not in (20, 21, 22):
            raise Malformed("float, undefined or unassigned simple value")
        return major, low, at + 1
    if low < 24:
        return major, low, at + 1
    width = _LENGTH_BYTES.get(low)
    if width is None:
        raise Malformed("indefinite length or reserved head")
    end = at + 1 + width
    if end > len(data):
        raise Malformed("cut short")
    argument = int.from_bytes(data[at + 1 : end], "big")
    if argument < _LEAST[low]:
        raise Malformed("number not in its shortest form")
    return major, argument, end


def split_sequence(data: bytes, items_max: int) -> list[bytes]:
    """Cut a CBOR sequence (RFC 8742) of tagged COSE_Sign1 messages into its items.

    An empty sequence has no items.  Raises Malformed for more than `items_max` items or anything
    that is not whole.
    """
    items: list[bytes] = []
    at = 0
    while at < len(data):
        if data[at] != COSE_SIGN1_HEAD:
            raise Malformed("item without the COSE_Sign1 tag")
        if len(items) == items_max:
            raise Malformed(f"more than {items_max} items")
        end = item_end(data, at + 1)
        items.append(data[at:end])
        at = end
    return items


COSE_SIGN1_HEAD = 0xD2  # tag 18, RFC 9052 table 1
