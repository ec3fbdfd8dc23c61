"""docs/reliability.md: every promise names tests that exist and a planted bug of the list."""

import ast
import re
from pathlib import Path

from tests.mutants.listing import MUTANTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROW = re.compile(r"(?m)^\| (?P<promise>[^|]+) \| (?P<tests>`tests/[^|]+) \| (?P<bugs>`[^|]+) \|$")
SEEN = re.compile(r"(?i)seen to fail|broken once|broken each|fails where|fails with")
PROMISES = list(ROW.finditer(PAGE))


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_promise_has_a_test_and_a_bug_that_made_it_fail() -> None:
    table = PAGE.split("| promise |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(PROMISES) == len(table) > 20
    for row in PROMISES:
        assert words(row["tests"]), row["promise"]
        assert words(row["bugs"]), row["promise"]


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", PAGE))
    assert [one for one in sorted(named) if not (ROOT / one).exists()] == []


def test_every_test_that_is_named_tells_how_it_was_seen_to_fail() -> None:
    """In the docstring of the file, or of one of its tests."""
    silent = []
    for name in sorted(set(re.findall(r"`(tests/[^`]+\.py)`", PAGE))):
        tree = ast.parse((ROOT / name).read_text())
        nodes = [tree, *(node for node in tree.body if isinstance(node, ast.FunctionDef))]
        if not any(SEEN.search(ast.get_docstring(node) or "") for node in nodes):
            silent.append(name)
    assert not silent


def test_every_planted_bug_is_on_the_page_and_no_other() -> None:
    named = [bug for row in PROMISES for bug in words(row["bugs"])]
    assert sorted(named) == sorted(mutant.name for mutant in MUTANTS)
