"""Decides a handover, phase by phase (pure): from one enterprise's center to another's.

Five phases are written down before what they stand for is done, and what they stand for may be done
twice.  So whatever kills the process or cuts the power, the next one reads the phase and goes on:

| phase | written | what a run that finds it does |
|---|---|---|
| joining | before the configuration names the new center | has it name both, awaits the new |
| both | when the new one has receipted | puts the charter into force; serves both for its days |
| leaving | before the configuration leaves the old one out | has it do so, on probation |
| moved | when the new one has receipted without the old one | nothing more: the old one stays out |
| back | when the new one was not reached in time | has the configuration name the old one alone |

The old one is left out only while the new one has receipted all that is recorded, and only on
probation (`control/probation.py`): where the new one does not receipt in the run without it, both
are served again.  Where it is not there at the end of the days the old one is served on.

Days are counted by what is certain of the time: a gateway that does not know it serves both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self, TypeAlias

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, charter, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CommandRef, ref_from, ref_to_value
from edge_agent.evidence.handover import ANSWER_BYTES_MAX

VERSION = 1
MARKER_BYTES_MAX = ANSWER_BYTES_MAX + 40_960  # with the names of eight files
LEAVES_MAX = 8
_KEYS = range(1, 13)
_VERSION, _PHASE, _CENTER, _BEFORE, _NUMBER, _DAYS = _KEYS[:6]
_BUNDLE, _LEAVES, _ACTOR, _COMMAND, _UNTIL, _WHY = _KEYS[6:]

DAY_MS = 86_400_000
RETRY_NS = 60 * 1_000_000_000
"""From one try of a configuration to the next in a run: each costs some seconds without panels."""

PATIENCE_NS = 60 * 1_000_000_000
"""How long after a start it is not said that a center is not reached: it is just being called."""

QUIET_NS = 600 * 1_000_000_000
"""How long after an alarm no configuration is tried: its panel may have more to say."""


class Phase(StrEnum):
    """How far a handover has come, as it is written down."""

    JOINING = "joining"
    BOTH = "both"
    LEAVING = "leaving"
    MOVED = "moved"
    BACK = "back"


class Word(StrEnum):
    """What is recorded of a handover."""

    BEGUN = "begun"
    BOTH = "both"
    LEAVING = "leaving"
    MOVED = "moved"
    FAILED = "failed"
    KEPT = "kept"  # a later charter keeps the old center


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A handover as it is written down: from the center `before` to `center`.

    `number` is the charter's, `days` how long both are served; `bundle` what the new center has
    signed, `leaves` the files of the old one's.  `until_ms` is the Unix time at which the phase
    ends, None while no time is known; `actor` brought it, by `command` or on site.
    """

    phase: Phase
    center: str
    before: str
    number: int
    days: int
    bundle: bytes
    leaves: tuple[str, ...] = ()
    actor: str
    command: CommandRef | None = None
    until_ms: int | None = None
    why: str = ""

    @property
    def is_under_way(self) -> bool:
        """Whether something is left to do."""
        return self.phase is not Phase.MOVED

    def to_bytes(self) -> bytes:
        """Return the file."""
        content: dict[int, BodyValue] = {
            _VERSION: VERSION,
            _PHASE: str(self.phase),
            _CENTER: self.center,
            _BEFORE: self.before,
            _NUMBER: self.number,
            _DAYS: self.days,
            _BUNDLE: self.bundle,
            _LEAVES: list(self.leaves),
            _ACTOR: fields.bounded(self.actor) or "unknown",
            _COMMAND: ref_to_value(self.command),
            _UNTIL: self.until_ms,
            _WHY: fields.bounded(self.why),
        }
        return cbor.encode(fields.without_none(content))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what a file says.  Raises Malformed for one that is damaged or odd."""
        content = cbor.decode_map(data)
        if not content.keys() <= set(_KEYS):
            raise Malformed("unknown key in a handover")
        fields.number(content, _VERSION, VERSION, VERSION)
        bundle = content.get(_BUNDLE)
        if not isinstance(bundle, bytes) or len(bundle) > ANSWER_BYTES_MAX:
            raise Malformed("no bundle in it")
        leaves = dict(enumerate(fields.array(content, _LEAVES, LEAVES_MAX)))
        return cls(
            phase=fields.word(content, _PHASE, Phase),
            center=fields.text(content, _CENTER, fields.NAME_CHARS_MAX),
            before=fields.text(content, _BEFORE, fields.NAME_CHARS_MAX),
            number=fields.number(content, _NUMBER, 1),
            days=fields.number(content, _DAYS, 0, charter.HANDOVER_DAYS_MAX),
            bundle=bundle,
            leaves=tuple(fields.text(leaves, at, 4096) for at in leaves),
            actor=fields.text(content, _ACTOR),
            command=ref_from(content, _COMMAND),
            until_ms=fields.number_or_none(content, _UNTIL),
            why=fields.text_or_empty(content, _WHY),
        )


def facts(marker: Marker | None) -> Mapping[str, Any] | None:
    """Return a handover as it is told to people and programs."""
    if marker is None:
        return None
    return {
        "phase": str(marker.phase),
        "from": marker.before,
        "to": marker.center,
        "charter": marker.number,
        "days": marker.days,
        "until_ms": marker.until_ms,
        "actor": marker.actor,
        "why": marker.why,
    }


# ---- what comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How the gateway stands.

    `centers` are those of the configuration that runs, `reached` those whose receipt came in this
    run and who are connected, `owed` how many events each has not receipted.  `changing`: a
    configuration is on trial, or what became of one is not recorded yet.  `charter` is the number
    of the one in force, 0 without; `passes`: it still ends the old center's service.  `refused` is
    why the disk takes nothing, empty where it does; `alarmed_ns` when the last alarm came, None:
    not in this run.
    """

    now_ns: int
    earliest_ms: int
    latest_ms: int | None
    centers: frozenset[str]
    reached: frozenset[str]
    owed: Mapping[str, int]
    changing: bool
    charter: int
    passes: bool
    refused: str = ""
    alarmed_ns: int | None = None

    @property
    def trouble(self) -> str:
        """Why nothing may be restarted now; empty where it may."""
        if self.refused:
            return f"the disk refuses: {self.refused}"
        young = self.alarmed_ns is not None and self.now_ns - self.alarmed_ns < QUIET_NS
        return "an alarm is young" if young else ""


