"""Says who a gateway is: its keys and certificates, in the reader's language."""

from collections.abc import Iterator
from typing import Any

from edge_agent.language import Catalog
from edge_agent.phrases.book import Phrases

WORDS = {
    "gateway": ("gateway {gateway}", "网关 {gateway}"),
    "identity": ("identity key {said}", "身份密钥 {said}"),
    "no_identity": ("identity {said}", "身份密钥：{said}"),  # which begins with "key file"
    "second": (
        "SM2 key {key_id}, {file}: all events are signed a second time",
        "SM2 密钥 {key_id}，{file}：对全部事件作第二次签名",
    ),
    "no_second": ("SM2 key: {trouble}", "SM2 密钥：{trouble}"),
    "center": (
        "center {center}: certificate until {until}, {due}",
        "接警中心 {center}：证书有效期至 {until}，{due}",
    ),
    "no_certificate": ("center {center}: {trouble}", "接警中心 {center}：{trouble}"),
    "due": ("renewed from {due}", "自 {due} 起续期"),
    "never": (
        "not renewed by itself: no `enrolment` in the configuration",
        "不自动续期：配置中没有 `enrolment`",
    ),
}


def lines(facts: dict[str, Any], words: Catalog) -> Iterator[str]:
    """Yield what people read; causes and remedies as far as they are known in the language."""
    say = Phrases(words.language)
    yield words("gateway", gateway=facts["gateway"])
    names = "key_id", "algorithm", "where"
    known = ", ".join(say(str(facts[name])) for name in names) if facts["key_id"] else ""
    said = words.choose("; ", "；").join(one for one in (known, say(facts["trouble"] or "")) if one)
    yield words("identity" if known else "no_identity", said=said)
    if (second := facts["second_key"]) is not None:
        trouble = {"trouble": say(second["trouble"] or "")}
        yield words("no_second" if second["trouble"] else "second", **second | trouble)
    for center in facts["centers"]:
        due = words("due", due=center["due"]) if center["due"] else words("never")
        known = "center" if center["until"] else "no_certificate"
        yield words(known, **{**center, "due": due, "trouble": say(center["trouble"] or "")})
