"""What is wrong with a configuration, in words: where, what stands there, what is allowed.

msgspec tells its own words, and the first problem only; these are for whoever types the file.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct


@functools.cache
def type_of(kind: type[Struct]) -> msgspec.inspect.Type:
    """Return what msgspec knows of `kind`, as the functions here take it."""
    return msgspec.inspect.type_info(kind)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `key` is where, `found` what stands there, `remedy` what to do."""

    key: str
    found: str
    remedy: str

    def __str__(self) -> str:
        found = f" (found {self.found})" if self.found else ""
        return f"{self.key}{found}: {self.remedy}"


def unknown_keys(value: Any, kind: msgspec.inspect.Type, key: str = "") -> Iterator[Problem]:
    """Find keys that no type knows: msgspec tells only the first, and none in dataclasses."""
    match kind:
        case msgspec.inspect.UnionType(types=types):
            for one in types:
                yield from unknown_keys(value, one, key)
        case (
            msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item)
        ) if isinstance(value, list):
            for index, entry in enumerate(value):
                yield from unknown_keys(entry, item, f"{key}[{index}]")
        case (
            msgspec.inspect.StructType(fields=fields) | msgspec.inspect.DataclassType(fields=fields)
        ) if isinstance(value, dict):
            known = {field.encode_name: field.type for field in fields}
            for name, entry in value.items():
                where = f"{key}.{name}" if key else name
                if name in known:
                    yield from unknown_keys(entry, known[name], where)
                else:
                    yield Problem(where, "", _nearest(name, list(known)))


def _nearest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  only for what is misspelt

    close = "".join(f"did you mean '{one}'? " for one in get_close_matches(name, known, 1, 0.5))
    return f"unknown key; {close}allowed here: {', '.join(sorted(known))}"


def explain(message: str, raw: dict[str, Any], kind: type[Struct]) -> Problem:
    """Turn msgspec's `… - at `$.panel[0].unit`` into key, what was found, what is allowed."""
    what, _, place = message.partition(" - at `")
    key = place.rstrip("`").removeprefix("$").removeprefix(".")
    found = _at(raw, key)
    if what.startswith("Invalid enum value"):
        words = ", ".join(map(repr, _allowed(type_of(kind), key)))
        what = f"allowed here: {words}"
    remedy = _plain(what, key)
    return Problem(key or "file", "" if found is None else repr(found)[:80], remedy)


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}
_BARE = frozenset({"int", "float", "bool"})
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
# strings, compiled where there is an error only: the daemon loads this
_EXPECTED = (
    r"Expected `(?P<wanted>[a-z]+)(?: \| [a-z |]+)?`"
    r"(?:, got `(?P<got>\w+)`|(?P<length> of length)? (?P<sign>[<>]=?) (?P<bound>\S+))$"
)
_MISSING = r"Object missing required field (`\w+`)$"
_PATTERN = r"Expected `str` matching regex (?P<quote>['\"])(?P<pattern>.*)(?P=quote)$"
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,31}$": "1 to 32 of a-z, 0-9 and -, starting with a letter or digit",
    r"^[a-z0-9][a-z0-9_-]{0,31}$": "1 to 32 of a-z, 0-9, _ and -, starting with a letter or digit",
    r"^@?[a-z_][a-z0-9_.-]{0,31}$": "the name of a user, or of a group with @ before it",
    r"^https?://[^\s/]+(/\S*)?$": "an address such as http://timestamp.example.org/tsr",
}


def _plain(what: str, key: str) -> str:
    """Say what msgspec wants as whoever types TOML would; what is not known here, in its words."""
    if missing := re.match(_MISSING, what):
        return f"{missing[1]} is missing"
    if pattern := re.match(_PATTERN, what):
        shape = pattern["pattern"].replace("\\\\", "\\")
        return f"write {_PATTERNS[shape]}" if shape in _PATTERNS else what
    if what.startswith("Invalid RFC3339"):
        return "write a date and time such as 2026-12-01T08:00:00+08:00"
    expected = re.match(_EXPECTED, what)
    if expected is None:
        return what
    wanted, got, last = expected["wanted"], expected["got"], key.rpartition(".")[2]
    kind = _KINDS.get(wanted, wanted)
    if got is None:
        many = f"{_BOUNDS[expected['sign']]} {expected['bound']}"
        units = {"str": "character(s)", "array": "entries"}.get(wanted, "")
        return f"write {many} {units}" if expected["length"] else f"write {kind} of {many}"
    if wanted == "array":
        table = re.sub(r"\[\d+\]", "", key)
        brackets = f"write [[{table}]], with two brackets: there may be several"
        return brackets if got == "object" else 'write a list, in brackets: ["...", "..."]'
    if wanted == "object":
        brackets = f"write [{key}], with one bracket: there is only one"
        return brackets if got == "array" else f"write a table: {last} = {{ ... }}"
    quotes = ", without quotes" if wanted in _BARE and got == "str" else ""
    return f"write {kind}{', in quotes' if wanted == 'str' else quotes}"


def _allowed(kind: msgspec.inspect.Type, key: str) -> Iterator[Any]:
    """Yield the words that are allowed at `key`, for keys that take one of a list."""
    name, _, rest = key.partition(".")
    name = name.partition("[")[0]
    match kind:
        case msgspec.inspect.UnionType(types=types):
            for one in types:
                yield from _allowed(one, key)
        case (
            msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item)
        ):
            yield from _allowed(item, key)
        case msgspec.inspect.LiteralType(values=values) if not key:
            yield from values
        case msgspec.inspect.EnumType(cls=words) if not key:
            yield from (word.value for word in words)
        case (
            msgspec.inspect.StructType(fields=fields) | msgspec.inspect.DataclassType(fields=fields)
        ):
            for field in fields:
                if field.encode_name == name:
                    yield from _allowed(field.type, rest)


def _at(raw: Any, key: str) -> Any:
    for part in key.replace("[", ".[").split("."):
        if part.startswith("[") and isinstance(raw, list) and part[1:-1].isdigit():
            raw = raw[int(part[1:-1])]
        elif part and isinstance(raw, dict):
            raw = raw.get(part)
    return None if isinstance(raw, dict | list) else raw
