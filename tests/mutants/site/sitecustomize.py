"""Plants the bug that the environment names in every Python that starts with this folder on its
path: a test's own process, and each agent and center that the test starts."""

import os

if name := os.environ.get("EDGE_MUTANT"):
    import pytest

    from tests.mutants.listing import MUTANTS

    [found] = [mutant for mutant in MUTANTS if mutant.name == name]
    found.plant(pytest.MonkeyPatch())  # never undone: the process is the experiment
