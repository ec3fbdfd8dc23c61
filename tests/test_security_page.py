"""docs/security.md claims what a test sees, or says that it is not built; and no key lies around.

Seen to fail: a row that names a test which is gone, a row without any, and a key left in a folder.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`((?:\w+/)*test_\w+\.py)(?:::(\w+))?`")
PLAIN = ("not built", "not the program's")
PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}")
VECTORS = "tests/evidence/vectors"  # keys that everybody knows, on purpose
NOT_OURS = {".git", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"}


def rows(text: str) -> list[str]:
    """Every row of a table that has a column `seen by`, without its head."""
    found, inside = [], False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.rstrip().endswith("| seen by |"):
            inside = True
        elif inside and not line.startswith("|---"):
            found.append(line)
    return found


def wrong(row: str) -> list[str]:
    """What is wrong with a row's last cell."""
    seen_by = row.rstrip().rstrip("|").rpartition("|")[2].strip()
    named = NAMED.findall(seen_by)
    if not named:
        return [] if seen_by in PLAIN else [f"no test, and not plainly none: {row[:60]}"]
    return [f"{file}::{test}" for file, test in named if not _exists(file, test)]


def _exists(file: str, test: str) -> bool:
    path = ROOT / "tests" / file
    if not path.is_file():
        return False
    return (
        not test
        or re.search(rf"^(?:async )?def {test}\(", path.read_text(), re.MULTILINE) is not None
    )


def test_each_row_names_tests_that_exist_or_says_that_there_is_none() -> None:
    found = rows(PAGE.read_text())
    assert len(found) > 60
    assert [problem for row in found for problem in wrong(row)] == []


def test_tests_named_in_the_text_exist_too() -> None:
    named = NAMED.findall(PAGE.read_text())
    assert [(file, test) for file, test in named if not _exists(file, test)] == []


@pytest.mark.parametrize(
    "row",
    [
        "| a | b | `test_security_page.py::test_that_is_gone` |",
        "| a | b | `center/test_none.py` |",
        "| a | b | soon |",
        "| a | b | |",
    ],
)
def test_a_row_that_claims_too_much_is_found(row: str) -> None:
    assert wrong(row)


def test_every_duty_is_there() -> None:
    """The notice has seventeen, and none is left out for being hard."""
    duties = PAGE.read_text().split("## The duties of the notice")[1].split("\n## ")[0]
    assert len(rows(duties)) == 17


def test_no_private_key_is_in_the_project() -> None:
    folders, found = [ROOT], []
    while folders:
        for path in folders.pop().iterdir():
            if path.is_symlink() or path.name in NOT_OURS or path.name.startswith(".venv"):
                continue
            if path.is_dir():
                folders.append(path)
            elif path.stat().st_size < 1 << 20 and PRIVATE.search(path.read_bytes()):
                found.append(str(path.relative_to(ROOT)))
    assert [name for name in found if not name.startswith(VECTORS)] == []
