"""Plants the bug that the environment names: pytest with `-p tests.mutants.plugin`."""

import os

import pytest

from tests.mutants.listing import MUTANTS

NAME = "EDGE_MUTANT"


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is collected: also what a test module imports is changed."""
    patch = pytest.MonkeyPatch()
    [mutant] = [one for one in MUTANTS if one.name == os.environ[NAME]]
    mutant.plant(patch)
    config.add_cleanup(patch.undo)
