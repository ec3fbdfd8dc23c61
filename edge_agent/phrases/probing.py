"""What probes and self-tests of a gateway say, and walk tests."""

PROBING: dict[str, str] = {
    # what is looked at
    "identity key": "身份密钥",
    "timestamp authority": "时间戳机构",
    "SM2 key": "SM2 密钥",
    "data folder": "数据目录",
    "disk speed": "存储速度",
    "disk space": "存储空间",
    "memory": "内存",
    "clock": "时钟",
    "temperature": "温度",
    "supply": "供电",
    "agent": "网关程序",
    "devices": "设备清单",
    "files and ways to centers": "文件及至各接警中心的通路",
    "panel {name}": "主机 {name}",
    "bus {name}": "总线 {name}",
    "line of {name}": "主机 {name} 的线路",
    "camera {name}": "摄像机 {name}",
    "device {panel}": "设备 {panel}",
    "device {panel} zone {n_zone}": "设备 {panel} 防区 {n_zone}",
    "center {name}": "接警中心 {name}",
    "{what}, path {place}": "{what}，通路 {place}",
    "{what}, receipt key": "{what}，回执密钥",
    "{what}, receipts": "{what}，回执",
    "{what}, seal": "{what}，封装证书",
    "{what}, TLS files": "{what}，TLS 文件",
    "{what}, certificate": "{what}，证书",
    "center {name}, {place}, name": "接警中心 {name}，{place}，域名",
    "center {name}, {place}, network": "接警中心 {name}，{place}，网络",
    "center {name}, {place}, tls": "接警中心 {name}，{place}，TLS",
    "center {name}, {place}, broker": "接警中心 {name}，{place}，消息服务器",
    "loopback at {port}, {settings}": "{port} 环回，{settings}",
    # files
    "{file}, key id {key}, {said}": "{file}，密钥标识 {key}，{said}",
    "{file}, key id {key}": "{file}，密钥标识 {key}",
    "{url}, by {file}": "{url}，依据 {file}",
    "in a file": "存于文件",
    "put the authority's certificate there, or who certified it, in PEM": (
        "将该机构或其签发者的证书以 PEM 格式放在此处"
    ),
    "make one: edge-agent sm2 --make; then restart the agent, whose next run names it": (
        "生成密钥：edge-agent sm2 --make；然后重启网关程序，下次运行即启用"
    ),
    "{file} cannot be written": "{file} 无法写入",
    "make {folder} writable for the agent's user, or name another data_dir": (
        "让网关程序的用户能写入 {folder}，或另设 data_dir"
    ),
    "{file}: it is no signing key's": "{file}：不是签名密钥的证书",
    "name the center's receipt.pem": "请指明接警中心的 receipt.pem",
    "{file} is made for {name}, and `id` of [gateway] is {gateway}": (
        "{file} 是为 {name} 签发的，而 [gateway] 的 id 是 {gateway}"
    ),
    "write the `id` that the center gave, or take the files that it made for this one": (
        "填写接警中心分配的 id，或使用接警中心为本网关制作的文件"
    ),
    "{file} fits its key": "{file} 与其密钥相符",
    "certified by the center's CA": "由接警中心的 CA 签发",
    "over any network": "经任意网络",
    "over {interface}": "经 {interface}",
    "no network interface {interface}; there are: {names}": (
        "没有网络接口 {interface}；现有：{names}"
    ),
    "a modem's appears when it is plugged in; write `interface` as `ip link` shows it": (
        "调制解调器插上后才会出现；interface 请按 ip link 显示的名称填写"
    ),
    "valid until {date}, {n_days} days": "有效期至 {date}，剩余 {n_days} 天",
    "valid until {date}": "有效期至 {date}",
    "expired on {date}": "已于 {date} 过期",
    "expires soon, on {date}": "即将于 {date} 到期",
    "have the center certify this gateway again; if the date is wrong, set the clock": (
        "请接警中心为本网关重新签发证书；若日期不对，请校时"
    ),
    "{port} is not there": "{port} 不存在",
    "there are: {names}": "现有：{names}",
    "plug it in, or name one of these: {names}": "请插上，或填写其中之一：{names}",
    "{port} is no serial port": "{port} 不是串口",
    "name a device such as /dev/serial/by-id/usb-...: `edge-agent discover` finds them": (
        "请填写 /dev/serial/by-id/usb-... 这样的设备：edge-agent discover 可以找到"
    ),
    "{port} may not be opened by this user": "当前用户无权打开 {port}",
    "add the agent's user to the group that owns it, mostly dialout": (
        "将网关程序的用户加入拥有该串口的组，通常是 dialout"
    ),
    # devices, cameras
    "device unlisted": "设备未登记",
    "device uncertified": "设备未认证",
    "certificate ends": "认证证书即将到期",
    "certificate ended": "认证证书已过期",
    "certificate ends, {also}": "认证证书即将到期，{also}",
    "certificate ended, {also}": "认证证书已过期，{also}",
    "enter it as [[device]] in the gateway's configuration": (
        "在网关配置中以 [[device]] 登记该设备"
    ),
    "enter the number of its certificate, or replace it by a certified one": (
        "填写其认证证书编号，或更换为已认证的设备"
    ),
    "have it certified again, or plan its replacement": "重新认证，或安排更换",
    "have it certified again, or replace it; its alarms count as before": (
        "重新认证或更换；其报警仍照常处理"
    ),
    "{n_count} listed, all certified": "已登记 {n_count} 台，全部已认证",
    "{place}, no consent: never asked for anything": "{place}，未获同意：从不调取",
    "{place}, by https": "{place}，经 https",
    "{place}, by plain http on the site's own network": "{place}，经现场内网的 http（未加密）",
    "who is on that network can see its pictures, or put others there; https hinders both": (
        "同一网络中的人能看到或替换其图片；改用 https 可以避免"
    ),
    # the machine
    "{place}: slowest of {what} {n_ms} ms, limit {n_limit}": (
        "{place}：{what}中最慢 {n_ms} 毫秒，限值 {n_limit}"
    ),
    "flushed writes": "落盘写入",
    "the last {n_count} commits": "最近 {n_count} 次提交",
    "99 of 100 of {n_count} commits": "{n_count} 次提交（去除最慢的 1%）",
    "make the folder writable for this user, or look whether the card is read-only": (
        "让当前用户能写入该目录，或检查存储卡是否只读"
    ),
    "use an industrial card or an SSD; see what writes": (
        "改用工业级存储卡或固态硬盘；查明是什么在写入"
    ),
    "the card is full, worn or was unsafely removed: change it": (
        "存储卡已满、磨损或曾被强行拔出：请更换"
    ),
    "{place} refuses: {why}": "{place} 拒绝写入：{why}",
    "{place}: nothing was written yet": "{place}：尚未写入任何内容",
    "{place} cannot be looked at": "无法查看 {place}",
    "mount it": "请挂载",
    "{place}: {n_percent} % used, {n_inodes} % of the inodes": (
        "{place}：已用 {n_percent} %，inode 已用 {n_inodes} %"
    ),
    "{place}: {n_percent} % used": "{place}：已用 {n_percent} %",
    "remove what is not the gateway's, or use a larger card": (
        "删除不属于网关的内容，或改用更大的存储卡"
    ),
    "cannot be read": "无法读取",
    "look at /proc/meminfo": "请查看 /proc/meminfo",
    "{n_mib} MiB available": "可用 {n_mib} MiB",
    "find what else runs on this gateway, or use a board with more": (
        "查明网关上还运行了什么，或改用内存更大的主板"
    ),
    "synced": "已同步",
    "holdover": "保持中",
    "unset": "未校时",
    "synced, right within {n_ms} ms": "已同步，误差不超过 {n_ms} 毫秒",
    "{said}, right within {n_ms} ms: no time source disciplines it": (
        "{said}，误差不超过 {n_ms} 毫秒：没有时间源校准"
    ),
    "{said}: no time source disciplines it": "{said}：没有时间源校准",
    "check the network time service (timedatectl); events are dated afterwards": (
        "检查网络校时服务（timedatectl）；事件时间事后补定"
    ),
    "{n_celsius} C, limit {n_limit}": "{n_celsius} °C，限值 {n_limit}",
    "give the gateway air, shade or a heat sink; clean its vents": (
        "给网关通风、遮阳或加散热片；清洁通风口"
    ),
    "the board sees no under-voltage": "主板未检测到欠压",
    "the board's supply is below 4.63 V": "主板供电低于 4.63 V",
    "use the supply made for the board, a short thick cable, a powered USB hub": (
        "使用主板的原配电源、粗短的电缆、带供电的 USB 集线器"
    ),
    # panels and receipts
    "says nothing by itself, and nothing happened yet: a test print would prove its line": (
        "主机不主动上报，且尚无事件：做一次测试打印即可验证线路"
    ),
    "answers": "有应答",
    "does not answer": "无应答",
    "was not heard yet": "尚未收到信号",
    "check its supply, and the line between it and here": "检查主机供电及其与网关之间的线路",
    "nothing damaged": "无损坏的数据",
    "damaged since the last look: {counts}": "自上次检查以来的损坏：{counts}",
    "noisy; {said}": "噪声大；{said}",
    "check cable, shield, earth and the length of the line": "检查线缆、屏蔽、接地和线路长度",
    "an event was receipted in {n_ms} ms; {n_count} outstanding": (
        "事件在 {n_ms} 毫秒内得到回执；{n_count} 条尚无回执"
    ),
    "see the way to its broker; events wait in the journal meanwhile": (
        "检查至其消息服务器的通路；事件暂存在日志中"
    ),
    "not connected": "未连接",
    "connected, but nothing is receipted; {n_count} outstanding": (
        "已连接，但没有任何回执；{n_count} 条尚无回执"
    ),
    "ask the center whether it runs": "询问接警中心是否在运行",
    "not tried: what the last self-test looked at still hangs": ("未测：上次自检的项目仍未结束"),
    "not tried: only the agent may listen to it, since it answers what it hears": (
        "未测：只有网关程序可以监听，因为监听者须应答"
    ),
    "not tried: only the running agent has events to be receipted": (
        "未测：只有运行中的网关程序才有待回执的事件"
    ),
    # when it may not be, and how it ends
    "it did not end within {n_s} s": "{n_s} 秒内未结束",
    "an alarm came": "有报警到来",
    "an alarm is young: nothing is probed for {n_min} min more": (
        "刚有报警：{n_min} 分钟内不做自检"
    ),
    "that self-test is over: ask for another": "该次自检已结束：请重新开始",
    "the agent ended ({why})": "网关程序已停止（{why}）",
    "{n_all} probed, {n_bad} to mend, {n_left} not tried": (
        "检查 {n_all} 项，需处理 {n_bad} 项，未测 {n_left} 项"
    ),
    "{said}; broken off: {why}": "{said}；已中断：{why}",
    "begins": "开始",
    # a plug in a serial port
    "none of {n_sent} bytes came back": "发出 {n_sent} 字节，无一返回",
    "{n_came} of {n_sent} bytes came back, {n_wrong} wrong": (
        "发出 {n_sent} 字节，返回 {n_came} 字节，其中 {n_wrong} 字节错误"
    ),
    "{said}; {n_noise} came that nobody sent": "{said}；另有 {n_noise} 字节无人发送",
    "join TX and RX (pins 2 and 3 of a D-sub 9); if they are, change the adapter": (
        "短接收发线（D-sub 9 的 2、3 脚）；若已短接，请更换转换器"
    ),
    "take the panel off the line; then look for interference, an open shield, no earth": (
        "先把主机从线路上断开；再检查干扰、屏蔽开路、未接地"
    ),
    "try a lower speed; change cable and adapter": "降低速率再试；更换线缆和转换器",
    "{settings} is no line setting; they are like 9600 or 19200-7E1": (
        "{settings} 不是线路参数；应如 9600 或 19200-7E1"
    ),
    "{place} is no line; they are {forms}": "{place} 不是线路；应如 {forms}",
    # walk tests
    "{n_count} zones heard; the site lists none": "已收到 {n_count} 个防区；现场配置未列出防区",
    "{n_heard} of {n_all} zones heard": "{n_all} 个防区中已收到 {n_heard} 个",
    "{said}; not heard: {zones}": "{said}；未收到：{zones}",
    "area {n_area}, {n_zones} zones, for {n_min} min": (
        "分区 {n_area}，{n_zones} 个防区，限时 {n_min} 分钟"
    ),
    "{n_zones} zones, for {n_min} min": "{n_zones} 个防区，限时 {n_min} 分钟",
    "begun: {said}": "已开始：{said}",
    "by {actor}": "由 {actor} 结束",
    "another begins": "另一次步测开始",
    "its time is over": "时间已到",
    "unknown key in a walk test": "步测请求中有未知的键",
    "no walk test of {panel} was begun since the agent was started": (
        "网关程序启动以来未对 {panel} 开始过步测"
    ),
    "no panel {panel}; there are: {names}": "没有主机 {panel}；现有：{names}",
    "'{name}' is a number of 1 to {n_high}": "{name} 应为 1 至 {n_high} 的数",
}
