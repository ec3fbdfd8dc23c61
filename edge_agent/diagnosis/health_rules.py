"""The rules of detector and line health as data: what each looks at, why, and what to do.

Thresholds stand with the machines (`ContactLimits` and the like); this table says of each parameter
its default, its range and where it comes from, and a test keeps the two together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.clock_of_panel import ClockLimits
from edge_agent.diagnosis.contact import ContactLimits
from edge_agent.diagnosis.finding import Severity
from edge_agent.diagnosis.lines import LineLimits
from edge_agent.diagnosis.loop import LoopLimits
from edge_agent.diagnosis.radio import RadioLimits
from edge_agent.diagnosis.surge import SurgeLimits
from edge_agent.diagnosis.together import TogetherLimits
from edge_agent.diagnosis.volts import SupplyLimits

MINUTE = 60.0
HOUR = 3_600.0
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All parameters of health; `walktest_days`: each zone is walk-tested at least so often."""

    contact: ContactLimits = field(default_factory=ContactLimits)
    loop: LoopLimits = field(default_factory=LoopLimits)
    radio: RadioLimits = field(default_factory=RadioLimits)
    supply: SupplyLimits = field(default_factory=SupplyLimits)
    surge: SurgeLimits = field(default_factory=SurgeLimits)
    together: TogetherLimits = field(default_factory=TogetherLimits)
    clock: ClockLimits = field(default_factory=ClockLimits)
    line: LineLimits = field(default_factory=LineLimits)
    walktest_days: float = 365.0
    power_settle_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Span:
    """The range of a parameter; `of` is its group and name in `Limits`, as `loop.drift_share`."""

    of: str
    low: float
    high: float
    clause: str

    def default(self, limits: Limits) -> float:
        """Return what it is set to."""
        value: object = limits
        for name in self.of.split("."):
            value = getattr(value, name)
        assert isinstance(value, int | float), f"{self.of} is a number"
        return float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRule:
    """One rule.

    `hold_s`: how long a symptom waits for a better explanation before it is told; nothing that a
    guard needs waits here, since alarms go their own way.  `calm_s`: how long it must be gone to be
    over.  `lasting`: a state, judged anew when an explanation ends; else a count of what happened
    while the explanation held, which proves nothing afterwards.  `weight`: what it takes off the
    score of a detector.
    """

    id: str
    cause: Cause
    severity: Severity
    standard: str
    says: str
    says_zh: str
    remedy: str
    remedy_zh: str
    hold_s: float = 10.0
    calm_s: float = DAY
    lasting: bool = True
    weight: int = 0
    spans: tuple[Span, ...] = ()


