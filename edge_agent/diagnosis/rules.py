"""The rules as data: what each is called, whose it is, its parameters, its sense in two tongues.

A verdict names rules by their id.  The functions that apply them are beside; a test keeps this
table, the functions and docs/diagnosis.md together.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a rule: its default, and the range that the clause allows (in the unit named)."""

    default: float
    least: float
    most: float
    clause: str

    def allows(self, value: float) -> bool:
        """Whether the standard allows it."""
        return self.least <= value <= self.most


TIMES: dict[str, Parameter] = {
    "entry_delay_s": Parameter(30, 30, 240, "ANSI/SIA CP-01 entry delay"),
    "exit_delay_s": Parameter(60, 45, 255, "ANSI/SIA CP-01 exit delay"),
    "abort_window_s": Parameter(30, 0, 45, "ANSI/SIA CP-01 abort window"),
    "cancel_window_s": Parameter(300, 300, 300, "ANSI/SIA CP-01 cancel window"),
    "confirm_window_s": Parameter(3600, 1800, 3600, "BS 8243 confirmation time"),
    "recent_close_s": Parameter(120, 120, 120, "ANSI/SIA CP-01 recent closing"),
    "settling_s": Parameter(60, 60, 3600, "ANSI/SIA CP-01 power restoral"),
    "holdup_window_s": Parameter(28_800, 28_800, 72_000, "BS 8243 hold-up confirmation"),
    "fire_window_s": Parameter(900, 60, 3600, "UL 864 / NFPA 72 alarm verification"),
    "test_max_s": Parameter(3600, 60, 28_800, "own: a forgotten walk test ends"),
    "service_max_s": Parameter(28_800, 60, 86_400, "own: a forgotten engineer's visit ends"),
}
"""Times that an area or a site may state (`edge_agent.domain.site.Times`), by their key."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `effect` is what it does to a tier, `standard` whose it is ("own": ours)."""

    standard: str
    effect: str
    english: str
    chinese: str
    parameters: dict[str, Parameter] = field(default_factory=dict)

    def value(self, name: str) -> float:
        """Return the default of a parameter."""
        return self.parameters[name].default

    def ns(self, name: str) -> int:
        """Return the default of a parameter in seconds (`..._s`) in nanoseconds."""
        assert name.endswith("_s"), f"{name} is no time"
        return round(self.parameters[name].default * 1_000_000_000)


def _times(*names: str) -> dict[str, Parameter]:
    return {name: TIMES[name] for name in names}


