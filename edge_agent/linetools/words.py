"""What the line tools say to people, in English and in Simplified Chinese."""

from edge_agent.language import Catalog

_WORDS: dict[str, tuple[str, str]] = {
    # who says something
    "panel": ("panel", "主机"),
    "host": ("host", "上位机"),
    "line": ("line", "线路"),
    # capture and replay
    "bytes": ("{count} bytes", "{count} 字节"),
    "refused": ("REFUSED: {fault}", "不合格：{fault}"),
    "noise": ("noise", "杂讯"),
    "opened": ("{place} is open", "{place} 已打开"),
    "lost": ("{place} is lost: {detail}", "{place} 已断开：{detail}"),
    "came": ("{place}: {detail} called", "{place}：{detail} 呼入"),
    "went": ("{place}: {detail} is gone", "{place}：{detail} 已离开"),
    "closed": ("the capture ends", "抓取结束"),
    "looks_like": (
        "this looks like {driver}: `--driver {driver}` shows what it says",
        "像是 {driver}：用 `--driver {driver}` 可显示其内容",
    ),
    "wrong_settings": (
        "nothing readable: perhaps wrong settings; `edge-agent discover {place}` tries others",
        "无法读懂：参数可能不对；`edge-agent discover {place}` 会尝试其他参数",
    ),
    "seven_bits": (
        "the top bit of every byte is parity: `--at {settings}`",
        "每个字节的最高位是校验位：`--at {settings}`",
    ),
    "masked": (
        "digits that could be a user code are shown as *; the file holds them as heard",
        "可能是用户密码的数字显示为 *；文件中保留原样",
    ),
    "captured": (
        "pieces: {chunks}, bytes: {count}, in {seconds:.1f} s",
        "{seconds:.1f} 秒内 {chunks} 段，{count} 字节",
    ),
    "kept": ("kept in {file}", "保存在 {file}"),
    "disk": (
        "the capture ends here: {free} MiB are left on the disk, and the journal comes first",
        "抓取到此为止：磁盘只剩 {free} MiB，日志优先",
    ),
    "unreadable": (
        "line {number} of the capture is unreadable ({reason}) and was left out",
        "抓取文件第 {number} 行无法读取（{reason}），已略过",
    ),
    "torn": (
        "line {number} of the capture was cut off when its writer ended, and was left out",
        "抓取文件第 {number} 行在写入中断时被截断，已略过",
    ),
    "waits": ("the panel waits at {place}", "模拟主机在 {place} 等待"),
    "played": ("pieces played: {chunks}", "已回放 {chunks} 段"),
    "step": ("Enter says the next: {what}", "按回车发送下一段：{what}"),
    "answered": ("answered", "应答"),
    # what discover does
    "phase.listen": ("listening", "监听"),
    "phase.probe": ("asking", "探询"),
    "phase.model": ("asking for the model", "询问型号"),
    "phase.units": ("asking unit", "询问单元"),
    "progress": (
        "{place}: {phase}{what}{settings} ({at} of {of}, up to {seconds:g} s)",
        "{place}：{phase}{what}{settings}（第 {at}/{of} 项，最长 {seconds:g} 秒）",
    ),
    "at_settings": ("at {settings}", "于 {settings}"),
    "no_ports": (
        "there is no serial port: plug an adapter in, or name a line ({forms})",
        "没有串口：请插上转换器，或指明线路（{forms}）",
    ),
    "adapter": ("adapter: {what}", "转换器：{what}"),
    "signals": ("control lines on: {lines}", "有效控制线：{lines}"),
    "no_signals": (
        "no control line is on: perhaps nothing is plugged in",
        "没有有效的控制线：可能没有接线",
    ),
    "sure.0": ("no", "否"),
    "sure.1": ("possible", "可能"),
    "sure.2": ("likely", "很可能"),
    "sure.3": ("certain", "确定"),
    "is_it": ("{sure}: {driver} ({title})", "{sure}：{driver}（{title}）"),
    "because": (
        "good frames: {good}, {share:.0%} of all bytes ({types})",
        "合格帧 {good} 个，占全部字节的 {share:.0%}（{types}）",
    ),
    "because_damaged": (
        "frames of its shape: {damaged}, none with a good check: perhaps a look-alike",
        "{damaged} 个形似的帧，校验均不符：可能是相似协议",
    ),
    "because_answered": ("answered: {probes}", "应答了：{probes}"),
    "because_sealed": ("encrypted: give the key", "已加密：请提供密钥"),
    "models": ("profiles that fit: {names}", "相符的档案：{names}"),
    "two_fit": (
        "more than one driver fits: compare with the maker's name on the device",
        "不止一个驱动相符：请与设备上的厂名核对",
    ),
    "units_found": ("certain: Modbus, units found: {count}", "确定：Modbus，{count} 个单元"),
    "unit": ("unit {unit}: answers the reads of {names}", "单元 {unit}：应答 {names} 的读取"),
    "unit_bare": (
        "unit {unit}: there, and answers the reads of no profile",
        "单元 {unit}：在线，但不应答任何档案的读取",
    ),
    "map_proves_little": (
        "that a map fits proves no model: compare with the device's manual",
        "映射相符并不证明型号：请与设备手册核对",
    ),
    "units_left_out": (
        (
            "units {units} were not asked: a receiver takes a byte of theirs for an ACK; if "
            "nothing but Modbus is on the line: `--bus {place}`"
        ),
        "未询问单元 {units}：其请求含接收机会当作确认的字节；若只有 Modbus：`--bus {place}`",
    ),
    "unknown": (
        "somebody speaks, and no driver understands it; it was asked nothing",
        "有设备在说话，但没有驱动能理解；未向其发送任何内容",
    ),
    "unknown_asked": (
        "somebody answers, and no driver understands it; nothing more was asked",
        "有设备应答，但没有驱动能理解；已停止询问",
    ),
    "sample": ("heard: {sample}", "听到：{sample}"),
    "seen.text": ("the settings {settings} fit: it is text", "参数 {settings} 合适：内容是文本"),
    "seen.binary": (
        "perhaps right at {settings}: no framing errors",
        "参数 {settings} 可能合适：无帧错误",
    ),
    "seen.wrong_speed": (
        "at every setting it is garbage: an unusual speed, or a bad cable",
        "各种参数下都是乱码：速率特殊或电缆不良",
    ),
    "seen.too_little": ("too little to tell", "内容太少，无法判断"),
    "seen.nothing": ("", ""),
    "seen.seven_even": ("7 bits, even parity", "7 位，偶校验"),
    "seen.seven_odd": ("7 bits, odd parity", "7 位，奇校验"),
    "capture_it": (
        "keep what it says: edge-agent capture {place}{settings} --out capture.jsonl",
        "保存其内容：edge-agent capture {place}{settings} --out capture.jsonl",
    ),
    "look_for": (
        "no program recognises a {title}; if it is one, see: {command} --profile {name}",
        "任何程序都无法识别 {title}；如果是，请看：{command} --profile {name}",
    ),
    "silent": ("nothing was heard and nobody answered", "没有听到任何内容，也无人应答"),
    "silent_listened": ("nothing was heard; nothing was asked", "没有听到任何内容；未询问"),
    "silent_remedy": (
        (
            "check power and ground, swap RX and TX, see that the panel's port is on; some devices "
            "speak each two minutes only: --listen 130"
        ),
        "检查电源与地线，对调收发线，确认主机端口已启用；有些设备两分钟才说话：--listen 130",
    ),
    "echo": (
        "only what was sent came back: a loop, or an adapter that hears itself",
        "只收到自己发出的内容：环回，或转换器能听到自己",
    ),
    "only_listened": ("{driver} is never asked: {why}", "从不询问 {driver}：{why}"),
    "paste": ("to paste into gateway.toml:", "粘贴到 gateway.toml："),
    "nothing_found": ("no panel was recognised", "没有识别出主机"),
    "also_fits": ("also fits: {names}", "也相符：{names}"),
    "hosts": ("{count} hosts, ports {ports}", "{count} 个地址，端口 {ports}"),
    "calling": ("calling {done} of {all} addresses", "正在呼叫 {done}/{all} 个地址"),
    "plan_title": ("what may be sent, and why it is harmless:", "可能发送的内容及其无害的原因："),
    "plan_units": (
        (
            "modbus: reads one register of each unit; it changes nothing, and its CRC-16 fits no "
            "other protocol; a request that holds 06 or 15 is sent on a proven bus only"
        ),
        (
            "modbus：读取每个单元的一个寄存器；不作任何改变，其 CRC-16 不适合其他协议；"
            "含 06 或 15 的请求只在确认的总线上发送"
        ),
    ),
}


def words(language: str) -> Catalog:
    """Return the words of `language`."""
    return Catalog(_WORDS, language)
