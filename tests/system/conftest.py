"""The long tests start first, so that no worker is left alone with one at the end.

And no test leaves a secret in anything that a stack leaves behind.
"""

import pytest

from tests.secrecy import no_secret_is_left_anywhere  # noqa: F401  a fixture for all of them

LONGEST_FIRST = (
    *("test_kills", "test_installed", "test_refusing_disk", "test_reconfiguring", "test_body"),
    *("test_demo", "test_docs", "test_answers", "test_failures"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order by file: the longest first, the rest as they come."""
    items.sort(key=lambda item: _rank(item.path.stem))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what this machine cannot do."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"tests/system: left out: {report.longrepr[-1]}")


def _rank(file: str) -> int:
    return LONGEST_FIRST.index(file) if file in LONGEST_FIRST else len(LONGEST_FIRST)
