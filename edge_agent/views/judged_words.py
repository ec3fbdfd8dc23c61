"""What verdicts and findings say, in the reader's language.

An event holds the ids of rules and causes; their words stand with the rules.  What an event holds
in words itself (what was measured, what to do) is said as far as it is known
(`edge_agent.phrases.book`), else shown as it is.
"""

from typing import Any

from edge_agent.diagnosis import rules
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.language import Catalog
from edge_agent.phrases.book import Phrases
from edge_agent.views.signal_words import SignalWords
from edge_agent.views.zone_names import NO_NAMES, ZoneNames

TIERS = (
    ("nobody needed", "无需出警"),
    ("verify first", "先核实"),
    ("presence likely", "很可能有人"),
    ("property threatened", "财产受威胁"),
    ("life", "人身安全"),
)
"""What each tier of a verdict means, in a few words."""

ZONES_SHOWN_MAX = 8
REASONS_SHOWN_MAX = 3

_WORDS: dict[str, tuple[str, str]] = {
    "verdict": (
        "tier {tier}, {means}: {where}; {why}{cause}; {count} events, incident {incident}",
        "{tier} 级，{means}：{where}；{why}{cause}；依据 {count} 条事件，事件组 {incident}",
    ),
    "why": ("{says} ({ids})", "{says}（{ids}）"),
    "because": ("; cause: {cause}", "；原因：{cause}"),
    "panel": ("panel {name}", "主机 {name}"),
    "area": ("area {name}", "分区 {name}"),
    "zone": ("zone {name}", "防区 {name}"),
    "bus": ("bus {name}", "总线 {name}"),
    "supply": ("supply {name}", "电源 {name}"),
    "camera": ("camera {name}", "摄像机 {name}"),
    "gateway": ("gateway", "网关"),
    "over": ("over", "已消除"),
    "urgent": ("urgent", "紧急"),
    "maintain": ("maintain", "下次维护"),
    "notice": ("notice", "提示"),
    "between": ("; ", "；"),
    "listed": (", ", "、"),
}

CAUSES: dict[str, tuple[str, str]] = {
    "loose_contact": ("loose contact", "触点松动"),
    "loop_drift": ("loop drifts", "回路阻值漂移"),
    "cable_cut": ("cable cut", "线缆断路"),
    "cable_short": ("cable shorted", "线缆短路"),
    "earth_fault": ("earth fault", "接地故障"),
    "supply_low": ("supply low", "电源电压低"),
    "battery_low": ("battery low", "电池电压低"),
    "mains_loss": ("mains lost", "市电中断"),
    "radio_interference": ("radio disturbed", "无线干扰"),
    "radio_supervision": ("radio not heard", "无线失联"),
    "sensor_degraded": ("detector degraded", "探测器性能下降"),
    "sensor_stuck": ("detector stuck", "探测器卡滞"),
    "sensor_dead": ("detector dead", "探测器失效"),
    "common_cause": ("one cause of many", "共因"),
    "bus_fault": ("bus fails", "总线故障"),
    "panel_clock": ("panel's clock wrong", "主机时钟不准"),
    "line_noise": ("line damages frames", "线路噪声"),
    "link_loss": ("link lost", "链路中断"),
    "exit_error": ("error at leaving", "离开时误操作"),
    "entry_late": ("late at the keypad", "进入后撤防过晚"),
    "wrong_code": ("wrong code", "密码错误"),
    "unscheduled_user": ("user out of hours", "非营业时间进入"),
    "nuisance": ("nuisance", "环境误触发"),
    "test": ("test", "测试"),
    "maintenance": ("maintenance", "维护"),
    "fire_unverified": ("fire not verified", "火警未确认"),
}
"""What lies behind a false alarm, or a fault that will bring one (`diagnosis.cause`)."""


