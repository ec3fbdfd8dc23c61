"""What verification of a journal or an evidence bundle finds, and how it is told."""

_COMPARE = "文件自带：请与已知指纹核对"

EVIDENCE: dict[str, str] = {
    # kinds of problems
    "malformed": "格式错误",
    "wrong_gateway": "属于其他网关",
    "unknown_key": "密钥未知",
    "wrong_epoch": "属于其他运行期",
    "bad_signature": "签名无效",
    "bad_genesis": "起始事件无效",
    "unvouched": "无身份密钥担保",
    "gap": "缺号",
    "fork": "编号重复而内容不同",
    "root_mismatch": "与已签内容不符",
    "rolled_back": "被回退",
    "branch": "出现分支",
    "clone": "网关被复制",
    "unwritten": "未写入存储卡",
    "anchor": "时间戳无效",
    "second_signature": "第二签名无效",
    "receipts": "回执不符",
    "damage": "日志损坏",
    "{said} at {epoch}/{n_seq}: {what}": "{said}（位于 {epoch}/{n_seq}）：{what}",
    # what was found
    "events {n_first} to {n_last} are lost": "事件 {n_first} 至 {n_last} 已丢失",
    "events {n_first} to {n_last} are missing": "缺少事件 {n_first} 至 {n_last}",
    "events {n_first}..{n_last} are missing": "缺少事件 {n_first} 至 {n_last}",
    "{said}; numbers among them are missing: its word about a refusing card may be one of them": (
        "{said}；其间有缺号：说明存储卡拒绝写入的事件可能就在其中"
    ),
    "event {n_seq} or this one is not what the gateway signed": (
        "事件 {n_seq} 或本事件与网关所签的不符"
    ),
    "replaces a self-signed genesis of the same epoch": "取代了同一运行期的自签起始事件",
    "key {key} is of another epoch": "密钥 {key} 属于另一运行期",
    "key {key} is not this epoch's": "密钥 {key} 不是该运行期的",
    "the epoch has no good genesis": "该运行期没有有效的起始事件",
    "it is {gateway}'s": "属于 {gateway}",
    "leaf {leaf} beside {other}": "叶 {leaf} 与 {other} 并存",
    "self-signed, and no later epoch of the identity key stands for it": (
        "为自签，且没有后续运行期以身份密钥为其担保"
    ),
    "nothing of it need have been on the card when {epoch} went on": (
        "{epoch} 开始时，其内容可能尚未写入存储卡"
    ),
    "this epoch and {epoch} both follow {previous}": "本运行期与 {epoch} 都接在 {previous} 之后",
    "{said}, on different boards": "{said}，且主板不同",
    "epoch {epoch} is missing, {n_events} events": "缺少运行期 {epoch}，共 {n_events} 条事件",
    "the next epoch names {n_events} events, {n_held} are held": (
        "下一运行期称有 {n_events} 条事件，实有 {n_held} 条"
    ),
    "signed by {key}, names {other}": "由 {key} 签名，却写明 {other}",
    "identity key {key} is not known": "身份密钥 {key} 未知",
    "names itself as the epoch before": "称自己为前一运行期",
    "it continues {epoch} after {n_events} events ({ended}), {n_held} are held": (
        "接续 {epoch} 的前 {n_events} 条事件（{ended}），实有 {n_held} 条"
    ),
    "{said}; the card refused, or had no time to write the rest": (
        "{said}；其余的存储卡拒绝写入，或来不及写入"
    ),
    "the next epoch ({ended}) names another root over {n_events} events": (
        "下一运行期（{ended}）对 {n_events} 条事件给出了不同的根"
    ),
    "the epoch before, {epoch}, is gone and its removal is not recorded": (
        "前一运行期 {epoch} 已不存在，且没有删除记录"
    ),
    "the epoch before it, {epoch}, is missing": "缺少前一运行期 {epoch}",
    "receipts {n_first} to {n_last} of this run are not those it recorded": (
        "本次运行的回执 {n_first} 至 {n_last} 与其记录的不符"
    ),
    "receipts of this run are missing: {numbers}": "缺少本次运行的回执：{numbers}",
    "event {place} is not the one that {name} timestamped": "事件 {place} 不是 {name} 所盖时间戳的",
    # damage of the journal
    "segment {n_segment}, byte {n_byte}: {what} of epoch {epoch}": (
        "段 {n_segment}，第 {n_byte} 字节：{what}（运行期 {epoch}）"
    ),
    "segment {n_segment}, byte {n_byte}: {what}": "段 {n_segment}，第 {n_byte} 字节：{what}",
    "no readable head and no commit: not a segment, or destroyed": (
        "没有可读的段头和提交：不是日志段，或已毁坏"
    ),
    "{n_bytes} bytes unreadable, {n_saved} records saved": (
        "{n_bytes} 字节无法读取，已挽救 {n_saved} 条记录"
    ),
    "footer unreadable: its records are read one by one": "段尾无法读取：逐条读取其记录",
    "segment head unreadable": "段头无法读取",
    "footer unreadable": "段尾无法读取",
    "bytes unreadable": "有字节无法读取",
    "cannot be opened: {why}": "无法打开：{why}",
    "{n_count} blocks of {n_bytes} bytes: the disk cannot read them": (
        "{n_count} 个块（每块 {n_bytes} 字节）：存储无法读取"
    ),
    "longer than any segment: the rest is foreign": "超过日志段的最大长度：其余部分不属于日志",
    "{n_count} records, the footer says {n_said}": "有 {n_count} 条记录，段尾称 {n_said} 条",
    "the footer's {names} are not those of the records": "段尾的 {names} 与记录不符",
    # second signatures
    "by an algorithm that is not known here": "算法未知",
    "its run names no SM2 key, and you gave none": "该次运行未写明 SM2 密钥，您也未给出",
    "SM2 signature of head {place}: good, by key {key} ({why})": (
        "树头 {place} 的 SM2 签名：有效，密钥 {key}（{why}）"
    ),
    "SM2 signature of head {place}: NOT CHECKED: {why}": "树头 {place} 的 SM2 签名：未核验：{why}",
    "given by you": "由您给出",
    "named by its run: COMPARE it, or give it by --sm2": (
        "由该次运行写明：请核对，或用 --sm2 给出"
    ),
    "{said}: it covers all before, what came after has none; {n_good} of them are good": (
        "{said}：涵盖此前的全部事件，其后的没有；共 {n_good} 个有效"
    ),
    "{said}: it covers all before, what came after has none": (
        "{said}：涵盖此前的全部事件，其后的没有"
    ),
    "{said}; {n_all} in all": "{said}；共 {n_all} 个",
    "nothing is signed a second time by key {key}, which you gave": (
        "没有任何内容由您给出的密钥 {key} 作第二签名"
    ),
    "nothing of this run is signed a second time by key {key}": (
        "该次运行没有任何内容由密钥 {key} 作第二签名"
    ),
    "it is of another run, {epoch}": "属于另一次运行 {epoch}",
    "head {place} is not the one that was signed": "树头 {place} 与所签的不符",
    # a bundle, line by line
    "the page is as event {place} recorded it for {actor}": (
        "页面与事件 {place} 为 {actor} 所记录的一致"
    ),
    "the page is not as the gateway recorded it, or the evidence is of another": (
        "页面与网关所记录的不符，或证据属于另一页面"
    ),
    "span of gateway {gateway}: {n_events} events": (
        "网关 {gateway} 的一段记录：{n_events} 条事件"
    ),
    "area of gateway {gateway}: {n_events} events": (
        "网关 {gateway} 的一个分区：{n_events} 条事件"
    ),
    "incident of gateway {gateway}: {n_events} events": (
        "网关 {gateway} 的一个事件组：{n_events} 条事件"
    ),
    "sample of gateway {gateway}: {n_events} events": "网关 {gateway} 的抽样：{n_events} 条事件",
    "taken out by {actor} at {place} on {time}, for {words}": (
        "由 {actor} 于 {time} 在 {place} 导出，用途：{words}"
    ),
    "taken out by {actor} at {place}, for {words}": "由 {actor} 在 {place} 导出，用途：{words}",
    "run {epoch}: head over {n_events} events, {what}": (
        "运行期 {epoch}：{n_events} 条事件的树头，{what}"
    ),
    "{what}, continues the one over {n_events}": "{what}，接续 {n_events} 条事件的树头",
    "receipted by {center} on {time}": "{center} 于 {time} 回执",
    "receipted by {center}": "{center} 已回执",
    "NOT receipted: only signed": "没有回执：仅有签名",
    "no witness has cosigned it": "没有见证方联署",
    "the first {n_size} of them existed at {time}, says {name}; trusted for timestamps, {why}: "
    "SHA-256 {hash}": (
        "{name} 证明前 {n_size} 条在 {time} 已存在；所信任的时间戳机构（{why}）：SHA-256 {hash}"
    ),
    "found inside: COMPARE with a known fingerprint": _COMPARE,
    "trusted authority, {why}: SHA-256 {hash}": "所信任的机构（{why}）：SHA-256 {hash}",
    "somebody who is called {name} in it (key {key}) cosigned the first {n_size}: NOT CHECKED, "
    "name the witness's file by --witness": (
        "名为 {name} 的一方（密钥 {key}）联署了前 {n_size} 条：未核验，请用 --witness 指明其文件"
    ),
    "witnessed by {name}: the first {n_size} of them, on {time}; its history had broken off "
    "{n_breaks} times before": (
        "由 {name} 见证：前 {n_size} 条，于 {time}；此前其历史曾中断 {n_breaks} 次"
    ),
    "witnessed by {name}: the first {n_size} of them, on {time}": (
        "由 {name} 见证：前 {n_size} 条，于 {time}"
    ),
    "gateway {gateway}: {n_events} events and {n_receipts} receipts verified, {what}": (
        "网关 {gateway}：已核验 {n_events} 条事件和 {n_receipts} 份回执，{what}"
    ),
    "{n_count} timestamps good; the newest, of {place} and all before it in that run, is of {time} "
    "by {name} ({why}); {center} countersigned it {also_time}": (
        "{n_count} 个时间戳有效；最新的涵盖 {place} 及该次运行此前的全部事件，由 {name} 于 {time} "
        "签发（{why}）；{center} 于 {also_time} 回执"
    ),
    "{n_count} timestamps good; the newest, of {place} and all before it in that run, is of {time} "
    "by {name} ({why})": (
        "{n_count} 个时间戳有效；最新的涵盖 {place} 及该次运行此前的全部事件，由 {name} 于 {time} "
        "签发（{why}）"
    ),
    "trusted": "可信",
    "COMPARE its SHA-256 {hash}": "请核对其 SHA-256 {hash}",
    "{file}: {why}; name the certificate or the key with --identity": (
        "{file}：{why}；请用 --identity 指明证书或密钥"
    ),
    "{why}; timestamps are not held to it": "{why}；不以其核对时间戳",
    "nothing wrong": "没有问题",
    "{n_count} problems, the first bad number is {n_seq}": (
        "{n_count} 个问题，第一个有问题的编号是 {n_seq}"
    ),
    "{n_count} problems": "{n_count} 个问题",
    "{file}: {why}; name a certificate in PEM": "{file}：{why}；请指明 PEM 格式的证书",
    "{file}: {why}; it is the witness.pem that the witness hands out": (
        "{file}：{why}；应为见证方提供的 witness.pem"
    ),
    # what a bundle's check finds
    "no trusted authority certified an identity of {gateway}": (
        "没有可信机构为 {gateway} 的身份签发证书"
    ),
    "no trusted identity key signed it: it names {key}": "不是由可信的身份密钥签名：写明的是 {key}",
    "the receipt is not for this head": "回执不是对该树头的",
    "the head over {n_size} does not continue that over {n_other}": (
        "{n_size} 条的树头不是接续 {n_other} 条的树头"
    ),
    "the file ends before its seal: it was cut": "文件在封印之前结束：已被截断",
    "epoch {epoch} stands twice": "运行期 {epoch} 出现两次",
    "no genesis of this epoch": "没有该运行期的起始事件",
    "signed by its own key alone": "仅由其自身密钥签名",
    "the head is of another epoch": "树头属于另一运行期",
    "another one is not of this epoch": "另一个树头不属于该运行期",
    "events out of their place": "事件位置错乱",
    "the tree before a run is of another size": "该次运行之前的树大小不符",
    "it is of epoch {epoch}": "属于运行期 {epoch}",
    "event {n_seq} stands in its place": "该位置是事件 {n_seq}",
    "a twin of no event of its run": "与该次运行的任何事件都不成对",
    "two events have this number": "两条事件编号相同",
    "sealed by {key}, who is not known": "由未知的 {key} 封印",
    "the file is not as it was when it was sealed": "文件与封印时不符",
    "it goes on after {n_size} events, {n_held} are here": (
        "在 {n_size} 条事件之后接续，此处有 {n_held} 条"
    ),
    "no witness that you named has cosigned this run: its history may be one of two": (
        "您指明的见证方均未联署该次运行：其历史可能不止一个版本"
    ),
    "by a key that no trusted one certified": "其密钥没有可信机构签发证书",
    "another genesis of the same epoch": "同一运行期的另一起始事件",
    "another event of this number is the head": "树头中该编号是另一事件",
    "no proof that it is in the tree of the head": "没有证明它在树头的树中",
    "its proof does not lead to the head": "其证明不能导出树头",
    "the seal is of another bundle": "封印属于另一证据包",
    "two epochs follow one": "两个运行期接在同一运行期之后",
    "byte {n_byte}: an item out of its place": "第 {n_byte} 字节：项目位置错乱",
    "byte {n_byte}: a certificate out of its place": "第 {n_byte} 字节：证书位置错乱",
    "byte {n_byte}: not bytes": "第 {n_byte} 字节：不是字节串",
    "byte {n_byte}: no length of an item": "第 {n_byte} 字节：不是项目长度",
    "byte {n_byte}: cut short, or larger than {n_max}": (
        "第 {n_byte} 字节：被截断，或超过 {n_max}"
    ),
    "byte {n_byte}: {why}": "第 {n_byte} 字节：{why}",
    "not an evidence bundle of version 1": "不是第 1 版的证据包",
    "the nonce draws it, and it is missing": "随机数抽中了它，但缺少它",
    "the nonce does not draw it": "随机数没有抽中它",
    "the cosignature is of another gateway or run": "联署属于另一网关或另一次运行",
    "the head over {n_size} does not continue the {n_other} that were cosigned": (
        "{n_size} 条的树头不是接续已联署的 {n_other} 条"
    ),
    "the second signature is of another run": "第二签名属于另一次运行",
    "the head over {n_size} does not continue the {n_other} that were signed": (
        "{n_size} 条的树头不是接续已签名的 {n_other} 条"
    ),
    # timestamps
    "the signer's certificate is missing": "缺少签署者的证书",
    "the timestamp is of something else": "时间戳属于其他内容",
    "its signer was not certified for timestamps, and for nothing else": (
        "其签署者的证书并非专用于时间戳"
    ),
    "no authority that is trusted certified its signer": "没有可信机构为其签署者签发证书",
    "its signature does not fit the signer's key": "其签名与签署者的密钥不符",
    "a certificate was not valid at the time that is stated": "在所述时间有证书尚未生效或已过期",
    "{file}: {why}; put the authority's certificate there (PEM)": (
        "{file}：{why}；请将该机构的证书（PEM）放在此处"
    ),
    "{file}: {why}; it holds the authority's, in PEM": "{file}：{why}；其中应为该机构的 PEM 证书",
}
