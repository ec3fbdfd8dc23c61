"""What can be wrong between a gateway and its centers: brokers, TLS, files, receipts."""

_RENEW = "在接警中心更新证书；若并未过期，则是网关时钟不准"

WAYS: dict[str, str] = {
    "the name of broker {place} cannot be resolved ({why})": (
        "无法解析消息服务器 {place} 的域名（{why}）"
    ),
    "check `host` and the gateway's DNS": "检查 host 和网关的 DNS",
    "nobody listens at {place}": "{place} 无服务监听",
    "check that the broker runs, and `port`": "检查消息服务器是否在运行，以及 port",
    "no answer from {place} in time": "{place} 未及时应答",
    "check network and firewall between here and the broker": (
        "检查网关与消息服务器之间的网络和防火墙"
    ),
    "{place} cannot be reached ({why})": "无法到达 {place}（{why}）",
    "check the gateway's network": "检查网关的网络",
    "closed in the handshake": "握手时被关闭",
    "the certificate of the broker at {place} has expired": "消息服务器 {place} 的证书已过期",
    "the certificate of the broker at {place} has expired on {date}; it is {today} {said}": (
        "消息服务器 {place} 的证书已于 {date} 过期；现在是 {today}，{said}"
    ),
    "here": "以网关时钟为准",
    "at least, by what was seen before": "至少如此，依据先前所见",
    "renew it at the center; if it has not, the gateway's clock is wrong": _RENEW,
    "the certificate of the broker at {place} is not valid yet": (
        "消息服务器 {place} 的证书尚未生效"
    ),
    "the certificate of the broker at {place} is not valid before {date}; it is {today} here": (
        "消息服务器 {place} 的证书 {date} 才生效；网关现在是 {today}"
    ),
    "set the gateway's clock": "校准网关时钟",
    "set the gateway's clock, or that of the center which made it": (
        "校准网关时钟，或签发证书的接警中心的时钟"
    ),
    "the broker at {place} shows a certificate for another host": (
        "消息服务器 {place} 出示的是另一域名的证书"
    ),
    "write `host` as it stands in the certificate, or have one issued for this host": (
        "host 按证书中的名称填写，或为该域名签发证书"
    ),
    "the certificate of the broker at {place} is not of our CA ({details})": (
        "消息服务器 {place} 的证书不是本方 CA 签发的（{details}）"
    ),
    "check that `ca` is the center's; if it is, somebody stands between": (
        "检查 ca 是否为接警中心的；若是，则中间有人冒充"
    ),
    "the broker at {place} says that our certificate has expired": (
        "消息服务器 {place} 称本网关证书已过期"
    ),
    "renew the gateway's `certificate`": "更新网关的 certificate",
    "the broker at {place} does not take our certificate ({details})": (
        "消息服务器 {place} 不接受本网关证书（{details}）"
    ),
    "check `certificate` and `key`: they must be of the center's CA": (
        "检查 certificate 和 key：必须由接警中心的 CA 签发"
    ),
    "no TLS with {place} ({why})": "与 {place} 无法建立 TLS（{why}）",
    "check that `port` is the broker's TLS port and that it offers TLS 1.2 or 1.3": (
        "检查 port 是否为消息服务器的 TLS 端口，且支持 TLS 1.2 或 1.3"
    ),
    "the name of broker {place} is not resolved in time": "未能及时解析消息服务器 {place} 的域名",
    "check the gateway's DNS; an address as `host` needs none, if the broker's certificate "
    "names it": "检查网关的 DNS；若消息服务器证书中写有地址，host 可直接填地址",
    "the connection to {place} broke ({why})": "与 {place} 的连接中断（{why}）",
    "the connection to {place} broke": "与 {place} 的连接中断",
    "nothing to do if it returns; else check the broker and the network": (
        "若自行恢复则无需处理；否则检查消息服务器和网络"
    ),
    "the broker at {place} closed the connection before it accepted us": (
        "消息服务器 {place} 在接受之前关闭了连接"
    ),
    "check that it takes our `certificate`, knows this gateway's id and offers MQTT 5": (
        "检查其是否接受本网关的 certificate、认识本网关的 id 并支持 MQTT 5"
    ),
    "the broker at {place} refused: {why} ({code})": "消息服务器 {place} 拒绝：{why}（{code}）",
    "the broker at {place} refused: {why}": "消息服务器 {place} 拒绝：{why}",
    "check that it knows this gateway's id and offers MQTT 5": (
        "检查其是否认识本网关的 id 并支持 MQTT 5"
    ),
    "the broker at {place} sent what MQTT does not allow ({why})": (
        "消息服务器 {place} 发来不符合 MQTT 的内容（{why}）"
    ),
    "check what stands between here and the broker": "检查网关与消息服务器之间有什么设备",
    "check that the file exists, is readable for this user, and holds what its name says": (
        "检查该文件是否存在、当前用户可读，且内容与名称相符"
    ),
    "unspecified error": "未说明的错误",
    "it does not speak MQTT 5": "不支持 MQTT 5",
    "client identifier not valid": "客户端标识无效",
    "bad user name or password": "用户名或密码错误",
    "not authorized": "未授权",
    "server unavailable": "服务不可用",
    "server busy": "服务繁忙",
    "banned": "被禁止",
    "connection rate exceeded": "连接过于频繁",
    "for a reason of its own": "原因由其自定",
    "no CONNACK": "没有 CONNACK",
    "{address} in {n_ms} ms": "{address}，用时 {n_ms} 毫秒",
    "connected in {n_ms} ms": "已连接，用时 {n_ms} 毫秒",
    "accepted us in {n_ms} ms": "已接受，用时 {n_ms} 毫秒",
    # files of ours
    "no usable certificate ({details})": "没有可用的证书（{details}）",
    "copy it from the center again": "从接警中心重新复制",
    "not for sealing (X25519)": "不能用于封装（X25519）",
    "name the center's seal.pem": "请指明接警中心的 seal.pem",
    "not signed by the CA in {file}": "不是 {file} 中的 CA 签发的",
    "both files must come from the same center": "两个文件必须来自同一个接警中心",
    "no certificate ({why})": "没有证书（{why}）",
    "copy it from the center": "从接警中心复制",
    "cannot be read ({why})": "无法读取（{why}）",
    "check that it exists and who may read it": "检查其是否存在、谁可以读取",
    "certificate {file} and key file {key} cannot be used ({details})": (
        "证书 {file} 和密钥文件 {key} 无法使用（{details}）"
    ),
    "look into both: each is PEM, and the key has no password": (
        "检查两者：均应为 PEM 格式，密钥不带密码"
    ),
    "{name} file {file} cannot be used ({why})": "{name} 文件 {file} 无法使用（{why}）",
    "{file} was not made for the key file {key}": "{file} 与密钥文件 {key} 不配套",
    "take both from one enrolment, or from one folder of the center": (
        "两者须取自同一次登记，或接警中心的同一目录"
    ),
    "network interface {interface} cannot be used ({why})": (
        "网络接口 {interface} 无法使用（{why}）"
    ),
    "check its name with `ip link` and that it is up": "用 ip link 检查其名称以及是否已启用",
    "have it renewed at the center (edge-center init --renew) and put it in its place": (
        "在接警中心更新（edge-center init --renew）并放回原处"
    ),
    "our certificate {file} ends on {date}, in {n_days} days; {what}": (
        "本网关证书 {file} 将于 {date} 到期，还有 {n_days} 天；{what}"
    ),
    "our certificate {file} ended on {date}; {what}": "本网关证书 {file} 已于 {date} 过期；{what}",
    "our certificate {file} begins on {date}; set the gateway's clock": (
        "本网关证书 {file} 自 {date} 起生效；请校准网关时钟"
    ),
    # while it runs
    "the broker has no subscriber": "消息服务器没有订阅者",
    "is the center running?": "接警中心在运行吗？",
    "the connection was lost": "连接已断开",
    "there is no connection": "没有连接",
    "nobody subscribes": "无人订阅",
    "a packet over {n_bytes} bytes": "报文超过 {n_bytes} 字节",
    "not signed by an authority of this center": "不是本接警中心的机构签发的",
    "the broker at {place} shows a key that its center has revoked": (
        "消息服务器 {place} 出示的密钥已被接警中心吊销"
    ),
    "somebody stands between, or that broker has not been given its new key": (
        "中间有人冒充，或该消息服务器尚未换用新密钥"
    ),
    "nothing receipted for {n_s} s, though the broker answers": (
        "消息服务器有应答，但 {n_s} 秒内没有任何回执"
    ),
    "check that the center runs and is connected to this broker": (
        "检查接警中心是否在运行并连接到该消息服务器"
    ),
    "the broker does not answer any more": "消息服务器不再应答",
    "no receipt came over it": "经此通路没有收到回执",
    "no answer in time": "未及时应答",
    "the path in use is lost": "使用中的通路已断开",
    "the path in use answers again": "使用中的通路恢复应答",
    "the path in use is in doubt": "使用中的通路可疑",
    "moved to a preferred path": "已切换到优先通路",
    "back to the preferred path": "已回到优先通路",
    "it becomes the path in use": "转为使用中的通路",
}
