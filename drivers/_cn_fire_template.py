"""Templates of printed lines: what stands where, without choice, so that matching is linear.

    {month:2}/{day:2} {hour:2}:{minute:2}      two digits each
    {loop:1-3}-{point:3}                       one to three digits, exactly three
    {event:?}                                  any one character
    {code:*}                                   a run of characters without blanks
    {flag:@1}                                  one letter or digit; @2: two of them

A blank fits one or more blanks, every other character itself.  Digits are a whole number: none may
stand before or behind them.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

RUN_CHARS_MAX: Final = 32  # of a run without blanks
DIGITS_MAX: Final = 9
TEMPLATE_CHARS_MAX: Final = 200


class _Part(Enum):
    LITERAL = "literal"
    BLANK = "blank"
    DIGITS = "digits"
    ANY = "any"
    RUN = "run"
    LETTERS = "letters"


@dataclass(frozen=True, slots=True)
class _Piece:
    part: _Part
    name: str = ""
    least: int = 1
    most: int = 1

    def end(self, text: str, at: int) -> int:
        """Return where what fits at `at` ends, -1 where nothing does."""
        match self.part:
            case _Part.LITERAL:
                return at + 1 if text[at : at + 1] == self.name else -1
            case _Part.ANY:
                return at + 1 if at < len(text) else -1
            case _Part.BLANK:
                return _run_end(text, at, str.isspace, len(text)) if text[at : at + 1] else -1
            case _Part.RUN:
                return _run_end(text, at, lambda one: not one.isspace(), RUN_CHARS_MAX)
            case _Part.LETTERS:
                end = _run_end(text, at, lambda one: one.isascii() and one.isalnum(), self.most)
                return end if end - at == self.most else -1
        end = _run_end(text, at, _is_digit, self.most)
        is_part = (at and _is_digit(text[at - 1])) or _is_digit(text[end : end + 1])
        return end if end - at >= self.least and not is_part else -1


def _is_digit(one: str) -> bool:
    return one != "" and one in "0123456789"


def _run_end(text: str, at: int, fits: object, most: int) -> int:
    assert callable(fits)
    end = at
    while end < len(text) and end - at < most and fits(text[end]):
        end += 1
    return end if end > at else -1


@dataclass(frozen=True, slots=True)
class Template:
    """What a stretch of text looks like; `names` are its places."""

    pieces: tuple[_Piece, ...]
    names: tuple[str, ...]

    def find(self, text: str) -> dict[str, str] | None:
        """Return what stands at each place of the first stretch that fits; None: there is none."""
        for at in range(len(text)):
            found = self._at(text, at)
            if found is not None:
                return found
        return None

    def _at(self, text: str, at: int) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for piece in self.pieces:
            end = piece.end(text, at)
            if end < 0:
                return None
            if piece.part not in (_Part.LITERAL, _Part.BLANK):
                found[piece.name] = text[at:end]
            at = end
        return found


def template(text: str) -> Template:
    """Read a template.  Raises ValueError with what is wrong."""
    if len(text) > TEMPLATE_CHARS_MAX:
        raise ValueError(f"{len(text)} characters, allowed {TEMPLATE_CHARS_MAX}")
    pieces: list[_Piece] = []
    rest = text
    while rest:
        if rest[0] == "{":
            inner, closed, rest = rest[1:].partition("}")
            if not closed:
                raise ValueError(f"{text!r}: a place has no end")
            pieces.append(_place(inner))
        elif rest[0] in " \t":
            rest = rest.lstrip(" \t")
            pieces.append(_Piece(_Part.BLANK))
        else:
            pieces.append(_Piece(_Part.LITERAL, rest[0]))
            rest = rest[1:]
    names = tuple(one.name for one in pieces if one.part not in (_Part.LITERAL, _Part.BLANK))
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{text!r}: needs places, each with a name of its own")
    return Template(tuple(pieces), names)


def _place(inner: str) -> _Piece:
    name, _, what = inner.partition(":")
    least, dash, most = what.partition("-")
    if name.isidentifier():
        if what == "?":
            return _Piece(_Part.ANY, name)
        if what == "*":
            return _Piece(_Part.RUN, name)
        if what[:1] == "@" and what[1:] in map(str, range(1, DIGITS_MAX + 1)):
            return _Piece(_Part.LETTERS, name, most=int(what[1:]))
        counts = {str(one): one for one in range(1, DIGITS_MAX + 1)}
        if least in counts and (most if dash else least) in counts:
            few, many = counts[least], counts[most if dash else least]
            if few <= many:
                return _Piece(_Part.DIGITS, name, few, many)
    raise ValueError(
        f"{{{inner}}} is no place, allowed {{name:2}}, {{name:1-3}}, {{name:@2}}, {{name:?}}, "
        "{name:*}"
    )
