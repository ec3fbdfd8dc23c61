"""A walk test for people: each zone when it is first heard, and at the end those that were not."""

from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.language import Catalog
from edge_agent.phrases.book import Phrases
from edge_agent.views.zone_names import ZoneNames

_WORDS: dict[str, tuple[str, str]] = {
    "begun": (
        "{panel}: walk now: {said}; Ctrl-C ends it",
        "{panel}：请开始步测：{said}；按 Ctrl-C 结束",
    ),
    "heard": ("  zone {label}", "  防区 {label}"),
    "unlisted": ("; not in the configuration", "（配置中未列出）"),
    "count": ("{panel}: {heard} of {all} zones heard", "{panel}：{all} 个防区中已收到 {heard} 个"),
    "unlisted_count": (
        "; not in the configuration: {count} more",
        "；另有 {count} 个配置中未列出",
    ),
    "no_list": (
        "{panel}: {heard} zones heard; the configuration lists none of this panel",
        "{panel}：已收到 {heard} 个防区；配置中未列出该主机的防区",
    ),
    "list_them": (
        "  list each as [[zone]], so that one which is not heard is missed",
        "  请以 [[zone]] 逐个列出，才能发现未收到的防区",
    ),
    "missing": ("  NOT HEARD: zone {label}", "  未收到：防区 {label}"),
    "remedy": (
        "  walk there once more; many panels tell of detectors only while armed or under test",
        "  请再走一次；许多主机只在布防或其自身的步测状态下才报告探测器",
    ),
    "remedy_more": (
        "  if it stays silent: check the zone's programming, its wiring and its supply",
        "  仍未收到则检查该防区的编程、接线和供电",
    ),
}


class WalkView:
    """Says in one language how a walk test of one panel goes."""

    def __init__(self, panel: str, names: ZoneNames, language: str) -> None:
        self._panel, self._names = panel, names
        self._say, self._phrases = Catalog(_WORDS, language), Phrases(language)
        self._shown: set[str] = set()

    def begun(self, told: Mapping[str, Any]) -> str:
        """Say that one may walk, and for how long."""
        return self._say("begun", panel=self._panel, said=self._phrases(told["said"]))

    def heard(self, told: Mapping[str, Any]) -> Iterator[str]:
        """Yield each zone that was not shown before."""
        for zone in told["heard"]:
            if zone not in self._shown:
                self._shown.add(zone)
                line = self._say("heard", label=self._names.label(self._panel, int(zone)))
                yield line + (self._say("unlisted") if self._is_stranger(zone) else "")

    def ended(self, told: Mapping[str, Any]) -> Iterator[str]:
        """Yield what came of it, and what to do about zones that were not heard."""
        say, missing = self._say, told["not_heard"]
        strangers = sum(map(self._is_stranger, told["heard"]))
        heard = len(told["heard"])
        if not self._names.lists(self._panel) and not missing:
            yield say("no_list", panel=self._panel, heard=heard)
            yield say("list_them")
            return
        heard -= strangers
        line = say("count", panel=self._panel, heard=heard, all=heard + len(missing))
        yield line + (say("unlisted_count", count=strangers) if strangers else "")
        for zone in missing:
            yield say("missing", label=self._names.label(self._panel, zone))
        if missing:
            yield say("remedy")
            yield say("remedy_more")

    def facts(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return the end for programs: each zone with its name and how often it was heard."""
        counts = {int(zone): count for zone, count in told["heard"].items()}
        zones = sorted({*counts, *told["not_heard"]})
        named = (self._names.facts(self._panel, zone) for zone in zones)
        return {**told, "zones": [{**one, "heard": counts.get(one["zone"], 0)} for one in named]}

    def _is_stranger(self, zone: str) -> bool:
        """Whether the site lists zones of this panel, and not this one."""
        return self._names.lists(self._panel) and not self._names.knows(self._panel, int(zone))
