"""Decides which symptoms become findings: what is known to explain others is told alone.

A supply that sags makes ten zones flicker; a technician needs one finding, of the supply.  So a
symptom waits for the time its rule states, and is not told while the cause of something that its
subject hangs on explains it.  One finding stands for all rules of one cause; it is over when none
of them has held for the calm time of its rule, so that what comes and goes is told once.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import NamedTuple

from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.finding import Finding, Severity
from edge_agent.diagnosis.health_rules import EXPLAINS, RULES, HealthRule
from edge_agent.diagnosis.measures import S
from edge_agent.diagnosis.symptom import Symptom

GRACE_NS = 600 * S
"""How long after its end a cause still explains what comes: batteries recover, contacts settle."""

LOOK_AGAIN_NS = 900 * S
"""How often a lasting symptom is judged anew while something explains it."""

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Place(NamedTuple):
    """What a finding is about: a panel, or the one part of it that is named."""

    panel: str
    part: tuple[str, int | str] | None = None


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A reason to believe a detector less: what holds, since when, and of what it hangs on."""

    cause: Cause
    rule: str
    place: Place
    since_ns: int
    detail: str


@dataclass(slots=True)
class _Held:
    """A rule that holds at a place, or held until `off_ns`."""

    rule: HealthRule
    since_ns: int
    detail: str
    line: int | None
    due_ns: int | None
    off_ns: int | None = None
    explained: bool = False
    told: bool = False
    scheduled_ns: int | None = None


@dataclass(slots=True)
class _Spot:
    """All of one place."""

    held: dict[str, _Held] = field(default_factory=dict)
    told: dict[Cause, Finding] = field(default_factory=dict)


