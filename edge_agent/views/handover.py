"""A handover for people: how far it is, in English or Chinese."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from edge_agent.language import Catalog
from edge_agent.views import rendering

WORDS: Mapping[str, tuple[str, str]] = {
    "handover.none": ("no handover", "无移交"),
    "handover.head": (
        "handover from {from} to {to}, by charter {charter}",
        "按第 {charter} 号章程，从 {from} 移交至 {to}",
    ),
    "handover.joining": (
        "joining: {to} is to be reached; {from} is served",
        "接入中：正在联系 {to}，仍向 {from} 发送",
    ),
    "handover.both": (
        "both: {from} and {to} are both served",
        "并行：同时向 {from} 和 {to} 发送",
    ),
    "handover.leaving": (
        "leaving: {from} is about to be served no more; {to} is served",
        "退出中：即将停止向 {from} 发送，仍向 {to} 发送",
    ),
    "handover.moved": (
        "moved: {to} is served, {from} no more",
        "已移交：向 {to} 发送，不再向 {from} 发送",
    ),
    "handover.back": (
        "back: it came to nothing; {from} is served on",
        "已撤回：移交未成，继续向 {from} 发送",
    ),
    "handover.until.joining": ("tried until {when}", "尝试至 {when}"),
    "handover.until.both": ("both until {when}", "并行至 {when}"),
}


def sentence(facts: Mapping[str, Any], say: Catalog) -> str:
    """Return in one line how far it is."""
    return rendering.safe(say(f"handover.{facts['phase']}", **_centers(facts)))


def lines(facts: Mapping[str, Any] | None, say: Catalog) -> list[str]:
    """Return all that is known of it."""
    if facts is None:
        return [say("handover.none")]
    said = [say("handover.head", charter=facts["charter"], **_centers(facts))]
    said.append(f"  {sentence(facts, say)}")
    until = f"handover.until.{facts['phase']}"
    if facts["until_ms"] is not None and until in WORDS:
        when = datetime.fromtimestamp(facts["until_ms"] / 1000, UTC).astimezone()
        said.append("  " + say(until, when=f"{when:%Y-%m-%d %H:%M}"))
    if facts["why"]:
        said.append(f"  {facts['why']}")
    return [rendering.safe(line) for line in said]


def _centers(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"from": facts["from"], "to": facts["to"]}
