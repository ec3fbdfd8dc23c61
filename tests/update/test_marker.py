"""What is written down of an update is read again, or refused."""

import json
from dataclasses import asdict

import pytest

from edge_agent.update.marker import Marker, Phase, Word

FOUND = Marker(
    Phase.BACK,
    "2.0",
    "1.0",
    "1.0",
    "ab" * 32,
    "Li Na",
    bad=("a",),
    untold=((Word.BEGUN, "b"),),
    blind=True,
    resumed=2,
)
WRITTEN = json.loads(json.dumps(asdict(FOUND)))


def test_a_marker_is_read_as_it_was_written() -> None:
    assert Marker.read(WRITTEN) == FOUND


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, [], {}, 3, {"phase": "trial"}, "x"),
        WRITTEN | {"phase": "moon"},
        WRITTEN | {"version": ".."},
        WRITTEN | {"before": "../../etc"},
        WRITTEN | {"why": "x" * 2000},
        WRITTEN | {"bad": [3]},
        WRITTEN | {"untold": [["done", "x"]]},
    ],
)
def test_what_is_no_marker_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="no update"):
        Marker.read(wrong)
