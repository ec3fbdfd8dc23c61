"""Events that another event rests on, each named by its epoch and number.

On the wire `[[epoch, [number, ...]], ...]`: epochs in the order in which they ran, numbers rising.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed

CITED_MAX = 256  # an incident has 96 lines at most; the rest is room for later rules
EPOCHS_MAX = 32  # of one citation: an incident that lasts over more starts than this is another one
EPOCH_BYTES = 8
_PLACE = re.compile(r"([0-9A-Fa-f]{16})/([0-9]{1,19})", re.ASCII)


class Place(NamedTuple):
    """Where an event stands in the evidence of its gateway."""

    epoch: bytes
    seq: int

    def __str__(self) -> str:
        """Return `EPOCH/NUMBER`, the epoch in 16 hexadecimal digits: what people and JSON use."""
        return f"{self.epoch.hex()}/{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Return what `EPOCH/NUMBER` names.  Raises ValueError."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:60]!r} is not EPOCH/NUMBER, the epoch in 16 hex digits")
        return cls(bytes.fromhex(found[1]), int(found[2]))


def place_to_value(place: Place) -> BodyValue:
    """Return `[epoch, number]`."""
    return [place.epoch, place.seq]


def place_from(body: Body, key: int) -> Place:
    """Return the place at `key`.  Raises Malformed."""
    pair = fields.row(body.get(key), 2)
    return Place(fields.octets(pair, 0, EPOCH_BYTES), fields.number(pair, 1))


def to_value(places: Iterable[Place]) -> list[BodyValue] | None:
    """Return the groups of `places`, which are in order; None where there are none."""
    groups: list[BodyValue] = []
    numbers: list[BodyValue] = []
    last: bytes | None = None
    for epoch, seq in places:
        if epoch != last:
            numbers, last = [], epoch
            groups.append([epoch, numbers])
        numbers.append(seq)
    return groups or None


def from_body(body: Body, key: int) -> tuple[Place, ...]:
    """Return the places at `key`, none where it is absent.  Raises Malformed."""
    places: list[Place] = []
    for group in fields.array(body, key, EPOCHS_MAX) if key in body else ():
        pair = fields.row(group, 2)
        epoch = fields.octets(pair, 0, EPOCH_BYTES)
        numbers = dict(enumerate(fields.array(pair, 1, CITED_MAX)))
        least = 0
        for at in numbers:
            seq = fields.number(numbers, at, least)
            places.append(Place(epoch, seq))
            least = seq + 1
    if len(places) > CITED_MAX or (key in body and not places):
        raise Malformed(f"key {key} names no event, or more than {CITED_MAX}")
    return tuple(places)
