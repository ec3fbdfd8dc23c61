"""The body of an anchor event: an authority's timestamp of an earlier event.

That event is a signed tree head, so the timestamp is of all events before it as well.
"""

from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import Body, EventType
from edge_agent.evidence import cited, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.tree import HASH_BYTES

TOKEN_BYTES_MAX = 12_288  # with its certificates one has 1 to 7 kB; a journal's record has 16


@dataclass(frozen=True, slots=True)
class AnchorBody:
    """`token` (RFC 3161) is over `leaf`, the leaf hash of the event at `place`."""

    place: Place
    leaf: bytes
    token: bytes

    @classmethod
    def of(cls, envelope: bytes) -> Self | None:
        """Return what an envelope says, None where it is no anchor that can be read."""
        if EventType.ANCHOR.encode() not in envelope:  # spares decoding all others
            return None
        try:
            event = peek(envelope)[1]
            return cls.from_body(event.body) if event.type == EventType.ANCHOR else None
        except Malformed:
            return None

    def to_body(self) -> Body:
        """Return the map."""
        return {1: cited.place_to_value(self.place), 2: self.leaf, 3: self.token}

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        token = body.get(3)
        if not isinstance(token, bytes) or not 0 < len(token) <= TOKEN_BYTES_MAX:
            raise Malformed(f"a timestamp has 1 to {TOKEN_BYTES_MAX} bytes")
        return cls(cited.place_from(body, 1), fields.octets(body, 2, HASH_BYTES), token)
