"""Starts an epoch: what the journal was found to hold goes into a genesis that follows it."""

import os
from collections import deque
from dataclasses import dataclass

import edge_agent
from edge_agent.clock import Clock
from edge_agent.domain.event import Draft, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence.bodies import Ended, GenesisBody, SignalBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.dating import stamp_tie, told_tie
from edge_agent.evidence.envelope import Event, peek, seal
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import Peaks
from edge_agent.journal.format import Record
from edge_agent.journal.recovery import Recovery, Tail
from edge_agent.limits import RECENT_FRAMES_MAX


@dataclass(frozen=True, slots=True)
class Beginning:
    """A new epoch: its id, its event key (in memory only), its genesis, and its first stamp."""

    epoch: bytes
    signer: Signer
    genesis: bytes
    draft: Draft
    started: Stamp


def begin(gateway: str, identity: Signer | None, found: Recovery, clock: Clock) -> Beginning:
    """Start an epoch that follows what was found; without an identity key it signs for itself."""
    signer = Ed25519Signer.generate()
    epoch, stamp = os.urandom(8), clock.stamp()
    before = _peaks(found.note)
    body = GenesisBody(
        event_key=signer.public,
        identity_kid=identity.public.kid if identity else None,
        ended=_how_it_ended(found),
        version=edge_agent.__version__,
        previous_epoch=found.epoch,
        previous_size=before.size if found.epoch else 0,
        previous_root=before.root() if found.epoch else None,
    ).to_body()
    draft = Draft(EventType.GENESIS, Lane.STATE, stamp, body)
    event = Event(
        gateway=gateway,
        epoch=epoch,
        seq=0,
        root=Peaks().root(),
        stamp=stamp,
        lane=draft.lane,
        type=draft.type,
        body=body,
    )
    return Beginning(epoch, signer, seal(event, identity or signer), draft, stamp)


def _peaks(note: bytes) -> Peaks:
    """Return the tree as the last commit noted it; an empty one where nothing readable was noted.

    A power cut in an epoch's first write leaves its head without any commit.
    """
    try:
        return Peaks.from_bytes(note)
    except Malformed:
        return Peaks()


def _how_it_ended(found: Recovery) -> Ended:
    if found.epoch is None:
        return Ended.FIRST
    if found.tail is Tail.DAMAGED:
        return Ended.DAMAGED
    if found.tail is Tail.TORN:
        return Ended.TORN
    return Ended.ORDERLY if found.orderly else Ended.CRASH


class LastFrames:
    """Remembers, while the journal is read at start, the newest frames of each panel, and the time.

    `told_ns`: what the center's receipts told last; `seen_ns`: the newest time that a trusted clock
    stamped since, for the center's word corrects what a clock believed before.
    """

    def __init__(self) -> None:
        self.frames: dict[str, deque[tuple[bytes, Stamp]]] = {}
        self.told_ns = 0
        self.seen_ns = 0

    def visit(self, record: Record) -> None:
        """Take one envelope, oldest first."""
        try:
            _, event = peek(record.data)
            self._remember_time(event)
            if event.type is EventType.SIGNAL:
                body = SignalBody.from_body(event.body)
                newest = self.frames.setdefault(body.panel, deque(maxlen=RECENT_FRAMES_MAX))
                if not newest or newest[-1] != (body.signal.frame, event.stamp):
                    newest.append((body.signal.frame, event.stamp))  # once for all its signals
        except Malformed:  # salvaged, or of another version: the verifier judges it, not we
            return

    def _remember_time(self, event: Event) -> None:
        if (told := told_tie(event)) is not None and told.earliest_ns is not None:
            self.told_ns, self.seen_ns = max(self.told_ns, told.earliest_ns), told.earliest_ns
        elif (own := stamp_tie(event.stamp)) is not None and own.earliest_ns is not None:
            self.seen_ns = max(self.seen_ns, own.earliest_ns)
