"""Tables of a dialect of Chinese fire panels: what codes and printed words mean.

A row is found by the value of a field, else by words that stand in the text.  What is wrong with a
profile is a ValueError with its place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from edge_agent.domain.codes import Codes
from edge_agent.domain.kinds import POINTS, STATES, Kind, State
from edge_agent.domain.profile_entry import Entry
from edge_agent.domain.session import Plain

ROWS_MAX: Final = 1000  # rows of one table

Key = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One meaning: for these values or words, where all of `when` holds."""

    name: str
    keys: frozenset[Key]
    words: tuple[str, ...]
    also: tuple[str, ...]  # of these words one has to stand there, too
    when: Mapping[str, frozenset[Key]]

    def is_worded(self, text: str) -> bool:
        """Tell whether its words stand in the text."""
        if not any(word in text for word in self.words):
            return False
        return not self.also or any(word in text for word in self.also)

    def holds(self, values: Mapping[str, Key | None]) -> bool:
        """Tell whether all of `when` holds."""
        return all(values.get(name) in keys for name, keys in self.when.items())


_T = TypeVar("_T", bound=Row)


class Table(Generic[_T]):
    """Rows in their order: found by a value, else by their words."""

    def __init__(self, rows: Iterable[_T]) -> None:
        self.rows = tuple(rows)
        self._keyed: dict[Key, list[_T]] = {}
        for row in self.rows:
            for key in row.keys:
                self._keyed.setdefault(key, []).append(row)
        self._worded = tuple(row for row in self.rows if row.words)

    def find(self, key: Key | None, text: str, values: Mapping[str, Key | None]) -> _T | None:
        """Return the first row that is meant, None where none is."""
        if key is not None:
            for row in self._keyed.get(key, ()):
                if row.holds(values):
                    return row
        if text:
            for row in self._worded:
                if row.is_worded(text) and row.holds(values):
                    return row
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Row):
    """What an event means; `kind` None: nothing is to be recorded."""

    kind: Kind | None
    code: str | None
    state: State
    by_detector: bool
    alone: bool  # it happens to no point: a printed line that says it is whole
    resets: bool  # what stood in the panel is over; what burns on is said again


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector(Row):
    """What stands at a point; `code` is the fire code of its alarm."""

    code: str | None


_ROW = frozenset({"name", "is", "words", "also", "when"})
_EVENT = _ROW | {"kind", "code", "state", "by_detector", "alone", "resets"}
_DETECTOR = _ROW | {"code"}


def events_of(facts: Entry, codes: Codes) -> tuple[Event, ...]:
    """Return the events that a profile tells of.  Raises ValueError."""
    return tuple(_event(entry, codes) for entry in _rows(facts, "events", _EVENT))


def detectors_of(facts: Entry, codes: Codes) -> tuple[Detector, ...]:
    """Return the detectors that a profile tells of.  Raises ValueError."""
    return tuple(_detector(entry, codes) for entry in _rows(facts, "detectors", _DETECTOR))


def _rows(facts: Entry, key: str, known: frozenset[str]) -> list[Entry]:
    rows = list(facts.entries(key, known, needed=False))
    if len(rows) > ROWS_MAX:
        raise ValueError(f"{facts.place}: {len(rows)} rows in {key!r}, allowed {ROWS_MAX}")
    return rows


def texts_at(entry: Entry, key: str) -> tuple[str, ...]:
    """Return the text or the list of texts at `key`."""
    value = entry.values.get(key, [])
    several = value if isinstance(value, list) else [value]
    for one in several:
        if not isinstance(one, str) or not one:
            raise ValueError(f"{entry.place}: {key!r} has {one!r}, allowed: text")
    return tuple(str(one) for one in several)


def _keys(place: str, value: Plain) -> frozenset[Key]:
    several = value if isinstance(value, list) else [value]
    keys = [one for one in several if isinstance(one, int | str) and not isinstance(one, bool)]
    if len(keys) != len(several) or not keys:
        raise ValueError(f"{place} is {value!r}, allowed: numbers or texts")
    return frozenset(keys)


def _row(entry: Entry) -> dict[str, Any]:
    value = entry.values.get("is")
    keys = frozenset[Key]() if value is None else _keys(f"{entry.place}: 'is'", value)
    when = entry.values.get("when", {})
    if not isinstance(when, Mapping):
        raise ValueError(f"{entry.place}: 'when' is {when!r}, allowed: names of fields with values")  # noqa: TRY004  an engineer's file, one error type
    wanted = {str(name): _keys(f"{entry.place}: when {name!r}", one) for name, one in when.items()}
    return {
        "name": entry.name(),
        "keys": keys,
        "words": texts_at(entry, "words"),
        "also": texts_at(entry, "also"),
        "when": wanted,
    }


def _event(entry: Entry, codes: Codes) -> Event:
    kind = None
    if "kind" in entry.values:
        allowed = {one.value: one for one in Kind if one not in POINTS or one is Kind.OUTPUT}
        kind = entry.one_of("kind", allowed)
    state = State.ON if kind is Kind.OUTPUT else State.ACTIVE
    if "state" in entry.values:
        states = STATES[kind] if kind is not None else frozenset[State]()
        state = entry.one_of("state", {one.value: one for one in sorted(states)})
    return Event(
        **_row(entry),
        kind=kind,
        code=_code(entry, codes, kind),
        state=state,
        by_detector=entry.flag("by_detector", False),
        alone=entry.flag("alone", False),
        resets=entry.flag("resets", False),
    )


def _detector(entry: Entry, codes: Codes) -> Detector:
    return Detector(**_row(entry), code=_code(entry, codes, Kind.FIRE))


def _code(entry: Entry, codes: Codes, kind: Kind | None) -> str | None:
    code = entry.text("code")
    if code is None:
        return None
    row = codes.contact_id_rows.get(code)
    if row is None or row.kind is not kind:
        raise ValueError(f"{entry.place}: 'code' is {code!r}, allowed: a code of kind {kind}")
    return code
