"""The report of a site as a page to print and sign, in English or Chinese (pure).

One HTML file without scripts, fonts or pictures from elsewhere.  All that people chose is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from edge_agent.language import Catalog
from edge_agent.phrases.book import Phrases
from edge_agent.views.judged_words import Judged
from edge_agent.views.rendering import safe
from edge_agent.views.signed_page import START
from edge_agent.views.site_report import TESTED_DAYS_MAX

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Report of the alarm site", "报警系统现场报告"),
    "of": ("{site}: gateway {gateway}, {time}", "{site}：网关 {gateway}，{time}"),
    "ready": ("Nothing is left to do.", "没有遗留事项。"),
    "not_ready": ("Left to do before the site is handed over:", "移交前尚需处理："),
    "center_away": ("center not connected", "未连接接警中心"),
    "panel_away": ("panel not heard", "主机无应答"),
    "clock_unset": ("clock not synchronised", "时钟未同步"),
    "no_zones": ("the configuration lists no zone", "配置中没有列出任何防区"),
    "untested": (
        "zones not walk-tested within {days} days: edge-agent walktest PANEL",
        "{days} 天内未步测的防区：edge-agent walktest PANEL",
    ),
    "unlisted": ("not in the configuration", "不在配置中"),
    "self_test": (
        "no good self-test: edge-agent diagnose",
        "没有合格的自检：edge-agent diagnose",
    ),
    "out_of_range": ("times outside of their standard", "超出标准范围的时间"),
    "certificates": ("devices and their certificates", "设备及其证书"),
    "findings": ("findings", "诊断问题"),
    "system": ("The system", "系统"),
    "version": ("program", "程序版本"),
    "identity": ("identity, SHA-256 of its certificate", "身份证书 SHA-256"),
    "configuration": ("configuration, SHA-256", "配置 SHA-256"),
    "charter": ("charter", "章程"),
    "of_charter": ("number {number}: {purpose}", "第 {number} 号：{purpose}"),
    "none": ("none", "无"),
    "clock": ("clock", "时钟"),
    "centers": ("centers", "接警中心"),
    "connected": ("connected", "已连接"),
    "away": ("NOT CONNECTED", "未连接"),
    "panels": ("Panels", "主机"),
    "panel": ("panel", "主机"),
    "driver": ("driver", "驱动"),
    "profile": ("profile", "型号配置"),
    "line": ("line", "线路"),
    "online": ("heard", "正常"),
    "offline": ("NOT HEARD", "无应答"),
    "zones": ("Zones", "防区"),
    "zone": ("zone", "防区"),
    "name": ("name", "名称"),
    "area": ("area", "分区"),
    "type": ("type", "类型"),
    "technology": ("detector", "探测器"),
    "walk_test": ("walk test", "步测"),
    "days_ago": ("{days:.0f} days ago", "{days:.0f} 天前"),
    "today": ("today", "今天"),
    "never": ("NOT TESTED", "未测试"),
    "score": ("health, of 100", "健康度（满分 100）"),
    "settings": ("Times, and what their standard allows", "时间参数与标准范围"),
    "setting": ("time", "参数"),
    "where": ("where", "位置"),
    "site": ("whole site", "全现场"),
    "value": ("seconds", "秒"),
    "range": ("allowed", "允许范围"),
    "clause": ("standard", "标准"),
    "default": ("default", "默认"),
    "outside": ("OUT OF RANGE", "超出范围"),
    "devices": ("Devices", "设备"),
    "maker": ("maker", "厂商"),
    "model": ("model", "型号"),
    "serial": ("serial number", "序列号"),
    "scheme": ("scheme", "认证"),
    "certificate": ("certificate", "证书编号"),
    "valid_until": ("valid until", "有效期至"),
    "subject": ("what", "对象"),
    "says": ("found", "现象"),
    "remedy": ("what to do", "处理办法"),
    "acts": ("How it was tested and changed", "测试与变更记录"),
    "when": ("when", "时间"),
    "what": ("what", "事项"),
    "actor": ("who", "人员"),
    "outcome": ("outcome", "结果"),
    "event": ("event", "事件号"),
    "act.walk_test": ("walk test", "步测"),
    "act.self_test": ("self-test", "自检"),
    "act.config": ("configuration", "配置变更"),
    "act.update": ("update", "程序更新"),
    "outcome.good": ("good", "正常"),
    "outcome.bad": ("bad", "异常"),
    "outcome.broken_off": ("broken off", "已中断"),
    "outcome.begins": ("begins", "开始"),
    "outcome.ends": ("ends", "结束"),
    "client": ("For whoever uses the site", "致使用单位"),
    "client.cancel": (
        (
            "A false alarm is called off by a valid code within {minutes:g} minutes; later only the"
            " alarm center can settle it."
        ),
        "误报应在 {minutes:g} 分钟内用有效密码撤销；超时须由接警中心处理。",
    ),
    "client.delays": (
        (
            "Leave within {exit:g} seconds of arming; enter your code within {entry:g} seconds of"
            " opening the door."
        ),
        "布防后 {exit:g} 秒内离开；从进出门进入后 {entry:g} 秒内输入密码。",
    ),
    "client.fire": (
        "Fire, panic and duress go to the center at once, whatever else holds.",
        "火警、紧急求助和胁迫信号任何时候都立即上送。",
    ),
    "client.test": (
        "Have every zone walk-tested at least once a year, and after each change.",
        "每年至少对全部防区步测一次，变更后也须步测。",
    ),
    "sign": ("Handed over", "移交签字"),
    "installer": ("installer, qualification number", "安装人员、资格证号"),
    "receiver": ("taken over by", "接收人"),
    "proof": (
        (
            "The gateway recorded this page as a signed event. The proof stands in this file behind"
            " the page: edge-agent verify FILE --ca CA.pem"
        ),
        "网关已将本页作为签名事件记录，证明附在本文件页面之后：edge-agent verify FILE --ca CA.pem",
    ),
}

CAUSED = frozenset({"certificates", "findings"})
"""What is left to do of which a cause is told, as the last word."""

_POLICY = (
    '<meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
_STYLE = """
body{font:11pt/1.4 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111}
h1{margin-bottom:0}h2{margin:1.4em 0 .3em;font-size:1.15em}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.2em .5em;
text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eee}
.bad{color:#a00;font-weight:bold}.good{color:#060;font-weight:bold}.small{font-size:.85em;color:#444}
.sign td{height:4em;width:50%}tr{break-inside:avoid}
"""


def words(language: str) -> Catalog:
    """Return the words of one language."""
    return Catalog(_WORDS, language)


def page(told: Mapping[str, Any], say: Catalog) -> bytes:
    """Return the page of what `site_report.facts` told."""
    site = told["site"] or told["gateway"]
    parts = [
        START.decode(),
        f'<html lang="{say.language}"><head><meta charset="utf-8">',
        _POLICY,
        f"<title>{_text(say('title'))}: {_text(site)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_text(say('title'))}</h1>",
        f"<p>{_text(say('of', site=site, gateway=told['gateway'], time=told['time']))}</p>",
        *_left(told["open"], say),
        *_system(told, say),
        *_panels(told["panels"], say),
        *_zones(told["zones"], say),
        *_settings(told["settings"], say),
        *_devices(told["devices"], say),
        *_findings(told["findings"], say),
        *_acts(told["acts"], say),
        *_client(told["settings"], say),
        f"<h2>{_text(say('sign'))}</h2>",
        '<table class="sign"><tr>',
        *(f"<td>{_text(say(who))}</td>" for who in ("installer", "receiver")),
        "</tr></table>",
        f'<p class="small">{_text(say("proof"))}</p></body></html>\n',
    ]
    return "\n".join(parts).encode()


def left(told: Mapping[str, Any], say: Catalog) -> list[str]:
    """Return what is left to do, a line each, for a terminal."""
    return [_open(one, say) for one in told["open"]]


# ---- sections


def _left(open_: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    if not open_:
        yield f'<p class="good">{_text(say("ready"))}</p>'
        return
    yield f'<p class="bad">{_text(say("not_ready"))}</p><ul>'
    for one in open_:
        yield f"<li><b>{one['count']}</b> {_text(_open(one, say))}</li>"
    yield "</ul>"


def _open(one: Mapping[str, Any], say: Catalog) -> str:
    """Say what is left to do, and of which."""
    what, which = say(one["what"], days=TESTED_DAYS_MAX), one["which"]
    if which == ["-"]:  # of nothing by name
        return what
    if one["what"] in CAUSED:
        parted = (text.rpartition(" ") for text in which)
        told = (f"{place} {Judged(say.language).cause(cause)}" for place, _, cause in parted)
        which = list(dict.fromkeys(told))
    which = [*map(Phrases(say.language), which)]
    more = ", …" if len(which) > 40 else ""
    return what + say.choose(": ", "：") + ", ".join(which[:40]) + more


def _system(told: Mapping[str, Any], say: Catalog) -> Iterable[str]:
    charter = told["charter"]
    centers = (
        f"{one['center']}: {say('connected' if one['connected'] else 'away')}"
        for one in told["centers"]
    )
    rows = {
        "version": told["version"],
        "identity": told["identity"] or say("none"),
        "configuration": told["configuration"],
        "charter": say("of_charter", **charter) if charter else say("none"),
        "clock": told["clock"],
        "centers": "; ".join(centers),
    }
    yield f"<h2>{_text(say('system'))}</h2><table>"
    for name, value in rows.items():
        yield f"<tr><th>{_text(say(name))}</th><td>{_text(value)}</td></tr>"
    yield "</table>"


def _panels(panels: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    rows = [
        (
            one["panel"],
            one["driver"],
            one["profile"],
            one["broken"] or _flag(say, "online", "offline", good=one["online"] is True),
        )
        for one in panels
    ]
    return _table(say, "panels", ("panel", "driver", "profile", "line"), rows)


def _zones(zones: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    columns = ("panel", "zone", "name", "area", "type", "technology", "walk_test", "score")
    rows = []
    for one in zones:
        days = one["tested_days"]
        if not one["listed"] and days is None:
            tested: object = say("unlisted")
        elif days is None:
            tested = _Bad(say("never"))
        else:
            text = say("today") if days < 1 else say("days_ago", days=days)
            tested = text if one["tested"] else _Bad(text)
        area = " ".join(str(part) for part in (one["area"], one["area_name"]) if part is not None)
        row = (one["panel"], one["zone"], one["name"], area, one["type"], one["technology"])
        rows.append((*row, tested, one["score"]))
    return _table(say, "zones", columns, rows)


def _settings(settings: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    rows = []
    for one in settings:
        where = say("site") if one["area"] is None else f"{one['panel']} {one['area']}"
        value = f"{one['seconds']:g}" + ("" if one["stated"] else f" ({say('default')})")
        range_ = f"{one['least']:g} - {one['most']:g}"
        held = value if one["in_range"] else _Bad(f"{value} {say('outside')}")
        rows.append((one["name"], where, held, range_, one["clause"]))
    return _table(say, "settings", ("setting", "where", "value", "range", "clause"), rows)


def _devices(devices: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    columns = (
        "panel", "zone", "maker", "model", "serial", "scheme", "certificate", "valid_until",
    )  # fmt: skip
    return _table(say, "devices", columns, [[one[name] for name in columns] for one in devices])


def _findings(findings: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    rows, phrases = [], Phrases(say.language)
    for one in findings:
        subject = " ".join(str(value) for value in one["subject"].values())
        said = say.choose(one["says"], one["says_zh"] or Judged(say.language).cause(one["cause"]))
        detail = f" ({phrases(one['detail'])})" if one["detail"] else ""
        remedy = say.choose(one["remedy"], one["remedy_zh"] or phrases(one["remedy"]))
        rows.append((subject, f"{said}{detail}", remedy))
    return _table(say, "findings", ("subject", "says", "remedy"), rows)


def _acts(acts: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    rows, phrases = [], Phrases(say.language)
    for one in acts:
        what = say.known(f"act.{one['what']}") or one["what"]
        told = (say.known(f"outcome.{one['outcome']}") or one["outcome"], phrases(one["detail"]))
        outcome = say.choose(": ", "：").join(part for part in told if part)
        named = what if one["panel"] is None else f"{what}, {one['panel']}"
        rows.append((one["time"], named, one["actor"], outcome, one["event"]))
    return _table(say, "acts", ("when", "what", "actor", "outcome", "event"), rows)


def _client(settings: Sequence[Mapping[str, Any]], say: Catalog) -> Iterable[str]:
    seconds = {one["name"]: one["seconds"] for one in settings if one["area"] is None}
    lines = (
        say("client.delays", exit=seconds["exit_delay_s"], entry=seconds["entry_delay_s"]),
        say("client.cancel", minutes=seconds["cancel_window_s"] / 60),
        say("client.fire"),
        say("client.test"),
    )
    yield f"<h2>{_text(say('client'))}</h2><ul>"
    yield from (f"<li>{_text(line)}</li>" for line in lines)
    yield "</ul>"


# ---- tables


class _Bad(str):
    """A cell that wants to be seen."""

    __slots__ = ()


def _flag(say: Catalog, yes: str, no: str, *, good: bool) -> str:
    return say(yes) if good else _Bad(say(no))


def _table(
    say: Catalog, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> Iterable[str]:
    yield f"<h2>{_text(say(title))}</h2>"
    rows = list(rows)
    if not rows:
        yield f"<p>{_text(say('none'))}</p>"
        return
    yield "<table><tr>" + "".join(f"<th>{_text(say(name))}</th>" for name in columns) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(_cell(value) for value in row) + "</tr>"
    yield "</table>"


def _cell(value: object) -> str:
    mark = ' class="bad"' if isinstance(value, _Bad) else ""
    return f"<td{mark}>{_text(value)}</td>"


def _text(value: object) -> str:
    return "" if value is None else escape(safe(str(value)))
