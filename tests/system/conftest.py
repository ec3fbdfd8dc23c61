"""The long tests start first, so that no worker is left alone with one at the end.

And no test leaves a secret in anything that a stack leaves behind.
"""

import pytest

from tests.secrecy import no_secret_is_left_anywhere  # noqa: F401  a fixture for all of them
from tests.system.booted import cannot

LONGEST_FIRST = (
    "test_handover",
    *("test_kills", "test_installed", "test_refusing_disk", "test_reconfiguring", "test_body"),
    *("test_demo", "test_docs", "test_answers", "test_failures"),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order by file: the longest first, the rest as they come; leave out what cannot be done."""
    items.sort(key=lambda item: _rank(item.path.stem))
    left_out = [item for item in items if item.path.stem == "test_installed" and cannot()]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if why := cannot():
        terminalreporter.write_line(f"tests/system: the installed machine is left out: {why}")


def _rank(file: str) -> int:
    return LONGEST_FIRST.index(file) if file in LONGEST_FIRST else len(LONGEST_FIRST)
