"""The body of a program event: which files run, by their digests."""

from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import Body, BodyValue
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import fields
from edge_agent.evidence.tree import HASH_BYTES


@dataclass(frozen=True, slots=True)
class ProgramBody:
    """The program that runs: SHA-256 over its files, and over the packages that it runs on.

    `released`: its package brought a list to compare its files with (a checkout brings none);
    `differences` of them are not as the lists say.  `signed`: it is the program that its maker's
    signed manifest tells, None where it came without one.
    """

    version: str
    digest: bytes
    dependencies: bytes
    released: bool
    differences: int = 0
    signed: bool | None = None

    def to_body(self) -> Body:
        """Return the map."""
        body: dict[int, BodyValue] = {
            1: fields.bounded(self.version) or "unknown",
            2: self.digest,
            3: self.dependencies,
            4: self.released,
            5: self.differences,
            6: self.signed,
        }
        return fields.without_none(body)

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        return cls(
            fields.text(body, 1),
            fields.octets(body, 2, HASH_BYTES),
            fields.octets(body, 3, HASH_BYTES),
            fields.truth(body, 4),
            fields.number(body, 5, 0, NUMBER_MAX),
            fields.truth(body, 6) if 6 in body else None,
        )
