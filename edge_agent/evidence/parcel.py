"""What a gateway hands over in parts: a file named by its SHA-256, asked for part by part.

A part is the answer to a command of its own, so a center takes them as fast as it likes, one after
the other, and what got lost is asked for again.  Nothing of it waits in the way of an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed

PART_BYTES = 16_384
"""Of each part but the last: an alarm behind it waits an eighth of a second at 1 Mbit/s."""

PARCEL_BYTES_MAX = 16 << 20  # a thousand parts: minutes
DIGEST_BYTES = 32
_DIGEST, _NUMBER = 1, 2


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file of `size` bytes whose SHA-256 is `digest`.  Raises ValueError beyond the bounds."""

    digest: bytes
    size: int

    def __post_init__(self) -> None:
        if len(self.digest) != DIGEST_BYTES or not 0 < self.size <= PARCEL_BYTES_MAX:
            raise ValueError(f"{self.size} bytes, allowed are 1 to {PARCEL_BYTES_MAX}")

    @property
    def parts(self) -> int:
        """How many there are."""
        return -(-self.size // PART_BYTES)

    def size_of(self, number: int) -> int:
        """Return how many bytes a part has, counted from 0."""
        return min(PART_BYTES, self.size - number * PART_BYTES)

    def facts(self) -> dict[str, Any]:
        """Return the same for a reply."""
        return {"sha256": self.digest.hex(), "bytes": self.size}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return what a reply says.  Raises Malformed."""
        digest, size = facts.get("sha256"), facts.get("bytes")
        if not isinstance(digest, str) or isinstance(size, bool) or not isinstance(size, int):
            raise Malformed("no parcel")
        try:
            return cls(bytes.fromhex(digest), size)
        except ValueError as error:
            raise Malformed(f"no parcel: {error}") from error


@dataclass(frozen=True, slots=True)
class PartAsked:
    """Part `number`, from 0, of the parcel named `digest`."""

    digest: bytes
    number: int

    def to_body(self) -> dict[int, BodyValue]:
        """Return the map that the command carries."""
        return {_DIGEST: self.digest, _NUMBER: self.number}

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        if body.keys() != {_DIGEST, _NUMBER}:
            raise Malformed("a part is asked for by parcel and number")
        last = PARCEL_BYTES_MAX // PART_BYTES - 1
        return cls(
            fields.octets(body, _DIGEST, DIGEST_BYTES), fields.number(body, _NUMBER, 0, last)
        )
