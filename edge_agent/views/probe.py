"""What `check` and `diagnose` looked at, for people: a mark, what it is, what was found, remedy."""

from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.language import Catalog, padded
from edge_agent.phrases.book import Phrases

MARK_COLUMNS = 4

_WORDS: dict[str, tuple[str, str]] = {
    "good": ("good", "正常"),
    "bad": ("BAD", "异常"),
    "left": (" -", "未测"),
    "of": ("{mark}  {what}: {detail}", "{mark}  {what}：{detail}"),
    "checked": (
        "{file}: {count} things checked, {bad} to mend",
        "{file}：检查 {count} 项，需处理 {bad} 项",
    ),
    "probed": (
        "{count} things probed, {bad} to mend",
        "检查 {count} 项，需处理 {bad} 项",
    ),
    "not_tried": (", {left} not tried", "，未测 {left} 项"),
    "broken_off": ("broken off: {why}", "已中断：{why}"),
    "against": (
        "{file} in the place of {old}: {count} things against it",
        "以 {file} 替换 {old}：{count} 项不允许",
    ),
    "nothing_against": (
        "{file} in the place of {old}: nothing against it",
        "以 {file} 替换 {old}：允许",
    ),
}


class ProbeView:
    """Says in one language what was looked at."""

    def __init__(self, language: str) -> None:
        self.words = Catalog(_WORDS, language)
        self.say = Phrases(language)

    def mark(self, name: str) -> str:
        """Return `good`, `bad` or `left` as it stands before a line."""
        return padded(self.words(name), MARK_COLUMNS)

    def lines(self, one: Mapping[str, Any]) -> Iterator[str]:
        """Yield one thing that was looked at, as the facts of a `Probed`."""
        mark = self.mark({True: "good", False: "bad", None: "left"}[one["good"]])
        what, detail = self.say(one["what"]), self.say(one["detail"])
        yield self.words("of", mark=mark, what=what, detail=detail)
        if one["remedy"]:
            yield f"      {self.say(one['remedy'])}"
