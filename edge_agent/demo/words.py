"""What people read in the demo, in English and in Simplified Chinese."""

from collections.abc import Mapping

from edge_agent.language import LANGUAGES, Catalog, language

__all__ = ["LANGUAGES", "Words", "language"]

_WORDS: dict[str, tuple[str, str]] = {
    # the stage
    "title": ("edge-agent demo", "edge-agent 演示"),
    "setting_up": (
        "Setting the stage: keys, broker, center, panels",
        "搭建舞台：密钥、消息服务器、接警中心、主机",
    ),
    "settling": ("Waiting until every receipt is back", "等待所有回执返回"),
    "counting": ("Counting: ledgers against journal and center", "核对：主机台账、日志与接警中心"),
    "act": ("Act {act} of {acts}", "第 {act}/{acts} 幕"),
    "act1": ("A burglary", "入室盗窃"),
    "act2": ("A fire", "火灾"),
    "act3": ("A broken line", "线路中断"),
    "act4": ("A network cut", "网络中断"),
    # the story
    "break_in": ("Night. Someone opens the shop's front door", "夜里，有人打开了商铺前门"),
    "inside": ("Motion in the shop, and the back window opens", "店内有人移动，后窗被打开"),
    "torn_off": ("A detector is torn off the wall", "一只探测器被从墙上扯下"),
    "owner": ("The owner comes, disarms and cancels", "业主到场，撤防并取消报警"),
    "repaired": ("Everything closed and repaired", "一切关好、修好"),
    "smoke": ("Smoke in the kitchen of the restaurant", "餐馆厨房冒烟"),
    "fire_spreads": (
        "A second detector trips; guests flee through a side door",
        "第二只探测器报警，客人从侧门逃出",
    ),
    "call_point": ("A guest presses the call point", "一位客人按下手动报警按钮"),
    "mains_out": ("The mains fail", "市电中断"),
    "load": ("A storm: {panel} has much to say", "狂风暴雨：{panel} 信号密集"),
    "unplugged": (
        "The cable of {panel} is pulled out, in mid-sentence",
        "{panel} 的电缆话未说完就被拔掉",
    ),
    "plugged": ("Plugged in again: {panel} says what it kept", "重新插上：{panel} 补报保留的信号"),
    "network_cut": ("The network is cut: nothing gets through", "网络被切断：什么都送不出去"),
    "robbery": ("In the dark: a robbery at the counter", "断网期间：柜台遭抢劫"),
    "fire_offline": ("And smoke again: acknowledged, kept on disk", "又起烟雾：已确认，保存在磁盘"),
    "network_back": ("The network is back: the backlog goes out", "网络恢复：积压事件发出"),
    "quiet": ("The fire is out", "火已扑灭"),
    "armed": ("The shop is armed again", "商铺重新布防"),
    # the view
    "panel": ("panel", "主机"),
    "signal": ("what it said", "报告内容"),
    "acked": ("ACK", "确认"),
    "durable": ("disk", "落盘"),
    "center": ("center", "接警中心"),
    "receipt": ("receipt", "回执"),
    "time": ("time", "时间"),
    "network": ("network", "网络"),
    "disk": ("disk", "磁盘"),
    "no_ack": ("none", "无"),
    "up": ("up", "通"),
    "cut": ("CUT", "断"),
    "down": ("DOWN", "断"),
    "dead": ("DEAD", "已死"),
    "writes": ("writes", "可写"),
    "refuses": ("REFUSES", "拒写"),
    "finding_back": ("finding back", "重连中"),
    "totals": (
        "{said} said   {durable} durable   {stored} at the center   {receipted} receipted",
        "已报 {said}   已落盘 {durable}   接警中心已存 {stored}   已回执 {receipted}",
    ),
    "waiting": ("{waiting} waiting", "{waiting} 待送"),
    "latency": (
        "wire to center: median {p50}, worst 1% {p99}",
        "线路到接警中心：中位 {p50}，最差 1% {p99}",
    ),
    "ms": ("{ms} ms", "{ms} ms"),
    "s": ("{s} s", "{s} s"),
    # the summary
    "good": (
        "GOOD: every acknowledged signal is at the center, once, verified and receipted",
        "合格：得到确认的每个信号都在接警中心，只有一次，验签无误，并有回执",
    ),
    "bad": ("NOT GOOD", "不合格"),
    "sum_acknowledged": ("signals acknowledged by a panel", "主机得到确认的信号"),
    "sum_journaled": ("events in the gateway's journal", "网关日志中的事件"),
    "sum_received": ("events at the center", "接警中心收到的事件"),
    "sum_lost": ("lost", "丢失"),
    "sum_doubled": ("doubled", "重复"),
    "sum_unverified": ("not verified", "验证未通过"),
    "sum_latency": ("wire to center, median / worst 1%", "线路到接警中心，中位 / 最差 1%"),
    "sum_held_up": ("  the same, held up by an outage", "  同上，被中断耽搁的"),
    "sum_outages": ("outages, each a signed event", "中断（均有签名事件）"),
    "sum_verdicts": ("verdicts", "研判结论"),
    "of_signals": ("{count} signals", "{count} 个信号"),
    "lost_one": (
        "lost: {signal}, acknowledged, is not at the center",
        "丢失：{signal}，已确认，但接警中心没有",
    ),
    "surplus_one": (
        "doubled: {signal} is at the center more often than it was said",
        "重复：{signal} 在接警中心的次数多于主机所报",
    ),
    "unreceipted_one": (
        "unreceipted: {signal} has no valid receipt",
        "无回执：{signal} 没有有效回执",
    ),
    "undelivered": (
        "{count} events are in the journal and not at the center",
        "{count} 个事件在日志中而不在接警中心",
    ),
    "nothing_said": ("no signal was acknowledged at all", "没有任何信号得到确认"),
    "unverified_some": (
        "edge-center verify finds {count} problems",
        "edge-center verify 发现 {count} 个问题",
    ),
    "more": ("and {count} more", "另有 {count} 项"),
    "kept": ("kept in {folder}", "保存在 {folder}"),
    "try": ("look closer: {command}", "细看：{command}"),
    # what signals are about
    "zone": ("zone {number}", "防区 {number}"),
    "area": ("area {number}", "分区 {number}"),
    "user": ("user {number}", "用户 {number}"),
    "kind.medical": ("medical", "医疗"),
    "kind.fire": ("fire", "火警"),
    "kind.panic": ("panic", "紧急"),
    "kind.duress": ("duress", "胁迫"),
    "kind.holdup": ("hold-up", "抢劫"),
    "kind.burglary": ("burglary", "盗警"),
    "kind.tamper": ("tamper", "防拆"),
    "kind.power": ("power", "电源"),
    "kind.zone_trouble": ("zone trouble", "防区故障"),
    "kind.cancel": ("cancel", "取消"),
    "kind.open_close": ("", ""),
    "state.active": ("", ""),
    "state.restored": ("restored", "恢复"),
    "state.armed": ("armed", "布防"),
    "state.disarmed": ("disarmed", "撤防"),
}


class Words(Catalog):
    """The words of one language."""

    def __init__(self, language: str) -> None:
        super().__init__(_WORDS, language)

    def signal(self, told: Mapping[str, str | int | None]) -> str:
        """Return what a signal says, in a few words."""
        parts = [self._word("kind", told["kind"]), self._word("state", told["state"])]
        numbered = [name for name in ("zone", "user") if told[name] is not None]
        parts += [self(name, number=told[name]) for name in numbered]
        return " ".join(part for part in parts if part)

    def _word(self, group: str, word: object) -> str:
        known = self.known(f"{group}.{word}")
        return str(word) if known is None else known
