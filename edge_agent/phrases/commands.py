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
    "standard output: {why}": "标准输出：{why}",
}
