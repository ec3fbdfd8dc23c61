"""Which language people are spoken to in: English or Simplified Chinese."""

import os
import re
from collections.abc import Iterator, Mapping
from unicodedata import category, east_asian_width

LANGUAGES = ("en", "zh")
FOLD_INDENT = 4  # behind the line's own: what goes on is told from what begins
_PIECE = r" *(?:[^ \u2e80-\uffef]+|[\u2e80-\uffef][，。；：、）”？！…]*)| +$"
"""What is not parted: a word, or a Chinese character with the punctuation behind it."""

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # in the order of locale(7)


class Catalog:
    """The words of one language; `table` has each name's English and Chinese."""

    def __init__(self, table: Mapping[str, tuple[str, str]], language: str) -> None:
        self.language = language
        self._table = table
        self._index = LANGUAGES.index(language)

    def __call__(self, name: str, /, **values: object) -> str:
        """Return the words called `name` with `values` filled in."""
        return self._table[name][self._index].format(**values)

    def known(self, name: str) -> str | None:
        """Return the words called `name`, None where there are none."""
        pair = self._table.get(name)
        return None if pair is None else pair[self._index]

    def choose(self, english: str, chinese: str) -> str:
        """Return whichever of the two is spoken; English where there is no Chinese."""
        return (english, chinese or english)[self._index]


def language(chosen: str | None) -> str:
    """Return `chosen`, or the language of the environment, as far as it is spoken here."""
    if chosen is not None:
        return chosen
    spoken = next((os.environ[name] for name in _LOCALE if os.environ.get(name)), "")
    return "zh" if spoken.lower().startswith("zh") else "en"


def columns_of(text: str) -> int:
    """Return how many columns of a terminal `text` takes: a Chinese character two, an accent that
    is written over the letter before it none.
    """
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 1 + (east_asian_width(character) in "FW")


def padded(text: str, columns: int) -> str:
    """Return `text` with blanks up to a width."""
    return text + " " * (columns - columns_of(text))


def cut(text: str, columns: int) -> str:
    """Return `text`, or as much of it as fits into a width with an ellipsis behind."""
    if columns_of(text) <= columns:
        return text
    kept, left = "", columns - 1
    for character in text:
        left -= _columns(character)
        if left < 0:
            break
        kept += character
    return kept.rstrip() + "…"


def folded(text: str, columns: int) -> Iterator[str]:
    """Yield a line in as many as it takes, parted between words, those after the first indented."""
    indent = min(len(text) - len(text.lstrip(" ")) + FOLD_INDENT, columns // 2)
    line = ""
    for piece in re.findall(_PIECE, text):
        if line.strip() and columns_of(line + piece) > columns:
            yield line
            line = " " * indent + piece.lstrip(" ")
        else:
            line += piece
    yield line
