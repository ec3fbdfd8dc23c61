"""Decides what of the judgement is said, and makes it events: nothing twice, nothing unsaid.

While a start rebuilds the judgement from the journal, what the machines say was said by the runs
before, with two exceptions.  What fell in the last minutes of the run before may have been lost
with it; and runs that never came to judge left all of theirs unsaid.  So what falls since then is
compared with the verdicts that stand in the journal, and the rest is said.  Findings end with each
run (docs/wire-format.md): what still holds is said anew.
"""

from array import array
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from edge_agent.diagnosis.finding import Finding
from edge_agent.diagnosis.guard import Failure
from edge_agent.diagnosis.judge import Output
from edge_agent.diagnosis.numbering import Numbering
from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ConfigBody, FindingBody, Severity
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.verdict import ZONES_MAX, VerdictBody

UNSAID_NS = 600 * NS
"""How far before the end of a run its verdicts are compared with what it said: a run says them
within seconds, and a start that rebuilds a long journal within minutes."""

INCIDENTS_MAX = 256  # that are remembered: machines have 64 of each family open at once
SAID_MAX = 128  # verdicts of one incident, as many as it can have
CANDIDATES_MAX = 1024  # verdicts of a start that may be unsaid

FAILED_REMEDY = (
    "what it found is found no more, and alarms that it judged stand at the tier of their kind: "
    "treat each as real; have the program updated"
)


@dataclass(frozen=True, slots=True)
class Saying:
    """What becomes an event."""

    type: EventType
    lane: Lane
    body: Body
    said: VerdictBody | FindingBody


@dataclass(frozen=True, slots=True)
class _Judged:
    """A verdict as it fell, its numbers packed: a tenth of what it is as an event."""

    verdict: Verdict
    lines: "array[int]"
    zones: "array[int]"

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        bare = replace(verdict, lines=(), zones=())
        return cls(bare, array("q", verdict.lines), array("q", verdict.zones))

    def whole(self) -> Verdict:
        return replace(self.verdict, lines=tuple(self.lines), zones=tuple(self.zones))


