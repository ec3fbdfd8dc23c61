"""What is fuzzed, by name: each driver, and the parsers of all else that comes from outside."""

from collections.abc import Callable, Iterator

from tests.fuzz import parsers, target

Play = Callable[[bytes, bool], None]
"""Plays an input, thoroughly or not; any exception is a defect."""


def names() -> list[str]:
    """Return all names: drivers, and `parsers`."""
    return [*target.names(), parsers.NAME]


def seeds(name: str) -> Iterator[bytes]:
    """Yield the inputs that a fuzzer begins with."""
    return parsers.seeds() if name == parsers.NAME else target.seeds(name)


def player(name: str) -> Play:
    """Return what plays the inputs of `name`.  Raises DriverError."""
    if name == parsers.NAME:
        return lambda data, _thoroughly: parsers.check(data)
    one = target.target(name)
    return lambda data, thoroughly: target.check(one, data, thoroughly=thoroughly)
