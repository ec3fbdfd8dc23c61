"""Typed reads from a decoded map that somebody else made: the right type and bounded, or Malformed.

`optional` of each function: an absent key reads as None.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from edge_agent.domain.event import BodyValue
from edge_agent.evidence.cbor import Malformed

Fields = Mapping[int, BodyValue]
NUMBER_MAX = 2**63 - 1  # what a database column holds; ns since 1970 fit until the year 2262
NAME_CHARS_MAX = 64  # of a gateway, panel, center, path, driver or profile
TEXT_CHARS_MAX = 200  # of any sentence in a body, the same bound as a panel's text
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # safe in an MQTT topic and in a file name

E = TypeVar("E", bound=StrEnum)


def is_word(text: str) -> bool:
    """Return whether `text` is a word as types of events and acts are: a-z, 0-9, _, at most 32."""
    return _WORD.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Return whether `text` can name a gateway or center: A-Z a-z 0-9 . _ -, at most 64."""
    return _NAME.fullmatch(text) is not None


def text(fields: Fields, key: int, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Return the text at `key`, of 1 to `chars_max` characters."""
    value = fields.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= chars_max:
        raise Malformed(f"key {key} is not a text of 1 to {chars_max} characters")
    return value


def text_or_none(fields: Fields, key: int, chars_max: int = TEXT_CHARS_MAX) -> str | None:
    """Like `text`; None where the key is absent."""
    return text(fields, key, chars_max) if key in fields else None


def text_or_empty(fields: Fields, key: int, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Like `text`; empty where the key is absent."""
    return text(fields, key, chars_max) if key in fields else ""


def number(fields: Fields, key: int, low: int = 0, high: int = NUMBER_MAX) -> int:
    """Return the integer at `key`, in `low`..`high`."""
    value = fields.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Malformed(f"key {key} is not a number in {low}..{high}")
    return value


def number_or_none(fields: Fields, key: int, low: int = 0, high: int = NUMBER_MAX) -> int | None:
    """Like `number`; None where the key is absent."""
    return number(fields, key, low, high) if key in fields else None


def octets(fields: Fields, key: int, length: int) -> bytes:
    """Return the byte string at `key`, of exactly `length` bytes."""
    value = fields.get(key)
    if not isinstance(value, bytes) or len(value) != length:
        raise Malformed(f"key {key} is not {length} bytes")
    return value


def truth(fields: Fields, key: int) -> bool:
    """Return the true or false at `key`."""
    value = fields.get(key)
    if not isinstance(value, bool):
        raise Malformed(f"key {key} is neither true nor false")
    return value


def array(fields: Fields, key: int, items_max: int) -> list[BodyValue]:
    """Return the array at `key`, of at most `items_max` items."""
    value = fields.get(key)
    if not isinstance(value, list) or len(value) > items_max:
        raise Malformed(f"key {key} is not an array of at most {items_max} items")
    return value


def map_or_none(fields: Fields, key: int) -> dict[int, BodyValue] | None:
    """Return the map at `key`, which must hold something; None where the key is absent."""
    value = fields.get(key)
    if key in fields and not (isinstance(value, dict) and value):
        raise Malformed(f"key {key} is no map, or an empty one")
    return value if isinstance(value, dict) else None


def row(value: BodyValue, length: int) -> dict[int, BodyValue]:
    """Return an array of exactly `length` items as a map by position, for the readers above."""
    if not isinstance(value, list) or len(value) != length:
        raise Malformed(f"not an array of {length} items")
    return dict(enumerate(value))


def word(fields: Fields, key: int, kind: type[E]) -> E:
    """Return the member of `kind` that the text at `key` names."""
    value = text(fields, key, NAME_CHARS_MAX)
    try:
        return kind(value)
    except ValueError as error:
        raise Malformed(f"key {key}: {value!r} is no {kind.__name__}") from error


def without_none(fields: Fields) -> dict[int, BodyValue]:
    """Return the map with the keys that hold None left out."""
    return {key: value for key, value in fields.items() if value is not None}


def bounded(sentence: str) -> str | None:
    """Return `sentence` cut to what a body may hold, None where it is empty.

    Reasons and details come from libraries and the kernel: they are cut rather than refused, and
    what is no Unicode (a file name) is written as an escape, so that no event is lost for its text.
    """
    whole = sentence.encode("utf-8", "backslashreplace").decode()
    return whole[:TEXT_CHARS_MAX] or None
