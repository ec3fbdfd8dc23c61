"""What can be wrong with the line to a panel: a serial port, a network connection, a bus."""

LINES: dict[str, str] = {
    "the peer takes no bytes": "对方不接收数据",
    "check cable, flow control and peer": "检查线缆、流控和对方设备",
    "the panel called again": "主机重新呼入",
    "cannot listen on {place} ({why})": "无法在 {place} 监听（{why}）",
    "another program has the port, it is below 1024, or the address is not ours": (
        "端口被其他程序占用、小于 1024，或地址不属于本机"
    ),
    "nobody calls": "无主机呼入",
    "check the panel's settings and the network": "检查主机设置和网络",
    "stopped while neither disk nor center took events": ("存储和接警中心都不接收事件时停止"),
    # a serial port
    "the serial port is gone": "串口已消失",
    "plug the adapter in again; check its cable": "重新插上转换器；检查其线缆",
    "serial port {port} is not there": "串口 {port} 不存在",
    "no serial adapter is plugged in: plug it in, or check `dmesg`": (
        "未插入串口转换器：请插上，或查看 dmesg"
    ),
    "no permission to open serial port {port}": "无权打开串口 {port}",
    "add user {user} to group {group} (usermod -aG {command}) and start again": (
        "将用户 {user} 加入组 {group}（usermod -aG {command}）后重新启动"
    ),
    "serial port {port} is in use by {what}": "串口 {port} 被{what}占用",
    "{name} (pid {n_pid})": " {name}（进程 {n_pid}）",
    "another program": "其他程序",
    "there again": "已恢复",
    "stop that program": "请停止该程序",
    "it listens to that panel already, and its events hold their frames; to have the line for "
    "yourself stop it (systemctl stop edge-agent) or take the panel out of its configuration": (
        "网关程序已在监听该主机，其事件中保存有原始帧；如需独占线路，"
        "请停止它（systemctl stop edge-agent）或从配置中去掉该主机"
    ),
    "no device behind serial port {port}": "串口 {port} 没有对应的设备",
    "the board has no such port; name another": "主板没有这个串口；请指明另一个",
    "serial port {port} does not open: {why}": "串口 {port} 无法打开：{why}",
    "check that it is a serial port and can do {settings}": "检查它是否为串口且支持 {settings}",
    # the network
    "the peer hung up": "对方断开了连接",
    "nothing to do if it comes back; else check the device and the network": (
        "若自行恢复则无需处理；否则检查设备和网络"
    ),
    "no address": "没有地址",
    "{place} does not answer": "{place} 无应答",
    "check power, network and address of the device": "检查设备的供电、网络和地址",
    "the name {name} is not known ({why})": "域名 {name} 无法解析（{why}）",
    "check the name and the DNS": "检查域名和 DNS",
    "{place} refuses the call": "{place} 拒绝连接",
    "check the port and that its service is on": "检查端口及其服务是否开启",
    "check network and address": "检查网络和地址",
    # a bus
    "bytes that are no answer": "收到的不是应答",
    "what answers is no Modbus device: {why}": "应答的不是 Modbus 设备：{why}",
    "check the port": "检查端口",
    "no answer to the question": "请求无应答",
    "no answer within {n_ms} ms": "{n_ms} 毫秒内无应答",
    "the gateway does not reach it": "网关无法到达该设备",
    "more reads wait than the bus can carry": "等待的读取超过总线所能承载",
    "{n_count} values of {table} are not written": "不写入 {table} 的 {n_count} 个值",
    "something else was written": "写入的内容不符",
    "{n_count} octets for {n_wanted}": "应为 {n_wanted} 字节，收到 {n_count} 字节",
    "no Modbus/TCP header: {bytes}": "没有 Modbus/TCP 报头：{bytes}",
    "exception {n_code}: {why}": "异常 {n_code}：{why}",
    "illegal function": "非法功能码",
    "illegal data address": "非法数据地址",
    "illegal data value": "非法数据值",
    "device failure": "设备故障",
    "acknowledged, not ready": "已确认，尚未就绪",
    "device busy": "设备忙",
    "gateway has no path": "网关无通路",
    "gateway: target does not respond": "网关：目标无响应",
    # its driver
    "its driver does not load": "其驱动无法加载",
    "its driver failed: {place}": "其驱动出错：{place}",
    "the panel's driver failed": "主机的驱动出错",
}
