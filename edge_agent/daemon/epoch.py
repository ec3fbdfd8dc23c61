"""Starts an epoch: what the journal was found to hold goes into a genesis that follows it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

import edge_agent
from edge_agent.clock import Clock
from edge_agent.config import Loaded
from edge_agent.domain.event import BodyValue, Draft, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.recent import RecentFrames
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp
from edge_agent.domain.standing import Standing
from edge_agent.evidence.bodies import (
    Ended,
    FindingBody,
    GenesisBody,
    Severity,
    SignalBody,
)
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Signer, key_id
from edge_agent.evidence.dating import stamp_tie, told_tie
from edge_agent.evidence.envelope import Event, peek, seal
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.machine import Change, Fact, compare
from edge_agent.evidence.signers import Ed25519Signer, load_signer
from edge_agent.evidence.tree import Peaks
from edge_agent.journal import AbsentDisk, FolderDisk, open_disk
from edge_agent.journal.format import Record
from edge_agent.journal.recovery import Recovery, Tail, recover

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beginning:
    """A new epoch: its id, its event key (in memory only), its genesis, and its first stamp."""

    epoch: bytes
    signer: Signer
    genesis: bytes
    draft: Draft
    started: Stamp
    second_kid: bytes | None = None  # of the key that signs tree heads a second time


def begin_by_files(
    loaded: Loaded, found: Recovery, clock: Clock, machine: tuple[Fact, ...]
) -> Beginning:
    """Start an epoch by the keys of a configuration.

    An identity key that cannot be read, or a TPM that fails when it is to sign, is told, and the
    epoch signs for itself.
    """
    told, second_key = loaded.config.gateway, None
    if loaded.config.sm2 is not None:
        from edge_agent.daemon.second_signing import named_key  # noqa: PLC0415  only where it is

        second_key = named_key(loaded, loaded.config.sm2)
    try:
        identity = load_signer(loaded.path(told.identity_key), loaded.path(told.tpm))
        return begin(told.id, identity, found, clock, machine, second_key)
    except KeyFileError as error:
        log.error(
            "identity key unusable", cause=str(error), then="events are signed, not vouched for"
        )
        return begin(told.id, None, found, clock, machine, second_key)


def begin(
    gateway: str,
    identity: Signer | None,
    found: Recovery,
    clock: Clock,
    machine: tuple[Fact, ...] = (),
    second_key: dict[int, BodyValue] | None = None,
) -> Beginning:
    """Start an epoch that follows what was found; without an identity key it signs for itself.

    An epoch of another gateway is no predecessor: its card was put into this one.
    """
    signer = Ed25519Signer.generate()
    epoch, stamp = os.urandom(8), clock.stamp()
    before, foreign = _peaks(found.note), owner_of(found.head) not in (None, gateway)
    previous = None if foreign else found.epoch
    body = GenesisBody(
        event_key=signer.public,
        identity_kid=identity.public.kid if identity else None,
        ended=Ended.FIRST if foreign else _how_it_ended(found),
        version=edge_agent.__version__,
        previous_epoch=previous,
        previous_size=before.size if previous else 0,
        previous_root=before.root() if previous else None,
        machine=machine,
        second_key=second_key,
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
    second_kid = None if second_key is None else key_id(second_key)
    return Beginning(epoch, signer, seal(event, identity or signer), draft, stamp, second_kid)


def owner_of(genesis: bytes | None) -> str | None:
    """Return whose epoch a genesis begins, None where it cannot be read."""
    if genesis is None:
        return None
    try:
        return peek(genesis)[1].gateway
    except Malformed:
        return None


def what_happened(
    gateway: str, genesis: bytes | None, machine: tuple[Fact, ...]
) -> FindingBody | None:
    """Say what is strange about the card, by the last genesis on it; None where nothing is."""
    owner = owner_of(genesis)
    if owner is None or genesis is None:
        return None
    if owner != gateway:
        return _finding(
            "foreign_journal",
            f"the journal was written by gateway {owner}",
            f"its events are kept and not sent: put the card back into {owner}; this gateway goes "
            "on beside them",
        )
    try:
        before = GenesisBody.from_body(peek(genesis)[1].body).machine
    except Malformed:
        return None
    match compare(before, machine):
        case Change.MOVED:
            return _finding(
                "card_moved",
                "the journal was written on another board",
                "if nobody replaced the hardware, the card was stolen or copied: tell the center "
                "and give the gateway new keys; see that the other board does not run any more",
            )
        case Change.COPIED:
            return _finding(
                "card_copied",
                "the journal was written on another card",
                "if nobody replaced the card, it was copied: tell the center and give the gateway "
                "new keys; destroy the old card, it holds the identity key",
            )
    return None


def _finding(cause: str, detail: str, remedy: str) -> FindingBody:
    return FindingBody(
        panel="@gateway",
        cause=cause,
        severity=Severity.URGENT,
        reasons=("journal.machine",),
        remedy=remedy,
        detail=detail,
    )


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
    """Remembers, while the journal is read at start, what panels said last, and the time.

    `frames`: the newest of each panel; `standing`: the events active in what was read.

    `told_ns`: what the center's receipts told last; `seen_ns`: the newest time that a trusted clock
    stamped since, for the center's word corrects what a clock believed before.
    """

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self.frames: dict[str, RecentFrames] = {}
        self.standing: dict[str, Standing] = {}
        self.told_ns = 0
        self.seen_ns = 0

    def visit(self, record: Record) -> None:
        """Take one envelope, oldest first."""
        try:
            _, event = peek(record.data)
            self._remember_time(event)
            if event.type is EventType.SIGNAL and event.gateway == self._gateway:
                body = SignalBody.from_body(event.body)
                recent = self.frames.setdefault(body.panel, RecentFrames())
                recent.take(body.signal, event.stamp)
                self.standing.setdefault(body.panel, Standing()).take(body.signal)
        except Malformed:  # salvaged, or of another version: the verifier judges it, not we
            return

    def tell(
        self,
        recall: Callable[[str, Signal], None],
        remember: Callable[[str, RecentFrames], None],
    ) -> None:
        """Say what stands, oldest first, and the newest frames."""
        for panel, standing in self.standing.items():
            for active in standing.signals:
                recall(panel, active)
        for panel, recent in self.frames.items():
            remember(panel, recent)

    def _remember_time(self, event: Event) -> None:
        if (told := told_tie(event)) is not None and told.earliest_ns is not None:
            self.told_ns, self.seen_ns = max(self.told_ns, told.earliest_ns), told.earliest_ns
        elif (own := stamp_tie(event.stamp)) is not None and own.earliest_ns is not None:
            self.seen_ns = max(self.seen_ns, own.earliest_ns)


def recovered(folder: Path, frames: LastFrames) -> tuple[FolderDisk | AbsentDisk, Recovery]:
    """Return the journal's disk and what it holds; a folder that cannot be listed is as good as
    absent.  Raises JournalLocked.
    """
    disk = open_disk(folder)
    try:
        return disk, recover(disk, frames.visit)
    except OSError as error:
        disk.close()
        absent = AbsentDisk(folder, error)
        return absent, recover(absent)