OWN: dict[str, str] = {
    "anchor_failed": "时间戳获取失败",
    "broker_refused": "被消息服务器拒绝",
    "broker_unreachable": "无法连接消息服务器",
    "camera_answer": "摄像机未给出完整图像",
    "camera_files": "摄像机的证书或密码文件不可用",
    "camera_login": "摄像机登录失败",
    "camera_slow": "摄像机过慢",
    "camera_tls": "摄像机证书不符",
    "camera_unreachable": "无法连接摄像机",
    "card_copied": "存储卡被复制",
    "card_moved": "存储卡移至其他设备",
    "card_worn": "存储卡磨损",
    "card_writes": "存储卡写入过多",
    "certificate_ended": "证书已过期",
    "certificate_ends": "证书即将到期",
    "charter_file": "章程文件不可用",
    "clips_full": "录像空间不足",
    "clock_unsure": "时钟不可信",
    "credentials": "证书或密钥文件不可用",
    "device_uncertified": "设备未认证",
    "device_unlisted": "设备未登记",
    "disk_full": "磁盘将满",
    "disk_refuses": "存储拒绝写入",
    "disk_slow": "存储过慢",
    "driver_broken": "驱动故障",
    "false_alarms": "误报过多",
    "foreign_journal": "其他网关的存储卡",
    "handles_low": "文件句柄不足",
    "handover": "移交受阻",
    "interface_missing": "网络接口缺失",
    "judging_failed": "研判程序故障",
    "key_unusable": "身份密钥不可用",
    "memory_high": "程序占用内存过多",
    "memory_short": "内存不足",
    "name_unresolved": "域名无法解析",
    "outside_charter": "超出章程范围",
    "overheated": "温度过高",
    "program_altered": "程序文件被改动",
    "program_unchecked": "程序文件未能核对",
    "receipt_missing": "未收到回执",
    "renewal_failed": "证书续期失败",
    "second_signature_failed": "第二签名失败",
    "source_lost": "传感数据丢失",
    "threads_many": "线程过多",
    "throttled": "处理器降频",
    "tls_refused": "TLS 连接失败",
}
"""What a gateway finds of itself, in Chinese; in English its name is said, as the pages list it."""


class Judged:
    """Says verdicts and findings, as facts of their bodies (`rendering.facts`), in one language.

    `names` are those of the site's zones, where they are known.
    """

    def __init__(self, language: str, names: ZoneNames = NO_NAMES) -> None:
        self._say, self._phrases = Catalog(_WORDS, language), Phrases(language)
        self._names, self._signals = names, SignalWords(language, names)

    def tier(self, tier: int) -> str:
        """Return what a tier means."""
        return self._say.choose(*TIERS[tier])

    def reason(self, rule: str) -> str:
        """Return what a verdict's rule says; its id where this version does not know it."""
        known = rules.RULES.get(rule)
        return rule if known is None else self._say.choose(known.english, known.chinese)

    def cause(self, cause: str) -> str:
        """Return what a cause is called; as it stands where this version does not know it."""
        return self._say.choose(*CAUSES.get(cause, (cause, OWN.get(cause, ""))))

    def signal(self, body: dict[str, Any]) -> str:
        """Return a signal in one line."""
        return self._signals.signal(body)

    def zone(self, panel: str, zone: int) -> str:
        """Return a zone's number, with its name where that is known."""
        return self._names.label(panel, zone)

    def verdict(self, body: dict[str, Any]) -> str:
        """Return a verdict in one line."""
        return self.incident(body, len(body["evidence"]))

    def incident(self, body: dict[str, Any], events: int) -> str:
        """Return how an incident of so many events stands, in one line."""
        say = self._say
        where = [say(name, name=body[name]) for name in ("panel", "area") if body[name] is not None]
        if body["zones"]:
            where.append(say("zone", name=self._zones(body["panel"], body["zones"])))
        reasons = body["reasons"]
        return say(
            "verdict",
            tier=body["tier"],
            means=self.tier(body["tier"]),
            where=" ".join(where) or "-",
            why=say(
                "why",
                says=self.reason(reasons[0]).rstrip(".。") if reasons else "-",
                ids=", ".join(reasons[:REASONS_SHOWN_MAX]),
            ),
            cause=say("because", cause=self.cause(body["cause"])) if body["cause"] else "",
            count=events,
            incident=body["incident"],
        )

    def finding(self, body: dict[str, Any]) -> str:
        """Return a finding in one line."""
        say = self._say
        panel, *parts = body["subject"].values()
        named = say("gateway") if panel == GATEWAY_PANEL else str(panel)
        kinds = [*body["subject"]][1:]
        subject = [named, *(self._part(panel, *one) for one in zip(kinds, parts, strict=True))]
        state = "over" if body["over"] else body["severity"]
        words = [f"{' '.join(subject)} {self.cause(body['cause'])} {say.known(state) or state}"]
        if not body["over"]:
            words += [self._phrases(text) for text in (body["detail"], body["remedy"]) if text]
        return say("between").join(words)

    def _zones(self, panel: str | None, zones: list[int]) -> str:
        """Return the zones of an incident, so many as a line holds."""
        labels = [self._names.short(panel or "", zone) for zone in zones[:ZONES_SHOWN_MAX]]
        more = ["…"] if len(zones) > ZONES_SHOWN_MAX else []
        return self._say("listed").join(labels + more)

    def _part(self, panel: str, name: str, value: object) -> str:
        known = self._say.known(name)
        if name == "zone" and isinstance(value, int):
            value = self._names.label(panel, value)
        return f"{name} {value}" if known is None else known.format(name=value)
