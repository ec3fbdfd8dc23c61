"""Says aloud where the machine has no atheris."""

import pytest

from tests.fuzz.fuzzing import missing


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if why := missing():
        terminalreporter.write_line(f"tests/fuzz: fuzzing by coverage is left out: {why}")
