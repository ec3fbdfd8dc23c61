"""Incidents as the center holds them: the newest verdict of each, and what was said of it since."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Self, TypeAlias

from edge_agent.center import show
from edge_agent.center.desk_rows import Disposed, dispositions
from edge_agent.domain.event import EventType
from edge_agent.domain.zone_rates import ZoneCount, ZoneKey, ZoneRates
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.disposition import DECIDES, Disposition
from edge_agent.evidence.verdict import VerdictBody
from edge_agent.language import Catalog
from edge_agent.views import rendering
from edge_agent.views.judged_words import Judged

WORDS: dict[str, tuple[str, str]] = {
    "area": ("area {area}", "分区 {area}"),
    "zones": ("zones {zones}", "防区 {zones}"),
    "cause": ("cause: {cause}", "原因：{cause}"),
    "missing": ("could not be verified by: {missing}", "缺少核实手段：{missing}"),
    "nothing": ("nobody has said anything of it", "尚无处置"),
    "said": ("{said}, by {by} at {time}", "{said}，{by}，{time}"),
    "on_way": ("not yet in the gateway's journal", "尚未写入网关日志"),
    "lowered": ("was tier {tier}", "曾为 {tier} 级"),
    "genuine": ("genuine", "真警"),
    "false": ("false, {cause}", "误报（{cause}）"),
    "test": ("test", "测试"),
    "sent": ("guard sent", "已派保安"),
    "arrived": ("guard arrived", "保安到场"),
    "confirmed": ("confirmed on the spot", "现场确认"),
    "police": ("reported to the police", "已报警"),
    "zone": ("{panel} zone {zone}", "{panel} 防区 {zone}"),
    "count": (
        "{alarms} alarms: {genuine} genuine, {false} false, {test} test, {open} open",
        "{alarms} 次报警：真警 {genuine}，误报 {false}，测试 {test}，未处置 {open}",
    ),
    "look": (
        "false too often: have this detector looked at; it goes on alarming as before",
        "误报过多：请检修该探测器；报警照常上报",
    ),
    "means.sequential": ("sequential", "多探测器时序"),
    "means.technical": ("technical", "技术核实"),
    "means.user_code": ("user_code", "用户密码"),
    "means.schedule": ("schedule", "营业时间"),
    "means.image": ("image", "图像"),
    "means.audio": ("audio", "声音"),
    "means.call_back": ("call_back", "电话回访"),
    "why.user_error": ("user_error", "用户误操作"),
    "why.wrong_code": ("wrong_code", "密码错误"),
    "why.visitor": ("visitor", "来访人员"),
    "why.animal": ("animal", "动物"),
    "why.weather": ("weather", "天气"),
    "why.moving_object": ("moving_object", "物体移动"),
    "why.cleaning": ("cleaning", "保洁"),
    "why.equipment": ("equipment", "设备故障"),
    "why.installation": ("installation", "安装不当"),
    "why.power": ("power", "供电"),
    "why.line": ("line", "线路"),
    "why.building_work": ("building_work", "施工"),
    "why.smoke_no_fire": ("smoke_no_fire", "有烟无火"),
    "why.unknown": ("unknown", "不明"),
    "no_incidents": ("no incidents", "没有事件"),
    "no_zones": ("no zone has alarmed", "没有防区报警"),
}


FIRE = ("fire.", "gas.")
"""How the ids of the rules begin that judge fire and gas."""
UNJUDGED, UNJUDGED_FIRE_TIER = "judging.plain", 2  # where judging failed, the tier tells the kind


@dataclass(frozen=True, slots=True)
class Heard:
    """One verdict on an incident: its number, when it was stored (Unix time in ms), its tier."""

    number: int
    received_ms: int
    tier: int

    @classmethod
    def of(cls, shown: show.Shown, verdict: VerdictBody) -> Self:
        """Return what is remembered of a verdict."""
        return cls(shown.number, shown.received_ms, verdict.tier)


@dataclass(slots=True)
class Incident:
    """One incident: its newest verdict, when its first came, and what was said of it.

    Verdicts may be taken in any order.
    """

    gateway: str
    place: Place
    first: show.Shown
    newest: show.Shown
    verdict: VerdictBody
    heard: list[Heard]
    disposed: list[Disposed] = field(default_factory=list)

    def take(self, shown: show.Shown, verdict: VerdictBody) -> None:
        """Take a further verdict."""
        heard = Heard.of(shown, verdict)
        if heard not in self.heard:
            self.heard.append(heard)
        if shown.number < self.first.number:
            self.first = shown
        if _is_newer(shown, self.newest):
            self.newest, self.verdict = shown, verdict

    def say(self, word: Disposed) -> bool | None:
        """Take what somebody said; return whether it is new, None where nothing is new of it.

        The same word again may tell that the gateway has it in its journal by now.
        """
        for place, known in enumerate(self.disposed):
            if known.digest == word.digest:
                if known.journaled_ms is not None or word.journaled_ms is None:
                    return None
                self.disposed[place] = word
                return False
        self.disposed.append(word)
        self.disposed.sort(key=lambda one: one.said.time_ms)
        return True

    @property
    def tier_max(self) -> int:
        """The highest tier that it ever had."""
        return max(one.tier for one in self.heard)

    @property
    def decided(self) -> Disposition | None:
        """The newest word on what it was, None where nobody has said."""
        words = [one.said for one in self.disposed if one.said.said in DECIDES]
        return words[-1] if words else None

    @property
    def is_open(self) -> bool:
        """Whether nobody has said what it was, since it has been as grave as it is."""
        decided = self.decided
        return decided is None or decided.time_ms < self.grave_ms

    @property
    def is_fire(self) -> bool:
        """Whether it is of fire or gas."""
        reasons = self.verdict.reasons
        unjudged = UNJUDGED in reasons and self.verdict.tier == UNJUDGED_FIRE_TIER
        return unjudged or any(one.startswith(FIRE) for one in reasons)

    @property
    def grave_ms(self) -> int:
        """Since when it is as grave as it is now, or was graver: Unix time in ms, of the center."""
        tier = self.verdict.tier
        return min(one.received_ms for one in self.heard if one.tier >= tier)

    @property
    def touched(self) -> Disposition | None:
        """The newest word of anybody since it has been as grave as it is, None where there is
        none."""
        words = [one.said for one in self.disposed if one.said.time_ms >= self.grave_ms]
        return words[-1] if words else None


Name: TypeAlias = tuple[str, Place]
"""Names an incident: the gateway, and the event that it began with."""


def incidents(
    connection: sqlite3.Connection,
    key: PublicKey,
    gateway: str | None = None,
    since_ms: int | None = None,
) -> list[Incident]:
    """Return the incidents of which a verdict came since then, oldest first."""
    wanted = show.Wanted(gateway=gateway, type=EventType.VERDICT.value, since_ms=since_ms)
    found: dict[Name, Incident] = {}
    for shown in show.select(connection, wanted):
        take(found, shown)
    for one in dispositions(connection, key, gateway, found.keys()):
        found[one.said.gateway, one.said.incident].disposed.append(one)
    return list(found.values())


def take(found: dict[Name, Incident], shown: show.Shown) -> Incident | None:
    """Enter a verdict; return its incident, None where no verdict can be read."""
    try:
        verdict = VerdictBody.from_body(shown.event.body)
    except Malformed:
        return None  # `edge-center events` shows it as it is
    name = shown.event.gateway, verdict.incident
    known = found.get(name)
    if known is None:
        heard = [Heard.of(shown, verdict)]
        known = found[name] = Incident(*name, shown, shown, verdict, heard)
    else:
        known.take(shown, verdict)
    return known


def _is_newer(one: show.Shown, other: show.Shown) -> bool:
    """Tell which of two verdicts replaces the other: backlog may come after what is newer."""
    if one.event.epoch == other.event.epoch:
        return one.event.seq > other.event.seq
    return one.dated.order_ns >= other.dated.order_ns


def find(known: Iterable[Incident], gateway: str, text: str) -> Incident:
    """Return the incident that `EPOCH/NUMBER` names, the epoch shortened as far as it is clear.

    Raises ValueError saying what there is.
    """
    epoch, _, number = text.partition("/")
    fitting = [
        one
        for one in known
        if one.gateway == gateway
        and str(one.place.seq) == number
        and epoch
        and one.place.epoch.hex().startswith(epoch.lower())
    ]
    if len(fitting) != 1:
        few = "no incident" if not fitting else "more than one incident"
        raise ValueError(
            f"{few} of {gateway} is called {text[:60]!r}; `edge-center incidents` lists them"
        )
    return fitting[0]


def rates(known: Iterable[Incident]) -> dict[str, dict[ZoneKey, ZoneCount]]:
    """Return what became of each zone's alarms, by gateway."""
    counted: dict[str, ZoneRates] = {}
    for one in known:
        rate = counted.setdefault(one.gateway, ZoneRates())
        rate.verdict(one.place, one.verdict.panel, one.verdict.zones)
        if (said := one.decided) is not None:
            rate.said(one.place, said.said, said.cause, said.time_ms)
    return {gateway: rate.counts() for gateway, rate in counted.items()}


