"""A file in parts: their number and sizes, and what is no parcel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.parcel import PARCEL_BYTES_MAX, PART_BYTES, Parcel, PartAsked
from edge_agent.evidence.reply import FACTS_BYTES_MAX, facts_of


@given(st.integers(1, PARCEL_BYTES_MAX))
def test_the_parts_make_the_whole(size: int) -> None:
    parcel = Parcel(bytes(32), size)
    sizes = [parcel.size_of(number) for number in range(parcel.parts)]
    assert sum(sizes) == size
    assert set(sizes[:-1]) <= {PART_BYTES}
    assert 0 < sizes[-1] <= PART_BYTES < FACTS_BYTES_MAX
    assert Parcel.from_facts(parcel.facts()) == parcel
    assert facts_of(parcel.facts())


@pytest.mark.parametrize(
    "facts",
    [
        {}, {"sha256": "00" * 32}, {"sha256": 7, "bytes": 1}, {"sha256": "00" * 31, "bytes": 1},
        {"sha256": "zz", "bytes": 1}, {"sha256": "00" * 32, "bytes": 0},
        {"sha256": "00" * 32, "bytes": True}, {"sha256": "00" * 32, "bytes": PARCEL_BYTES_MAX + 1},
    ],
)  # fmt: skip
def test_what_is_no_parcel_is_malformed(facts: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        Parcel.from_facts(facts)


def test_a_part_is_asked_for_by_parcel_and_number_alone() -> None:
    asked = PartAsked(bytes(range(32)), 5)
    assert PartAsked.from_body(asked.to_body()) == asked
    wrong: list[dict[int, BodyValue]] = [
        {}, {1: bytes(32)}, {1: bytes(31), 2: 0}, {1: bytes(32), 2: -1},
        {1: bytes(32), 2: PARCEL_BYTES_MAX // PART_BYTES}, {1: bytes(32), 2: 0, 3: 1},
        {1: "../../etc/passwd", 2: 0},
    ]  # fmt: skip
    for body in wrong:
        with pytest.raises(Malformed):
            PartAsked.from_body(body)
