"""What `edge-center fleet` shows people: some lines a gateway, and one for all of them."""

from collections import Counter
from typing import Any

from edge_agent.center.ages import age
from edge_agent.center.fleet import CONNECTION_LOST, NEVER_HEARD, OFFLINE, ONLINE, STOPPED
from edge_agent.center.handover import HANDED_OVER, OUT_OF_SERVICE
from edge_agent.center.troubles import MISSING, UNVOUCHED, WRONG
from edge_agent.language import Catalog
from edge_agent.views import rendering
from edge_agent.views.judged_words import Judged

WORDS: dict[str, tuple[str, str]] = {
    ONLINE: ("online", "在线"),
    OFFLINE: ("offline", "离线"),
    CONNECTION_LOST: ("connection lost", "连接中断"),
    STOPPED: ("stopped", "已停止"),
    NEVER_HEARD: ("never heard", "从未收到"),
    "head": ("{gateway}: {state}, last heartbeat {heard}", "{gateway}：{state}，上次心跳 {heard}"),
    "ago": ("{age} ago", "{age}前"),
    "never": ("never", "从未"),
    HANDED_OVER: ("handed over", "已移交"),
    OUT_OF_SERVICE: ("taken out of service", "已停用"),
    "farewell": ("{what}: {why}", "{what}：{why}"),
    "not_made": ("no such gateway was made here", "本中心未创建此网关"),
    "charter": (
        "ITS CHARTER IS NOT OURS: {there} there, {here} here",
        "网关章程与本中心不一致：网关 {there}，本中心 {here}",
    ),
    "none": ("none", "无"),
    "epoch": (
        "epoch {epoch}: {stored} stored{missing}, proved to {proved}{marks}",
        "运行期 {epoch}：已存 {stored}{missing}，已证实至 {proved}{marks}",
    ),
    "missing": (", {count} missing", "，缺失 {count}"),
    "unvouched": (" [unvouched]", " [未担保]"),
    "root": (" [ROOT DOES NOT FIT]", " [根哈希不符]"),
    "doubles": ("doubles {count}", "重复 {count}"),
    "problem": ("PROBLEM {what} at {place}: {detail}", "问题 {what}，位于 {place}：{detail}"),
    "more": ("and {count} more problems: see --json", "另有 {count} 个问题：见 --json"),
    "settled": ("settled {name}: {why}; {actor}, {time}", "已查明 {name}：{why}；{actor}，{time}"),
    "waiting": ("waiting there {count}, clock {clock}", "网关待发 {count}，时钟 {clock}"),
    "trust.synced": ("synced", "已同步"),
    "trust.holdover": ("holdover", "保持中"),
    "trust.unset": ("unset", "未校时"),
    "disk": ("ITS DISK REFUSES", "网关存储拒绝写入"),
    "body": ("ITS BODY: {conditions}", "网关状况：{conditions}"),
    "panels": ("panels not there: {panels}", "主机不在线：{panels}"),
    "between": (", ", "，"),
    "remedy": ("; {remedy}", "；{remedy}"),
    "summary": (
        "gateways {count}: {states}; {wrong} with problems",
        "网关 {count}：{states}；有问题 {wrong}",
    ),
    "there": ("{count} there", "在线 {count}"),
    "lost": ("{count} lost", "失联 {count}"),
    "stood": ("{count} stopped", "已停止 {count}"),
    "gone": ("{count} gone for good", "已退出 {count}"),
    "unheard": ("{count} never heard", "从未收到 {count}"),
    "is.fork": ("fork", "编号分叉"),
    "is.root": ("root", "根哈希不符"),
    "is.clone": ("clone", "存储卡被复制"),
    "is.branch": ("branch", "运行期分叉"),
    "is.rollback": ("rollback", "存储卡被回退"),
    "is.moved": ("moved", "更换设备"),
    "is.copied": ("copied", "更换存储卡"),
    "is.unwritten": ("unwritten", "未写入存储卡"),
    "is.previous_root": ("previous_root", "前一运行期根哈希不符"),
    "is.key_reused": ("key_reused", "事件密钥重复使用"),
    "is.forks": ("forks", "分叉"),
    "is.forged": ("forged", "签名不符"),
    "is.malformed": ("malformed", "格式错误"),
    "is.misdirected": ("misdirected", "主题不符"),
    "is.stranger": ("stranger", "身份不符"),
    "is.unknown_key": ("unknown_key", "密钥未知"),
    "is.bad_status": ("bad_status", "心跳不符"),
    "remedy.clone": (
        "",
        (
            "两台设备以同一网关身份运行：停用假冒设备，为真网关配发新密钥"
            "（用 `edge-center init` 起新名称），销毁复制卡"
        ),
    ),
    "remedy.moved": ("", "如无人更换设备，则存储卡被盗或被复制：为网关配发新密钥；否则无需处理"),
    "remedy.copied": (
        "",
        "如无人更换存储卡，则该卡被复制：为网关配发新密钥并销毁旧卡；否则无需处理",
    ),
    "remedy.rollback": (
        "",
        "存储卡恢复了旧镜像，或有人隐藏其内容：查问何人所为；此前收到的事件仍保存在此",
    ),
    "remedy.branch": ("", "存储卡被复制或回退：查问何人所为，并确认没有第二台设备在运行"),
    "remedy.unwritten": ("", "无需处理：此处未丢失事件；如存储卡仍拒绝写入，请更换"),
}

PROBLEMS_SHOWN_MAX = 20  # of a gateway, the newest


