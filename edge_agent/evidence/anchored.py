"""What the timestamps in a gateway's records prove, judged alike by gateway and center (pure)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge_agent.evidence import timestamp
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import Certificate
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.timestamp import Stamped
from edge_agent.evidence.verify import Problem, What


class Anchored(NamedTuple):
    """A timestamp that was found good; `held` tells whether its event is here and is that one."""

    place: Place
    stamped: Stamped
    held: bool


class AnchorCheck:
    """Judges anchor events that were verified before, in the order of the records.

    `leaf_of` returns the leaf of an event by epoch and number, None where it is not held.
    `stampers` are the authorities whose timestamps count; without any each is only checked against
    the certificates that it brought.
    """

    def __init__(
        self,
        leaf_of: Callable[[bytes, int], bytes | None],
        stampers: Sequence[Certificate] = (),
    ) -> None:
        self.anchored: list[Anchored] = []
        self._leaf_of, self._stampers = leaf_of, stampers

    def take(self, event: Event) -> list[Problem]:
        """Return what is wrong with an anchor event."""
        try:
            body = AnchorBody.from_body(event.body)
            stamped = timestamp.verify(body.token, body.leaf, self._stampers)
        except (Malformed, BadSignature) as error:
            return [Problem(What.ANCHOR, event.epoch, event.seq, str(error))]
        leaf = self._leaf_of(*body.place)
        if leaf not in {None, body.leaf}:
            detail = f"event {body.place} is not the one that {stamped.by!r} timestamped"
            return [Problem(What.ANCHOR, event.epoch, event.seq, detail)]
        self.anchored.append(Anchored(body.place, stamped, held=leaf is not None))
        return []
