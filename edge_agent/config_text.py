"""Adds a center to a configuration's text, or leaves one out; all else stays as somebody wrote it.

The result is read back and compared, so what cannot be done so is refused, and never done wrong.
"""

import re
from pathlib import Path

import msgspec

from edge_agent.config import Center, Config, ConfigError, parse

_TABLE = re.compile(r"(?m)^[ \t]*\[")
_CENTER = re.compile(r"[ \t]*\[\[[ \t]*center[ \t]*\]\]")
_OF_CENTER = re.compile(r"[ \t]*\[{1,2}[ \t]*center[ \t]*\.")
BY_HAND = "write each center as a [[center]] of its own, as `edge-agent enrol` does"


class NotEditable(ValueError):  # noqa: N818  reads as a verdict
    """The text is written in a way that nobody but its author can change; says what to do."""


def with_center(data: bytes, table: str, file: Path) -> bytes:
    """Return a configuration with one more center, whose table is given.

    Raises NotEditable, ConfigError where the result is none.
    """
    before = parse(data, file).config
    made = data.rstrip() + b"\n\n" + table.encode()
    try:
        after = parse(made, file).config
    except ConfigError as error:
        raise NotEditable(f"a center cannot be added: {error}; {BY_HAND}") from error
    _check(after, before, [*before.center, *after.center[-1:]])
    return made


def without_center(data: bytes, name: str, file: Path) -> bytes:
    """Return a configuration without the center of a name.  Raises NotEditable, ConfigError."""
    before = parse(data, file).config
    kept = [one for one in before.center if one.name != name]
    text = data.decode()
    places = [match.start() for match in _TABLE.finditer(text)]
    blocks = [text[: places[0]], *map(text.__getitem__, map(slice, places, [*places[1:], None]))]
    centers = -1
    found = []
    for block in blocks:
        own = bool(_CENTER.match(block))
        centers += own
        leaves = own or bool(_OF_CENTER.match(block))
        if not leaves or not 0 <= centers < len(before.center) or before.center[centers] in kept:
            found.append(block)
    made = "".join(found).encode()
    try:
        after = parse(made, file).config
    except ConfigError as error:
        raise NotEditable(f"center {name} cannot be left out: {error}; {BY_HAND}") from error
    _check(after, before, kept)
    return made


def _check(after: Config, before: Config, centers: list[Center]) -> None:
    if after != msgspec.structs.replace(before, center=centers):
        raise NotEditable(f"its centers cannot be told apart from the rest; {BY_HAND}")
