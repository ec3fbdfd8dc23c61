"""The list of planted bugs: each is named and told; what it breaks and what catches it is there."""

import ast
from pathlib import Path

import pytest

from tests.mutants.catch import by_tests
from tests.mutants.listing import MUTANTS
from tests.mutants.mutant import Tests

ROOT = Path(__file__).resolve().parent.parent.parent


def test_there_are_enough_and_each_is_told() -> None:
    assert len(MUTANTS) >= 10
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
    assert all(mutant.breaks.endswith(".") for mutant in MUTANTS)


def test_each_is_looked_for() -> None:
    assert all(mutant.found_by for mutant in MUTANTS)


def test_each_can_be_planted() -> None:
    """Seen to fail: one changed a method that had moved elsewhere, and every hunt for it died."""
    for mutant in MUTANTS:
        with pytest.MonkeyPatch.context() as patch:
            mutant.plant(patch)


def test_the_tests_that_are_to_catch_one_exist() -> None:
    hunters = [one for mutant in MUTANTS for one in mutant.found_by if isinstance(one, Tests)]
    for node in (node for hunter in hunters for node in hunter.nodes):
        file, _, test = node.partition("::")
        tree = ast.parse((ROOT / file).read_text())
        functions = [one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
        assert test in functions, node


def test_a_bug_is_planted_in_tests_and_what_they_start() -> None:
    """And nothing is called caught for a test that is not there, or does not fail."""
    [mutant] = [one for one in MUTANTS if one.name == "fsync_left_out"]
    here = f"{Path(__file__).relative_to(ROOT)}"
    assert by_tests(mutant, Tests(f"{here}::test_there_are_enough_and_each_is_told")) is None
    assert by_tests(mutant, Tests(f"{here}::test_of_no_such_name")) is None
    assert by_tests(mutant, Tests("tests/journal/test_power_cuts.py")) is not None
