"""What is fuzzed, by name: each driver, and the parsers of all else that comes from outside."""

from collections.abc import Callable, Iterator
from types import ModuleType

from tests.fuzz import target

PARSERS = "parsers"
Play = Callable[[bytes, bool], None]
"""Plays an input, thoroughly or not; any exception is a defect."""


def names() -> list[str]:
    """Return all names: drivers, and `parsers`."""
    return [*target.names(), PARSERS]


def seeds(name: str) -> Iterator[bytes]:
    """Yield the inputs that a fuzzer begins with."""
    seeds_of: Iterator[bytes] = _parsers().seeds() if name == PARSERS else target.seeds(name)
    return seeds_of


def player(name: str) -> Play:
    """Return what plays the inputs of `name`.  Raises DriverError."""
    if name == PARSERS:
        parsers = _parsers()
        return lambda data, _thoroughly: parsers.check(data)
    one = target.target(name)
    return lambda data, thoroughly: target.check(one, data, thoroughly=thoroughly)


def _parsers() -> ModuleType:
    from tests.fuzz import parsers  # noqa: PLC0415  a driver's fuzzer would have to load all of it

    return parsers
