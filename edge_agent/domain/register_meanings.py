"""Reads the named meanings of a profile: words of many values, and measured circuits."""

from typing import Final

from edge_agent.domain.end_of_line import (
    STATES,
    WIRINGS,
    Band,
    Circuit,
    bands_of,
    check_bands,
)
from edge_agent.domain.kinds import State
from edge_agent.domain.profile_entry import Entry
from edge_agent.domain.register_points import WORD_MAX, Standing, Value, Word
from edge_agent.domain.signal import OHMS_MAX

TOLERANCE_PERCENT: Final = 20  # around each nominal value
HYSTERESIS_PERCENT: Final = 5
MEASURE_S: Final = 3600  # a loop at rest is told once an hour
MEASURE_PERCENT: Final = 2  # of its resistor: a change that is told sooner
NS_PER_S: Final = 1_000_000_000

_WORD_KEYS = {"name", "mask", "flags", "values"}
_VALUE_KEYS = {
    *("name", "is", "mask", "state", "kind", "code", "ends", "absent", "otherwise"),
}
_LOOP_KEYS = {
    *("name", "wiring", "eol_ohms", "series_ohms", "full", "bands"),
    *("tolerance_percent", "hysteresis_percent", "measure_s", "measure_percent"),
}
_BAND_KEYS = {"below_ohms", "state"}
_WORD_STATES = {
    state.value: state for state in (*STATES, State.BYPASSED, State.UNKNOWN, State.ON, State.OFF)
}


def words(facts: Entry) -> dict[str, Word]:
    """Return the words of a profile, by name.  Raises ValueError."""
    found: dict[str, Word] = {}
    for entry in facts.entries("words", _WORD_KEYS, needed=False):
        name = _fresh(entry, found)
        mask = entry.integer("mask", 1, WORD_MAX, WORD_MAX)
        values = [_value(each, mask) for each in entry.entries("values", _VALUE_KEYS)]
        names = {value.name for value in values}
        for value in values:
            for ended in value.ends or ():
                if ended not in names:
                    raise ValueError(f"{entry.place}: 'ends' names {ended!r}, which is no value")
        found[name] = Word(name, tuple(values), entry.flag("flags", False))
    return found


def _value(entry: Entry, word_mask: int) -> Value:
    mask = entry.integer("mask", 1, WORD_MAX, word_mask)
    values = entry.integers("is", 0, WORD_MAX)
    if any(value & ~mask for value in values):
        raise ValueError(f"{entry.place}: 'is' has bits outside of mask {mask:#06x}")
    event = None
    if "kind" in entry.values:
        event = Standing(entry.kind(), entry.text("code"), entry.name())
    state = entry.one_of("state", _WORD_STATES) if "state" in entry.values else None
    return Value(
        name=entry.name(),
        mask=mask,
        values=frozenset(values),
        state=state,
        event=event,
        ends=_ends(entry),
        absent=entry.flag("absent", False),
        otherwise=entry.flag("otherwise", False),
    )


def _ends(entry: Entry) -> frozenset[str] | None:
    told = entry.values.get("ends", [])
    if told == "all":
        return None
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told):
        raise ValueError(f"{entry.place}: 'ends' is {told!r}, allowed \"all\" or names of values")
    return frozenset(map(str, told))


def circuits(facts: Entry) -> dict[str, Circuit]:
    """Return the loops of a profile, by name.  Raises ValueError."""
    found: dict[str, Circuit] = {}
    for entry in facts.entries("loops", _LOOP_KEYS, needed=False):
        name = _fresh(entry, found)
        eol_ohms = entry.integer("eol_ohms", 1, OHMS_MAX)
        found[name] = Circuit(
            series_ohms=entry.integer("series_ohms", 1, OHMS_MAX),
            eol_ohms=eol_ohms,
            full=entry.integer("full", 1, WORD_MAX),
            bands=_bands(entry, eol_ohms),
            hysteresis=entry.number("hysteresis_percent", 0, 20, HYSTERESIS_PERCENT) / 100,
            measure_ns=entry.integer("measure_s", 60, 86_400, MEASURE_S) * NS_PER_S,
            measure_share=entry.number("measure_percent", 0.1, 100, MEASURE_PERCENT) / 100,
        )
    return found


def _bands(entry: Entry, eol_ohms: int) -> tuple[Band, ...]:
    tolerance = entry.number("tolerance_percent", 1, 20, TOLERANCE_PERCENT) / 100
    if "bands" not in entry.values:
        wiring = entry.one_of("wiring", {word: word for word in WIRINGS})
        return bands_of(wiring, eol_ohms, tolerance)
    if "wiring" in entry.values:
        raise ValueError(f"{entry.place}: found wiring and bands, allowed: one of them")
    states = {state.value: state for state in STATES}
    bands = [
        Band(
            each.integer("below_ohms", 1, OHMS_MAX)
            if "below_ohms" in each.values
            else float("inf"),
            each.one_of("state", states),
        )
        for each in entry.entries("bands", _BAND_KEYS)
    ]
    try:
        return check_bands(bands)
    except ValueError as error:
        raise ValueError(f"{entry.place}: {error}") from None


def _fresh(entry: Entry, found: dict[str, Word] | dict[str, Circuit]) -> str:
    name = entry.name()
    if name in found:
        raise ValueError(f"{entry.place}: there are two of name {name!r}")
    return name