class Docket:
    """What was said, of one gateway."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._live = False
        self._judged: bool | None = None  # the epoch that is heard now
        self._unsaid_from_ns: int | None = None
        self._candidates: deque[tuple[_Judged, int | None]] = deque(maxlen=CANDIDATES_MAX)
        self._said: OrderedDict[Place, tuple[int, array[int]]] = OrderedDict()
        self._by_sessions: set[tuple[str, str]] = set()  # panel and cause
        self._failures: dict[str, FindingBody] = {}
        self._newest: OrderedDict[Place, _Judged] = OrderedDict()
        self.findings: dict[tuple[str, object, str], FindingBody] = {}

    # ---- what stands in the journal

    def hear(self, event: Numbered, t_ns: int) -> None:
        """Take an event that says what was judged, or that a run begins; `t_ns` is before it."""
        draft = event.draft
        if self._judged is None:
            self._judged = event.seq > 0  # how a run began that is heard from its middle on
        try:
            match draft.type:
                case EventType.GENESIS:
                    self._begin_epoch(t_ns)
                case EventType.CONFIG if ConfigBody.from_body(draft.body).judging is not None:
                    self._judged = True
                case EventType.VERDICT if not self._live:
                    self._remember(VerdictBody.from_body(draft.body))
                case EventType.FINDING:
                    self._found_elsewhere(FindingBody.from_body(draft.body))
        except Malformed:
            return

    def _begin_epoch(self, t_ns: int) -> None:
        if self._judged or self._unsaid_from_ns is None:
            self._unsaid_from_ns = t_ns - UNSAID_NS
        self._judged = False
        self._by_sessions.clear()

    def _found_elsewhere(self, body: FindingBody) -> None:
        """A session found it: what it says of its panel's clock and line need not be said twice."""
        if body.evidence or body.panel == GATEWAY_PANEL:
            return
        change = self._by_sessions.discard if body.over else self._by_sessions.add
        change((body.panel, body.cause))

    # ---- what is judged

    def take(self, output: Output) -> list[Saying]:
        """Take what a machine says; return what is to be said of it now."""
        if isinstance(output, Finding):
            return self._finding(output)
        judged, incident = _Judged.of(output), self._incident(output)
        before = self._newest.pop(incident, None)
        self._newest[incident] = judged
        if len(self._newest) > INCIDENTS_MAX:
            self._newest.popitem(last=False)
        own_tier = None if before is None else before.verdict.tier
        if self._live:
            return self._verdict(self._body(output), own_tier)
        self._candidates.append((judged, own_tier))
        return []

    def fail(self, failure: Failure) -> list[Saying]:
        """A machine failed."""
        body = FindingBody(
            panel=GATEWAY_PANEL,
            cause="judging_failed",
            severity=Severity.URGENT if failure.aside else Severity.MAINTAIN,
            reasons=("judging.failed",),
            remedy=FAILED_REMEDY if failure.aside else "have the program updated",
            detail=f"{failure.machine}{' set aside' if failure.aside else ''}: {failure.what}",
            evidence=self._numbering.places(() if failure.line is None else (failure.line,)),
        )
        self._failures[failure.machine] = body
        return [_saying(body)] if self._live else []

    def verdicts(self, since_ns: int) -> Iterator[VerdictBody]:
        """Yield the verdict that stands of each incident since then, the newest first."""
        for judged in reversed(self._newest.values()):
            if judged.verdict.t_ns >= since_ns:
                yield self._body(judged.whole())

    @property
    def failed(self) -> bool:
        """Whether a machine is set aside."""
        return any(body.severity == Severity.URGENT for body in self._failures.values())

    def begin(self) -> Iterator[list[Saying]]:
        """All that was before has been heard: from now on what falls is said as it falls.

        Returns what was never said, in steps: after runs that never came to judge there may be a
        thousand verdicts.
        """
        self._live = True
        return self._unsaid()

    def _unsaid(self) -> Iterator[list[Saying]]:
        while self._candidates:
            judged, own_tier = self._candidates.popleft()
            if self._unsaid_from_ns is None or judged.verdict.t_ns >= self._unsaid_from_ns:
                yield self._verdict(self._body(judged.whole()), own_tier)
        yield [_saying(body) for body in self._failures.values()]
        yield [_saying(body) for body in self.findings.values() if not self._is_told(body)]

    def _verdict(self, body: VerdictBody, own_tier: int | None) -> list[Saying]:
        """Say a verdict, but twice, or a fall from a height that this run has never seen."""
        tier, keys = self._said.get(body.incident, (0, ()))
        if _key(body) in keys:
            return []
        if body.tier < tier and (own_tier is None or own_tier < tier):
            return []
        self._remember(body)
        return [Saying(EventType.VERDICT, Lane.VERDICT, body.to_body(), body)]

    def _remember(self, body: VerdictBody) -> None:
        _, keys = self._said.pop(body.incident, (0, array("q")))
        keys.append(_key(body))
        del keys[:-SAID_MAX]
        self._said[body.incident] = body.tier, keys
        if len(self._said) > INCIDENTS_MAX:
            self._said.popitem(last=False)

    def _finding(self, finding: Finding) -> list[Saying]:
        body = FindingBody(
            panel=finding.panel[:NAME_CHARS_MAX],
            cause=str(finding.cause),
            severity=str(finding.severity),
            reasons=tuple(finding.reasons[:16]),
            remedy=finding.remedy,
            detail=finding.detail,
            part=_part(finding),
            over=finding.over,
            evidence=self._numbering.places(tuple(sorted(set(finding.lines)))),
        )
        place = body.panel, body.part, body.cause
        if finding.over:
            self.findings.pop(place, None)
        else:
            self.findings[place] = body
        return [_saying(body)] if self._live and not self._is_told(body) else []

    def _is_told(self, body: FindingBody) -> bool:
        return body.part is None and (body.panel, body.cause) in self._by_sessions

    def _incident(self, verdict: Verdict) -> Place:
        return self._numbering.place(int(verdict.incident[1:]))  # `i` and its first line

    def _body(self, verdict: Verdict) -> VerdictBody:
        numbering = self._numbering
        return VerdictBody(
            incident=self._incident(verdict),
            tier=verdict.tier,
            reasons=verdict.reasons,
            evidence=numbering.places(verdict.lines),
            panel=verdict.panel,
            area=verdict.area,
            zones=verdict.zones[:ZONES_MAX],
            cause=None if verdict.cause is None else str(verdict.cause),
            available=verdict.available,
            missing=verdict.missing,
        )


def _key(body: VerdictBody) -> int:
    """Tell verdicts of one incident apart, in little memory: their evidence only grows."""
    return hash((body.tier, body.reasons, len(body.evidence), body.evidence[-1]))


def _part(finding: Finding) -> tuple[str, int | str] | None:
    if finding.part is None:
        return None
    name, value = finding.part
    return name, value[:NAME_CHARS_MAX] if isinstance(value, str) else value


def _saying(body: FindingBody) -> Saying:
    return Saying(EventType.FINDING, Lane.FAULT, body.to_body(), body)
