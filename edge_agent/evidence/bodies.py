"""The body of each type of event: a value here, a map of small integer keys on the wire.

The keys stand in docs/wire-format.md; absent means unknown or not said.  Verdicts have theirs in
`verdict.py`.  `from_body` takes what others signed: a known key with a wrong value is Malformed,
an unknown key is passed over, so that an older center still shows what a newer gateway reports.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from edge_agent.domain.event import Body, BodyValue
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.signal import NUMBER_MAX, OHMS_MAX, Signal
from edge_agent.domain.stamp import ClockChange, Trust
from edge_agent.evidence import cited, fields, probe_row
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import mark_from, mark_to_value
from edge_agent.evidence.cited import Place
from edge_agent.evidence.command import CommandRef, ref_from, ref_to_value
from edge_agent.evidence.cose import KID_BYTES, PublicKey
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.machine import FACT_BYTES, FACTS_MAX, Fact
from edge_agent.evidence.masking import mask, masked_spans
from edge_agent.evidence.probe_row import ProbeRow
from edge_agent.evidence.terms import JudgingTerms
from edge_agent.evidence.tree import HASH_BYTES, Peaks

SIGNED_BYTES_MAX = 4096  # of a signed object within a body
_EPOCH_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalBody:
    """What a panel said, and by which driver and profile it was understood.

    `to_body` masks the signal's secrets, so that no caller can forget; a body that was read has the
    masked frame, and its signal's `secrets` are where it was masked.
    """

    signal: Signal
    panel: str
    driver: str
    driver_version: str
    profile: str | None = None
    profile_version: str | None = None

    def to_body(self) -> Body:
        """Return the map."""
        said = self.signal
        frame, spans = mask(said.frame, said.secrets) if said.secrets else (said.frame, ())
        masked: list[BodyValue] = [[span.start, span.end] for span in spans]
        return fields.without_none(
            {
                1: str(said.kind),
                2: said.code,
                3: str(said.state),
                4: str(said.origin),
                5: self.panel,
                6: said.area,
                7: said.zone,
                8: said.user,
                9: said.account,
                10: said.text,
                11: said.panel_time,
                12: [self.driver, self.driver_version],
                13: None if self.profile is None else [self.profile, self.profile_version or "0"],
                14: frame,
                15: masked or None,
                16: said.ohms,
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        driver, driver_version = _name_and_version(body, 12)
        profile, profile_version = _name_and_version(body, 13) if 13 in body else (None, None)
        return cls(
            signal=_signal(body),
            panel=fields.text(body, 5, NAME_CHARS_MAX),
            driver=driver,
            driver_version=driver_version,
            profile=profile,
            profile_version=profile_version,
        )


def _signal(body: Body) -> Signal:
    frame = body.get(14)
    if not isinstance(frame, bytes):
        raise Malformed("a signal without its frame")
    try:
        return Signal(
            kind=fields.word(body, 1, Kind),
            code=fields.text_or_none(body, 2),
            state=fields.word(body, 3, State),
            origin=fields.word(body, 4, Origin),
            area=fields.number_or_none(body, 6, 1, NUMBER_MAX),
            zone=fields.number_or_none(body, 7, 1, NUMBER_MAX),
            user=fields.number_or_none(body, 8, 1, NUMBER_MAX),
            account=fields.text_or_none(body, 9),
            text=fields.text_or_none(body, 10),
            panel_time=fields.text_or_none(body, 11),
            ohms=fields.number_or_none(body, 16, 0, OHMS_MAX),
            frame=frame,
            secrets=masked_spans(body, 15, frame),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def _name_and_version(body: Body, key: int) -> tuple[str, str]:
    pair = fields.row(body.get(key), 2)
    return fields.text(pair, 0, NAME_CHARS_MAX), fields.text(pair, 1, NAME_CHARS_MAX)


class Ended(StrEnum):
    """How the epoch before this one ended."""

    FIRST = "first"  # there was none
    ORDERLY = "orderly"  # stopped, all written
    CRASH = "crash"  # not stopped, yet all records whole
    TORN = "torn"  # the last record was cut: a power cut while writing
    DAMAGED = "damaged"  # records before the last are damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisBody:
    """The first event of an epoch: who signs it, and what came before.

    `identity_kid` names the identity key that signed the genesis; None where that key could not be
    read and the event key signed for itself, to be vouched for later.  `previous_size` is one more
    than the last number recovered of the epoch before, `previous_root` the root over its events
    0..previous_size-1; `machine` what it runs on (evidence/machine.py); `second_key` by what tree
    heads are signed a second time, a COSE_Key of any algorithm.  Raises ValueError where `ended`
    and the previous epoch disagree.
    """

    event_key: PublicKey
    identity_kid: bytes | None
    ended: Ended
    version: str
    previous_epoch: bytes | None = None
    previous_size: int = 0
    previous_root: bytes | None = None
    machine: tuple[Fact, ...] = ()
    second_key: dict[int, BodyValue] | None = None

    def __post_init__(self) -> None:
        missing = {self.previous_epoch is None, self.previous_root is None}
        if missing != {self.ended is Ended.FIRST}:
            raise ValueError("a first epoch names no previous one, any other all of it")

    @property
    def vouched(self) -> bool:
        """Whether the identity key signed this genesis."""
        return self.identity_kid is not None

    @property
    def signer_kid(self) -> bytes:
        """The id of the key that must have signed the envelope."""
        return self.event_key.kid if self.identity_kid is None else self.identity_kid

    def to_body(self) -> Body:
        """Return the map."""
        previous: list[BodyValue] = [self.previous_epoch, self.previous_size, self.previous_root]
        return fields.without_none(
            {
                1: self.event_key.to_value(),
                2: self.identity_kid,
                3: None if self.previous_epoch is None else previous,
                4: str(self.ended),
                5: self.version,
                6: [[kind, value] for kind, value in self.machine] or None,
                7: self.second_key,
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        previous = fields.row(body[3], 3) if 3 in body else None
        ended = fields.word(body, 4, Ended)
        if (previous is None) is not (ended is Ended.FIRST):
            raise Malformed("a first epoch names no previous one, any other does")
        return cls(
            event_key=PublicKey.from_value(body.get(1)),
            identity_kid=fields.octets(body, 2, KID_BYTES) if 2 in body else None,
            ended=ended,
            version=fields.text(body, 5, NAME_CHARS_MAX),
            previous_epoch=fields.octets(previous, 0, _EPOCH_BYTES) if previous else None,
            previous_size=fields.number(previous, 1) if previous else 0,
            previous_root=fields.octets(previous, 2, HASH_BYTES) if previous else None,
            machine=tuple(map(_fact, fields.array(body, 6, FACTS_MAX))) if 6 in body else (),
            second_key=fields.map_or_none(body, 7),
        )


def _fact(value: BodyValue) -> Fact:
    pair = fields.row(value, 2)
    return fields.text(pair, 0, NAME_CHARS_MAX), fields.octets(pair, 1, FACT_BYTES)


@dataclass(frozen=True, slots=True)
class LinkBody:
    """A panel came (True), went (False), or is not known to be there (None)."""

    panel: str
    online: bool | None
    reason: str = ""

    def to_body(self) -> Body:
        """Return the map."""
        reason = fields.bounded(self.reason)
        return fields.without_none({1: self.panel, 2: self.online, 3: reason})

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        return cls(
            panel=fields.text(body, 1, NAME_CHARS_MAX),
            online=fields.truth(body, 2) if 2 in body else None,
            reason=fields.text_or_empty(body, 3),
        )


@dataclass(frozen=True, slots=True)
class ClockBody:
    """The wall clock changed; the event's stamp is the reading after the change.

    `step_ms` is after minus before, where both are known; `was` the trust before; `source` what
    disciplines the clock; `told` bounds the true time at the stamp's boot time, Unix time in ns, as
    the center's receipt tells.
    """

    change: ClockChange
    step_ms: int | None = None
    was: Trust | None = None
    source: str = ""
    told: tuple[int, int] | None = None

    def to_body(self) -> Body:
        """Return the map."""
        return fields.without_none(
            {
                1: str(self.change),
                2: self.step_ms,
                3: None if self.was is None else str(self.was),
                4: fields.bounded(self.source),
                5: None if self.told is None else list(self.told),
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        return cls(
            change=fields.word(body, 1, ClockChange),
            step_ms=fields.number_or_none(body, 2, -fields.NUMBER_MAX),
            was=fields.word(body, 3, Trust) if 3 in body else None,
            source=fields.text_or_empty(body, 4),
            told=_told(body) if 5 in body else None,
        )


def _told(body: Body) -> tuple[int, int]:
    pair = fields.row(body[5], 2)
    earliest = fields.number(pair, 0)
    return earliest, fields.number(pair, 1, earliest)


class JournalChange(StrEnum):
    """What happened to the journal."""

    REFUSED = "refused"  # the disk refuses to write
    ACCEPTED = "accepted"  # it writes again, and what waited is written
    DAMAGED = "damaged"  # records were found that do not read back
    NEARLY_FULL = "nearly_full"  # more of the space is used than a level that is told
    ROOMY = "roomy"  # less again
    OMITTED = "omitted"  # for lack of space: lanes not recorded from now on, or how many were not
    UNSAID = "unsaid"  # events of the agent itself found no room while the disk refused
    REMOVED = "removed"  # retention removed what was receipted and old enough
    RECEIPTS = "receipts"  # binds the receipts that were recorded


@dataclass(frozen=True, slots=True)
class JournalBody:
    """The journal or its disk changed.

    REFUSED: the disk does not hold the event numbered `first`, nor any after it.  REMOVED: events
    `first`..`last` of `epoch` are gone; `tree` holds the peaks over all events of that epoch up to
    `last`, so that what is left can still be proved.  RECEIPTS: the SHA-256 `digest` over the
    receipts numbered `first`..`last` that this epoch recorded.
    """

    what: JournalChange
    detail: str = ""
    first: int | None = None
    last: int | None = None
    epoch: bytes | None = None
    digest: bytes | None = None
    tree: bytes | None = None

    def to_body(self) -> Body:
        """Return the map."""
        return fields.without_none(
            {
                1: str(self.what),
                2: fields.bounded(self.detail),
                3: self.first,
                4: self.last,
                5: self.epoch,
                6: self.digest,
                7: self.tree,
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        return cls(
            what=fields.word(body, 1, JournalChange),
            detail=fields.text_or_empty(body, 2),
            first=fields.number_or_none(body, 3),
            last=fields.number_or_none(body, 4),
            epoch=fields.octets(body, 5, _EPOCH_BYTES) if 5 in body else None,
            digest=fields.octets(body, 6, HASH_BYTES) if 6 in body else None,
            tree=_peaks(body, 7) if 7 in body else None,
        )


def _peaks(body: Body, key: int) -> bytes:
    """Return the bytes of a tree's peaks, of a length that they can have."""
    value = body[key]
    if not isinstance(value, bytes):
        raise Malformed(f"key {key} is not bytes")
    Peaks.from_bytes(value)
    return value


