"""Decides whether a new configuration is kept (pure): a run on probation, and the run after it.

It is kept in one file beside the configuration, replaced whole at each step, so a cut at any moment
leaves one step or the next.  The configuration itself is replaced only when the new one is kept.
Each step is written before what it allows is done:

    staged    it was checked; the next start is to try it
    trying    a start tries it; if a start finds this, that run ended before it was decided
    kept      the center was reached: the configuration is to be replaced
    dropped   the old one goes on; `why` says why

`kept` and `dropped` are removed when the event that tells of them is durable.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import DIGEST_BYTES, CommandRef, ref_from, ref_to_value
from edge_agent.evidence.configuration import (
    CONFIG_BYTES_MAX,
    WITHIN_S_MAX,
    WITHIN_S_MIN,
)

VERSION = 1
CENTERS_MAX = 8
_KEYS = range(1, 11)
_VERSION, _PHASE, _DATA, _DIGEST, _REPLACES, _COMMAND, _ACTOR, _CENTERS, _WITHIN, _WHY = _KEYS

CUT_SHORT = "the run that tried it ended before the center was reached"
CHANGED = "the configuration was changed on site meanwhile: that one goes on"


class Phase(StrEnum):
    """How far it has come."""

    STAGED = "staged"
    TRYING = "trying"
    KEPT = "kept"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probation:
    """A new configuration (`data`) in the place of the one with the digest `replaces`.

    `actor` asked for it by `command`, None where it was none; each of `centers` is to be reached
    under it within `within_s`.
    """

    phase: Phase
    data: bytes
    replaces: bytes
    command: CommandRef | None
    actor: str
    centers: tuple[str, ...]
    within_s: int
    why: str = ""

    @property
    def digest(self) -> bytes:
        """SHA-256 over the new configuration."""
        return hashlib.sha256(self.data).digest()

    @property
    def is_over(self) -> bool:
        """Whether it is decided, and only to be told."""
        return self.phase in (Phase.KEPT, Phase.DROPPED)

    def kept(self) -> Self:
        """Return the next step: the centers were reached."""
        return replace(self, phase=Phase.KEPT)

    def dropped(self, why: str) -> Self:
        """Return the next step: the old one goes on."""
        return replace(self, phase=Phase.DROPPED, why=why)

    def to_bytes(self) -> bytes:
        """Return the file."""
        content: dict[int, BodyValue] = {
            _VERSION: VERSION,
            _PHASE: str(self.phase),
            _DATA: self.data,
            _DIGEST: self.digest,
            _REPLACES: self.replaces,
            _COMMAND: ref_to_value(self.command),
            _ACTOR: self.actor,
            _CENTERS: list(self.centers),
            _WITHIN: self.within_s,
            _WHY: fields.bounded(self.why),
        }
        return cbor.encode(fields.without_none(content))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what a file says.  Raises Malformed for one that is damaged or odd."""
        content = cbor.decode_map(data)
        if not content.keys() <= set(_KEYS):
            raise Malformed("unknown key in a probation")
        fields.number(content, _VERSION, VERSION, VERSION)
        config = content.get(_DATA)
        if not isinstance(config, bytes) or not 0 < len(config) <= CONFIG_BYTES_MAX:
            raise Malformed("no configuration in it")
        names = dict(enumerate(fields.array(content, _CENTERS, CENTERS_MAX)))
        found = cls(
            phase=fields.word(content, _PHASE, Phase),
            data=config,
            replaces=fields.octets(content, _REPLACES, DIGEST_BYTES),
            command=ref_from(content, _COMMAND),
            actor=fields.text(content, _ACTOR),
            centers=tuple(fields.text(names, at, fields.NAME_CHARS_MAX) for at in names),
            within_s=fields.number(content, _WITHIN, WITHIN_S_MIN, WITHIN_S_MAX),
            why=fields.text_or_empty(content, _WHY),
        )
        if fields.octets(content, _DIGEST, DIGEST_BYTES) != found.digest:
            raise Malformed("the configuration in it is damaged")
        return found


# ---- a start


@dataclass(frozen=True, slots=True)
class Start:
    """What a start does: first `write` the next step, then `install` the new configuration in the
    place of the old one, then run `data`.

    `probation` is the step that holds then: on trial (`trying`), to be told (`kept`, `dropped`), or
    None.
    """

    data: bytes
    probation: Probation | None = None
    write: bool = False
    install: bool = False

    @property
    def on_trial(self) -> bool:
        """Whether this run decides about the new configuration."""
        return self.probation is not None and self.probation.phase is Phase.TRYING


def start(found: Probation | None, installed: bytes) -> Start:
    """Decide what a start runs, by the step that it finds and the configuration that is there."""
    if found is None:
        return Start(installed)
    digest = hashlib.sha256(installed).digest()
    match found.phase:
        case Phase.STAGED if digest == found.replaces:
            return Start(found.data, replace(found, phase=Phase.TRYING), write=True)
        case Phase.STAGED:
            return Start(installed, found.dropped(CHANGED), write=True)
        case Phase.TRYING:
            return Start(installed, found.dropped(CUT_SHORT), write=True)
        case Phase.KEPT if digest == found.replaces:
            return Start(found.data, found, install=True)
        case Phase.KEPT if digest != found.digest:
            return Start(installed, found.dropped(CHANGED), write=True)
        case Phase.KEPT | Phase.DROPPED:
            return Start(installed, found)


# ---- a run on probation


@dataclass(frozen=True, slots=True)
class Reached:
    """How a center stands: whether its verified receipt came in this run, and what hinders it."""

    proven: bool
    trouble: str = ""


class Trial:
    """The run that tries it, from `began_ns` of boot time on."""

    def __init__(self, probation: Probation, began_ns: int) -> None:
        self._probation = probation
        self.deadline_ns = began_ns + probation.within_s * 1_000_000_000

    def handle(self, centers: Mapping[str, Reached], now_ns: int) -> Probation | None:
        """Take how the centers stand; return the next step when it is decided."""
        missing = [name for name in self._probation.centers if not _is_reached(centers, name)]
        if not missing:
            return self._probation.kept()
        if now_ns < self.deadline_ns:
            return None
        name = missing[0]
        trouble = centers[name].trouble if name in centers else "it has no such center"
        said = f"center {name} was not reached within {self._probation.within_s} s"
        return self._probation.dropped(f"{said}: {trouble}" if trouble else said)


def _is_reached(centers: Mapping[str, Reached], name: str) -> bool:
    return name in centers and centers[name].proven
