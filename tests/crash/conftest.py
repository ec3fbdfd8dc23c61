"""Leaves out what the machine cannot do, and says so at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.evidence.signers import Ed25519Signer
from tests.crash.probes import PROBES, cannot
from tests.crash.rig import Writers
from tests.secrecy import no_secret_is_left_anywhere  # noqa: F401  a fixture for all of them


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(what): a key of tests/crash/probes.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _needs(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _needs(item: pytest.Item) -> bool:
    """Tell whether the test needs what is not here."""
    return any(cannot(need) for mark in item.iter_markers("needs") for need in mark.args)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name every lack: also in the process that only distributes tests, which collects none."""
    for need in PROBES:
        if why := cannot(need):
            terminalreporter.write_line(f"tests/crash: all that needs {need} is left out: {why}")


@pytest.fixture(scope="session")
def writers() -> Iterator[Writers]:
    with Writers() as started:
        yield started


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ed25519Signer]:
    """The gateway's identity key and the file it is in."""
    path = tmp_path_factory.mktemp("identity") / "identity.key"
    signer = Ed25519Signer.generate()
    signer.save(path)
    return path, signer