@dataclass(frozen=True, slots=True)
class PathBody:
    """A way to the center came or went."""

    center: str
    path: str
    up: bool
    reason: str = ""

    def to_body(self) -> Body:
        """Return the map."""
        path, reason = fields.bounded(self.path) or "unknown", fields.bounded(self.reason)
        return fields.without_none({1: self.center, 2: path, 3: self.up, 4: reason})

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        return cls(
            center=fields.text(body, 1, NAME_CHARS_MAX),
            path=fields.text(body, 2),
            up=fields.truth(body, 3),
            reason=fields.text_or_empty(body, 4),
        )


@dataclass(frozen=True, slots=True)
class ConfigBody:
    """The configuration in force: SHA-256 over the file as read, and why it is told now.

    `charter` is the number and the digest of the charter in force.
    """

    digest: bytes
    reason: str = ""
    judging: JudgingTerms | None = None
    charter: tuple[int, bytes] | None = None

    def to_body(self) -> Body:
        """Return the map."""
        body: dict[int, BodyValue] = {1: self.digest, 2: fields.bounded(self.reason)}
        if (terms := self.judging) is not None:
            body |= terms.to_body()
        return fields.without_none(body | {9: mark_to_value(self.charter)})

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        return cls(
            fields.octets(body, 1, HASH_BYTES),
            fields.text_or_empty(body, 2),
            JudgingTerms.from_body(body) if 3 in body else None,
            mark_from(body, 9),
        )


