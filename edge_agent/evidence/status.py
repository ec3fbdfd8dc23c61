"""The heartbeat: a signed message, not an event, that says how far the gateway is and how it feels.

Signed by the event key of the running epoch.  `next_seq` and `root` are a signed tree head: whoever
holds all events below `next_seq` of that epoch can check that they are these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.domain.event import BodyValue
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import mark_from, mark_to_value
from edge_agent.evidence.cose import Domain, PublicKey, Signer
from edge_agent.evidence.envelope import EPOCH_BYTES, stamp_from_value, stamp_to_value
from edge_agent.evidence.tree import HASH_BYTES, SIZE_MAX

VERSION = 1
PANELS_MAX = 128  # a gateway has ports for a few dozen; with all counters these take 40 KiB
FAULT_KINDS_MAX = 16  # of a panel; the session contract knows 11
CONDITIONS_MAX = 16  # of the gateway's body: its rules know a dozen
_KEYS = range(1, 18)
(
    _VERSION,
    _GATEWAY,
    _EPOCH,
    _NEXT_SEQ,
    _ROOT,
    _STAMP,
    _STARTED,
    _INTERVAL,
    _DISK_REFUSED,
    _OUTSTANDING,
    _PATH,
    _PANELS,
    _STOPPING,
    _CONDITIONS,
    _JOURNAL_PERCENT,
    _CHARTER,
    _SEAL,
) = _KEYS
SEAL_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One heartbeat.

    `root` is over the events 0..next_seq-1; `started` the stamp of the agent's start; the next
    heartbeat follows within `interval_s` seconds; `outstanding` counts the events that no receipt
    covers yet; `path` names the way in use; `panels` says of each panel whether it is there (None:
    not known), `faults` how many frames or answers of each fault kind were counted since start;
    `stopping`: the agent is told to stop, and no heartbeat follows this one.
    `journal_percent` is how much of its space the journal uses, None where that is not known;
    `charter` the number and digest of the charter in force; `seal` the X25519 key to which commands
    for this run are sealed, None where they go as they are.
    Raises ValueError beyond the bounds.
    """

    gateway: str
    epoch: bytes
    next_seq: int
    root: bytes
    stamp: Stamp
    started: Stamp
    interval_s: int
    disk_refused: bool = False
    outstanding: int = 0
    path: str | None = None
    panels: Mapping[str, bool | None] = field(default_factory=dict)
    faults: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    stopping: bool = False
    journal_percent: int | None = None
    charter: tuple[int, bytes] | None = None
    seal: bytes | None = None

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway):
            raise ValueError(f"{self.gateway[:80]!r} is no name of a gateway")
        if len(self.epoch) != EPOCH_BYTES or len(self.root) != HASH_BYTES:
            raise ValueError("an epoch has 8 bytes, a root 32")
        if not 0 < self.next_seq <= SIZE_MAX or self.outstanding < 0 or self.interval_s < 1:
            raise ValueError("a number out of its range")
        if len(self.panels) > PANELS_MAX or not self.faults.keys() <= self.panels.keys():
            raise ValueError(f"more than {PANELS_MAX} panels, or faults of an unknown one")
        if len(self.conditions) > CONDITIONS_MAX or not all(map(fields.is_word, self.conditions)):
            raise ValueError(f"more than {CONDITIONS_MAX} conditions, or one that is no word")


