"""What a planted bug is, and what is to catch it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True)
class Worlds:
    """One of these seeds of the simulation finds it."""

    first: int = 0
    most: int = 40


@dataclass(frozen=True, slots=True)
class Tests:
    """Each of these tests fails; a test that starts processes plants the bug in them as well."""

    __test__ = False  # no test of pytest's
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: `plant` changes the product through the patch that it is given; its docstring tells
    what goes wrong."""

    plant: Callable[[Patch], None]
    found_by: Worlds | Tests

    @property
    def name(self) -> str:
        return self.plant.__name__

    @property
    def breaks(self) -> str:
        return (self.plant.__doc__ or "").strip()
