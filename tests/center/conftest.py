"""What a test opens is closed behind it."""

from collections.abc import Iterator

import pytest

from tests.center import world


@pytest.fixture(autouse=True)
def databases_are_closed() -> Iterator[None]:
    """Close the databases of all made-up centers: an interpreter warns of those left open."""
    yield
    while world.OPENED:
        world.OPENED.pop().close()
