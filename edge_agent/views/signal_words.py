"""What panels say, in the reader's language: kinds and states of signals, and what they are of."""

from typing import Any

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.language import Catalog
from edge_agent.views.zone_names import NO_NAMES, ZoneNames

_KINDS: dict[Kind, str] = {
    Kind.MEDICAL: "医疗",
    Kind.FIRE: "火警",
    Kind.FIRE_SUPERVISORY: "消防监管",
    Kind.PANIC: "紧急",
    Kind.DURESS: "胁迫",
    Kind.HOLDUP: "抢劫",
    Kind.BURGLARY: "盗警",
    Kind.TAMPER: "防拆",
    Kind.GAS: "可燃气体",
    Kind.CO: "一氧化碳",
    Kind.ENVIRONMENT: "环境",
    Kind.ZONE_TROUBLE: "防区故障",
    Kind.MODULE_TROUBLE: "模块故障",
    Kind.SYSTEM_TROUBLE: "系统故障",
    Kind.POWER: "电源",
    Kind.COMMS: "通信",
    Kind.OPEN_CLOSE: "布撤防",
    Kind.EXIT_ERROR: "外出错误",
    Kind.CANCEL: "取消",
    Kind.BYPASS: "旁路",
    Kind.DISABLE: "屏蔽",
    Kind.ACCESS: "出入",
    Kind.SERVICE: "维修",
    Kind.TEST: "测试",
    Kind.SCHEDULE: "时间表",
    Kind.REMOTE: "远程",
    Kind.LOG: "记录",
    Kind.UNKNOWN: "未知",
    Kind.ZONE: "防区",
    Kind.AREA: "分区",
    Kind.OUTPUT: "输出",
    Kind.PANEL: "主机",
    Kind.LOOP: "回路",
}
_STATES: dict[State, str] = {
    State.ACTIVE: "发生",
    State.RESTORED: "恢复",
    State.STATUS: "持续",
    State.ARMED: "布防",
    State.DISARMED: "撤防",
    State.CLOSED: "关闭",
    State.OPEN: "打开",
    State.TAMPER: "防拆",
    State.FAULT: "故障",
    State.MASKED: "被遮挡",
    State.BYPASSED: "旁路",
    State.UNKNOWN: "未知",
    State.ARMED_AWAY: "外出布防",
    State.ARMED_STAY: "留守布防",
    State.EXIT_DELAY: "退出延时",
    State.ENTRY_DELAY: "进入延时",
    State.ALARM: "报警",
    State.ON: "开",
    State.OFF: "关",
    State.ONLINE: "在线",
    State.OFFLINE: "离线",
}
_ORIGINS: dict[Origin, str] = {
    Origin.LIVE: "实时",
    Origin.AT_START: "连接时已存在",
    Origin.BACKFILL: "补报",
}
_DETAILS: dict[str, str] = {
    "code": "代码",
    "area": "分区",
    "zone": "防区",
    "user": "用户",
    "account": "账号",
    "text": "文字",
}
_WORDS: dict[str, tuple[str, str]] = {
    **{f"kind.{word}": (str(word), chinese) for word, chinese in _KINDS.items()},
    **{f"state.{word}": (str(word), chinese) for word, chinese in _STATES.items()},
    **{f"origin.{word}": (f" ({word})", f"（{chinese}）") for word, chinese in _ORIGINS.items()},
    **{f"of.{name}": (name, chinese) for name, chinese in _DETAILS.items()},
}


class SignalWords:
    """Says signals, as facts of their bodies (`rendering.facts`), in one language."""

    def __init__(self, language: str, names: ZoneNames = NO_NAMES) -> None:
        self._say, self._names = Catalog(_WORDS, language), names

    def signal(self, body: dict[str, Any]) -> str:
        """Return a signal in one line."""
        say, told = self._say, dict(body)
        if told["zone"] is not None:
            told["zone"] = self._names.label(told["panel"], told["zone"])
        state = say(f"state.{told['state']}")
        if told["origin"] != Origin.LIVE:
            state += say(f"origin.{told['origin']}")
        details = [
            f"{say(f'of.{name}')} {told[name]}" for name in _DETAILS if told[name] is not None
        ]
        return " ".join([told["panel"], say(f"kind.{told['kind']}"), state, *details])
