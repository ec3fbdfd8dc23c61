"""What `edge-agent judge --journal` does: judges recorded runs again, as they were judged live.

Each run has recorded what it judges by: site, rules, from which event on its judgement was rebuilt,
and which was the last event before it began.  So the same machine hears the same events and must
say the same.  Every verdict that stands in the journal has to be among what is said again.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.config import SitePart
from edge_agent.diagnosis.docket import Saying
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.sitting import Sitting
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.site import Premises
from edge_agent.evidence.bodies import ConfigBody, FindingBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.terms import JudgingTerms
from edge_agent.evidence.verdict import VerdictBody


def premises_of(data: bytes) -> Premises:
    """Return the premises that a run recorded (`diagnosis/premises.py`).  Raises ValueError."""
    return msgspec.json.decode(data, type=SitePart).premises


Read = Callable[[], Iterable[Numbered]]
"""Begin to read all events of one gateway, in their order."""


@dataclass(slots=True)
class Run:
    """One run that judged: the terms it recorded, and what it said, by place."""

    epoch: bytes
    parts: dict[int, JudgingTerms] = field(default_factory=dict)
    verdicts: list[tuple[Place, Body]] = field(default_factory=list)
    findings: list[tuple[Place, Body]] = field(default_factory=list)

    @property
    def terms(self) -> JudgingTerms | None:
        """What it judges by; None where not all of it is there."""
        first = self.parts.get(1)
        return first if first is not None and len(self.parts) == first.parts else None

    @property
    def site(self) -> bytes:
        """The premises, of all parts."""
        return b"".join(part.site for _, part in sorted(self.parts.items()))


def runs(events: Iterable[Numbered]) -> list[Run]:
    """Return the runs that judged, in their order."""
    found: dict[bytes, Run] = {}
    for event in events:
        run = found.get(event.epoch)
        body = event.draft.body
        try:
            match event.draft.type:
                case EventType.CONFIG:
                    terms = ConfigBody.from_body(body).judging
                    if terms is not None:
                        run = found.setdefault(event.epoch, Run(event.epoch))
                        run.parts[terms.part] = terms
                case EventType.VERDICT if run is not None:
                    run.verdicts.append((Place(event.epoch, event.seq), body))
                case EventType.FINDING if run is not None and FindingBody.from_body(body).evidence:
                    run.findings.append((Place(event.epoch, event.seq), body))
        except Malformed:
            continue
    return list(found.values())


class Rejudging:
    """Judges runs again; `differing` are the events that were said and would not be now."""

    def __init__(self, read: Read, rules: str) -> None:
        self._read = read
        self._rules = rules
        self.differing: list[Place] = []
        self.counts = {"runs": 0, "other_rules": 0, "verdicts": 0, "findings": 0, "unsaid": 0}

    def lines(self, epoch: str = "") -> Iterator[str]:
        """Yield one JSON text for each verdict and finding, a summary last; of all runs, or of
        those whose epoch begins with these hexadecimal digits."""
        for run in runs(self._read()):
            if run.epoch.hex().startswith(epoch.lower()):
                yield from self._run(run)
        summary = {
            "type": "summary",
            **self.counts,
            "differing": [str(place) for place in self.differing],
        }
        yield json.dumps(summary)

    def _run(self, run: Run) -> Iterator[str]:
        terms = run.terms
        if terms is None:
            return
        self.counts["runs"] += 1
        same = terms.rules == self._rules
        self.counts["other_rules"] += not same
        sayings, reached = self._sayings(run, terms)
        head = {
            "type": "run",
            "epoch": run.epoch.hex(),
            "rules": terms.rules,
            "same_rules": same,
            "rebuilt_from": str(terms.since),
            "whole": reached,
        }
        yield json.dumps(head)
        verdicts = [one for one in sayings if one.type is EventType.VERDICT]
        findings = [one for one in sayings if one.type is EventType.FINDING]
        pairs = [*self._matched(verdicts, run.verdicts), *self._matched(findings, run.findings)]
        self.counts["verdicts"] += len(verdicts)
        self.counts["findings"] += len(findings)
        places = {id(saying): place for saying, place in pairs}
        for saying in sayings:
            place = places.get(id(saying))
            self.counts["unsaid"] += place is None and saying.type is EventType.VERDICT
            yield json.dumps(_facts(saying, place))

    def _sayings(self, run: Run, terms: JudgingTerms) -> tuple[list[Saying], bool]:
        """Return all that the run says, and whether the journal reaches back to its beginning."""
        sitting = Sitting(Site(premises_of(run.site), _zone(terms.zone)))
        said: list[Saying] = []
        begun = ended = False
        for event in self._read():
            own = event.epoch == run.epoch
            if ended and not own:
                break
            ended = ended or own
            if sitting.since is None and not own and (event.epoch, event.seq) != terms.since:
                continue
            for some in sitting.take(event):
                said += some
            if own and event.seq >= terms.heard and not begun:
                begun = True
                said += [one for some in sitting.begin() for one in some]
        return said, sitting.since == terms.since

    def _matched(
        self, sayings: list[Saying], stored: list[tuple[Place, Body]]
    ) -> Iterator[tuple[Saying, Place]]:
        """Pair what is said now with what was said then, in order."""
        at = 0
        for place, body in stored:
            found = next((n for n in range(at, len(sayings)) if sayings[n].body == body), None)
            if found is None:
                self.differing.append(place)
            else:
                yield sayings[found], place
                at = found + 1


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def _facts(saying: Saying, place: Place | None) -> dict[str, object]:
    event = None if place is None else str(place)
    said = saying.said
    if isinstance(said, VerdictBody):
        return {
            "type": "verdict",
            "incident": str(said.incident),
            "tier": said.tier,
            "reasons": said.reasons,
            "evidence": [str(one) for one in said.evidence],
            "panel": said.panel,
            "area": said.area,
            "zones": said.zones,
            "cause": said.cause,
            "event": event,
        }
    return {
        "type": "finding",
        "subject": said.subject,
        "cause": said.cause,
        "severity": said.severity,
        "reasons": said.reasons,
        "remedy": said.remedy,
        "over": said.over,
        "event": event,
    }
