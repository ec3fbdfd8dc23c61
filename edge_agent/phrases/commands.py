"""What the commands themselves say on standard error: who does not answer, what is not there."""

COMMANDS: dict[str, str] = {
    "edge-agent: {what}": "edge-agent：{what}",
    "edge-agent {command}: {what}": "edge-agent {command}：{what}",
    "this user may not come to the agent's socket {socket}": (
        "当前用户无权访问网关程序的套接字 {socket}"
    ),
    "ask as root or as the agent's own user; others need a role in [access] of its configuration, "
    "and the group edge-agent": (
        "请以 root 或网关程序的用户执行；其他用户须在其配置的 [access] 中有角色，"
        "并属于组 edge-agent"
    ),
    "no running agent answers at {socket}: {why}": "{socket} 没有运行中的网关程序应答：{why}",
    "none answers at {socket} ({why})": "{socket} 无应答（{why}）",
    "start it with 'systemctl start edge-agent', or ask as root or as its own user": (
        "用 systemctl start edge-agent 启动，或以 root 或其用户执行"
    ),
    "the agent closed the connection: only root, its own user and those named in [access] of its "
    "configuration may ask": (
        "网关程序关闭了连接：只有 root、其用户和其配置的 [access] 中所列用户可以询问"
    ),
    "'{what}' is not for a {role}": "角色 {role} 无权执行 {what}",
    "the agent refuses: {why}": "网关程序拒绝：{why}",
    "the running agent": "运行中的网关程序",
    "the agent closed the connection": "网关程序关闭了连接",
    "the gateway's certificate: {why}": "网关证书：{why}",
    "the journal cannot be read: {why}": "日志无法读取：{why}",
    "the journal in {folder} cannot be read: {why}": "{folder} 中的日志无法读取：{why}",
    "name another with --journal, or read it as root or as the agent's own user": (
        "请用 --journal 指明其他日志，或以 root 或网关程序的用户读取"
    ),
    "no event of this kind in the running agent": "运行中的网关程序没有此类事件",
    "no event of this kind in {folder}": "{folder} 中没有此类事件",
    "the agent stopped; waiting for it": "网关程序已停止；等待其重新启动",
    "an envelope cannot be read: {why}": "有事件无法读取：{why}",
    "damage in the journal: {what}": "日志损坏：{what}",
    "--purpose says what for": "请用 --purpose 说明用途",
    "{file} is there already; name a new file": "{file} 已存在；请指明新文件",
    "nothing was written: {why}": "未写入任何内容：{why}",
    # orders to panels
    "done": "已执行",
    "refused": "被拒绝",
    "unsupported": "不支持",
    "not allowed": "未获许可",
    "unknown": "未知",
    "the driver has no words for it": "驱动没有相应的指令",
    "the line is down": "线路中断",
    "the site does not allow {word} for this panel": "现场未许可对该主机执行 {word}",
    "{n_count} commands wait for this panel already": "该主机已有 {n_count} 条指令在等待",
    "whoever is responsible for the site may add {word} to `allow` of this panel in gateway.toml; "
    "a driver that only listens takes no orders": (
        "现场负责人可在 gateway.toml 中该主机的 allow 里加入 {word}；只监听的驱动不接受指令"
    ),
    "nobody knows whether the panel did it: look at it, or ask its status; an order is never given "
    "twice": "不知主机是否已执行：请查看主机或查询其状态；同一指令不会重复下达",
    "look at its line with 'edge-agent status'; an order is never given twice": (
        "用 edge-agent status 查看其线路；同一指令不会重复下达"
    ),
    "see to the gateway's own clock first: 'edge-agent status' tells": (
        "请先校准网关时钟：用 edge-agent status 查看"
    ),
    "'edge-agent drivers' lists what each driver can do": (
        "edge-agent drivers 列出各驱动支持的指令"
    ),
    "{act} needs the number of the zone": "{act} 需要防区号",
    "{act} needs the number of the output": "{act} 需要输出号",
    "{act} takes no number; areas are named by --area": "{act} 不需要编号；分区用 --area 指明",
    "the agent did not answer within {n_s} s; whether the panel did it, 'edge-agent events --type "
    "act' tells": (
        "网关程序 {n_s} 秒内未应答；主机是否已执行，用 edge-agent events --type act 查看"
    ),
    # enrolment, exports and the rest
    "give the QR code's text, or three words: gateway, host:port, digits": (
        "请给出二维码的内容，或三项：网关名、HOST:PORT、数字"
    ),
    "{port} is no port": "{port} 不是端口",
    "{gateway} is no gateway's name": "{gateway} 不是网关名称",
    "{host} is no host": "{host} 不是域名或地址",
    "it is not gateway@host:port/DIGITS; scan or type it again": (
        "格式不是 gateway@host:port/数字；请重新扫描或输入"
    ),
    "the code has {n_count} digits, not {n_wanted}; type it again": (
        "登记码有 {n_count} 位，应为 {n_wanted} 位；请重新输入"
    ),
    "the code does not fit: a digit, the gateway or the host is not as it was given": (
        "登记码不符：数字、网关或域名与所给的不一致"
    ),
    "a pin has {n_pin} digits, a secret {n_secret}": "指纹为 {n_pin} 位，密钥为 {n_secret} 位",
    "no [anchor] in the configuration: no authority is asked": (
        "配置中没有 [anchor]：不请求时间戳"
    ),
    "no [sm2] in the configuration: nothing is signed a second time": (
        "配置中没有 [sm2]：不作第二签名"
    ),
    "--sample and --nonce go together": "--sample 与 --nonce 须同时给出",
    "--area needs the --panel that it is of": "--area 须同时用 --panel 指明主机",
    "one of: a span, an area, an incident, a sample": "只能选一种：时段、分区、事件组、抽样",
    "no such event is kept here": "这里没有该事件",
    "no clip is told of in {journal}": "{journal} 中没有录像记录",
    "standard output: {why}": "标准输出：{why}",
}
