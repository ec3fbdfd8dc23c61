"""The list of planted bugs: each is named and told, and what is to catch it exists."""

import ast
from pathlib import Path

from tests.mutants.listing import MUTANTS
from tests.mutants.mutant import Tests

ROOT = Path(__file__).resolve().parent.parent.parent


def test_there_are_enough_and_each_is_told() -> None:
    assert len(MUTANTS) >= 10
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
    assert all(mutant.breaks.endswith(".") for mutant in MUTANTS)


def test_the_tests_that_are_to_catch_one_exist() -> None:
    for mutant in MUTANTS:
        if isinstance(mutant.found_by, Tests):
            for node in mutant.found_by.nodes:
                file, _, test = node.partition("::")
                tree = ast.parse((ROOT / file).read_text())
                functions = [one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
                assert test in functions, node