def sign_status(status: Status, signer: Signer) -> bytes:
    """Return the signed heartbeat.  Raises ValueError beyond 64 KiB."""
    panels: list[BodyValue] = [
        [panel, online, [[kind, count] for kind, count in sorted(_faults(status, panel).items())]]
        for panel, online in status.panels.items()
    ]
    content: dict[int, BodyValue] = {
        _VERSION: VERSION,
        _GATEWAY: status.gateway,
        _EPOCH: status.epoch,
        _NEXT_SEQ: status.next_seq,
        _ROOT: status.root,
        _STAMP: stamp_to_value(status.stamp),
        _STARTED: stamp_to_value(status.started),
        _INTERVAL: status.interval_s,
        _DISK_REFUSED: status.disk_refused,
        _OUTSTANDING: status.outstanding,
        _PATH: fields.bounded(status.path or ""),
        _PANELS: panels,
        _CONDITIONS: list(status.conditions) or None,
        _STOPPING: status.stopping or None,
        _JOURNAL_PERCENT: status.journal_percent,
        _CHARTER: mark_to_value(status.charter),
        _SEAL: status.seal,
    }
    return cose.sign1(cbor.encode(fields.without_none(content)), signer, Domain.STATUS)


def _faults(status: Status, panel: str) -> Mapping[str, int]:
    return status.faults.get(panel, {})


def open_status(data: bytes, key: PublicKey) -> Status:
    """Return the heartbeat that `key` signed.  Raises Malformed, BadSignature."""
    message = cose.parse(data)
    cose.verify(message, key, Domain.STATUS)
    return _status(message.payload)


def peek_status(data: bytes) -> tuple[bytes, Status]:
    """Return key id and content without checking the signature.  Raises Malformed."""
    message = cose.parse(data)
    return message.kid, _status(message.payload)


def _status(payload: bytes) -> Status:
    content = cbor.decode_map(payload)
    if not content.keys() <= set(_KEYS):
        raise Malformed("unknown key in a status")
    fields.number(content, _VERSION, VERSION, VERSION)
    rows = [fields.row(item, 3) for item in fields.array(content, _PANELS, PANELS_MAX)]
    names = [fields.text(row, 0, fields.NAME_CHARS_MAX) for row in rows]
    if len(set(names)) != len(names):
        raise Malformed("a panel twice")
    try:
        return Status(
            gateway=fields.text(content, _GATEWAY),
            epoch=fields.octets(content, _EPOCH, EPOCH_BYTES),
            next_seq=fields.number(content, _NEXT_SEQ),
            root=fields.octets(content, _ROOT, HASH_BYTES),
            stamp=stamp_from_value(content.get(_STAMP)),
            started=stamp_from_value(content.get(_STARTED)),
            interval_s=fields.number(content, _INTERVAL),
            disk_refused=fields.truth(content, _DISK_REFUSED),
            outstanding=fields.number(content, _OUTSTANDING),
            path=fields.text_or_none(content, _PATH),
            panels={name: _online(row) for name, row in zip(names, rows, strict=True)},
            faults={
                name: _counts(row) for name, row in zip(names, rows, strict=True) if row[2] != []
            },
            conditions=_conditions(content),
            stopping=_stops(content),
            journal_percent=fields.number_or_none(content, _JOURNAL_PERCENT, 0, 100),
            charter=mark_from(content, _CHARTER),
            seal=fields.octets(content, _SEAL, SEAL_BYTES) if _SEAL in content else None,
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def _stops(content: Mapping[int, BodyValue]) -> bool:
    if content.get(_STOPPING, True) is not True:
        raise Malformed("an agent that does not stop says nothing of it")
    return _STOPPING in content


def _conditions(content: dict[int, BodyValue]) -> tuple[str, ...]:
    if _CONDITIONS not in content:
        return ()
    rows = dict(enumerate(fields.array(content, _CONDITIONS, CONDITIONS_MAX)))
    return tuple(fields.text(rows, at) for at in rows)


def _online(row: dict[int, BodyValue]) -> bool | None:
    return None if row[1] is None else fields.truth(row, 1)


def _counts(row: dict[int, BodyValue]) -> dict[str, int]:
    pairs = [fields.row(item, 2) for item in fields.array(row, 2, FAULT_KINDS_MAX)]
    return {fields.text(pair, 0, fields.NAME_CHARS_MAX): fields.number(pair, 1) for pair in pairs}
