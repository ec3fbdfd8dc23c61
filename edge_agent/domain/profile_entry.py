"""Reads one table of a profile key by key; what is wrong is told with its place and what may be.

A profile is an operator's file, so every error is a ValueError with a plain sentence.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from edge_agent.domain.kinds import POINTS, Kind
from edge_agent.domain.session import Plain
from edge_agent.domain.signal import TEXT_CHARS_MAX

_T = TypeVar("_T")


class Entry:
    """One table; `known` are all keys that it may have, `place` names it in errors."""

    def __init__(self, place: str, values: object, known: Collection[str]) -> None:
        if not isinstance(values, Mapping):
            raise ValueError(f"{place}: found {values!r}, allowed: a table of keys")  # noqa: TRY004  the operator's file, one error type
        self.place = place
        self.values: Mapping[str, Plain] = values
        for key in self.values:
            if key not in known:
                raise ValueError(f"{place}: unknown key {key!r}; known: {', '.join(sorted(known))}")

    def entries(
        self, key: str, known: Collection[str], *, needed: bool = True
    ) -> Iterator["Entry"]:
        """Yield the tables in the list at `key`."""
        values = self.values.get(key)
        if values is None and not needed:
            return
        if not isinstance(values, list) or not values:
            raise ValueError(f"{self.place}: {key!r} holds no entry")
        for index, value in enumerate(values):
            yield Entry(f"{self.place}: {key}[{index}]", value, known)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """Return the number at `key`, within bounds; `default` where it is absent."""
        if key not in self.values and default is not None:
            return default
        return self._whole(key, self.values.get(key), low, high)

    def integer_or_none(self, key: str, low: int, high: int) -> int | None:
        """Like `integer`; None where the key is absent."""
        return self.integer(key, low, high) if key in self.values else None

    def integers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """Return the number or the list of numbers at `key`."""
        value = self.values.get(key)
        several = value if isinstance(value, list) and value else [value]
        return tuple(self._whole(key, one, low, high) for one in several)

    def number(self, key: str, low: float, high: float, default: float) -> float:
        """Return the number at `key`, whole or not."""
        value = self.values.get(key, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise ValueError(f"{self.place}: {key!r} is {value!r}, allowed {low} to {high}")
        return value

    def text(self, key: str) -> str | None:
        """Return the text at `key`, None where it is absent."""
        value = self.values.get(key)
        if value is not None and (
            not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARS_MAX
        ):
            raise ValueError(f"{self.place}: {key!r} is {value!r}, allowed: text")
        return value if isinstance(value, str) else None

    def name(self) -> str:
        """Return the entry's own name."""
        name = self.text("name")
        if name is None:
            raise ValueError(f"{self.place}: 'name' is missing")
        return name

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise ValueError(f"{self.place}: {key!r} is {value!r}, allowed true, false")  # noqa: TRY004  as above
        return value

    def one_of(self, key: str, allowed: Mapping[str, _T]) -> _T:
        """Return what the word at `key` names."""
        value = self.values.get(key)
        if not isinstance(value, str) or value not in allowed:
            words = ", ".join(allowed) or "none is defined"
            raise ValueError(f"{self.place}: {key!r} is {value!r}, allowed {words}")
        return allowed[value]

    def kind(self) -> Kind:
        """Return the kind of event at `kind`."""
        kinds = {kind.value: kind for kind in Kind if kind not in POINTS and kind != "open_close"}
        return self.one_of("kind", kinds)

    def _whole(self, key: str, value: Plain, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{self.place}: {key!r} is {value!r}, allowed {low} to {high}")
        return value
