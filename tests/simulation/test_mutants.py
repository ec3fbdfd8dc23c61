"""Every planted bug that worlds are to find is found: the laws can see what they are for."""

from pathlib import Path

import pytest

from tests.mutants.catch import by_worlds
from tests.mutants.listing import MUTANTS
from tests.mutants.mutant import Mutant, Worlds
from tests.simulation.gateway import make_site

CAUGHT_HERE = [mutant for mutant in MUTANTS if isinstance(mutant.found_by, Worlds)]


@pytest.mark.parametrize("mutant", CAUGHT_HERE, ids=lambda mutant: str(mutant.name))
def test_a_planted_bug_is_found(mutant: Mutant, tmp_path: Path) -> None:
    assert isinstance(mutant.found_by, Worlds)
    found = by_worlds(mutant, mutant.found_by, make_site(tmp_path))
    assert found is not None, f"{mutant.name} lived through {mutant.found_by}"
    print(f"{mutant.name}: {found}")
