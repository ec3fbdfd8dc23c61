"""Findings against injected faults: the right cause first, in time, and no false ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.judged import Outcome, Said
from hil.sites.plan import DAY_S
from hil.sites.timeline import Timeline

AFTER_S = 1.0 * DAY_S  # a finding may come that long after the repair
LINGERS_S = 3.0 * DAY_S  # what a fault left behind in a detector's record may be found so long
FORESEEN = frozenset({"loop_drift", "battery_low"})
LEAD_S = 1.0 * DAY_S
DAYS_TO_SEE = 2.9  # from onset to failure, for a fault that could be foreseen a day ahead

OF_PEOPLE: Mapping[str, frozenset[str]] = {
    # kind of episode: causes of findings about the panel that it makes true
    "exit_error": frozenset({"exit_error", "entry_late", "wrong_code", "unscheduled_user"}),
    "late_code": frozenset({"entry_late", "wrong_code", "unscheduled_user"}),
    "unscheduled": frozenset({"unscheduled_user", "entry_late", "exit_error", "wrong_code"}),
    "insider": frozenset({"wrong_code"}),
    "panic_misuse": frozenset({"nuisance"}),
    "smoke_without_fire": frozenset({"fire_unverified", "nuisance"}),
}


@dataclass(frozen=True, slots=True)
class Attribution:
    """What was found of one injected fault."""

    seed: int
    cause: str
    found: str | None  # the cause that came first
    lead_s: float | None  # from the first finding of the right cause to the failure
    could_foresee: bool

    @property
    def is_right(self) -> bool:
        """Whether the right cause came first."""
        return self.found == self.cause


def attributions(
    timeline: Timeline, said: Iterable[Said], judged: Iterable[Outcome]
) -> list[Attribution]:
    """Return what was found of every fault that this site could show."""
    findings = [one for one in said if one["type"] == "finding"]
    causes = {outcome.label["episode"]: outcome.causes for outcome in judged}
    return [
        _attribution(timeline, label, findings, causes.get(label["episode"], ()))
        for label in timeline.labels
        if label["cause"] and label.get("shows", True)
    ]


def _attribution(
    timeline: Timeline,
    label: Mapping[str, Any],
    findings: Iterable[Said],
    causes: Iterable[tuple[float, str]],
) -> Attribution:
    cause, failure, onset = label["cause"], label["failure_s"], label["onset_s"]
    last = label.get("mended_s", label["end"]) + AFTER_S
    told = [
        (one["t"], one["cause"])
        for one in findings
        if onset - 1 <= one["t"] <= last and _concerns(timeline, label, one)
    ]
    told += [(t, said) for t, said in causes if t <= last]
    first = min(told, default=None)
    right = min((t for t, said in told if said == cause), default=None)
    could = cause in FORESEEN and failure - onset >= DAYS_TO_SEE * DAY_S and not label["lines"]
    return Attribution(
        timeline.seed,
        cause,
        first[1] if first else None,
        failure - right if right is not None else None,
        could,
    )


def _concerns(timeline: Timeline, label: Mapping[str, Any], finding: Said) -> bool:
    """Whether a finding is about this fault: the same subject, or a part with the same cause."""
    subject, other = label["subject"], finding["subject"]
    if subject == other:
        return True
    return finding["cause"] == label["cause"] and _touches(timeline, label, other)


def _touches(timeline: Timeline, label: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    subject = label["subject"]
    if subject.get("panel") != other.get("panel"):
        return False
    part = {key: value for key, value in subject.items() if key != "panel"}
    if not part or other.keys() == {"panel"}:
        return True
    if other.get("zone") in label.get("near_zones", ()):
        return True
    zone = next((z for z in timeline.plan.zones if z.number == part.get("zone")), None)
    mine = {("zone", part.get("zone"))}
    if zone is not None and zone.panel == subject["panel"]:
        mine |= {("bus", zone.bus), ("supply", zone.supply), ("area", zone.area)}
    return any(item in mine or item in part.items() for item in other.items() if item[0] != "panel")


def false_findings(timeline: Timeline, said: Iterable[Said]) -> list[Said]:
    """Return the findings that nothing in this site's world makes true."""
    return [
        one
        for one in said
        if one["type"] == "finding"
        and not any(_explains(timeline, label, one) for label in timeline.labels)
    ]


def _explains(timeline: Timeline, label: Mapping[str, Any], finding: Said) -> bool:
    t, cause = finding["t"], finding["cause"]
    if label["cause"] and _touches(timeline, label, finding["subject"]):
        end = label.get("mended_s", label["end"]) + LINGERS_S
        if label["onset_s"] - 60 <= t <= end:
            return True
    if t < label["start"] - 3600:
        return False
    if cause in OF_PEOPLE.get(label["kind"], ()):
        return True
    if cause in label["explains"] and _touches(timeline, label, finding["subject"]):
        return True
    zones = {trip["zone"] for trip in label["trips"]}
    return cause == "nuisance" and finding["subject"].get("zone") in zones
