"""Every planted bug that worlds are to find is found: the laws can see what they are for."""

from pathlib import Path

import pytest

from tests.mutants.catch import by_worlds
from tests.mutants.listing import MUTANTS
from tests.mutants.mutant import Mutant, Worlds
from tests.simulation.gateway import make_site

HUNTS = [
    pytest.param(mutant, hunter, id=mutant.name)
    for mutant in MUTANTS
    for hunter in mutant.found_by
    if isinstance(hunter, Worlds)
]


@pytest.mark.parametrize(("mutant", "hunter"), HUNTS)
def test_a_planted_bug_is_found(mutant: Mutant, hunter: Worlds, tmp_path: Path) -> None:
    found = by_worlds(mutant, hunter, make_site(tmp_path))
    assert found is not None, f"{mutant.name} lived through {hunter}"
    print(f"{mutant.name}: {found}")
