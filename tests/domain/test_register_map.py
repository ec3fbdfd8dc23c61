"""Register maps: what a profile may say, and the words when it is wrong."""

from collections.abc import Mapping
from typing import Any

import pytest

from edge_agent.domain.kinds import Origin
from edge_agent.domain.register_map import register_map
from edge_agent.domain.session import Plain, Profile


def profile(**facts: Any) -> Profile:
    block: dict[str, Plain] = {"table": "holding_registers", "address": 10, "count": 2}
    point: dict[str, Plain] = {
        "table": "holding_registers",
        "address": 11,
        "bit": 3,
        "zone": 7,
        "kind": "fire",
        "code": "111",
        "normal": 1,
    }
    return Profile(
        "test", "1", "modbus_map", "Test", {"blocks": [block], "points": [point]} | facts
    )


def test_a_bit_of_a_register_is_a_point() -> None:
    found = register_map(profile())
    ((_, point, offset),) = found.within(found.blocks[0])
    assert (offset, point.value_of(0b1000), point.value_of(0b0111)) == (1, 1, 0)
    assert [s.state for s in point.signals(0, Origin.LIVE, b"", event=True)] == ["open", "active"]
    assert [s.state for s in point.signals(1, Origin.LIVE, b"", event=False)] == ["closed"]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"poll_ms": 600}, "'poll_ms' is 600, allowed 20 to 500"),
        ({"blocks": []}, "'blocks' holds no entry"),
        ({"pol_ms": 1}, "unknown key 'pol_ms'"),
        ({"blocks": [1]}, "blocks.0.: found 1"),
        ({"blocks": [{"table": "coil", "address": 0, "count": 1}]}, "'table' is 'coil', allowed"),
        ({"blocks": [{"table": "coils", "address": 0, "count": 1}]}, "no block reads zone 7"),
        ({"blocks": [{"table": "holding_registers", "address": 0, "count": 126}]}, "1 to 125"),
        ({"points": [{"table": "coils", "address": 0, "bit": 1}]}, "has no 'bit'"),
        (
            {"points": [{"table": "coils", "address": 0, "zone": 1, "kind": "zone"}]},
            "'kind' is 'zone', allowed medical",
        ),
        (
            {"points": [{"table": "coils", "address": 0, "zone": 1, "kind": "fire", "text": ""}]},
            "'text' is ''",
        ),
    ],
)
def test_a_wrong_profile_is_refused_by_name(facts: Mapping[str, Plain], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        register_map(profile(**facts))