# ---- what is done


@dataclass(frozen=True, slots=True)
class Write:
    """Write this down, durably, before anything else is done."""

    marker: Marker


@dataclass(frozen=True, slots=True)
class Prepare:
    """Write the files of the new center."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Have a configuration tried that names these two centers, or leaves one out, if it has to be
    changed for that; it is kept if `reach` are reached under it.
    """

    add: str | None = None
    leave: str | None = None
    reach: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Adopt:
    """Put the charter into force."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Record this, durably."""

    word: Word
    detail: str


@dataclass(frozen=True, slots=True)
class Find:
    """Say that this holds it up; empty: nothing does any more."""

    detail: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Put the files of a center away that is no more configured."""

    center: str


@dataclass(frozen=True, slots=True)
class Forget:
    """It is over: nothing of it stays written down."""


Action: TypeAlias = Write | Prepare | Configure | Adopt | Tell | Find | Clear | Forget


class Course:
    """The course of one handover, from what was found or begun; `failed`: this run follows one that
    tried a configuration in vain.
    """

    def __init__(self, marker: Marker, now_ns: int, *, failed: bool = False) -> None:
        self.marker = marker
        self._begun_ns = now_ns
        self._try_ns = now_ns + (RETRY_NS if failed else 0)
        self._over = False

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self._over or not self.marker.is_under_way

    def put_off(self, now_ns: int) -> None:
        """A configuration could not be tried now."""
        self._try_ns = now_ns + RETRY_NS

    def give_up(self, why: str) -> Write:
        """The charter may not come into force: the old center is served on."""
        return self._write(phase=Phase.BACK, why=why)

    def handle(self, seen: Seen) -> Sequence[Action]:
        """Take how the gateway stands; return what is done, in this order."""
        if seen.changing or self.over:
            return []
        match self.marker.phase:
            case Phase.JOINING:
                return self._join(seen)
            case Phase.BOTH:
                return self._serve_both(seen)
            case Phase.LEAVING:
                return self._leave(seen)
            case _:
                return self._go_back(seen)

    def _write(self, **changes: Any) -> Write:
        self.marker = replace(self.marker, **changes)
        return Write(self.marker)

    def _configure(self, seen: Seen, wanted: Configure) -> Sequence[Action]:
        if seen.trouble or seen.now_ns < self._try_ns:
            return self._hold_up(seen, seen.trouble)
        self._try_ns = seen.now_ns + RETRY_NS
        return [wanted]

    def _hold_up(self, seen: Seen, why: str) -> Sequence[Action]:
        young = seen.now_ns - self._begun_ns < PATIENCE_NS
        return [] if young or not why else [Find(why)]

    def _is_over(self, seen: Seen) -> bool:
        return self.marker.until_ms is not None and seen.earliest_ms >= self.marker.until_ms

    def _set_time(self, seen: Seen, days: int) -> Sequence[Action]:
        """Count the days from now on, as soon as any time is known."""
        if self.marker.until_ms is not None or seen.latest_ms is None:
            return []
        return [self._write(until_ms=seen.latest_ms + days * DAY_MS)]

    # ---- the phases

    def _join(self, seen: Seen) -> Sequence[Action]:
        marker = self.marker
        if marker.center in seen.reached:
            return [self._write(phase=Phase.BOTH, until_ms=None)]
        if self._is_over(seen):
            why = f"center {marker.center} was not reached in {max(1, marker.days)} days"
            return [self._write(phase=Phase.BACK, why=why)]
        timed = self._set_time(seen, max(1, marker.days))
        if marker.center in seen.centers:
            return timed
        reach = seen.reached & seen.centers
        both = Configure(add=marker.center, reach=reach)
        return [*timed, Prepare(), *self._configure(seen, both)]

    def _serve_both(self, seen: Seen) -> Sequence[Action]:
        marker = self.marker
        if seen.charter < marker.number:  # also when a kill came between
            days = f"{marker.days} days" if marker.days else "no longer than it takes"
            said = f"{marker.center} and {marker.before} are both served, {marker.before} {days}"
            return [Tell(Word.BOTH, said), Adopt()]
        if not seen.passes:
            said = f"a later charter keeps {marker.before}: both are served on"
            return [Tell(Word.KEPT, said), self._end()]
        timed = self._set_time(seen, marker.days)
        if timed or not self._is_over(seen):
            return timed
        if marker.before in seen.centers:
            if why := self._missing(seen):
                return self._hold_up(seen, f"{why}: {marker.before} is served on")
            if seen.trouble or seen.now_ns < self._try_ns:
                return self._hold_up(seen, seen.trouble)
        owed = seen.owed.get(marker.before, 0)
        said = f"the service of {marker.before} ends; it has not receipted {owed} events"
        return [Find(""), Tell(Word.LEAVING, said), self._write(phase=Phase.LEAVING)]

    def _missing(self, seen: Seen) -> str:
        """Return why the old center may not be left out yet; empty where it may."""
        center = self.marker.center
        if center not in seen.reached:
            return f"center {center} is not reached"
        if owed := seen.owed.get(center, 0):
            return f"center {center} has not receipted {owed} events yet"
        return ""

    def _leave(self, seen: Seen) -> Sequence[Action]:
        marker = self.marker
        if marker.before in seen.centers:
            if why := self._missing(seen):
                return self._hold_up(seen, f"{why}: {marker.before} is served on")
            without = Configure(leave=marker.before, reach=frozenset({marker.center}))
            return self._configure(seen, without)
        said = f"{marker.center} is served, {marker.before} no more"
        return [
            Find(""),
            Tell(Word.MOVED, said),
            Clear(marker.before),
            self._write(phase=Phase.MOVED),
        ]

    def _go_back(self, seen: Seen) -> Sequence[Action]:
        marker = self.marker
        if marker.center in seen.centers:
            alone = Configure(leave=marker.center, reach=seen.reached - {marker.center})
            return self._configure(seen, alone)
        said = f"{marker.why}: {marker.before} is served on"
        return [Tell(Word.FAILED, said), Find(said), Clear(marker.center), self._end()]

    def _end(self) -> Forget:
        self._over = True
        return Forget()