class Board:
    """All symptoms of a site; `above` names what a place hangs on: its bus, supply, panel."""

    def __init__(self, above: Callable[[Place], tuple[Place, ...]]) -> None:
        self._above = above
        self._spots: dict[Place, _Spot] = {}
        self._due: list[tuple[int, int, Place, str]] = []
        self._serial = count()
        self._kept = 0  # entries after the last tidying

    # ---- symptoms in

    def take(self, place: Place, symptom: Symptom, now_ns: int, line: int | None = None) -> None:
        """Take a change of a rule; what is to be told comes from `settle`."""
        rule = RULES[symptom.rule]
        spot = self._spots.setdefault(place, _Spot())
        held = spot.held.get(rule.id)
        if symptom.holds:
            if held is None:
                held = spot.held[rule.id] = _Held(rule, now_ns, symptom.detail, line, None)
            elif held.off_ns is not None and not held.told:
                held.since_ns, held.explained = now_ns, False
            held.off_ns, held.detail = None, symptom.detail
            if not held.told and not held.explained:
                held.due_ns = now_ns + int(rule.hold_s * S)
                self._schedule(place, held, held.due_ns)
        elif held is not None and held.off_ns is None:
            held.off_ns, held.due_ns = now_ns, None
            self._schedule(place, held, now_ns + int(rule.calm_s * S))

    def hasten(self, place: Place, rule: str, now_ns: int) -> None:
        """Wait no longer with a rule: what it means is seen already."""
        spot = self._spots.get(place)
        held = spot.held.get(rule) if spot else None
        if held is not None and held.due_ns is not None:
            held.due_ns = now_ns
            self._schedule(place, held, now_ns)

    def _schedule(self, place: Place, held: _Held, at_ns: int) -> None:
        """One entry each is enough: one that comes too soon is put back when it is reached."""
        if held.scheduled_ns is None or at_ns < held.scheduled_ns:
            held.scheduled_ns = at_ns
            heapq.heappush(self._due, (at_ns, next(self._serial), place, held.rule.id))
            if len(self._due) > 4 * self._kept + 64:
                self._tidy()

    def _tidy(self) -> None:
        """Drop entries that earlier ones took the place of."""
        self._due = [
            entry for entry in self._due if self._is_scheduled(entry[2], entry[3], entry[0])
        ]
        heapq.heapify(self._due)
        self._kept = len(self._due)

    def _is_scheduled(self, place: Place, rule: str, at_ns: int) -> bool:
        spot = self._spots.get(place)
        held = spot.held.get(rule) if spot else None
        return held is not None and held.scheduled_ns == at_ns

    # ---- findings out

    def deadline_ns(self) -> int | None:
        """Return when `settle` is to be called."""
        return self._due[0][0] if self._due else None

    def settle(self, now_ns: int) -> list[Finding]:
        """Return what is told, or over, at `now_ns`."""
        found: list[Finding] = []
        while self._due and self._due[0][0] <= now_ns:
            at_ns, _, place, rule = heapq.heappop(self._due)
            spot = self._spots.get(place)
            held = spot.held.get(rule) if spot else None
            if spot is None or held is None or held.scheduled_ns != at_ns:
                continue  # an earlier entry took its place
            held.scheduled_ns = None
            found += self._judge(place, spot, held, now_ns)
        return found

    def _judge(self, place: Place, spot: _Spot, held: _Held, now_ns: int) -> Iterator[Finding]:
        if held.off_ns is not None:
            over_ns = held.off_ns + int(held.rule.calm_s * S)
            if now_ns < over_ns:
                self._schedule(place, held, over_ns)
                return
            yield from self._forget(place, spot, held, now_ns)
        elif held.due_ns is not None:
            if now_ns < held.due_ns:
                self._schedule(place, held, held.due_ns)
                return
            held.due_ns = None
            held.explained = self._is_explained(place, held)
            if not held.explained:
                yield from self._tell(place, spot, held, now_ns)
            elif held.rule.lasting:
                held.due_ns = now_ns + LOOK_AGAIN_NS
                self._schedule(place, held, held.due_ns)

    def _is_explained(self, place: Place, held: _Held) -> bool:
        for where in (place, *self._above(place)):
            spot = self._spots.get(where)
            for other in spot.held.values() if spot else ():
                if other is held or not _counts_for(other, held.since_ns):
                    continue
                wider = where != place and other.rule.cause is held.rule.cause
                if wider or held.rule.cause in EXPLAINS.get(other.rule.cause, ()):
                    return True
        return False

    def _tell(self, place: Place, spot: _Spot, held: _Held, now_ns: int) -> Iterator[Finding]:
        held.told = True
        rule = held.rule
        known = spot.told.get(rule.cause)
        if known is not None and _RANK[known.severity] >= _RANK[rule.severity]:
            return
        reasons = (rule.id,) if known is None else (rule.id, *known.reasons)
        finding = Finding(
            t_ns=now_ns,
            panel=place.panel,
            part=place.part,
            cause=rule.cause,
            severity=rule.severity,
            reasons=reasons,
            remedy=rule.remedy,
            detail=held.detail,
            lines=() if held.line is None else (held.line,),
        )
        spot.told[rule.cause] = finding
        yield finding

    def _forget(self, place: Place, spot: _Spot, held: _Held, now_ns: int) -> Iterator[Finding]:
        del spot.held[held.rule.id]
        cause = held.rule.cause
        if any(other.rule.cause is cause and other.told for other in spot.held.values()):
            return
        told = spot.told.pop(cause, None)
        if told is not None:
            yield replace(told, t_ns=now_ns, over=True)
        if not spot.held and not spot.told:
            del self._spots[place]

    # ---- what others ask

    def suspicions(self, place: Place) -> list[Suspicion]:
        """Return what holds now of a place and of all that it hangs on, told or not."""
        return [
            Suspicion(held.rule.cause, rule, where, held.since_ns, held.detail)
            for where in (place, *self._above(place))
            if (spot := self._spots.get(where)) is not None
            for rule, held in spot.held.items()
            if held.off_ns is None
        ]

    def told(self, place: Place) -> list[Finding]:
        """Return what was told of a place itself and is not over."""
        spot = self._spots.get(place)
        return list(spot.told.values()) if spot else []

    def standing(self) -> list[Finding]:
        """Return every finding that was told and is not over."""
        return [found for spot in self._spots.values() for found in spot.told.values()]


def _counts_for(other: _Held, since_ns: int) -> bool:
    """Whether `other` holds, or ended so shortly before that it still explains."""
    return other.off_ns is None or since_ns - other.off_ns <= GRACE_NS