def lines(fact: dict[str, Any], now_ms: int, say: Catalog) -> list[str]:
    """Return some lines about one gateway."""
    tell = _Teller(fact, now_ms, say)
    text = [tell.head()]
    if fact["farewell"] and fact["state"] in (STOPPED, OFFLINE):
        text.append(f"  {tell.farewell()}")
    if not fact["known"]:
        text.append(f"  {say('not_made')}")
    text += [f"  {one}" for one in (*tell.status(), *tell.charter(), *tell.epochs())]
    text.append(f"  {tell.counters()}")
    text += [f"  {one}" for one in (*tell.problems(), *tell.settled())]
    return [rendering.safe(line) for line in text]


class _Teller:
    """Says the facts of one gateway, in one language."""

    def __init__(self, fact: dict[str, Any], now_ms: int, say: Catalog) -> None:
        self._fact, self._now_ms, self._say = fact, now_ms, say
        shown = [one for one in fact["troubles"] if one["shown"]]
        self._shown = {(one["what"], one["epoch"]) for one in shown}

    def _is_shown(self, what: str, epoch: str = "") -> bool:
        return (what, epoch) in self._shown

    def head(self) -> str:
        say, heard_ms = self._say, self._fact["heard_ms"]
        heard = say("never")
        if heard_ms is not None:
            heard = say("ago", age=age(self._now_ms - heard_ms, say.language))
        return say(
            "head", gateway=self._fact["gateway"], state=say(self._fact["state"]), heard=heard
        )

    def farewell(self) -> str:
        what, _, why = self._fact["farewell"].partition(": ")
        return self._say("farewell", what=self._say(what), why=why)

    def status(self) -> list[str]:
        say, status = self._say, self._fact["status"]
        if not status:
            return []
        text = [say("waiting", count=status["outstanding"], clock=say(f"trust.{status['clock']}"))]
        if status["disk_refused"]:
            text.append(say("disk"))
        if status["conditions"]:
            judged = Judged(say.language)
            conditions = status["conditions"]
            if say.language != "en":
                conditions = [judged.cause(one) for one in conditions]
            text.append(say("body", conditions=say("between").join(conditions)))
        away = [panel for panel, online in status["panels"].items() if online is not True]
        if away:
            text.append(say("panels", panels=say("between").join(away)))
        return text

    def charter(self) -> list[str]:
        fact = self._fact
        if not fact["status"] or fact["charter"] == fact["status"]["charter"]:
            return []
        there, here = (
            self._say("none") if one is None else f"{one['number']}, {one['digest'][:8]}"
            for one in (fact["status"]["charter"], fact["charter"])
        )
        return [self._say("charter", there=there, here=here)]

    def epochs(self) -> list[str]:
        say, text = self._say, []
        for epoch in self._fact["epochs"]:
            name, missing = epoch["epoch"], ""
            marks = say("unvouched") if self._is_shown(UNVOUCHED, name) else ""
            if epoch["broken"] and self._is_shown("root", name):
                marks += say("root")
            if self._is_shown(MISSING, name):
                missing = say("missing", count=epoch["missing"])
            text.append(
                say(
                    "epoch",
                    epoch=name[:6],
                    stored=epoch["stored"],
                    missing=missing,
                    proved=epoch["proved_to"],
                    marks=marks,
                )
            )
        return text

    def counters(self) -> str:
        say, counters = self._say, self._fact["counters"]
        wrong = [f"{say(f'is.{name}')} {counters[name]}" for name in WRONG if self._is_shown(name)]
        return say("between").join([say("doubles", count=counters.get("doubles", 0)), *wrong])

    def problems(self) -> list[str]:
        say, problems = self._say, self._fact["problems"]
        text = [self._problem(one) for one in problems[:PROBLEMS_SHOWN_MAX]]
        if len(problems) > PROBLEMS_SHOWN_MAX:
            text.append(say("more", count=len(problems) - PROBLEMS_SHOWN_MAX))
        return text

    def _problem(self, one: dict[str, Any]) -> str:
        say = self._say
        what = say.known(f"is.{one['what']}") or one["what"]
        if what != one["what"]:
            what = f"{what} ({one['what']})"
        told = say(
            "problem", what=what, place=f"{one['epoch'][:6]}/{one['seq']}", detail=one["detail"]
        )
        if not one["remedy"]:
            return told
        remedy = say.choose(one["remedy"], say.known(f"remedy.{one['what']}") or "")
        return told + say("remedy", remedy=remedy)

    def settled(self) -> list[str]:
        say = self._say
        return [
            say(
                "settled",
                name=one["name"],
                why=one["settled"]["why"],
                actor=one["settled"]["actor"],
                time=rendering.time_text(one["settled"]["time_ms"], None),
            )
            for one in self._fact["troubles"]
            if one["settled"] and one["shown"]
        ]


class Sum:
    """Counts gateways by how they stand."""

    def __init__(self) -> None:
        self._states: Counter[str] = Counter()
        self._wrong = 0

    def add(self, fact: dict[str, Any]) -> None:
        """Count one."""
        self._states[_standing(fact)] += 1
        self._wrong += bool(fact["wrong"])

    @property
    def total(self) -> int:
        """How many were counted."""
        return self._states.total()

    def line(self, say: Catalog) -> str:
        """Return how many there are, lost, and with problems."""
        names = ("there", "lost", "stood", "gone", "unheard")
        always = ("there", "lost")
        states = [
            say(name, count=self._states[name])
            for name in names
            if self._states[name] or name in always
        ]
        return say(
            "summary",
            count=self.total,
            states=say("between").join(states),
            wrong=self._wrong,
        )


def _standing(fact: dict[str, Any]) -> str:
    if fact["farewell"] and fact["state"] in (STOPPED, OFFLINE):
        return "gone"
    return {ONLINE: "there", STOPPED: "stood", NEVER_HEARD: "unheard"}.get(fact["state"], "lost")