# ---- for programs


def as_json(one: Incident) -> dict[str, Any]:
    """Return plain values for JSON."""
    verdict = one.verdict
    return {
        "gateway": one.gateway,
        "incident": str(one.place),
        "time": rendering.when_facts(one.first.dated),
        "received_ms": one.first.received_ms,
        "tier": verdict.tier,
        "tier_max": one.tier_max,
        "reasons": list(verdict.reasons),
        "panel": verdict.panel,
        "area": verdict.area,
        "zones": list(verdict.zones),
        "cause": verdict.cause,
        "available": list(verdict.available),
        "missing": list(verdict.missing),
        "evidence": [str(place) for place in verdict.evidence],
        "dispositions": [_disposed(each) for each in one.disposed],
    }


def _disposed(one: Disposed) -> dict[str, Any]:
    said = one.said
    return {
        "said": str(said.said),
        "cause": said.cause,
        "by": said.by,
        "qualification": said.qualification,
        "time_ms": said.time_ms,
        "note": said.note,
        "journaled_ms": one.journaled_ms,
    }


def zone_json(gateway: str, zone: ZoneKey, count: ZoneCount) -> dict[str, Any]:
    """Return plain values for JSON."""
    return {
        "gateway": gateway,
        "panel": zone[0],
        "zone": zone[1],
        "alarms": count.alarms,
        "genuine": count.genuine,
        "test": count.test,
        "false": dict(count.false),
        "false_share": count.false_share,
        "high": count.is_high,
    }