@dataclass(frozen=True, slots=True)
class ActBody:
    """Somebody did something: `what` is a word (start, stop, command, read, export, ...).

    An order to a panel is two of them, `command` before it is given and `outcome` when it is known
    what became of it (a word); `order` is the number that both have, counted from 1 in each epoch.
    `command` names the center's command that it is about, `disposition` is the center's signed word
    on an incident.
    Of an export `purpose` tells what for, `digest` is SHA-256 over the bundle but for its seal; of
    an update it is the digest of the new program, as its `program` event will tell it.
    `charter` is the one that came into force, with its signatures.
    """

    what: str
    actor: str
    detail: str = ""
    panel: str | None = None
    order: int | None = None
    outcome: str | None = None
    command: CommandRef | None = None
    disposition: bytes | None = None
    results: tuple[ProbeRow, ...] = ()
    purpose: str | None = None
    digest: bytes | None = None
    charter: bytes | None = None

    def __post_init__(self) -> None:
        if not fields.is_word(self.what):
            raise ValueError(f"{self.what[:80]!r} is no word for an act")

    def to_body(self) -> Body:
        """Return the map."""
        actor = fields.bounded(self.actor) or "unknown"
        said: dict[int, BodyValue] = {1: self.what, 2: actor, 3: fields.bounded(self.detail)}
        said |= {4: self.panel, 5: self.order, 6: self.outcome}
        said |= {7: ref_to_value(self.command), 8: self.disposition}
        said |= {9: probe_row.to_value(self.results)}
        purpose = None if self.purpose is None else fields.bounded(self.purpose)
        return fields.without_none(said | {10: purpose, 11: self.digest, 12: self.charter})

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        what = fields.text(body, 1)
        if not fields.is_word(what):
            raise Malformed(f"{what[:80]!r} is no word for an act")
        return cls(
            what,
            fields.text(body, 2),
            fields.text_or_empty(body, 3),
            panel=fields.text_or_none(body, 4),
            order=fields.number_or_none(body, 5),
            outcome=fields.text_or_none(body, 6),
            command=ref_from(body, 7),
            disposition=_signed(body, 8),
            results=probe_row.from_body(body, 9),
            purpose=fields.text_or_none(body, 10),
            digest=fields.octets(body, 11, HASH_BYTES) if 11 in body else None,
            charter=_signed(body, 12),
        )