_OWN = "own rule"
_RULES = (
    HealthRule(
        id="contact.loose",
        cause=Cause.LOOSE_CONTACT,
        severity=Severity.MAINTAIN,
        standard="debounce of common panels; EN 50131-3 wants signals over 400 ms processed",
        says="The zone is interrupted for moments, again and again: a wire, a joint or a reed.",
        says_zh="防区反复出现瞬间断开：接线、接头或干簧管接触不良。",
        remedy="tighten the terminals from detector to panel; change the contact if it goes on",
        remedy_zh="紧固探测器至主机的接线端子；如仍出现，更换门磁或开关",
        lasting=False,
        calm_s=3 * DAY,
        weight=30,
        spans=(
            Span("contact.bounce_ms", 50, 400, "panel debounce; EN 50131-3"),
            Span("contact.bounce_a_day", 2, 50, _OWN),
            Span("contact.short_s", 0.3, 2, _OWN),
            Span("contact.flicker_s", 1, 60, _OWN),
            Span("loop.spike_share", 0.05, 0.5, _OWN),
            Span("loop.settle_s", 0.5, 10, _OWN),
        ),
    ),
    HealthRule(
        id="contact.chatter",
        cause=Cause.LOOSE_CONTACT,
        severity=Severity.MAINTAIN,
        standard="ISA-18.2: chattering",
        says="The contact opens and closes faster than people use a door: loose, or it vibrates.",
        says_zh="触点通断过快，并非人员正常开关：触点松动或受振动影响。",
        remedy="fix contact, magnet and leaf; check the gap; look for wind and vibration",
        remedy_zh="固定触点、磁铁和门窗扇，检查间隙，排查风力与振动",
        lasting=False,
        calm_s=3 * DAY,
        weight=25,
        spans=(
            Span("contact.chatter_trips", 3, 10, "ISA-18.2"),
            Span("contact.chatter_window_s", 10, 300, "ISA-18.2"),
        ),
    ),
    HealthRule(
        id="contact.lone",
        cause=Cause.LOOSE_CONTACT,
        severity=Severity.MAINTAIN,
        standard=_OWN,
        says="The contact trips while nobody is there, on several occasions, and nothing follows.",
        says_zh="无人时触点多次单独触发，且无后续触发。",
        remedy="check that door or window is firm when closed, then the contact and its wiring",
        remedy_zh="检查门窗关闭后是否牢固，再检查触点及接线",
        lasting=False,
        calm_s=7 * DAY,
        weight=25,
        spans=(
            Span("contact.lone_trips", 2, 10, _OWN),
            Span("contact.lone_days", 1, 30, _OWN),
        ),
    ),
    HealthRule(
        id="contact.rate",
        cause=Cause.LOOSE_CONTACT,
        severity=Severity.MAINTAIN,
        standard=_OWN,
        says="The contact trips far more often than it does at this hour, its neighbours do not.",
        says_zh="该触点触发次数远高于同时段平均值，而相邻防区正常。",
        remedy="look whether the door is used otherwise now; if not, check contact and wiring",
        remedy_zh="确认该门使用情况是否改变；如未改变，检查触点及接线",
        lasting=False,
        calm_s=2 * DAY,
        weight=20,
    ),
    HealthRule(
        id="detector.lone",
        cause=Cause.SENSOR_DEGRADED,
        severity=Severity.MAINTAIN,
        standard=_OWN,
        says="The detector trips while nobody is there, on several occasions, and nothing follows.",
        says_zh="无人时探测器多次单独触发，且无后续触发。",
        remedy="look for heaters, sun, draught, insects and animals; clean the lens; test it",
        remedy_zh="排查热源、阳光、气流、昆虫和动物；清洁透镜并测试",
        lasting=False,
        calm_s=7 * DAY,
        weight=25,
    ),
    HealthRule(
        id="detector.rate",
        cause=Cause.SENSOR_DEGRADED,
        severity=Severity.MAINTAIN,
        standard=_OWN,
        says="The detector trips far more often than it does at this hour, its neighbours do not.",
        says_zh="该探测器触发次数远高于同时段平均值，而相邻防区正常。",
        remedy="clean it and look for what moves or heats in its view; change it if it goes on",
        remedy_zh="清洁探测器，排查视场内的移动物或热源；如仍出现则更换",
        lasting=False,
        calm_s=2 * DAY,
        weight=30,
        spans=(
            Span("contact.rate_times", 2, 20, _OWN),
            Span("contact.rate_z", 3, 8, _OWN),
            Span("contact.rate_trips", 5, 200, _OWN),
            Span("contact.rate_hours", 1, 12, _OWN),
            Span("contact.rate_days", 1, 7, _OWN),
            Span("contact.rate_day_trips", 5, 500, _OWN),
        ),
    ),
    HealthRule(
        id="detector.weak",
        cause=Cause.SENSOR_DEGRADED,
        severity=Severity.MAINTAIN,
        standard=_OWN,
        says="The detector sees a fraction of what it did, while its neighbours see as much.",
        says_zh="该探测器触发次数明显减少，而相邻防区正常。",
        remedy="clean lens or window, look for goods or furniture before it; walk-test it",
        remedy_zh="清洁透镜，检查是否被货物或家具遮挡，并做步测",
        calm_s=2 * DAY,
        weight=30,
    ),
    HealthRule(
        id="detector.told",
        cause=Cause.SENSOR_DEGRADED,
        severity=Severity.MAINTAIN,
        standard="SIA DC-05 codes 385 to 389, 392, 393",
        says="Detector or panel say that its sensitivity or self-test is not as it should be.",
        says_zh="探测器或主机报告灵敏度或自检异常。",
        remedy="clean or change the detector, then test it",
        remedy_zh="清洁或更换探测器，然后测试",
        calm_s=HOUR,
        weight=40,
    ),
    HealthRule(
        id="detector.stuck",
        cause=Cause.SENSOR_STUCK,
        severity=Severity.MAINTAIN,
        standard="ISA-18.2: stale, 24 h",
        says="The zone has been active for so long that it tells nothing any more.",
        says_zh="防区长时间处于触发状态，已失去探测作用。",
        remedy="close what stands open; if nothing does, check contact and wiring",
        remedy_zh="关闭敞开的门窗；如无敞开，检查触点及接线",
        calm_s=10 * MINUTE,
        weight=45,
        spans=(
            Span("contact.stuck_h", 1, 168, "ISA-18.2"),
            Span("contact.stuck_motion_h", 1, 72, _OWN),
        ),
    ),
    HealthRule(
        id="detector.silent",
        cause=Cause.SENSOR_DEAD,
        severity=Severity.URGENT,
        standard="own rule: no trip in 72 h of use",
        says="The detector has not tripped for longer than chance explains, though people were by.",
        says_zh="有人活动期间，该探测器长时间未触发，已超出偶然范围。",
        remedy="walk-test it now; look whether it is covered; change it if it stays silent",
        remedy_zh="立即步测；检查是否被遮挡；如仍无反应则更换",
        calm_s=0.0,
        weight=60,
        spans=(
            Span("contact.dead_h", 24, 720, _OWN),
            Span("contact.dead_odds", 1e-9, 1e-2, _OWN),
            Span("contact.dead_odds_contact", 1e-12, 1e-2, _OWN),
            Span("contact.dead_never_days", 7, 365, _OWN),
        ),
    ),
    HealthRule(
        id="detector.masked",
        cause=Cause.SENSOR_DEAD,
        severity=Severity.URGENT,
        standard="EN 50131-2-2 grade 3: masking",
        says="The detector says that its view is covered.",
        says_zh="探测器报告被遮挡。",
        remedy="go and look: remove what covers it, and ask who put it there",
        remedy_zh="现场查看并移除遮挡物，查明原因",
        hold_s=2.0,
        calm_s=10 * MINUTE,
        weight=60,
    ),
    HealthRule(
        id="detector.inactive",
        cause=Cause.SENSOR_DEAD,
        severity=Severity.URGENT,
        standard="SIA DC-05 codes 147, 380, 382, 391",
        says="The panel says that the detector has failed or does not answer.",
        says_zh="主机报告探测器故障或无响应。",
        remedy="check its supply and wiring, then change it",
        remedy_zh="检查供电和接线，必要时更换",
        hold_s=30.0,
        calm_s=10 * MINUTE,
        weight=50,
    ),
    HealthRule(
        id="loop.cut",
        cause=Cause.CABLE_CUT,
        severity=Severity.URGENT,
        standard="end-of-line bands of common panels",
        says="The loop is open beyond what an opening shows: a wire is broken or was cut.",
        says_zh="回路电阻远高于开路值：线缆断开或被剪断。",
        remedy="go and look whether somebody cut it; find the break and mend it",
        remedy_zh="现场查看是否被人为剪断，查找断点并修复",
        hold_s=5.0,
        calm_s=10 * MINUTE,
        weight=70,
        spans=(
            Span("loop.cut_ratio", 4, 50, "panel table: 19 at 1 kOhm; cables add"),
            Span("loop.open_patience_h", 0.5, 24, _OWN),
            Span("loop.open_patience_motion_min", 1, 120, _OWN),
        ),
    ),
    HealthRule(
        id="loop.told_cut",
        cause=Cause.CABLE_CUT,
        severity=Severity.URGENT,
        standard="SIA DC-05 code 371; zone in tamper, not measured",
        says="The panel says that the loop is open, or holds a wired zone in tamper.",
        says_zh="主机报告回路开路，或有线防区处于防拆状态。",
        remedy="go and look: a cut wire, an open housing or a resistor that is missing",
        remedy_zh="现场查看：断线、外壳打开或线尾电阻缺失",
        hold_s=60.0,
        calm_s=10 * MINUTE,
        weight=60,
    ),
    HealthRule(
        id="loop.short",
        cause=Cause.CABLE_SHORT,
        severity=Severity.URGENT,
        standard="end-of-line bands of common panels",
        says="The loop is bridged: two wires touch, or somebody bridged the detector.",
        says_zh="回路被短接：线缆相碰或探测器被人为短接。",
        remedy="go and look whether somebody bridged it; find where the wires touch",
        remedy_zh="现场查看是否被人为短接，查找碰线处",
        hold_s=5.0,
        calm_s=10 * MINUTE,
        weight=70,
        spans=(Span("loop.short_ratio", 0.1, 0.8, "panel table: 0.8 at 1 kOhm"),),
    ),
    HealthRule(
        id="loop.told_short",
        cause=Cause.CABLE_SHORT,
        severity=Severity.URGENT,
        standard="SIA DC-05 code 372",
        says="The panel says that the loop is shorted.",
        says_zh="主机报告回路短路。",
        remedy="go and look whether somebody bridged it; find where the wires touch",
        remedy_zh="现场查看是否被人为短接，查找碰线处",
        hold_s=60.0,
        calm_s=10 * MINUTE,
        weight=60,
    ),
    HealthRule(
        id="loop.drift",
        cause=Cause.LOOP_DRIFT,
        severity=Severity.MAINTAIN,
        standard="own rule: 8 % of its level; end-of-line bands of common panels",
        says="The loop's resistance has left its level: water in a joint, or corrosion.",
        says_zh="回路电阻偏离正常值：接头受潮或腐蚀。",
        remedy="open the joints of this loop, dry and remake them, before it alarms by itself",
        remedy_zh="检查该回路各接头，干燥后重新压接，避免误报",
        hold_s=10 * MINUTE,
        calm_s=DAY,
        weight=35,
        spans=(
            Span("loop.drift_share", 0.03, 0.2, _OWN),
            Span("loop.band_low", 0.7, 0.98, "panel table: 0.9 at 1 kOhm"),
            Span("loop.band_high", 1.02, 1.3, "panel table: 1.2 at 1 kOhm"),
        ),
    ),
    HealthRule(
        id="loop.trend",
        cause=Cause.LOOP_DRIFT,
        severity=Severity.MAINTAIN,
        standard="own rule: reaches its band within 14 d",
        says="The loop's resistance moves steadily and will leave its band within days.",
        says_zh="回路电阻持续变化，数日内将超出正常范围。",
        remedy="open the joints of this loop, dry and remake them, before it alarms by itself",
        remedy_zh="检查该回路各接头，干燥后重新压接，避免误报",
        hold_s=10 * MINUTE,
        calm_s=2 * DAY,
        weight=25,
        spans=(Span("loop.foresee_days", 1, 60, _OWN),),
    ),
    HealthRule(
        id="earth.shift",
        cause=Cause.EARTH_FAULT,
        severity=Severity.MAINTAIN,
        standard="own rule: three loops of one bus; SIA DC-05 code 310",
        says="Loops of one bus moved together: the wiring touches earth somewhere.",
        says_zh="同一总线多个回路同时偏移：线路某处接地。",
        remedy="part the loops from earth one after the other until the fault is gone",
        remedy_zh="逐一断开回路，查找接地点",
        hold_s=10.0,
        calm_s=HOUR,
        spans=(
            Span("together.earth_shift", 0.01, 0.2, _OWN),
            Span("together.earth_window_h", 1, 72, _OWN),
        ),
    ),
    HealthRule(
        id="common.struck",
        cause=Cause.COMMON_CAUSE,
        severity=Severity.MAINTAIN,
        standard="own rule: three zones within 2 s, faster than anybody walks",
        says="Several zones tripped at once, faster than anybody walks: a surge or a dip of power.",
        says_zh="多个防区同时触发，快于人员移动：浪涌或电压跌落。",
        remedy="check earth, surge protection, supply and shielding of this bus",
        remedy_zh="检查该总线的接地、防浪涌、供电和屏蔽",
        hold_s=30.0,
        calm_s=HOUR,
        lasting=False,
        spans=(
            Span("surge.zones", 3, 10, _OWN),
            Span("surge.window_s", 0.5, 10, _OWN),
            Span("surge.busy_zones", 3, 20, _OWN),
            Span("surge.busy_window_s", 0.2, 5, _OWN),
            Span("surge.chance", 1e-12, 1e-4, _OWN),
            Span("surge.quiet_h", 0.1, 24, _OWN),
        ),
    ),
    HealthRule(
        id="bus.lost",
        cause=Cause.BUS_FAULT,
        severity=Severity.URGENT,
        standard="SIA DC-05 codes 141 to 143, 330 to 334, 337, 339, 343; 382 of several",
        says="A bus or expander fails: its zones cannot be told.",
        says_zh="总线或扩展模块故障，其防区状态不可知。",
        remedy="check the expander's supply and both ends of the bus",
        remedy_zh="检查扩展模块供电及总线两端接线",
        hold_s=3.0,
        calm_s=5 * MINUTE,
        spans=(
            Span("together.zones", 2, 10, _OWN),
            Span("together.bus_window_s", 1, 120, _OWN),
        ),
    ),
    HealthRule(
        id="supply.sags",
        cause=Cause.SUPPLY_LOW,
        severity=Severity.URGENT,
        standard="12 V low at 11.2, good at 12.0; 24 V alike",
        says="A supply sags though the mains is there: what hangs on it cannot be believed.",
        says_zh="市电正常但电源电压过低，其所带设备状态不可信。",
        remedy="measure the supply under load; take load off it or change it",
        remedy_zh="带载测量电源电压，减轻负载或更换电源",
        hold_s=5.0,
        calm_s=HOUR,
        spans=(
            Span("supply.low_12_v", 10.0, 12.0, "panel manuals: 10.5 to 11.2 V"),
            Span("supply.good_12_v", 11.5, 13.0, "panel manuals: 12.0 V"),
            Span("supply.low_24_v", 20.0, 25.0, "twice 11.2 V"),
            Span("supply.good_24_v", 23.0, 26.0, "twice 12.4 V"),
        ),
    ),
    HealthRule(
        id="supply.trend",
        cause=Cause.SUPPLY_LOW,
        severity=Severity.MAINTAIN,
        standard="own rule: low within 7 d at this pace",
        says="A supply's voltage falls steadily while the mains is there.",
        says_zh="市电正常时电源电压持续下降。",
        remedy="measure the supply and its charger under load; change it before it fails",
        remedy_zh="带载测量电源及充电电路，在失效前更换",
        hold_s=60.0,
        calm_s=DAY,
    ),
    HealthRule(
        id="supply.told",
        cause=Cause.SUPPLY_LOW,
        severity=Severity.URGENT,
        standard="SIA DC-05 codes 312, 314",
        says="The panel says that a power supply is overloaded or has failed.",
        says_zh="主机报告电源过载或故障。",
        remedy="take load off the supply, or change it",
        remedy_zh="减轻电源负载或更换电源",
        hold_s=5.0,
        calm_s=HOUR,
    ),
    HealthRule(
        id="battery.low",
        cause=Cause.BATTERY_LOW,
        severity=Severity.URGENT,
        standard="12 V low at 11.2, a 24 V set below 24.4 V with its charger off",
        says="A battery is low: it will not carry the system through a power cut.",
        says_zh="电池电压过低，停电时无法维持系统运行。",
        remedy="change the battery; note the date on it",
        remedy_zh="更换电池并标注日期",
        hold_s=5.0,
        calm_s=HOUR,
        weight=40,
        spans=(Span("supply.off_low_24_v", 21.0, 25.2, "charger off"),),
    ),
    HealthRule(
        id="battery.trend",
        cause=Cause.BATTERY_LOW,
        severity=Severity.MAINTAIN,
        standard="own rule: low within 7 d at this pace",
        says="A battery falls steadily and will be low within days.",
        says_zh="电池电压持续下降，数日内将过低。",
        remedy="change the battery before it is low; check its charger",
        remedy_zh="在电量过低之前更换电池，并检查充电电路",
        hold_s=60.0,
        calm_s=DAY,
        weight=25,
        spans=(
            Span("supply.foresee_days", 1, 60, _OWN),
            Span("supply.fall_v", 0.05, 2, _OWN),
            Span("supply.drop_v", 0.2, 2, _OWN),
            Span("supply.recharge_h", 12, 168, "lead-acid sets recharge within 24 to 72 h"),
            Span("supply.slow_h", 1, 72, _OWN),
        ),
    ),
    HealthRule(
        id="mains.lost",
        cause=Cause.MAINS_LOSS,
        severity=Severity.MAINTAIN,
        standard="SIA DC-05 codes 301, 342; told after 5 min as panels do, at once if zones trip",
        says="The mains is gone: the system runs on battery.",
        says_zh="市电中断，系统由电池供电。",
        remedy="find out whether the street or a fuse is dark; watch the battery",
        remedy_zh="确认是区域停电还是开关跳闸，关注电池电量",
        hold_s=5 * MINUTE,
        calm_s=5 * MINUTE,
    ),
    HealthRule(
        id="radio.supervision",
        cause=Cause.RADIO_SUPERVISION,
        severity=Severity.URGENT,
        standard="EN 50131-5-3; SIA DC-05 code 381",
        says="A wireless detector is not heard any more.",
        says_zh="无线探测器失去联系。",
        remedy="look whether it was removed; check its battery, then what shields it",
        remedy_zh="检查探测器是否被拆除、电池是否耗尽及是否被遮挡",
        hold_s=90.0,
        calm_s=HOUR,
        weight=50,
        spans=(
            Span("radio.miss_gaps", 2, 20, "EN 50131-5-3"),
            Span("radio.miss_min_min", 0.2, 240, "EN 50131-5-3: grade 4 10 s to grade 1 240 min"),
        ),
    ),
    HealthRule(
        id="radio.weak",
        cause=Cause.RADIO_SUPERVISION,
        severity=Severity.MAINTAIN,
        standard="own rule: 10 dB below its median of days",
        says="A wireless detector is heard far weaker than it was: it will be lost soon.",
        says_zh="无线探测器信号明显减弱，可能很快失联。",
        remedy="look what was put before it (metal, water); move it, or add a repeater",
        remedy_zh="检查其周围新增的金属或水体遮挡，移动位置或加装中继",
        hold_s=90.0,
        calm_s=DAY,
        weight=25,
        spans=(Span("radio.drop_db", 4, 30, _OWN),),
    ),
    HealthRule(
        id="radio.noise",
        cause=Cause.RADIO_INTERFERENCE,
        severity=Severity.URGENT,
        standard="EN 50131-5-3: 30 s within 60 s; SIA DC-05 code 344",
        says="The radio band is disturbed or jammed: wireless detectors may not be heard.",
        says_zh="无线频段受到干扰或阻断，可能收不到无线探测器信号。",
        remedy="go and look while it is armed; find the new transmitter or the jammer",
        remedy_zh="布防期间应到现场查看，排查新增发射设备或干扰器",
        hold_s=60.0,
        calm_s=10 * MINUTE,
        weight=20,
        spans=(
            Span("radio.jam_s", 5, 120, "EN 50131-5-3"),
            Span("radio.jam_window_s", 30, 3600, "EN 50131-5-3"),
            Span("radio.jam_readings", 1, 10, _OWN),
        ),
    ),
    HealthRule(
        id="radio.jammed",
        cause=Cause.RADIO_INTERFERENCE,
        severity=Severity.URGENT,
        standard="EN 50131-5-3; SIA DC-05 code 344; several detectors at once",
        says="The radio band is disturbed or jammed: wireless detectors may not be heard.",
        says_zh="无线频段受到干扰或阻断，可能收不到无线探测器信号。",
        remedy="go and look while it is armed; find the new transmitter or the jammer",
        remedy_zh="布防期间应到现场查看，排查新增发射设备或干扰器",
        hold_s=2.0,
        calm_s=10 * MINUTE,
        spans=(
            Span("radio.jam_zones_s", 30, 3600, _OWN),
            Span("radio.jam_flags", 2, 20, _OWN),
        ),
    ),
    HealthRule(
        id="panel.clock",
        cause=Cause.PANEL_CLOCK,
        severity=Severity.NOTICE,
        standard="own rule: 2 s against the gateway; SIA DC-05 code 626",
        says="The panel's clock is wrong: its log and its schedules are.",
        says_zh="主机时钟不准，其记录和定时不可信。",
        remedy="set the panel's clock, or allow the gateway to (allow = clock)",
        remedy_zh="校准主机时钟，或允许网关校时",
        hold_s=0.0,
        calm_s=HOUR,
        spans=(
            Span("clock.offset_s", 1, 300, _OWN),
            Span("clock.ahead_s", 2, 3600, _OWN),
            Span("clock.large_s", 10, 3600, _OWN),
            Span("clock.sure_s", 60, 7200, _OWN),
            Span("clock.apart_s", 1, 3600, _OWN),
            Span("clock.alike_s", 1, 600, _OWN),
            Span("clock.readings", 1, 10, _OWN),
        ),
    ),
    HealthRule(
        id="line.noise",
        cause=Cause.LINE_NOISE,
        severity=Severity.MAINTAIN,
        standard="own rule: more than 1 % of frames damaged",
        says="Frames of the panel's line arrive damaged.",
        says_zh="主机线路数据帧损坏过多。",
        remedy="check cable, shield, earth and the length of the line",
        remedy_zh="检查线缆、屏蔽、接地和线路长度",
        hold_s=0.0,
        calm_s=DAY,
        spans=(
            Span("line.bad_share", 0.001, 0.2, _OWN),
            Span("line.frames_min", 20, 10_000, _OWN),
        ),
    ),
    HealthRule(
        id="link.panel",
        cause=Cause.LINK_LOSS,
        severity=Severity.URGENT,
        standard="own rule: three polls",
        says="The panel does not answer: its zones cannot be told.",
        says_zh="主机无响应，其防区状态不可知。",
        remedy="check the panel's supply and the line between it and the gateway",
        remedy_zh="检查主机供电及其与网关之间的线路",
        hold_s=0.0,
        calm_s=5 * MINUTE,
        spans=(Span("line.panel_silent_s", 1, 600, "EN 50136 reporting time"),),
    ),
    HealthRule(
        id="link.uplink",
        cause=Cause.LINK_LOSS,
        severity=Severity.URGENT,
        standard="EN 50136: reporting time of SP5, 90 s",
        says="No center can be reached: events wait in the gateway.",
        says_zh="无法连接接警中心，事件暂存于网关。",
        remedy="check the gateway's network; 'edge-agent diagnose' says where the way ends",
        remedy_zh="检查网关网络；运行 edge-agent diagnose 查看断点",
        hold_s=0.0,
        calm_s=5 * MINUTE,
        spans=(Span("line.uplink_silent_s", 20, 2_764_800, "EN 50136-1"),),
    ),
    HealthRule(
        id="link.report",
        cause=Cause.LINK_LOSS,
        severity=Severity.MAINTAIN,
        standard="SIA DC-05 codes 350 to 358",
        says="The panel says that its own way of reporting fails.",
        says_zh="主机报告其自身通讯线路故障。",
        remedy="check the panel's communicator and its line",
        remedy_zh="检查主机通讯模块及线路",
        hold_s=60.0,
        calm_s=HOUR,
    ),
    HealthRule(
        id="walktest.due",
        cause=Cause.MAINTENANCE,
        severity=Severity.NOTICE,
        standard="walk test of each zone at least every 12 months",
        says="The zone has not been walk-tested for a year.",
        says_zh="该防区已一年未做步测。",
        remedy="walk-test it at the next visit",
        remedy_zh="下次维护时进行步测",
        hold_s=0.0,
        calm_s=0.0,
        weight=10,
        spans=(Span("walktest_days", 30, 1_100, "practice"),),
    ),
)

