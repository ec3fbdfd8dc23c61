"""What can be wrong with a configuration, and what to write instead."""

CONFIGURATION: dict[str, str] = {
    "the configuration is not usable": "配置不可用",
    "give the right file with --config, or make it readable for this user": (
        "请用 --config 指明正确的文件，或让当前用户可读"
    ),
    "{key} (found {values})": "{key}（现为 {values}）",
    # its text
    "at most {n_bytes} are read": "最多读取 {n_bytes} 字节",
    "save it as UTF-8": "请保存为 UTF-8",
    "this is not TOML: {why}; text stands in quotes": "不是 TOML：{why}；文字须加引号",
    "this is not TOML: {why}; a table that may be there several times has two brackets, as "
    "[[panel]]": "不是 TOML：{why}；可有多个的表用双方括号，如 [[panel]]",
    "this is not TOML: {why}; this key is there already": "不是 TOML：{why}；该键已存在",
    "this is not TOML: {why}": "不是 TOML：{why}",
    "{why} (at line {n_line}, column {n_column})": "第 {n_line} 行第 {n_column} 列：{why}",
    "{why} (at end of document)": "文件末尾：{why}",
    "Invalid value": "值无效",
    "Invalid statement": "语句无效",
    "Cannot declare {names} twice": "重复声明 {names}",
    "Cannot overwrite a value": "重复赋值",
    "Unterminated string": "字符串未结束",
    "Expected '=' after a key in a key/value pair": "键之后应为 =",
    "Expected newline or end of document after a statement": "语句之后应换行",
    # its keys and values
    "unknown key; did you mean '{name}'? allowed here: {names}": (
        "未知的键；是否应为 {name}？此处允许：{names}"
    ),
    "unknown key; allowed here: {names}": "未知的键；此处允许：{names}",
    "allowed here: {names}": "此处允许：{names}",
    "{file} is missing: the installation of edge-agent is incomplete": (
        "缺少 {file}：edge-agent 的安装不完整"
    ),
    "center {name} has no path": "接警中心 {name} 没有通路",
    "{key} is missing": "缺少 {key}",
    "a whole number": "整数",
    "a number": "数",
    "true or false": "true 或 false",
    "text": "文字",
    "write {what}, in quotes": "请填写{what}，加引号",
    "write {what}, without quotes": "请填写{what}，不加引号",
    "write {what}": "请填写{what}",
    "write {what} of at least {n_bound}": "请填写不小于 {n_bound} 的{what}",
    "write {what} of at most {n_bound}": "请填写不大于 {n_bound} 的{what}",
    "write {what} of more than {n_bound}": "请填写大于 {n_bound} 的{what}",
    "write {what} of less than {n_bound}": "请填写小于 {n_bound} 的{what}",
    "at least {n_count} character(s)": "至少 {n_count} 个字符",
    "at most {n_count} character(s)": "至多 {n_count} 个字符",
    "at least {n_count} entries": "至少 {n_count} 项",
    "at most {n_count} entries": "至多 {n_count} 项",
    "write [[{table}]], with two brackets: there may be several": (
        "请写 [[{table}]]，用双方括号：可有多个"
    ),
    "write [{table}], with one bracket: there is only one": "请写 [{table}]，用单方括号：只有一个",
    'write a list, in brackets: ["...", "..."]': '请写列表，加方括号：["...", "..."]',
    "write a table: {example}": "请写表：{example}",
    "write a date and time such as 2026-12-01T08:00:00+08:00": (
        "请写日期时间，如 2026-12-01T08:00:00+08:00"
    ),
    "1 to 32 of a-z, 0-9 and -, starting with a letter or digit": (
        "1 至 32 个 a-z、0-9 或 -，以字母或数字开头"
    ),
    "1 to 32 of a-z, 0-9, _ and -, starting with a letter or digit": (
        "1 至 32 个 a-z、0-9、_ 或 -，以字母或数字开头"
    ),
    "the name of a user, or of a group with @ before it": "用户名，或前面加 @ 的组名",
    "an address such as http://timestamp.example.org/tsr": (
        "网址，如 http://timestamp.example.org/tsr"
    ),
    # what does not go together
    "give exactly one of serial, tcp": "serial、tcp 须且只能给出一个",
    "give exactly one of serial, tcp, listen, bus": "serial、tcp、listen、bus 须且只能给出一个",
    "bus and unit belong together": "bus 与 unit 须同时给出",
    "no such bus; {what}": "没有该总线；{what}",
    "add a [[bus]] with this id": "请以此 id 添加 [[bus]]",
    "{owner} has this port": "该串口已属于 {owner}",
    "{owner} has this very line or unit already": "该线路或单元已属于 {owner}",
    "no such panel; there are: {names}": "没有该主机；现有：{names}",
    "give snapshot_url, recording, or both": "请给出 snapshot_url、recording，或两者",
    "at least one center must be required, or nothing is kept": (
        "至少要有一个必需的接警中心，否则不保留任何事件"
    ),
    "center '{name}' has this file; each key has one of its own": (
        "该文件已属于接警中心 {name}；每个密钥各有自己的文件"
    ),
    "this very path is there already": "该通路已存在",
    "another panel has this id": "已有主机使用该 id",
    "another bus has this id": "已有总线使用该 id",
    "another camera has this id": "已有摄像机使用该 id",
    "another center has this name": "已有接警中心使用该名称",
    "another {table} has this {key}": "已有 {table} 使用该 {key}",
    # drivers, profiles, options
    "no such time zone; names are like Asia/Shanghai (needs the package tzdata)": (
        "没有该时区；名称应如 Asia/Shanghai（需要 tzdata 包）"
    ),
    "profile '{name}' is for driver '{driver}'": "档案 {name} 属于驱动 {driver}",
    "driver '{driver}' is reached over: {places}": "驱动 {driver} 的连接方式：{places}",
    "driver '{driver}' cannot do {word}: take it out of `allow`": (
        "驱动 {driver} 不能执行 {word}：请从 allow 中去掉"
    ),
    "driver {driver} starts no session: {place}": "驱动 {driver} 不能启动会话：{place}",
    "driver {driver}: {errors} is no Recognition": "驱动 {driver}：{errors} 不是 Recognition",
    "driver {driver} does not define a Driver of that name": "驱动 {driver} 未定义同名的 Driver",
    "driver {driver} ({module}): a name is of a-z, 0-9 and _": (
        "驱动 {driver}（{module}）：名称只能用 a-z、0-9 和 _"
    ),
    "driver {driver}: {why}": "驱动 {driver}：{why}",
    "{driver} has no option {name}; {what}": "{driver} 没有选项 {name}；{what}",
    "option {name} is {values}; {what}": "选项 {name} 为 {values}；{what}",
    "option {name} is not accepted; {what}": "选项 {name} 不被接受；{what}",
    "option {texts} is not of the form NAME=VALUE": "选项 {texts} 应写成 NAME=VALUE",
    "allowed: {what} from {n_low} up to {n_high}": "允许：{n_low} 至 {n_high} 的{what}",
    "allowed: {what} from {n_low}": "允许：不小于 {n_low} 的{what}",
    "allowed: {what} up to {n_high}": "允许：不大于 {n_high} 的{what}",
    "allowed: {what}": "允许：{what}",
    "did you mean {name}? known: {names}": "是否应为 {name}？已知：{names}",
    "known: {names}": "已知：{names}",
    "no driver is called {name}; {what}": "没有名为 {name} 的驱动；{what}",
    "no profile is called {name}; {what}": "没有名为 {name} 的档案；{what}",
    "profile {name}: larger than {n_bytes} bytes": "档案 {name}：超过 {n_bytes} 字节",
    "profile {name} cannot be read: {why}": "档案 {name} 无法读取：{why}",
    "profile {name}: {why}": "档案 {name}：{why}",
    "the file name {name} is not made of a-z, 0-9 and _": "文件名 {name} 只能用 a-z、0-9 和 _",
    "the section [{name}] is missing": "缺少 [{name}] 一节",
    "the key {key} is missing or is not text": "键 {key} 缺失或不是文字",
    "unknown key {key}; {what}": "未知的键 {key}；{what}",
    "driver {name} ({module}) does not load: {errors}; mend or uninstall its package": (
        "驱动 {name}（{module}）无法加载：{errors}；请修复或卸载其软件包"
    ),
    # the site
    "a name has 1 to {n_max} characters, not {n_count}": (
        "名称为 1 至 {n_max} 个字符，现为 {n_count} 个"
    ),
    "{name} is 1 to {n_max}, not {n_value}": "{name} 应为 1 至 {n_max}，现为 {n_value}",
    "{name} is 0 to {n_max} seconds, not {n_value}": "{name} 应为 0 至 {n_max} 秒，现为 {n_value}",
    "days are such as Mon-Fri, Sat,Sun or daily, not {texts}": (
        "days 应如 Mon-Fri、Sat,Sun 或 daily，现为 {texts}"
    ),
    "a time is such as 08:00, not {texts}": "时间应如 08:00，现为 {texts}",
    "timezone is a name such as Asia/Shanghai": "timezone 应如 Asia/Shanghai",
    "walk_s is 0 to 3600 seconds, not {n_value}": "walk_s 应为 0 至 3600 秒，现为 {n_value}",
    "near and overlaps hold {n_max} zones at most": "near 和 overlaps 最多 {n_max} 个防区",
    "eol_ohms is above 0 and at most 10 million, not {n_value}": (
        "eol_ohms 应大于 0 且不超过一千万，现为 {n_value}"
    ),
    "tolerance_min is 0 to 1440 minutes, not {n_value}": (
        "tolerance_min 应为 0 至 1440 分钟，现为 {n_value}"
    ),
    "start and end need an offset, as in 2026-11-23T08:00:00+08:00": (
        "start 和 end 须带时差，如 2026-11-23T08:00:00+08:00"
    ),
    "end is after start, by 14 days at most": "end 应在 start 之后，最多相隔 14 天",
    # lines, cameras, devices
    "port is 1 to 65535, not {n_value}": "port 应为 1 至 65535，现为 {n_value}",
    "host is a name or an address: 1 to 253 characters, 1 to 63 between two dots; no scheme before "
    "it, no port behind it": (
        "host 应为域名或地址：1 至 253 个字符，两点之间 1 至 63 个；前面不写协议，后面不写端口"
    ),
    "port is a path such as /dev/serial/by-id/usb-...": (
        "port 应为路径，如 /dev/serial/by-id/usb-..."
    ),
    "baud is 50 to 4000000, not {n_value}": "baud 应为 50 至 4000000，现为 {n_value}",
    "a URL has 1 to {n_max} printable characters of ASCII, no blanks": (
        "网址为 1 至 {n_max} 个可打印的 ASCII 字符，不含空格"
    ),
    "a camera's URL is http:// or https://, a host, perhaps a port, and a path": (
        "摄像机网址由 http:// 或 https://、主机、可选的端口和路径组成"
    ),
    "no user or password in the URL: use `user` and `password_file`": (
        "网址中不要写用户名或密码：请用 user 和 password_file"
    ),
    "the host or port of a camera's URL cannot be read": "无法识别摄像机网址中的主机或端口",
    "a port is 1 to 65535": "端口应为 1 至 65535",
    "over http a camera is named by an address of the site's own network, such as "
    "http://192.168.1.40/; for all others use https and `ca`": (
        "http 只用于现场内网的地址，如 http://192.168.1.40/；其他请用 https 和 ca"
    ),
    "{name} are at most {n_max} numbers of 1 to {n_high}": (
        "{name} 最多 {n_max} 个，均为 1 至 {n_high} 的数"
    ),
    "{name} is not known in a recording's URL; {names} are": (
        "录像网址中不认识 {name}；可用 {names}"
    ),
    "{name} is 0 to {n_max} seconds": "{name} 应为 0 至 {n_max} 秒",
    "a recording lasts at least a second: give before_s or after_s": (
        "录像至少一秒：请给出 before_s 或 after_s"
    ),
    "holds names what the recording holds: image, sound": ("holds 指明录像的内容：image、sound"),
    "a camera's id is 1 to 24 of a-z, 0-9 and _, starting with a letter": (
        "摄像机 id 为 1 至 24 个 a-z、0-9 或 _，以字母开头"
    ),
    "a name has 1 to {n_max} characters": "名称为 1 至 {n_max} 个字符",
    "sees names what the camera sees of 1 to {n_max} panels": (
        "sees 指明摄像机所见，涉及 1 至 {n_max} 台主机"
    ),
    "pictures is 1 to {n_max}, not {n_value}": "pictures 应为 1 至 {n_max}，现为 {n_value}",
    "every_s is 0.2 to 10 seconds, not {n_value}": "every_s 应为 0.2 至 10 秒，现为 {n_value}",
    "https needs `ca`: the authority's file, or the camera's certificate": (
        "https 需要 ca：机构的文件，或摄像机的证书"
    ),
    "`ca` and `tls_name` belong to https; this camera is reached by http": (
        "ca 和 tls_name 仅用于 https；该摄像机使用 http"
    ),
    "user and password_file belong together": "user 与 password_file 须同时给出",
    "user has 1 to 64 printable characters": "user 为 1 至 64 个可打印字符",
    "auth needs user and password_file": "auth 需要 user 和 password_file",
    "bytes_max of clips is 1048576 (1 MiB) or more": "clips 的 bytes_max 不小于 1048576（1 MiB）",
    "keep_days of clips is 1 to 3650": "clips 的 keep_days 应为 1 至 3650",
    "zone is 1 to {n_max}, not {n_value}": "zone 应为 1 至 {n_max}，现为 {n_value}",
    "what a plate says has 1 to {n_max} characters": "铭牌文字为 1 至 {n_max} 个字符",
    # in the place of another configuration
    "charter {n_number} does not name it: have one signed that does": (
        "第 {n_number} 号章程未列出它：请签署列出它的章程"
    ),
    "this is changed on site only": "只能在现场更改",
    "it is {values} here; less than that this is changed on site only": (
        "现为 {values}；减少只能在现场更改"
    ),
    "it is {values} here, and this is changed on site only": "现为 {values}，只能在现场更改",
    "a center is added here, and this is changed on site only": (
        "此处增加了接警中心，只能在现场更改"
    ),
    "a center is left out here, and this is changed on site only": (
        "此处去掉了接警中心，只能在现场更改"
    ),
    "the first one is asked for the time: their order this is changed on site only": (
        "时间取自第一个接警中心：其顺序只能在现场更改"
    ),
    "another authority, or none: this is changed on site only": ("更换或去掉机构：只能在现场更改"),
    "another second signature, or none: this is changed on site only": (
        "更换或去掉第二签名：只能在现场更改"
    ),
    "a file: this is changed on site only": "文件：只能在现场更改",
    "another camera: this is changed on site only": "更换摄像机：只能在现场更改",
    "a right more: this is changed on site only": "增加权限：只能在现场更改",
}
