"""Leaves out what only root can try, and says so at the end."""

import os

import pytest

collect_ignore = [] if os.geteuid() == 0 else ["test_reading.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for file in collect_ignore:
        why = "only root can be another user"
        terminalreporter.write_line(f"tests/cli: {file} is left out: {why}")
