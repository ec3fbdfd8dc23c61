"""The status of a running agent: whether all is well, and a line for each part for people, in
English or Chinese.

What the agent itself says in words (why a path is down, what a finding measured) is said as far as
it is known (`edge_agent.phrases.book`), else shown as it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from edge_agent.language import Catalog, padded
from edge_agent.phrases.book import Phrases
from edge_agent.views import handover as handover_view
from edge_agent.views.judged_words import Judged
from edge_agent.views.rendering import safe
from edge_agent.views.zone_names import NO_NAMES, ZoneNames

LABEL_COLUMNS = 10

JOURNAL_PERCENT_MAX = 85
"""Used beyond it somebody has to come: what the center does not hold cannot be removed."""

WORDS: Mapping[str, tuple[str, str]] = {
    "gateway": ("gateway", "网关"),
    "config": ("config", "配置"),
    "events": ("events", "事件"),
    "disk": ("disk", "存储"),
    "center": ("center", "接警中心"),
    "clock": ("clock", "时钟"),
    "charter": ("charter", "章程"),
    "handover": ("handover", "移交"),
    **handover_view.WORDS,
    "body": ("body", "设备"),
    "zone": ("zone", "防区"),
    "judging": ("judging", "研判"),
    "panels": ("panels", "主机"),
    "cameras": ("cameras", "摄像机"),
    "of_gateway": (
        "{gateway}, version {version}, epoch {epoch}",
        "{gateway}，版本 {version}，运行期 {epoch}",
    ),
    "of_events": (
        "{count} in this run, {owed} not yet receipted",
        "本次运行 {count} 条，{owed} 条尚无回执",
    ),
    "of_charter": ("{number}: {purpose}", "第 {number} 号：{purpose}"),
    "and": (", ", "，"),
    "then": ("; ", "；"),
    "because": (": {reason}", "：{reason}"),
    "on_trial": (
        "ON TRIAL: it is kept only if the center is reached under it",
        "试运行：只有在此配置下连上接警中心才会保留",
    ),
    "accepts": ("accepts", "可写"),
    "refuses": ("REFUSES: {why}", "拒绝写入：{why}"),
    "used": ("{percent} % of the journal's space used", "日志空间已用 {percent} %"),
    "omitted": (
        "NOT RECORDED for lack of space: {what}",
        "空间不足，未记录：{what}",
    ),
    "connected": ("connected over {path}", "已连接，经 {path}"),
    "away": ("NOT CONNECTED", "未连接"),
    "reason": (" ({reason})", "（{reason}）"),
    "owed": ("{count} not yet receipted", "{count} 条尚无回执"),
    "optional": ("not waited for", "非必需"),
    "path.good": ("good", "正常"),
    "path.bad": ("BAD", "故障"),
    "path.unproven": ("not yet proven", "尚未验证"),
    "since": (" for {span}", "，已 {span}"),
    "in_use": ("in use", "使用中"),
    "span.d": ("{count} d", "{count} 天"),
    "span.h": ("{count} h", "{count} 小时"),
    "span.min": ("{count} min", "{count} 分钟"),
    "span.s": ("{count} s", "{count} 秒"),
    "trust.synced": ("synced", "已同步"),
    "trust.holdover": ("holdover", "保持中"),
    "trust.unset": ("unset", "未校时"),
    "untold": (
        " (nobody told the time yet; events are dated afterwards)",
        "（尚无时间来源；事件时间事后补定）",
    ),
    "told": (
        " (the center told the time: events are dated by it)",
        "（时间由接警中心告知：事件按其定时）",
    ),
    "well": ("well", "正常"),
    "see_to": ("TO BE SEEN TO: {what}", "需处理：{what}"),
    "enclosure_open": ("enclosure", "机箱"),
    "enclosure_open.no": ("closed", "关闭"),
    "enclosure_open.yes": ("OPEN", "打开"),
    "mains": ("mains", "市电"),
    "mains.no": ("GONE", "中断"),
    "mains.yes": ("there", "正常"),
    "battery_low": ("battery", "电池"),
    "battery_low.no": ("charged", "电量正常"),
    "battery_low.yes": ("LOW", "电量低"),
    "unknown": ("UNKNOWN", "未知"),
    "charge": ("charge {percent} %", "电量 {percent} %"),
    "temperature_c": ("{value:.1f} C", "{value:.1f} °C"),
    "memory_mib": ("{value:.0f} MiB", "内存 {value:.0f} MiB"),
    "threads": ("{value:.0f} threads", "线程 {value:.0f}"),
    "handles": ("{value:.0f} handles", "句柄 {value:.0f}"),
    "card_life_percent": ("card's life used up to {value:.0f} %", "存储卡寿命已用 {value:.0f} %"),
    "card_gb_a_day": ("card written {value:.1f} GB a day", "存储卡每天写入 {value:.1f} GB"),
    "not_there": ("not there: {what}", "未配备：{what}"),
    "condition.tamper": ("tamper", "机箱被打开"),
    "condition.mains": ("mains", "市电中断"),
    "condition.battery": ("battery", "电池电量低"),
    "sense.under_voltage": ("supply voltage", "供电电压"),
    "sense.throttled": ("throttling", "处理器降频"),
    "sense.temperature_c": ("temperature", "温度"),
    "sense.card_life_percent": ("card's life", "存储卡寿命"),
    "sense.card_reserve_step": ("card's spare blocks", "存储卡备用块"),
    "sense.handles_percent": ("handles", "句柄"),
    "sense.threads": ("threads", "线程"),
    "sense.memory_mib": ("memory", "内存"),
    "sense.memory_pressure_percent": ("memory pressure", "内存压力"),
    "sense.mains": ("mains", "市电"),
    "sense.battery": ("battery", "电池"),
    "false_alarms": (
        "{panel} {label}: {false} of {alarms} alarms were false: look at this detector",
        "{panel} {label}：{alarms} 次报警中 {false} 次为误报，请检查该探测器",
    ),
    "state.judging": ("well", "正常"),
    "state.rebuilding": (
        "not yet: what was recorded before is read again",
        "尚未就绪：正在重读既往记录",
    ),
    "state.aside": (
        "SET ASIDE by a bug: alarms are sent and not judged; have the program updated",
        "因程序缺陷停用：报警照常上送但不研判，请更新程序",
    ),
    "state.part": (
        "A PART IS SET ASIDE by a bug: see the findings; have the program updated",
        "部分功能因程序缺陷停用：见诊断结果，请更新程序",
    ),
    "incidents.0": ("no open incidents", "无未结事件组"),
    "incidents.1": ("1 open incident", "1 个未结事件组"),
    "incidents": ("{count} open incidents", "{count} 个未结事件组"),
    "online": ("online", "在线"),
    "offline": ("OFFLINE", "离线"),
    "panel.unknown": ("unknown", "未知"),
    "unheard": ("NOT HEARD: {why}", "未接入：{why}"),
    "camera.no_consent": ("no consent: never asked", "未获同意：从不调取"),
    "camera.wrong": ("WRONG: {wrong}", "异常：{wrong}"),
    "camera.good": ("good: {gives}", "正常：{gives}"),
    "camera.not_yet": ("not asked yet", "尚未调取"),
}


def healthy(status: dict[str, Any]) -> bool:
    """Say whether nothing in `status` needs a technician."""
    panels = status["panels"].values()
    online = all(panel["online"] for panel in panels)
    journal = status["journal"]
    disk = journal["refused"] is None and (journal["used_percent"] or 0) < JOURNAL_PERCENT_MAX
    disk = disk and not journal["omitted"]
    links = online and all(map(_reached, status["centers"]))
    eyes = not any(camera["wrong"] for camera in status.get("cameras", {}).values())
    conditions = status["body"]["conditions"] + status["judging"]["conditions"]
    return links and disk and eyes and not conditions


def _reached(center: dict[str, Any]) -> bool:
    """Say whether a center can be reached, and could be if the path in use failed now."""
    spare = all(path["good"] is not False for path in center["paths"])
    return not center["required"] or (center["connected"] and spare)


def lines(status: dict[str, Any], language: str = "en", names: ZoneNames = NO_NAMES) -> list[str]:
    """Return `status` in words, without control characters that a panel may have chosen.

    `names` are those of the site's zones, where they are known.
    """
    return [safe(line) for line in _View(language, names).lines(status)]


def with_names(status: dict[str, Any], names: ZoneNames) -> dict[str, Any]:
    """Return `status` for programs, the zones that it tells of with their names (`zones_named`)."""
    told = [(one["panel"], one["zone"]) for one in status.get("zones", [])]
    told += [
        (one["panel"], zone) for one in status["judging"]["incidents"] for zone in one["zones"]
    ]
    subjects = [one["subject"] for one in status["judging"]["findings"]]
    told += [(one["panel"], one["zone"]) for one in subjects if "zone" in one]
    named = [{"panel": panel, **names.facts(panel, zone)} for panel, zone in sorted({*told})]
    return {**status, "zones_named": named}


class _View:
    def __init__(self, language: str, names: ZoneNames) -> None:
        self._say, self._judged = Catalog(WORDS, language), Judged(language, names)
        self._phrases, self._names = Phrases(language), names

    def lines(self, status: dict[str, Any]) -> Iterable[str]:
        say, journal = self._say, status["journal"]
        yield self._line(
            "gateway", say("of_gateway", **{k: status[k] for k in ("gateway", "version", "epoch")})
        )
        if status.get("configuration", {}).get("on_trial"):
            yield self._line("config", say("on_trial"))
        owed = journal["unreceipted"]
        yield self._line("events", say("of_events", count=status["next_seq"], owed=owed))
        yield self._line("disk", self._disk(journal))
        for center in status["centers"]:
            yield from self._center(center)
        yield self._line("clock", self._clock(status["clock"]))
        if charter := status.get("charter"):
            known = {name: charter[name] for name in ("number", "purpose")}
            yield self._line("charter", say("of_charter", **known))
        if (passed := status.get("handover")) and passed["phase"] != "moved":
            yield self._line("handover", handover_view.sentence(passed, say))
        yield from self._body(status["body"])
        for one in status.get("zones", []):
            if one["high"]:
                false = sum(one["false"].values())
                label = self._names.label(one["panel"], one["zone"])
                yield self._line("zone", say("false_alarms", **one | {"false": false}, label=label))
        yield from self._judging(status["judging"])
        yield from self._panels(status["panels"])
        yield from self._cameras(status.get("cameras", {}))

    def _line(self, label: str, text: str) -> str:
        return padded(self._say(label), LABEL_COLUMNS) + text

    def _disk(self, journal: dict[str, Any]) -> str:
        say = self._say
        said = (
            say("refuses", why=self._phrases(journal["refused"]))
            if journal["refused"]
            else say("accepts")
        )
        if journal["used_percent"] is not None:
            said += say("and") + say("used", percent=journal["used_percent"])
        if journal["omitted"]:
            said += say("then") + say("omitted", what=say("and").join(journal["omitted"]))
        return said

    def _center(self, center: dict[str, Any]) -> Iterable[str]:
        """Say how a center is reached, then each path to it."""
        say = self._say
        if center["connected"]:
            said = [say("connected", path=center["path"])]
        else:
            reason = (
                say("reason", reason=self._phrases(center["reason"])) if center["reason"] else ""
            )
            said = [say("away") + reason]
        if center["outstanding"]:
            said.append(say("owed", count=center["outstanding"]))
        if not center["required"]:
            said.append(say("optional"))
        named = say("because", reason=say("and").join(said))
        yield self._line("center", center["center"] + named)
        width = max((len(path["path"]) for path in center["paths"]), default=0)
        for path in center["paths"]:
            yield f"  {path['path']:<{width}}  {self._path(path)}"
        if center["certificate"]:
            yield f"  {self._phrases(center['certificate'])}"

    def _path(self, path: dict[str, Any]) -> str:
        say = self._say
        said = say({True: "path.good", False: "path.bad", None: "path.unproven"}[path["good"]])
        if path["since_s"] is not None:
            said += say("since", span=self._span(path["since_s"]))
        if path["in_use"]:
            said += say("and") + say("in_use")
        if path["good"] is False:
            said += say("because", reason=self._phrases(path["reason"]))
        return said

    def _span(self, seconds: int) -> str:
        for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
            if seconds >= 2 * length:
                return self._say(f"span.{unit}", count=seconds // length)
        return self._say("span.s", count=seconds)

    def _clock(self, clock: dict[str, Any]) -> str:
        """Say what is known of the time where the wall clock does not know it."""
        said = self._say(f"trust.{clock['trust']}")
        if clock["trust"] != "unset":
            return said
        return said + self._say("untold" if clock.get("latest_ns") is None else "told")

    def _body(self, body: dict[str, Any]) -> Iterable[str]:
        say = self._say
        conditions = say("and").join(map(self._condition, body["conditions"]))
        yield self._line("body", say("see_to", what=conditions) if conditions else say("well"))
        points = [
            f"{say(name)} {self._point(name, body['points'][name])}"
            for name in ("enclosure_open", "mains", "battery_low")
            if name in body["points"]
        ]
        if body["battery_percent"] is not None:
            points.append(say("charge", percent=body["battery_percent"]))
        known = [name for name in body["readings"] if self._say.known(name)]
        figures = [say(name, value=body["readings"][name]) for name in known]
        for some in (points, figures):
            if some:
                yield f"  {say('and').join(some)}"
        for one in body["findings"]:
            cause = self._judged.cause(one["cause"])
            what, remedy = self._phrases(one["detail"]), self._phrases(one["remedy"])
            yield f"  {cause}{say('because', reason=what)}{say('then')}{remedy}"
        if body["not_there"]:
            missing = (say.known(f"sense.{name}") or name for name in body["not_there"])
            yield "  " + say("not_there", what=say("and").join(missing))

    def _condition(self, name: str) -> str:
        return self._say.known(f"condition.{name}") or self._judged.cause(name)

    def _point(self, name: str, state: bool | None) -> str:
        known = {False: f"{name}.no", True: f"{name}.yes"}
        return self._say("unknown" if state is None else known[state])

    def _judging(self, judging: dict[str, Any]) -> Iterable[str]:
        """Say how judging is, then open incidents, then what is to be mended."""
        say, name = self._say, f"state.{judging['state']}"
        if judging["conditions"] and judging["state"] != "aside":
            name = "state.part"
        count = len(judging["incidents"])
        some = say.known(f"incidents.{count}") or say("incidents", count=count)
        yield self._line("judging", (say.known(name) or judging["state"]) + say("and") + some)
        for one in judging["incidents"]:
            yield f"  {self._judged.incident(one, one['events'])}"
        for one in judging["findings"]:
            yield f"  {self._judged.finding(one | {'over': False})}"

    def _panels(self, panels: dict[str, Any]) -> Iterable[str]:
        say = self._say
        yield say("panels")
        width = max(map(len, panels), default=0)
        for name, panel in panels.items():
            link = say({True: "online", False: "offline", None: "panel.unknown"}[panel["online"]])
            faults = say("and").join(f"{kind} {count}" for kind, count in panel["faults"].items())
            said = f"  {name:<{width}}  {padded(link, 8)} {panel['driver']}  {faults}"
            yield said.rstrip()
            if why := panel.get("broken"):
                yield f"  {'':<{width}}  {say('unheard', why=why)}"
            elif why := panel.get("reason"):
                yield f"  {'':<{width}}  {self._phrases(why)}"

    def _cameras(self, cameras: dict[str, Any]) -> Iterable[str]:
        if cameras:
            yield self._say("cameras")
        width = max(map(len, cameras), default=0)
        for name, camera in cameras.items():
            yield f"  {name:<{width}}  {self._camera(camera)}"

    def _camera(self, camera: dict[str, Any]) -> str:
        say = self._say
        if not camera["gives"]:
            return say("camera.no_consent")
        if camera["wrong"]:
            return say("camera.wrong", wrong=self._judged.cause(camera["wrong"]))
        if not camera["known"]:
            return say("camera.not_yet")
        return say("camera.good", gives=say("and").join(camera["gives"]))