RULES: dict[str, Rule] = {
    "bs8243.unconfirmed": Rule(
        "BS 8243, CLC/TS 50131-9",
        "1",
        "Nothing independent confirms it: to be verified before anybody is sent.",
        "没有独立探测器印证：派人之前先核实。",
    ),
    "bs8243.sequential": Rule(
        "BS 8243, CLC/TS 50131-9",
        "2",
        "A second, independent detector alarmed within the confirmation time: somebody is there.",
        "确认时间内第二个独立探测器报警：很可能有人。",
        _times("confirm_window_s"),
    ),
    "bs8243.outdoors": Rule(
        "BS 8243",
        "no witness",
        "A detector out of doors never confirms an alarm.",
        "室外探测器不能用来确认报警。",
    ),
    "avs01.breach_and_room": Rule(
        "ANSI/TMA AVS-01",
        "3",
        "The outer shell was broken and a room behind it entered: property is threatened.",
        "周界被突破后室内又触发：财产受到威胁。",
    ),
    "avs01.tamper_and_trip": Rule(
        "ANSI/TMA AVS-01",
        "3",
        "A tamper, a cut wire or a covered detector, and an independent trip: somebody works"
        " against the system.",
        "防拆、断线或遮挡与独立触发同时出现：有人在对付系统。",
    ),
    "tamper.first": Rule(
        "CLC/TS 50131-9",
        "1",
        "A tamper came first: reported as a tamper, not as an intruder; while disarmed never more.",
        "先出现防拆：按防拆上报，不算入侵；撤防时不升级。",
    ),
    "motion.apart": Rule(
        "own",
        "no witness",
        "Only motion, in two rooms more than five minutes apart and nothing opened: pets and"
        " objects do that, people walking are seen more often.  A third room lifts it.",
        "只有移动探测，两室相隔五分钟以上且无门窗开启：多为宠物或物体；第三室触发即解除。",
        {"apart_s": Parameter(300, 180, 1800, "own")},
    ),
    "trip.opening": Rule(
        "own",
        "counts",
        "A zone opened while its area was armed: a trip, though the panel told no alarm of it.",
        "布防时防区打开：虽无报警也算触发。",
    ),
    "trip.unreported": Rule(
        "own",
        "1",
        "A zone opened while its area was armed and the panel called no alarm.",
        "布防时防区打开而主机未报警。",
    ),
    "panel.area_alarm": Rule(
        "own",
        "1",
        "The panel shows an area in alarm and tells no zone's alarm.",
        "主机显示分区报警但未报具体防区。",
    ),
    "panel.verified": Rule(
        "SIA DC-05 code 139",
        "2",
        "The panel itself confirmed the alarm, by a detector that it did not name.",
        "主机自行确认了报警，但未说明是哪个探测器。",
    ),
    "cp01.entry": Rule(
        "ANSI/SIA CP-01",
        "label",
        "The alarm came on the way in, by a door with an entry delay.",
        "报警发生在进入路线上（延时门）。",
        _times("entry_delay_s"),
    ),
    "cp01.entry_expired": Rule(
        "ANSI/SIA CP-01",
        "1",
        "The entry delay is over, nobody disarmed, and the panel called no alarm.",
        "进入延时已过，无人撤防，主机也未报警。",
        _times("entry_delay_s"),
    ),
    "cp01.exit_error": Rule(
        "ANSI/SIA CP-01",
        "label",
        "The exit door was open at the end of the exit delay.",
        "外出延时结束时出口门未关。",
        _times("exit_delay_s"),
    ),
    "cp01.recent_close": Rule(
        "ANSI/SIA CP-01",
        "label",
        "The area had been armed only a moment before.",
        "刚布防即报警。",
        _times("recent_close_s", "exit_delay_s"),
    ),
    "cp01.way_out": Rule(
        "ANSI/SIA CP-01",
        "one witness",
        "Only the way in tripped, and one room in the moments after arming: whoever leaves is too"
        " slow, or came back.  A window lifts it, a second room, and a room that trips later.",
        "刚布防后仅进出路线与一室触发：多为离开过慢或返回；窗户、第二室或稍后的室内触发即解除。",
        _times("recent_close_s", "exit_delay_s"),
    ),
    "bs8243.way_in": Rule(
        "BS 8243",
        "one witness",
        "Only the door and the way in tripped, within the entry delay: somebody came by the door,"
        " perhaps by right.  Who goes on is believed.",
        "仅入口路线在进入延时内触发：有人从门进入，可能有权；继续活动即解除。",
        _times("entry_delay_s"),
    ),
    "cp01.abort": Rule(
        "ANSI/SIA CP-01",
        "0, with a tamper 1",
        "A known user's code ended the alarm within the abort window.",
        "有效用户在中止时间内撤防。",
        _times("abort_window_s"),
    ),
    "cp01.cancel": Rule(
        "ANSI/SIA CP-01",
        "0, with a tamper 1",
        "A known user's code ended the alarm within the cancel window.",
        "有效用户在取消时间内撤防或取消。",
        _times("cancel_window_s"),
    ),
    "cp01.late_code": Rule(
        "own",
        "unchanged",
        "A known user disarmed too late to clear it: owners come home after burglars too.",
        "有效用户撤防太晚，不能消除报警：主人也会在盗贼之后回家。",
        _times("cancel_window_s"),
    ),
    "cp01.duress": Rule(
        "ANSI/SIA CP-01",
        "4; a clearing a moment before is void",
        "A code was given under threat.",
        "胁迫码：有人受到威胁。",
        {"window_s": Parameter(60, 30, 300, "own")},
    ),
    "cp01.swinger": Rule(
        "ANSI/SIA CP-01",
        "one witness",
        "One zone tripped again and again; it stays one witness, and any other zone lifts that.",
        "同一防区反复触发：只算一个证据，其他防区触发即解除。",
        {"trips": Parameter(2, 1, 6, "ANSI/SIA CP-01 swinger shutdown")},
    ),
    "cp01.cross_zone": Rule(
        "ANSI/SIA CP-01",
        "label",
        "The panel's own cross zone found no partner.",
        "主机交叉防区未得到确认。",
    ),
    "cp01.settling": Rule(
        "ANSI/SIA CP-01",
        "one witness",
        "Power had just come back: detectors settle.  A trip after that lifts it.",
        "刚恢复供电，探测器尚未稳定；此后的触发即解除。",
        _times("settling_s"),
    ),
    "common.cause": Rule(
        "own",
        "one witness",
        "Zones that may share a bus or supply tripped at one moment, faster than anybody walks:"
        " lightning, a dip of the supply, a bus.  A trip by itself lifts it.",
        "可能同总线或同电源的防区同时触发，快于步行：雷电、电源跌落或总线；单独触发即解除。",
        {
            "together_s": Parameter(2, 1, 4, "own"),
            "run_factor": Parameter(2, 1.5, 3, "own"),
            "sight_s": Parameter(3, 0, 5, "own"),
        },
    ),
    "mains.step": Rule(
        "own",
        "one witness",
        "It tripped as the mains came or went: detectors do that by themselves.",
        "市电通断瞬间触发：探测器自身会误动。",
        {"around_s": Parameter(3, 1, 10, "own")},
    ),
    "supply.low": Rule(
        "own",
        "one witness",
        "What powers the zone was failing: all that it powers is one witness.",
        "供电异常：同一电源的防区只算一个证据。",
        {
            "suspect_s": Parameter(600, 60, 3600, "own"),
            "low_v": Parameter(11.2, 10.5, 11.5, "makers' manuals"),
        },
    ),
    "bus.fault": Rule(
        "own",
        "one witness",
        "The bus or expander of the zone was failing: all that hangs on it is one witness.",
        "总线或扩展模块故障：其上防区只算一个证据。",
        {"suspect_s": Parameter(600, 60, 3600, "own")},
    ),
    "radio.interference": Rule(
        "EN 50131-5-3",
        "one witness",
        "The wireless band was disturbed: wireless zones are one witness.",
        "无线受到干扰：无线防区只算一个证据。",
        {"suspect_s": Parameter(600, 60, 3600, "own")},
    ),
    "radio.jam_with_trip": Rule(
        "EN 50131-5-3",
        "2",
        "The wireless band is jammed and a wired zone of the armed area tripped.",
        "无线被阻塞且布防分区的有线防区触发。",
        {"before_s": Parameter(300, 60, 900, "own")},
    ),
    "link.loss_with_trip": Rule(
        "own, after NSI",
        "2",
        "A link was lost about when a zone of the armed area tripped.  A lost link alone is none.",
        "链路中断与布防分区触发几乎同时；仅断线不算。",
        {"before_s": Parameter(300, 60, 900, "own"), "after_s": Parameter(60, 10, 300, "own")},
    ),
    "isa.chattering": Rule(
        "ISA-18.2, IEC 62682",
        "one incident",
        "A zone alarmed three times within a minute.",
        "防区一分钟内三次报警。",
        {"trips": Parameter(3, 3, 5, "ISA-18.2"), "within_s": Parameter(60, 60, 60, "ISA-18.2")},
    ),
    "isa.fleeting": Rule(
        "ISA-18.2, IEC 62682",
        "label",
        "A detector came back to rest within seconds, by itself.",
        "探测器数秒内自行恢复。",
        {"within_s": Parameter(3, 1, 10, "ISA-18.2")},
    ),
    "isa.stale": Rule(
        "ISA-18.2, IEC 62682",
        "label",
        "The zone had stood open for more than a day.",
        "防区已持续打开超过一天。",
        {"after_s": Parameter(86_400, 86_400, 86_400, "ISA-18.2")},
    ),
    "isa.flood": Rule(
        "ISA-18.2, IEC 62682",
        "label",
        "More than ten alarms in ten minutes.",
        "十分钟内超过十个报警。",
        {"alarms": Parameter(10, 10, 10, "ISA-18.2"), "within_s": Parameter(600, 600, 600, "same")},
    ),
    "schedule.closed": Rule(
        "own",
        "label",
        "The way in was opened outside of the hours.",
        "在非营业时间打开入口。",
    ),
    "schedule.open": Rule(
        "own",
        "label",
        "It is within the hours, or the tolerance around them: people may have come to work.",
        "处于营业时间或其容差内：可能是员工。",
    ),
    "test.walk": Rule(
        "SIA DC-05 code 607",
        "0; in an armed area 1",
        "A walk test of this zone or its area goes on.",
        "该防区或分区正在步测。",
        _times("test_max_s"),
    ),
    "maintenance.window": Rule(
        "own",
        "0 for named zones, else 1",
        "Announced work, while disarmed.",
        "撤防状态下的已登记维护。",
    ),
    "maintenance.visit": Rule(
        "SIA DC-05 code 466",
        "1",
        "An engineer is on site, while disarmed.",
        "撤防状态下工程人员在现场。",
        _times("service_max_s"),
    ),
    "soak": Rule(
        "UK practice",
        "no witness",
        "The zone is new or repaired, and on trial until a date.",
        "新装或修复的防区，试运行中。",
    ),
    "incident.continued": Rule(
        "own",
        "label",
        "It goes on from an incident that holds as many lines as one may.",
        "延续上一事件（单个事件的行数有限）。",
    ),
    "life.medical": Rule("AVS-01", "4", "Somebody asks for medical help.", "有人请求医疗救助。"),
    "life.panic": Rule("AVS-01", "4", "A panic button was pressed.", "紧急按钮被按下。"),
    "life.holdup": Rule("AVS-01", "4", "A hold-up was signalled.", "劫持报警。"),
    "holdup.confirmed": Rule(
        "BS 8243",
        "label",
        "Two actuations more than two minutes apart, or one with a tamper.",
        "两次触发相隔两分钟以上，或伴随防拆。",
        {"apart_s": Parameter(120, 120, 120, "BS 8243"), **_times("holdup_window_s")},
    ),
    "fire.first": Rule(
        "UL 864, NFPA 72",
        "2",
        "One fire detector alarmed; it is never held back.",
        "单个火灾探测器报警，绝不延迟。",
    ),
    "fire.again": Rule(
        "UL 864, NFPA 72",
        "label",
        "The same fire detector alarmed again.",
        "同一火灾探测器再次报警。",
    ),
    "fire.second_detector": Rule(
        "UL 864, NFPA 72",
        "3, occupied 4",
        "A second fire detector alarmed.",
        "第二个火灾探测器报警。",
        _times("fire_window_s"),
    ),
    "fire.call_point": Rule(
        "NFPA 72",
        "3, occupied 4",
        "Somebody operated a call point, or water flows.",
        "手动报警按钮动作或水流指示。",
    ),
    "fire.occupied": Rule(
        "AVS-01",
        "4",
        "A confirmed fire where people are: disarmed, armed with people inside, or in the hours.",
        "有人场所的确认火灾。",
    ),
    "gas.first": Rule("own", "2", "A gas or CO detector alarmed.", "燃气或一氧化碳报警。"),
    "judging.plain": Rule(
        "own",
        "by kind: 1, 2 or 4",
        "The program failed to judge this alarm, so it stands at the tier of its kind: treat it as"
        " real.",
        "程序未能判断此报警，按其种类定级：按真警处理。",
    ),
}
"""Every rule of incidents, by the id that verdicts name."""
