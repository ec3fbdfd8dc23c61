"""Rows of a self-test: what is written is read back, bounded, with what is to mend first."""

import pytest

from edge_agent.evidence import probe_row
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.probe_row import ProbeRow

ROWS = (
    ProbeRow("memory", "memory", good=True, detail="900 MiB available"),
    ProbeRow("panel", "panel p1", good=None),
    ProbeRow("name", "way", good=False, detail="no such name"),
)


def test_an_act_carries_them_there_and_back() -> None:
    body = ActBody("self_test", "root (uid 0)", outcome="bad", results=ROWS)
    back = ActBody.from_body(body.to_body())
    assert [row.probe for row in back.results] == ["name", "panel", "memory"]
    assert sorted(back.results, key=str) == sorted(ROWS, key=str)
    assert 9 not in ActBody("stop", "agent").to_body()


def test_a_gateway_of_many_panels_says_what_is_to_mend() -> None:
    many = [
        ProbeRow("panel", f"panel {n} {'屏' * 60}", good=True, detail="说" * 300) for n in range(99)
    ]
    value = probe_row.to_value([*many, ROWS[2]])
    assert value is not None
    assert value[0] == ["name", "way", 0, "no such name"]
    assert len(value) <= probe_row.ROWS_MAX
    assert sum(len(str(row).encode()) for row in value) <= probe_row.ROWS_BYTES_MAX + 64 * 20
    probe_row.from_body({9: value}, 9)


@pytest.mark.parametrize(
    "row",
    [
        ["name", "way", 3, ""],
        ["Name!", "way", 0, ""],
        ["name", "", 0, ""],
        ["name", "way", 0, 5],
        ["name", "way", True, ""],
        ["name", "way", 0],
        "name",
    ],
)
def test_what_is_no_row_is_malformed(row: list[object]) -> None:
    with pytest.raises(Malformed):
        probe_row.from_body({9: [row]}, 9)  # type: ignore[list-item]


def test_a_probe_is_a_word() -> None:
    with pytest.raises(ValueError, match="no word"):
        ProbeRow("two words", "x", good=True)
