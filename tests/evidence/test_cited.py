"""Events named by epoch and number: their text, their groups on the wire, what is refused."""

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cited
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import CITED_MAX, Place

A, B = b"epoch--1", b"epoch--2"


def test_a_place_reads_as_epoch_and_number() -> None:
    assert str(Place(A, 12)) == "65706f63682d2d31/12"
    assert Place.parse("65706f63682d2d31/12") == Place(A, 12)


@pytest.mark.parametrize("text", ["", "65706f63682d2d31", "65/1", "65706f63682d2d31/-1", "i1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="EPOCH/NUMBER"):
        Place.parse(text)


def test_places_are_grouped_by_their_epochs() -> None:
    places = (Place(A, 3), Place(A, 9), Place(B, 1))
    value = cited.to_value(places)
    assert value == [[A, [3, 9]], [B, [1]]]
    assert cited.from_body({4: value}, 4) == places
    assert cited.to_value(()) is None
    assert cited.from_body({}, 4) == ()


@pytest.mark.parametrize(
    "value",
    [
        [],
        [[A, []]],
        [[A, [3, 3]]],
        [[A, [4, 3]]],
        [[A[:7], [3]]],
        [[A, [3], 1]],
        [[A, [True]]],
        [[A, list(range(CITED_MAX))], [B, [0]]],
    ],
)
def test_what_cites_nothing_or_in_disorder_is_malformed(value: BodyValue) -> None:
    with pytest.raises(Malformed):
        cited.from_body({4: value}, 4)
