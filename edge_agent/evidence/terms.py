"""What a run judges by, as its config event says it.  Keys: docs/wire-format.md."""

from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import Body
from edge_agent.evidence import cited, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.fields import NAME_CHARS_MAX

SITE_BYTES_MAX = 8192  # of the premises in one event: a record holds twice that
SITE_PARTS_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingTerms:
    """What a run judges by, so that the same journal gives the same verdicts.

    `rules` is the version of the rule set; `site` the premises without names, as JSON, of which
    this is part `part` of `parts`, from 1; `zone` the time zone of its clocks, empty where only UTC
    is known.  What was judged before this event was rebuilt from the event `since` on, and up to
    the event `heard` of this epoch; from then on it is judged as it comes.
    """

    rules: str
    zone: str
    since: Place
    heard: int
    site: bytes
    part: int = 1
    parts: int = 1

    def to_body(self) -> Body:
        """Return the keys that they have in a config event."""
        return fields.without_none(
            {
                3: self.rules,
                4: self.zone or None,
                5: cited.place_to_value(self.since),
                6: self.heard,
                7: self.site,
                8: [self.part, self.parts],
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        site, part = body.get(7), fields.row(body.get(8), 2)
        if not isinstance(site, bytes) or len(site) > SITE_BYTES_MAX:
            raise Malformed(f"key 7 is not at most {SITE_BYTES_MAX} bytes")
        parts = fields.number(part, 1, 1, SITE_PARTS_MAX)
        return cls(
            rules=fields.text(body, 3, NAME_CHARS_MAX),
            zone=fields.text_or_empty(body, 4),
            since=cited.place_from(body, 5),
            heard=fields.number(body, 6),
            site=site,
            part=fields.number(part, 0, 1, parts),
            parts=parts,
        )