# ---- for people


def lines(one: Incident, zone: tzinfo | None, say: Catalog) -> Iterator[str]:
    """Yield an incident's lines; `zone` None is the reader's local time."""
    verdict, judged = one.verdict, Judged(say.language)
    lowered = f" ({say('lowered', tier=one.tier_max)})" if one.tier_max > verdict.tier else ""
    yield rendering.safe(
        f"{one.gateway}  {one.place}  {rendering.when(one.first.dated, zone)}  "
        f"{verdict.tier} {judged.tier(verdict.tier)}{lowered}  {where(one, say)}"
    )
    for reason in verdict.reasons:
        yield rendering.safe(f"    {judged.reason(reason)}")
    if verdict.cause:
        yield rendering.safe(f"    {say('cause', cause=judged.cause(verdict.cause))}")
    if verdict.missing and verdict.tier:
        missing = ", ".join(say.known(f"means.{one}") or one for one in verdict.missing)
        yield rendering.safe(f"    {say('missing', missing=missing)}")
    for each in one.disposed:
        yield rendering.safe(f"    > {_said(each, zone, say)}")
    if not one.disposed:
        yield f"    > {say('nothing')}"


def where(one: Incident, say: Catalog) -> str:
    """Return panel, area and zones of an incident, as far as they are known."""
    verdict = one.verdict
    parts = [verdict.panel] if verdict.panel else []
    parts += [say("area", area=verdict.area)] if verdict.area else []
    parts += [say("zones", zones=", ".join(map(str, verdict.zones)))] if verdict.zones else []
    return " ".join(parts)


def word(said: Disposition, say: Catalog) -> str:
    """Return what was said of an incident, in a word or two."""
    return say(said.said.value, cause=_why(said.cause, say) if said.cause else "")


def _said(one: Disposed, zone: tzinfo | None, say: Catalog) -> str:
    said = one.said
    time = rendering.time_text(said.time_ms, zone)
    text = say("said", said=word(said, say), by=said.actor, time=time)
    text += f": {said.note}" if said.note else ""
    return text if one.journaled_ms is not None else f"{text} [{say('on_way')}]"


def _why(cause: str, say: Catalog) -> str:
    """Return why an alarm was false; as it stands where a newer center said so."""
    return say.known(f"why.{cause}") or cause


def zone_lines(gateway: str, zone: ZoneKey, count: ZoneCount, say: Catalog) -> Iterator[str]:
    """Yield the lines of a zone."""
    place = say("zone", panel=zone[0], zone=zone[1])
    still_open = count.alarms - count.genuine - count.false_total - count.test
    told = say(
        "count",
        alarms=count.alarms,
        genuine=count.genuine,
        false=count.false_total,
        test=count.test,
        open=still_open,
    )
    causes = ", ".join(f"{_why(one, say)} {number}" for one, number in count.false.most_common())
    yield rendering.safe(f"{gateway}  {place}  {told}{f' ({causes})' if causes else ''}")
    if count.is_high:
        yield f"    {say('look')}"
