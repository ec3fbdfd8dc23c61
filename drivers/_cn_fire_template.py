"""Templates of printed lines: what stands where, without choice, so that matching is linear.

    {month:2}/{day:2} {hour:2}:{minute:2}      two digits each
    {loop:1-3}-{point:3}                       one to three digits, exactly three
    {event:?}                                  any one character
    {code:*}                                   a run of characters without blanks
    {flag:@1}                                  one letter or digit; @2: two of them

A blank fits one or more blanks, every other character itself.  Digits are a whole number: none may
stand before or behind them.

They become regular expressions that never try again: every repetition takes what it can and keeps
it (`++`), and there are no alternatives.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

RUN_CHARS_MAX: Final = 32  # of a run without blanks
DIGITS_MAX: Final = 9
TEMPLATE_CHARS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Template:
    """What a stretch of text looks like; `names` are its places."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]

    def find(self, text: str) -> dict[str, str] | None:
        """Return what stands at each place of the first stretch that fits; None: there is none."""
        found = self.pattern.search(text)
        return dict(zip(self.names, found.groups(), strict=True)) if found else None


def template(text: str) -> Template:
    """Read a template.  Raises ValueError with what is wrong."""
    if len(text) > TEMPLATE_CHARS_MAX:
        raise ValueError(f"{len(text)} characters, allowed {TEMPLATE_CHARS_MAX}")
    names: list[str] = []
    pattern = "".join(_pieces(text, names))
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{text!r}: needs places, each with a name of its own")
    return Template(re.compile(pattern, re.DOTALL), tuple(names))


def _pieces(text: str, names: list[str]) -> Iterator[str]:
    rest = text
    while rest:
        if rest[0] == "{":
            inner, closed, rest = rest[1:].partition("}")
            if not closed:
                raise ValueError(f"{text!r}: a place has no end")
            name, _, what = inner.partition(":")
            names.append(name)
            yield _place(inner, name, what)
        elif rest[0] in " \t":
            rest = rest.lstrip(" \t")
            yield r"\s++"
        else:
            yield re.escape(rest[0])
            rest = rest[1:]


def _place(inner: str, name: str, what: str) -> str:
    least, dash, most = what.partition("-")
    counts = {str(one): one for one in range(1, DIGITS_MAX + 1)}
    if name.isidentifier():
        if what == "?":
            return "(.)"
        if what == "*":
            return rf"(\S{{1,{RUN_CHARS_MAX}}}+)"
        if what[:1] == "@" and what[1:] in counts:
            return f"([A-Za-z0-9]{{{what[1:]}}})"
        if least in counts and (most if dash else least) in counts:
            few, many = counts[least], counts[most if dash else least]
            if few <= many:
                return f"(?<![0-9])([0-9]{{{few},{many}}}+)(?![0-9])"
    raise ValueError(
        f"{{{inner}}} is no place, allowed {{name:2}}, {{name:1-3}}, {{name:@2}}, {{name:?}}, "
        "{name:*}"
    )
