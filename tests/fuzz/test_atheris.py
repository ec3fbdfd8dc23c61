"""Each driver under atheris for some seconds; the long run is `./run fuzz`."""

import os
from pathlib import Path

import pytest

from tests.fuzz import target
from tests.fuzz.fuzzing import Order, fuzz, missing

SECONDS = float(os.environ.get("EDGE_FUZZ_S", "2"))
DRIVERS = [] if missing() else target.names()


@pytest.mark.parametrize("driver", DRIVERS)
def test_atheris_finds_no_defect(driver: str, tmp_path: Path) -> None:
    """The seed is always the same: on the same code it tries the same things."""
    found = fuzz(driver, Order(SECONDS, seed=1), tmp_path)
    assert found.defect is None, "\n".join([f"saved as {found.defect}", *found.said])
    assert found.good, "\n".join(found.said)
    assert found.edges > 100, "the driver's code is not followed"