RULES: Mapping[str, HealthRule] = {rule.id: rule for rule in _RULES}

_ZONE_TROUBLES = frozenset(
    {
        Cause.LOOSE_CONTACT,
        Cause.LOOP_DRIFT,
        Cause.SENSOR_DEGRADED,
        Cause.SENSOR_STUCK,
        Cause.SENSOR_DEAD,
    }
)
EXPLAINS: Mapping[Cause, frozenset[Cause]] = {
    # a cause, and what it explains of the same subject and of what belongs to it
    Cause.MAINS_LOSS: _ZONE_TROUBLES
    | {
        Cause.SUPPLY_LOW,
        Cause.BUS_FAULT,
        Cause.RADIO_SUPERVISION,
        Cause.LINE_NOISE,
    },
    Cause.SUPPLY_LOW: _ZONE_TROUBLES
    | {
        Cause.COMMON_CAUSE,
        Cause.BUS_FAULT,
        Cause.RADIO_SUPERVISION,
        Cause.CABLE_CUT,
        Cause.BATTERY_LOW,
    },
    Cause.BATTERY_LOW: frozenset({Cause.LOOSE_CONTACT, Cause.SENSOR_DEAD, Cause.RADIO_SUPERVISION}),
    Cause.BUS_FAULT: _ZONE_TROUBLES
    | {
        Cause.COMMON_CAUSE,
        Cause.RADIO_SUPERVISION,
        Cause.CABLE_CUT,
        Cause.CABLE_SHORT,
        Cause.EARTH_FAULT,
    },
    Cause.EARTH_FAULT: frozenset({Cause.LOOP_DRIFT, Cause.LOOSE_CONTACT, Cause.COMMON_CAUSE}),
    Cause.COMMON_CAUSE: frozenset(
        {Cause.LOOSE_CONTACT, Cause.SENSOR_DEGRADED, Cause.CABLE_CUT, Cause.CABLE_SHORT}
    ),
    Cause.LINK_LOSS: frozenset(
        {Cause.SENSOR_DEAD, Cause.SENSOR_STUCK, Cause.RADIO_SUPERVISION, Cause.BUS_FAULT}
    ),
    Cause.RADIO_INTERFERENCE: frozenset({Cause.RADIO_SUPERVISION, Cause.SENSOR_DEAD}),
    Cause.RADIO_SUPERVISION: frozenset({Cause.SENSOR_DEAD}),
    Cause.CABLE_CUT: _ZONE_TROUBLES,
    Cause.CABLE_SHORT: _ZONE_TROUBLES,
    Cause.LOOSE_CONTACT: frozenset({Cause.SENSOR_DEGRADED}),
    Cause.SENSOR_STUCK: frozenset({Cause.SENSOR_DEAD, Cause.SENSOR_DEGRADED}),
    Cause.SENSOR_DEAD: frozenset({Cause.SENSOR_DEGRADED}),
}
"""What needs no finding of its own while its cause is known."""


def parameters() -> Iterable[Span]:
    """Yield the range of every parameter."""
    for rule in _RULES:
        yield from rule.spans


def groups() -> Iterable[tuple[str, str]]:
    """Yield (group, name) of every parameter that `Limits` holds."""
    whole = Limits()
    for group in fields(whole):
        value = getattr(whole, group.name)
        if isinstance(value, int | float):
            yield "", group.name
        else:
            yield from ((group.name, one.name) for one in fields(value))


def row(rule: HealthRule) -> str:
    """Return the rule's row in the page about diagnosis."""
    cells = (rule.cause, rule.severity, rule.standard, rule.says, rule.remedy)
    return f"| `{rule.id}` | " + " | ".join(map(str, cells)) + " |"


def span_row(rule: HealthRule, span: Span) -> str:
    """Return a parameter's row there."""
    default = span.default(Limits())
    return (
        f"| `{span.of}` | {rule.id} | {default:g} | {span.low:g} to {span.high:g} | {span.clause} |"
    )
