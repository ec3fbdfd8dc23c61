"""What `edge-agent diagnose --maintenance` shows: a journal heard again, and what each part is
worth now.

Detectors, lines, supplies and buses are judged by the same machine as in the running agent, from
the same events.  What others found (the gateway's own body, self-tests, sessions, the inventory) is
taken from the newest run's own findings.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.diagnosis.board import Place
from edge_agent.diagnosis.health import Health
from edge_agent.diagnosis.health_rules import RULES, HealthRule
from edge_agent.diagnosis.maintenance import VISIT_BELOW, Entry
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.sitting import Sitting
from edge_agent.domain.event import EventType, Numbered
from edge_agent.evidence.bodies import FindingBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.language import Catalog
from edge_agent.phrases.book import Phrases
from edge_agent.views.judged_words import Judged

_Key = tuple[str, tuple[str, int | str] | None, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Maintained:
    """The list: `entries` of the site, the worst first; `others` are findings of other watchers."""

    entries: tuple[Entry, ...]
    others: tuple[FindingBody, ...]

    @property
    def to_see_to(self) -> int:
        """How many parts want a visit or have a finding."""
        flawed = sum(bool(one.findings) or one.score < VISIT_BELOW for one in self.entries)
        return flawed + len(self.others)


def maintained(events: Iterable[Numbered], site: Site) -> Maintained:
    """Hear all events, in their order; return how everything stands after the last."""
    made: list[Health] = []

    def make(of: Site) -> Health:
        made.append(Health(of))
        return made[-1]

    sitting, others = Sitting(site, (make,)), _Others()
    for event in events:
        others.take(event)
        for _ in sitting.take(event):
            pass
    return Maintained(tuple(made[-1].maintenance(sitting.t_ns)), tuple(others.standing.values()))


class _Others:
    """Findings that hold and are not of the machines that judge events."""

    def __init__(self) -> None:
        self._epoch = b""
        self.standing: dict[_Key, FindingBody] = {}

    def take(self, event: Numbered) -> None:
        if event.epoch != self._epoch:  # a genesis ends the findings of the run before
            self._epoch = event.epoch
            self.standing.clear()
        if event.draft.type is not EventType.FINDING:
            return
        try:
            body = FindingBody.from_body(event.draft.body)
        except Malformed:
            return
        if body.evidence:  # found from events: found again here
            return
        key = body.panel, body.part, body.cause, body.reasons
        if body.over:
            self.standing.pop(key, None)
        else:
            self.standing[key] = body


# ---- in words


_WORDS: dict[str, tuple[str, str]] = {
    "heading": (
        "{parts} parts: {detectors} detectors, {others} lines, supplies and buses; {bad} to see to",
        "共 {parts} 项：探测器 {detectors} 个，线路、电源、总线 {others} 条；需处理 {bad} 项",
    ),
    "nothing": ("nothing was heard yet", "尚无记录"),
    "sound": ("{count} more have nothing to mend", "其余 {count} 项无需处理"),
    "of": ("{place}: {cause}", "{place}：{cause}"),
    "when": ("{severity}: ", "{severity}："),
    "zone": ("zone", "防区"),
    "detector": ("zone", "防区"),
    "supply": ("supply", "电源"),
    "bus": ("bus", "总线"),
    "line": ("line", "线路"),
    "uplink": ("way to the center", "至接警中心的通路"),
    "gateway": ("gateway", "网关"),
    "urgent": ("URGENT", "紧急"),
    "maintain": ("next visit", "下次维护"),
    "notice": ("for your information", "提示"),
    "tested": ("walk-tested {days} days ago", "{days} 天前做过步测"),
    "untested": ("no walk test known", "无步测记录"),
    "measured": ("measured: {detail}", "测得：{detail}"),
    "score": ("taken off: {points}", "扣分：{points}"),
}


def words(language: str) -> Catalog:
    """Return the words of one language."""
    return Catalog(_WORDS, language)


def lines(found: Maintained, names: Mapping[Place, str], say: Catalog) -> Iterator[str]:
    """Yield the list for people; `names` are those of the configuration."""
    if not found.entries:
        yield say("nothing")
        return
    detectors = sum(one.kind == "detector" for one in found.entries)
    count = len(found.entries)
    yield say(
        "heading",
        parts=count,
        detectors=detectors,
        others=count - detectors,
        bad=found.to_see_to,
    )
    phrases = Phrases(say.language)
    for body in found.others:
        yield f"  -  {_other(body, say)}"
        yield f"     {_severity(body.severity, say)}{phrases(body.remedy)}"
        if body.detail:
            yield f"     {say('measured', detail=phrases(body.detail))}"
    flawed = [one for one in found.entries if one.flawed]
    for entry in flawed:
        yield from _entry(entry, names, say)
    if count > len(flawed):
        yield say("sound", count=count - len(flawed))


def _entry(entry: Entry, names: Mapping[Place, str], say: Catalog) -> Iterator[str]:
    phrases = Phrases(say.language)
    yield f"{entry.score:3}  {_place(entry, say)}{_named(entry.place, names)}"
    for finding in entry.findings:
        rule = RULES[finding.reasons[0]]
        yield f"     {_severity(finding.severity, say)}{say.choose(rule.says, rule.says_zh)}"
        yield f"     {say.choose(rule.remedy, rule.remedy_zh)}"
        if finding.detail:
            yield f"     {say('measured', detail=phrases(finding.detail))}"
    if entry.points:
        yield f"     {say('score', points=', '.join(map(str, entry.points)))}"
    if entry.kind == "detector":
        days = entry.tested_days
        yield f"     {say('untested') if days is None else say('tested', days=f'{days:.0f}')}"


def _place(entry: Entry, say: Catalog) -> str:
    part = entry.place.part
    if entry.kind == "uplink":
        return say("uplink")
    name = say(entry.kind)
    return f"{entry.place.panel} {name}" + (f" {part[1]}" if part else "")


def _named(place: Place, names: Mapping[Place, str]) -> str:
    name = names.get(place)
    return f"  {name}" if name else ""


def _other(body: FindingBody, say: Catalog) -> str:
    panel = say("gateway") if body.panel.startswith("@") else body.panel
    part = f" {say.known(body.part[0]) or body.part[0]} {body.part[1]}" if body.part else ""
    return say("of", place=f"{panel}{part}", cause=Judged(say.language).cause(body.cause))


def _severity(severity: str, say: Catalog) -> str:
    """Return how soon, with what stands before the sentence that follows."""
    return say("when", severity=say.known(severity) or severity)


# ---- as JSON


def facts(found: Maintained, names: Mapping[Place, str]) -> dict[str, Any]:
    """Return the list for programs: every part, also those with nothing to mend."""
    return {
        "to_see_to": found.to_see_to,
        "parts": [_facts(one, names) for one in found.entries],
        "others": [_body_facts(one) for one in found.others],
    }


def _facts(entry: Entry, names: Mapping[Place, str]) -> dict[str, Any]:
    part = entry.place.part
    days = entry.tested_days
    return {
        "subject": {"panel": entry.place.panel, **dict([part] if part else [])},
        "kind": entry.kind,
        "name": names.get(entry.place),
        "score": entry.score,
        "points": {one.rule: one.points for one in entry.points},
        "tested_days": None if days is None else round(days, 1),
        "findings": [
            {
                "cause": one.cause,
                "severity": one.severity,
                "reasons": list(one.reasons),
                "detail": one.detail,
                **_rule_facts(RULES[one.reasons[0]]),
            }
            for one in entry.findings
        ],
    }


def _rule_facts(rule: HealthRule) -> dict[str, str]:
    return {
        "says": rule.says,
        "says_zh": rule.says_zh,
        "remedy": rule.remedy,
        "remedy_zh": rule.remedy_zh,
    }


def _body_facts(body: FindingBody) -> dict[str, Any]:
    return {
        "subject": body.subject,
        "cause": body.cause,
        "severity": body.severity,
        "reasons": list(body.reasons),
        "detail": body.detail,
        "remedy": body.remedy,
    }
