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


class Tests:
    """Each of these tests fails; a test that starts processes plants the bug in them as well."""

    __test__ = False  # no test of pytest's

    def __init__(self, *nodes: str) -> None:
        self.nodes = nodes


class Mutant:
    """A bug: `plant` changes the product through the patch that it is given, and its docstring
    tells what goes wrong; each of `found_by` finds it."""

    def __init__(self, plant: Callable[[Patch], None], *found_by: Worlds | Tests) -> None:
        self.plant = plant
        self.found_by = found_by
        self.name = plant.__name__
        self.breaks = " ".join((plant.__doc__ or "").split())
