"""The body of a program event: which files run, by their digests."""

from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import Body
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import fields
from edge_agent.evidence.tree import HASH_BYTES


@dataclass(frozen=True, slots=True)
class ProgramBody:
    """The program that runs: SHA-256 over its files, and over the packages that it runs on.

    `released`: its package brought a list to compare its files with (a checkout brings none);
    `differences` of them are not as the lists say.
    """

    version: str
    digest: bytes
    dependencies: bytes
    released: bool
    differences: int = 0

    def to_body(self) -> Body:
        """Return the map."""
        return {
            1: fields.bounded(self.version) or "unknown",
            2: self.digest,
            3: self.dependencies,
            4: self.released,
            5: self.differences,
        }

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        return cls(
            fields.text(body, 1),
            fields.octets(body, 2, HASH_BYTES),
            fields.octets(body, 3, HASH_BYTES),
            fields.truth(body, 4),
            fields.number(body, 5, 0, NUMBER_MAX),
        )
