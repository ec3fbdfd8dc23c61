"""What can be wrong with a key: in a file, in a TPM, in a token of PKCS #11."""

KEYS: dict[str, str] = {
    "key file {file}: {why}. {what}": "密钥文件 {file}：{why}。{what}",
    "others can use it (mode {mode})": "其他用户也能使用它（权限 {mode}）",
    "Run: chmod 600 {file}; renew the key": "请执行：chmod 600 {file}；并更换密钥",
    "it is not there": "文件不存在",
    "Restore it or make a new one": "恢复该文件，或重新生成",
    "it cannot be read ({why})": "无法读取（{why}）",
    "Check its owner and mode": "检查其属主和权限",
    "it exists": "已存在",
    "Move it away to make a new key": "移走它才能生成新密钥",
    "it cannot be written ({why})": "无法写入（{why}）",
    "Check the folder": "检查该目录",
    "It must be a private key in PEM (PKCS #8) without passphrase": (
        "必须是 PEM（PKCS #8）格式的私钥，不带口令"
    ),
    "neither an Ed25519 nor a P-256 key": "既不是 Ed25519 也不是 P-256 密钥",
    "Make one of these kinds: others are not used": "请生成其中一种：不使用其他种类",
    "more than {n_bytes} bytes are no key": "超过 {n_bytes} 字节的不是密钥",
    "this is no Ed25519 key": "不是 Ed25519 密钥",
    "this is no P-256 key": "不是 P-256 密钥",
    "Name the right file": "请指明正确的文件",
    "it is encrypted": "密钥已加密",
    "it holds no usable private key": "其中没有可用的私钥",
    # a TPM
    "the TPM at {device} hangs for {n_s} s": "{device} 的 TPM 已 {n_s} 秒无响应",
    "Cut the power once; if that does not help, it is broken": "断电一次；若无效，则已损坏",
    "Enrol this gateway anew, with --tpm": "用 --tpm 重新登记本网关",
    "Enrol this gateway anew, with --tpm; or put the right TPM back": (
        "用 --tpm 重新登记本网关；或装回原来的 TPM"
    ),
    "Let the agent's user use it (group tss); if it hangs, cut the power once": (
        "让网关程序的用户有权使用（tss 组）；若无响应，断电一次"
    ),
    "Look the number up (tpm2_rc_decode); cut the power once if it makes no sense": (
        "查询该代码（tpm2_rc_decode）；若无法解释，断电一次"
    ),
    "it is cut off": "内容不完整",
    "a key of another kind": "是另一种密钥",
    "a key with a password": "是带口令的密钥",
    "below an unknown key, {handle}": "位于未知密钥 {handle} 之下",
    "a part of another length than it says": "某部分的长度与所述不符",
    "signing by the TPM ended in a defect of ours, named before": (
        "TPM 签名因前述的程序缺陷而中止"
    ),
    "the TPM at {device}": " {device} 的 TPM ",
    "the TPM at {device} cannot be opened ({why})": "{device} 的 TPM 无法打开（{why}）",
    "the TPM at {device} answers what cannot be: {why}": "{device} 的 TPM 应答不合理：{why}",
    "the TPM at {device} fails ({why})": "{device} 的 TPM 出错（{why}）",
    "the TPM at {device} does not answer within {n_s} s": "{device} 的 TPM 在 {n_s} 秒内无应答",
    "the TPM at {device} went away": "{device} 的 TPM 已消失",
    "{what} did not make this key, or was cleared since": (
        "此密钥不是{what}生成的，或该 TPM 已被清空"
    ),
    "{what} is locked out": "{what}已锁定",
    "Wait until it takes tries again, or have the machine's owner reset the lockout": (
        "等待其解除锁定，或请设备所有者解锁"
    ),
    "{what} is closed to its owner's keys ({why})": "{what}未开放所有者密钥（{why}）",
    "Have its owner keep a storage key at 0x81000001, or switch the hierarchy on": (
        "请所有者在 0x81000001 保存存储密钥，或启用该层级"
    ),
    "{what} refuses ({why})": "{what}拒绝（{why}）",
    "there is no TPM at {device}": "{device} 没有 TPM",
    "Switch it on in the firmware (on a Raspberry Pi by its device tree overlay), or name it by "
    "`tpm` in the configuration": ("在固件中启用（树莓派用设备树叠加层），或在配置的 tpm 中指明"),
    "its signature does not fit the key": "其签名与密钥不符",
    "it holds no usable key of a TPM: {why}": "其中没有可用的 TPM 密钥：{why}",
    # a token
    "in {what}": "存于{what}",
    "the token {tokens} of {module}": " {module} 的令牌 {tokens} ",
    "the token of {module}": " {module} 的令牌",
    "an error of its own": "其自有错误",
    "{function} answers {name} ({code})": "{function} 返回 {name}（{code}）",
    "it has no function C_GetFunctionList": "没有函数 C_GetFunctionList",
    "{module} is no PKCS #11 library that can be loaded here ({why})": (
        "{module} 不是此处能加载的 PKCS #11 库（{why}）"
    ),
    "Install the token's library, or name it by module-path": (
        "安装令牌的库，或用 module-path 指明"
    ),
    "Look the name up in PKCS #11; see that the token's own tools can use it": (
        "在 PKCS #11 中查该名称；确认令牌自带工具能使用它"
    ),
    "{what}is not there (there is {names})": "{what}不存在（现有 {names}）",
    "{what}is not there (nor any other)": "{what}不存在（也没有其他令牌）",
    "Plug it in, or name another one": "请插上，或指明另一个",
    "{n_count} tokens are {what}(serial {serials})": (
        "{n_count} 个令牌都是 {what}（序列号 {serials}）"
    ),
    "Name one of them by serial= as well": "再用 serial= 指明其中一个",
    "{what}is locked after wrong PINs": "{what}因 PIN 多次错误已锁定",
    "Have its security officer unlock it, and put the new PIN into its file": (
        "请安全员解锁，并将新 PIN 写入其文件"
    ),
    "{what}wants its PIN typed at a pad, and nobody is at a gateway": (
        "{what}要求在键盘上输入 PIN，而网关无人值守"
    ),
    "Use one that takes its PIN from a program": "请使用可由程序提供 PIN 的令牌",
    "{what}refused the PIN in {file} before, and it is not tried again": (
        "{what}曾拒绝 {file} 中的 PIN，不再尝试"
    ),
    "Put the right PIN there; if it is right now, remove {file}": (
        "写入正确的 PIN；若现已正确，请删除 {file}"
    ),
    "{what}has met wrong PINs and has one try left": "{what}的 PIN 曾输错，只剩一次机会",
    "One more would lock it: put the right PIN there, and log in once by the token's tools": (
        "再错一次即锁定：写入正确的 PIN，并用令牌自带工具登录一次"
    ),
    "{what}refuses the PIN in {file}": "{what}拒绝 {file} 中的 PIN",
    "Put the right PIN there; this one is not tried again": "写入正确的 PIN；此 PIN 不再尝试",
    "{what}lets nobody log in: {why}": "{what}不允许登录：{why}",
    "See what the token's own tools say of its user's PIN": "用令牌自带工具查看用户 PIN 的状态",
    "{what}asks for a PIN, and the key's name says no file that holds it": (
        "{what}需要 PIN，而密钥名称中未指明存放 PIN 的文件"
    ),
    "Add pin-source=file:/etc/edge-agent/token.pin to it; mode 0600": (
        "请加上 pin-source=file:/etc/edge-agent/token.pin；权限 0600"
    ),
    "the PIN in {file}: {why}": "{file} 中的 PIN：{why}",
    "Put the PIN there, in a file of the agent's user with mode 0600": (
        "将 PIN 写入该文件，属主为网关程序的用户，权限 0600"
    ),
    "{file} holds no PIN": "{file} 中没有 PIN",
    "It is one line, and nothing else": "只应有一行，别无其他",
    "{what}holds no private key {name}": "{what}中没有私钥 {name}",
    "Restore it there, or enrol this gateway anew": "恢复该密钥，或重新登记本网关",
    "the key {name} in {what}is neither P-256 nor Ed25519": (
        "{what}中的密钥 {name} 既不是 P-256 也不是 Ed25519"
    ),
    "Name another one, or have one made under a new name": "指明另一个，或以新名称生成",
    "{what}holds more than one private key {name}": "{what}中有多个私钥 {name}",
    "Name one of them by its id=%.. as well": "再用 id=%.. 指明其中一个",
    "{what}makes neither P-256 nor Ed25519 keys": "{what}不能生成 P-256 或 Ed25519 密钥",
    "Use another token, or keep the key in a file or a TPM": (
        "换用其他令牌，或将密钥存于文件或 TPM"
    ),
    "the key {name} in {what}can leave it, or could: there may be a copy": (
        "{what}中的密钥 {name} 可以或曾可以导出：可能存在副本"
    ),
    "{what}does not tell the public half of its key {name}": ("{what}不给出密钥 {name} 的公钥部分"),
    "Put it there as an object of the same label and id": "请以相同的 label 和 id 存入公钥对象",
    "Restore it, or enrol this gateway anew with --pkcs11": "恢复它，或用 --pkcs11 重新登记本网关",
    "{what}signs with another key than the one in this file": (
        "{what}用来签名的密钥与此文件中的不同"
    ),
    "{what}hangs for {n_s} s": "{what}已 {n_s} 秒无响应",
    "See that the token's own tools reach it; plug it in anew": (
        "确认令牌自带工具能访问它；重新插拔"
    ),
    "the library of {what}ends its process ({why})": "{what}的库使其进程终止（{why}）",
    "signal {n_signal}": "信号 {n_signal}",
    "exit code {n_code}": "退出码 {n_code}",
    "Have its maker mend it; the agent goes on": "请厂商修复；网关程序继续运行",
    "{what}makes no usable key: {why}": "{what}未生成可用的密钥：{why}",
    "it names no key in a token: {why}": "未指明令牌中的密钥：{why}",
}
