"""A charter for people and scripts: what it says, and who has signed it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import Party, Scope, SignedCharter, open_assent, zones_text
from edge_agent.evidence.cose import BadSignature
from edge_agent.language import Catalog
from edge_agent.views import rendering

WORDS: Mapping[str, tuple[str, str]] = {
    "head": ("charter {number} of gateway {gateway}", "网关 {gateway} 的章程，第 {number} 号"),
    "purpose": ("purpose: {purpose}", "用途：{purpose}"),
    "enterprise": ("enterprise", "安防服务企业"),
    "owner": ("owner", "用户单位"),
    "inspector": ("inspector", "监督机关"),
    "signed": ("signed {when}", "已签署 {when}"),
    "unsigned": ("has not signed", "未签署"),
    "panel": ("panel {panel}: {zones}", "主机 {panel}：{zones}"),
    "all_zones": ("all zones", "全部防区"),
    "zones": ("zones {zones}", "防区 {zones}"),
    "no_panel": ("no panel", "无主机"),
    "sends_to": ("sends to: {centers}", "发送至：{centers}"),
    "handover": (
        "passes the site on: {center} is served for {days} days more",
        "移交：{center} 继续接收 {days} 天",
    ),
    "allow": ("a center may order: {words}", "接警中心可远程操作：{words}"),
    "roles": ("heard from a center: {words}", "接受的接警中心人员角色：{words}"),
    "dual": (
        "needs two operators: {words}; the second within {minutes} min",
        "须两名操作员：{words}；第二人须在 {minutes} 分钟内确认",
    ),
    "nothing": ("nothing", "无"),
    "digest": ("SHA-256 {digest}", "SHA-256 {digest}"),
    "none": ("no charter is in force", "未启用章程"),
}


def signatures(signed: SignedCharter) -> dict[bytes, int]:
    """Return when each key, by id, has signed it; a signature that is not good is left out."""
    digest, found = signed.charter.digest, {}
    for party in signed.charter.parties:
        for assent in signed.assents:
            try:
                agreed, time_ms = open_assent(assent, party.key)
            except (Malformed, BadSignature):
                continue
            if agreed == digest:
                found[party.key.kid] = time_ms
    return found


def facts(signed: SignedCharter) -> dict[str, Any]:
    """Return plain values for JSON."""
    charter, when = signed.charter, signatures(signed)
    return {
        "gateway": charter.gateway,
        "number": charter.number,
        "digest": charter.digest.hex(),
        "time_ms": charter.time_ms,
        "purpose": charter.purpose,
        "parties": [
            {
                "part": str(one.part),
                "name": one.name,
                "key_id": one.key.kid.hex(),
                "signed_ms": when.get(one.key.kid),
            }
            for one in charter.parties
        ],
        "panels": [
            {"panel": one.panel, "zones": None if one.zones is None else zones_text(one.zones)}
            for one in charter.panels
        ],
        "destinations": [
            {"center": one.center, "authorities": [key.hex() for key in one.authorities]}
            for one in charter.destinations
        ],
        "allow": sorted(charter.allow),
        "roles": sorted(map(str, charter.roles)),
        "dual": sorted(charter.dual),
        "countersign_s": charter.countersign_s,
        "handover": None
        if (passed := charter.handover) is None
        else {"from": passed.center, "days": passed.days},
    }


def lines(signed: SignedCharter, say: Catalog) -> list[str]:
    """Return the same for people."""
    charter, when = signed.charter, signatures(signed)
    nothing = say("nothing")
    said = [
        say("head", number=charter.number, gateway=charter.gateway),
        "  " + say("purpose", purpose=charter.purpose),
        *(_party(one, when.get(one.key.kid), say) for one in charter.parties),
        *("  " + _scope(one, say) for one in charter.panels),
        *([] if charter.panels else ["  " + say("no_panel")]),
        "  " + say("sends_to", centers=", ".join(one.center for one in charter.destinations)),
        "  " + say("allow", words=", ".join(sorted(charter.allow)) or nothing),
        "  " + say("roles", words=", ".join(sorted(map(str, charter.roles))) or nothing),
    ]
    if (passed := charter.handover) is not None:
        said.append("  " + say("handover", center=passed.center, days=passed.days))
    if charter.dual:
        words = ", ".join(sorted(charter.dual))
        said.append("  " + say("dual", words=words, minutes=f"{charter.countersign_s / 60:g}"))
    said.append("  " + say("digest", digest=charter.digest.hex()))
    return [rendering.safe(line) for line in said]


def _party(one: Party, signed_ms: int | None, say: Catalog) -> str:
    state = say("unsigned") if signed_ms is None else say("signed", when=_day(signed_ms))
    return f"  {say(one.part.value)} {one.name}, {one.key.kid.hex()}: {state}"


def _scope(one: Scope, say: Catalog) -> str:
    zones = say("all_zones") if one.zones is None else say("zones", zones=zones_text(one.zones))
    return say("panel", panel=one.panel, zones=zones)


def _day(time_ms: int) -> str:
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, ValueError):  # whoever signs may write any number
        return f"{time_ms} ms"
