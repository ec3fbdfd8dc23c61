"""Each driver, and the parsers, under atheris for some seconds; the long run is `./run fuzz`."""

import os
from pathlib import Path

import pytest

from tests.fuzz import played
from tests.fuzz.fuzzing import Order, fuzz, missing

SECONDS = float(os.environ.get("EDGE_FUZZ_S", "1"))
NAMES = [] if missing() else played.names()


@pytest.mark.parametrize("name", NAMES)
def test_atheris_finds_no_defect(name: str, tmp_path: Path) -> None:
    """The seed is always the same: on the same code it tries the same things."""
    found = fuzz(name, Order(SECONDS, seed=1), tmp_path)
    assert found.defect is None, "\n".join([f"saved as {found.defect}", *found.said])
    assert found.good, "\n".join(found.said)
    assert found.edges > 100, "its code is not followed"
