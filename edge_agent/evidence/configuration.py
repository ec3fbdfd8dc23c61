"""What a command says of a new configuration: its bytes, deflated, and on which terms it is tried.

A command is one small message, and a site of 4,096 zones is 330 kB of text: deflated it is a tenth.
"""

import zlib
from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import DIGEST_BYTES

CONFIG_BYTES_MAX = 1 << 20  # of the file; more is not a configuration
TRYING, KEPT, ROLLED_BACK = "trying", "kept", "rolled_back"
"""What becomes of one: the first in the reply, all three in the gateway's events."""

WITHIN_S_MIN, WITHIN_S_DEFAULT, WITHIN_S_MAX = 10, 90, 600
"""Until when the center must be reached under it; a path is found lost and another tried within
seconds, a modem dials in within a minute or two."""

_DEFLATED, _WITHIN, _REPLACES = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A configuration that a center wants a gateway to run.

    `data` are the file's bytes; it is given up where the center is not reached under it for
    `within_s`; `replaces` is SHA-256 over the one that it was made from, None for whatever is
    there.  Raises ValueError beyond the bounds.
    """

    data: bytes
    within_s: int = WITHIN_S_DEFAULT
    replaces: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.data) <= CONFIG_BYTES_MAX:
            raise ValueError(f"a configuration has 1 to {CONFIG_BYTES_MAX} bytes")
        if not WITHIN_S_MIN <= self.within_s <= WITHIN_S_MAX:
            raise ValueError(f"it is tried for {WITHIN_S_MIN} to {WITHIN_S_MAX} s")

    def to_body(self) -> dict[int, BodyValue]:
        """Return the map that the command carries."""
        deflated = zlib.compress(self.data, 9)
        body: dict[int, BodyValue] = {_DEFLATED: deflated, _WITHIN: self.within_s}
        return fields.without_none(body | {_REPLACES: self.replaces})

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        if not body.keys() <= {_DEFLATED, _WITHIN, _REPLACES}:
            raise Malformed("unknown key in a configuration")
        replaces = fields.octets(body, _REPLACES, DIGEST_BYTES) if _REPLACES in body else None
        within_s = fields.number(body, _WITHIN, WITHIN_S_MIN, WITHIN_S_MAX)
        return cls(_inflated(body.get(_DEFLATED)), within_s, replaces)


def _inflated(deflated: BodyValue) -> bytes:
    """Return what was deflated, never more than a configuration may have."""
    if not isinstance(deflated, bytes):
        raise Malformed("a configuration is bytes")
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(deflated, CONFIG_BYTES_MAX + 1)
    except zlib.error as error:
        raise Malformed(f"a configuration that cannot be inflated: {error}") from error
    if not 0 < len(data) <= CONFIG_BYTES_MAX:
        raise Malformed(f"a configuration has 1 to {CONFIG_BYTES_MAX} bytes")
    if not stream.eof or stream.unused_data:
        raise Malformed("a configuration that is cut short, or more than one")
    return data
