"""What findings measured, and what to do where no rule of diagnosis says it."""

_RESTART = "在空闲时重启网关程序，并连同日志报告此问题"

FINDINGS: dict[str, str] = {
    # the gateway's own body
    "the board's supply fell below 4.63 V": "主板供电曾低于 4.63 V",
    "the firmware slows the processor down": "固件已使处理器降频",
    "see to temperature and supply": "检查温度和供电",
    "up to {n_value} % of the card's rated life is used, limit {n_limit} %": (
        "存储卡额定寿命已用至 {n_value} %，限值 {n_limit} %"
    ),
    "change the card or module at the next visit": "下次维护时更换存储卡或模块",
    "the card has used most of its spare blocks (step {n_step} of 3)": (
        "存储卡的备用块大部分已用完（3 级中的第 {n_step} 级）"
    ),
    "change the card or module now: it will refuse to write": (
        "立即更换存储卡或模块：它即将拒绝写入"
    ),
    "{n_value} GB a day are written to the journal's card, limit {n_limit}": (
        "日志所在存储卡每天写入 {n_value} GB，限值 {n_limit}"
    ),
    "find what writes (iotop, logs, swap) and move it off the card": (
        "查明是什么在写入（iotop、日志、交换分区）并移出该存储卡"
    ),
    "{n_value} % of the process's file handles are in use, limit {n_limit} %": (
        "网关程序的文件句柄已用 {n_value} %，限值 {n_limit} %"
    ),
    "restart the agent at a quiet moment, and report this with the log": _RESTART,
    "{n_value} threads run, limit {n_limit}": "运行 {n_value} 个线程，限值 {n_limit}",
    "the agent holds {n_value} MiB of memory, limit {n_limit}": (
        "网关程序占用内存 {n_value} MiB，限值 {n_limit}"
    ),
    "programs waited {n_value} % of the last minute for memory, limit {n_limit} %": (
        "最近一分钟内程序有 {n_value} % 的时间在等待内存，限值 {n_limit} %"
    ),
    "find what else runs on this gateway, or use a board with more memory": (
        "查明网关上还运行了什么，或改用内存更大的主板"
    ),
    "{n_value} C, limit {n_limit} C": "{n_value} °C，限值 {n_limit} °C",
    "{name} cannot be read any more: {why}": "{name} 已无法读取：{why}",
    "{name} cannot be read any more": "{name} 已无法读取",
    "{name} is configured and cannot be read: {why}": "{name} 已配置但无法读取：{why}",
    "{name} is configured and cannot be read": "{name} 已配置但无法读取",
    "check its driver, wiring and rights (page 'Operating a gateway')": (
        "检查其驱动、接线和权限（见“Operating a gateway”页）"
    ),
    "no power supply {name}; there are: {names}": "没有电源 {name}；现有：{names}",
    "{pin} is in use by another program or driver (gpioinfo names it)": (
        "{pin} 被其他程序或驱动占用（用 gpioinfo 查看）"
    ),
    "{pin}: the chip has no such line, or not this bias": "{pin}：芯片没有此引脚或不支持此偏置",
    "{pin}: this is no GPIO chip, or its kernel is older than 5.10": (
        "{pin}：不是 GPIO 芯片，或内核低于 5.10"
    ),
    "no GPIO chip {name}; there are: {names}": "没有 GPIO 芯片 {name}；现有：{names}",
    "the GPIO chip is gone": "GPIO 芯片已消失",
    "mains lost": "市电中断",
    "battery low": "电池电量低",
    "enclosure open": "机箱打开",
    # panels and their lines
    'set the panel\'s clock, or allow the gateway to: allow = ["clock"]': (
        '校准主机时钟，或允许网关校准：allow = ["clock"]'
    ),
    "mend or install anew the package of the driver, then start again": (
        "修复或重新安装驱动包，然后重新启动"
    ),
    "{n_bad} of {n_all} frames damaged ({share}), limit {limit}": (
        "{n_all} 帧中损坏 {n_bad} 帧（{share}），限值 {limit}"
    ),
    "{n_bad} of {n_all} frames damaged": "{n_all} 帧中损坏 {n_bad} 帧",
    "{n_count} frames in a row were good": "连续 {n_count} 帧正常",
    "{n_s} s against the gateway's clock": "与网关时钟相差 {n_s} 秒",
    "{n_s} s": "{n_s} 秒",
    "for {n_s} s": "已持续 {n_s} 秒",
    "{n_lost} of its {n_all} zones lost at once": "{n_all} 个防区中有 {n_lost} 个同时失联",
    "loops of zones {zones} moved together ({share})": "防区 {zones} 的回路同时变化（{share}）",
    # detectors
    "code {code}": "代码 {code}",
    "code {code}, loop sound": "代码 {code}，回路正常",
    "zones {zones} at once": "防区 {zones} 同时",
    "{n_count} detectors within {n_s} s": "{n_s} 秒内 {n_count} 个探测器",
    "quiet again": "已恢复平静",
    "clear again": "已恢复正常",
    "{n_ohms} ohms, at rest {n_rest}": "{n_ohms} 欧，静止时 {n_rest}",
    "{n_off} of {n_ohms} ohms, limit {n_limit}": "偏离 {n_ohms} 欧的 {n_off}，限值 {n_limit}",
    "{n_share} a day: leaves its band in {n_days} d": "每天 {n_share}：{n_days} 天后超出范围",
    "steady again": "已恢复稳定",
    "whole again": "已恢复完好",
    "{n_count} short interruptions within a day, the last {what}": (
        "一天内 {n_count} 次短暂中断，最后一次{what}"
    ),
    "{state} for {n_ms} ms": "为 {state}，持续 {n_ms} 毫秒",
    "of the loop alone": "仅为回路变化",
    "the detector says that it is covered": "探测器报告被遮挡",
    "it tripped": "已触发",
    "{n_count} times open within {n_s} s": "{n_s} 秒内打开 {n_count} 次",
    "{n_count} times within {n_days} d": "{n_days} 天内 {n_count} 次",
    "{n_trips} trips in a day, usually {n_usual}": "一天触发 {n_trips} 次，通常 {n_usual} 次",
    "{n_trips} trips in an hour, usually {n_usual}": "一小时触发 {n_trips} 次，通常 {n_usual} 次",
    "{n_trips} trips in a day, {n_likely} were likely": (
        "一天触发 {n_trips} 次，预计 {n_likely} 次"
    ),
    "{state} for {n_h} h": "{state} 状态已 {n_h} 小时",
    "no trip in {n_days} days of use": "使用的 {n_days} 天内未触发",
    "never tripped in {n_days} days of use": "使用 {n_days} 天以来从未触发",
    "it moved": "状态已变化",
    "no interruption for days": "数日内无中断",
    "quiet for 7 d": "已平静 7 天",
    "as often as usual": "次数恢复正常",
    "{n_volts} V, limit {n_limit}": "{n_volts} V，限值 {n_limit}",
    "{what} {n_volts} V, {n_day} V a day: low in {n_days} d": (
        "{what} {n_volts} V，每天 {n_day} V：{n_days} 天后电压低"
    ),
    "load test": "带载测试",
    "at rest": "静止",
    "its zones are back": "其防区已恢复",
    "its loops are back": "其回路已恢复",
    "heard again": "重新收到信号",
    "silent for {n_min} min, usually {n_usual}": "已 {n_min} 分钟无信号，通常 {n_usual} 分钟",
    "{n_dbm} dBm, usually {n_usual}": "{n_dbm} dBm，通常 {n_usual}",
    "the zone is in tamper": "防区处于防拆状态",
    "the panel says so": "由主机报告",
    "unknown to its panel": "主机不认识该防区",
    "{n_days} days ago": "{n_days} 天前",
    # false alarms
    "{n_false} of {n_all} alarms false ({causes}), limit {n_limit} and {share} of those judged": (
        "{n_all} 次报警中误报 {n_false} 次（{causes}），限值 {n_limit} 次且占已判定的 {share}"
    ),
    "look at this detector: its place, its range, what moves or blows before it, its wiring; it "
    "goes on alarming as before": (
        "检查该探测器：位置、范围、前方是否有物体晃动或气流、接线；其报警照常"
    ),
    # judging
    "alarms are sent and not judged: treat each as real; have the program updated": (
        "报警照常上送但不研判：每次都按真实处理；请更新程序"
    ),
    "what it found is found no more, and alarms that it judged stand at the tier of their kind: "
    "treat each as real; have the program updated": (
        "该部分不再诊断，其研判的报警按类别定级：每次都按真实处理；请更新程序"
    ),
    "have the program updated": "请更新程序",
    "{name} set aside": "{name} 已停用",
    "set aside": "已停用",
    # the program and its certificates
    "install the release again; if nobody changed it on purpose, the gateway is not to be trusted: "
    "find out who had access": ("重新安装发布版；若无人有意改动，则该网关不可信：查明谁接触过它"),
    "{changes} and {n_count} more": "{changes} 等，另有 {n_count} 个",
    "`edge-agent program`: {why}": "edge-agent program：{why}",
    "`edge-agent renew`: {why}": "edge-agent renew：{why}",
    "run `edge-agent program` on the gateway: it says why": (
        "在网关上执行 edge-agent program：会说明原因"
    ),
    "what `edge-agent program` says cannot be read": "无法读取 edge-agent program 的输出",
    "what `edge-agent renew` says cannot be read": "无法读取 edge-agent renew 的输出",
    "it ended with exit code {n_code}": "以退出码 {n_code} 结束",
    "it cannot be started: {why}": "无法启动：{why}",
    "see that `edge-center enrolment serve` runs and is reachable; it is tried again every day, "
    "and `edge-agent renew` tries it at once": (
        "确认 edge-center enrolment serve 在运行且可到达；每天会重试，"
        "用 edge-agent renew 可立即重试"
    ),
    "see that the timestamp authority in [anchor] can be reached; it is asked again every hour, "
    "and `edge-agent anchor` tries it at once": (
        "确认 [anchor] 中的时间戳机构可到达；每小时会重试，用 edge-agent anchor 可立即重试"
    ),
    "nothing is signed a second time in this run; the first signatures are as always": (
        "本次运行没有第二签名；第一签名照常"
    ),
    "its key could not be read when this run began: make one, and restart the agent": (
        "本次运行开始时无法读取其密钥：请生成密钥并重启网关程序"
    ),
    "the key was changed since this run began: restart the agent, so that it is named": (
        "本次运行开始后密钥已更换：请重启网关程序以启用"
    ),
    "run `edge-agent sm2`, which tries it and says what is wrong; it is tried again every hour": (
        "执行 edge-agent sm2 可试用并说明问题；每小时会重试"
    ),
    # whose journal, whose charter
    "the journal was written by gateway {gateway}": "该日志由网关 {gateway} 写入",
    "its events are kept and not sent: put the card back into {gateway}; this gateway goes on "
    "beside them": "其事件予以保留但不上送：请将存储卡装回 {gateway}；本网关另行记录",
    "the journal was written on another board": "该日志是在另一主板上写入的",
    "if nobody replaced the hardware, the card was stolen or copied: tell the center and give the "
    "gateway new keys; see that the other board does not run any more": (
        "若无人更换过硬件，则存储卡被盗或被复制：请通知接警中心并为网关更换密钥；确认另一主板已停用"
    ),
    "the journal was written on another card": "该日志是在另一存储卡上写入的",
    "if nobody replaced the card, it was copied: tell the center and give the gateway new keys; "
    "destroy the old card, it holds the identity key": (
        "若无人更换过存储卡，则它被复制过：请通知接警中心并为网关更换密钥；销毁旧卡，其中有身份密钥"
    ),
    "see that the new center's broker and `edge-center serve` run and can be reached from here; "
    "`edge-agent handover status` tells how far it is": (
        "确认新接警中心的消息服务器和 edge-center serve 在运行且可到达；"
        "用 edge-agent handover status 查看进度"
    ),
    "have it entered in a new charter, signed by both, or take it out of the gateway": (
        "请将其写入双方签署的新章程，或从网关中去掉"
    ),
    "charter {n_number} does not name it": "第 {n_number} 号章程未列出它",
    "charter {n_number} does not name it with the authority in its `ca`": (
        "第 {n_number} 号章程未以其 ca 中的机构列出它"
    ),
    "charter {n_number} does not name zone {n_zone} of {panel}": (
        "第 {n_number} 号章程未列出 {panel} 的防区 {n_zone}"
    ),
    "charter {n_number} does not name {place}": "第 {n_number} 号章程未列出 {place}",
    "see who touched it; `edge-agent charter show` tells what is in force, and `edge-center "
    "charter` has every charter of the site": (
        "查明谁动过它；edge-agent charter show 显示现行章程，edge-center charter 存有现场全部章程"
    ),
    "{file}: {why}; written anew": "{file}：{why}；已重新写入",
    "it was not there": "原文件不存在",
    "another copy": "内容不一致",
    "camera {name}": "摄像机 {name}",
}