def _signed(body: Body, key: int) -> bytes | None:
    if key not in body:
        return None
    value = body[key]
    if not isinstance(value, bytes) or len(value) > SIGNED_BYTES_MAX:
        raise Malformed(f"key {key} is not at most {SIGNED_BYTES_MAX} bytes")
    return value


class Severity(StrEnum):
    """What a finding asks for."""

    NOTICE = "notice"  # know of it
    MAINTAIN = "maintain"  # mend it at the next visit
    URGENT = "urgent"  # go there


REASONS_MAX = 16  # of a finding: rule ids
_PARTS = ("zone", "area", "bus", "supply", "camera")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingBody:
    """The result of a self-diagnostic rule or probe: what is wrong with whom, and what to do.

    The subject is `panel` (`@gateway` for the gateway itself) with at most one part: a zone or area
    by its number, a bus, supply or camera by name.  `cause` is a word, `severity` one of `Severity`
    or, from a newer gateway, another; `reasons` are ids of rules; `detail` is what was measured;
    `over` says that the finding of the same subject, cause and reasons holds no more; `evidence`
    are events that it rests on, where it was found from events.  Raises ValueError for what no
    finding can hold.
    """

    panel: str
    cause: str
    severity: str
    reasons: tuple[str, ...]
    remedy: str
    detail: str = ""
    part: tuple[str, int | str] | None = None
    over: bool = False
    evidence: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        if not fields.is_word(self.cause) or not fields.is_word(self.severity):
            raise ValueError(f"{self.cause[:80]!r}, {self.severity[:80]!r}: not both are words")
        if not 0 < len(self.reasons) <= REASONS_MAX:
            raise ValueError(f"a finding has 1 to {REASONS_MAX} reasons")
        if self.part is not None and self.part[0] not in _PARTS:
            raise ValueError(f"a part is one of {', '.join(_PARTS)}")

    @property
    def subject(self) -> dict[str, int | str]:
        """The subject by its names."""
        return {"panel": self.panel, **dict([self.part] if self.part else [])}

    def to_body(self) -> Body:
        """Return the map."""
        reasons: list[BodyValue] = list(self.reasons)
        return fields.without_none(
            {
                1: self.cause,
                2: str(self.severity),
                3: self.panel,
                4: None if self.part is None else list(self.part),
                5: reasons,
                6: fields.bounded(self.remedy),
                7: fields.bounded(self.detail),
                8: self.over or None,
                9: cited.to_value(self.evidence),
            }
        )

    @classmethod
    def from_body(cls, body: Body) -> Self:
        """Return what the map says.  Raises Malformed."""
        rows = dict(enumerate(fields.array(body, 5, REASONS_MAX)))
        try:
            return cls(
                panel=fields.text(body, 3, NAME_CHARS_MAX),
                cause=fields.text(body, 1),
                severity=fields.text(body, 2),
                reasons=tuple(fields.text(rows, at, NAME_CHARS_MAX) for at in rows),
                remedy=fields.text_or_empty(body, 6),
                detail=fields.text_or_empty(body, 7),
                part=_part(body) if 4 in body else None,
                over=fields.truth(body, 8) if 8 in body else False,
                evidence=cited.from_body(body, 9),
            )
        except Malformed:
            raise
        except ValueError as error:
            raise Malformed(str(error)) from error


def _part(body: Body) -> tuple[str, int | str]:
    pair = fields.row(body[4], 2)
    name = fields.text(pair, 0, NAME_CHARS_MAX)
    if name in ("zone", "area"):
        return name, fields.number(pair, 1, 1, NUMBER_MAX)
    return name, fields.text(pair, 1, NAME_CHARS_MAX)
