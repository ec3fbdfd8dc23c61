"""How far a gateway's installation is, and what comes next: the steps of `edge-agent setup` (pure).

Each step stands on those before it.  The first that is not done is next; what comes after it is not
looked at, since nothing could be said of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote

from edge_agent.language import Catalog, padded
from edge_agent.phrases.book import Phrases


class Step(StrEnum):
    """The steps, in their order."""

    ENROL = "enrol"
    PANELS = "panels"
    CHECK = "check"
    START = "start"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Done:
    """A step: whether it is done, and what is wrong where it is not, a line each."""

    step: Step
    good: bool
    wrong: Sequence[str] = ()


_WORDS: dict[str, tuple[str, str]] = {
    "enrol": ("known to its center", "已在接警中心登记"),
    "panels": ("panels configured", "已配置主机"),
    "check": ("configuration usable", "配置可用"),
    "start": ("agent running", "程序运行中"),
    "hand_over": ("tested and ready to hand over", "已测试，可以移交"),
    "enrol.do": (
        "edge-agent enrol CODE  with the code that the enterprise gave",
        "edge-agent enrol CODE  使用单位提供的登记码",
    ),
    "panels.do": (
        "edge-agent discover  and paste what it prints into {file}",
        "edge-agent discover  将其输出粘贴到 {file}",
    ),
    "check.do": (
        "edge-agent check{config}  tells what to mend",
        "edge-agent check{config}  显示需要修正的内容",
    ),
    "start.do": (
        "systemctl enable --now edge-agent  as root",
        "systemctl enable --now edge-agent  以 root 执行",
    ),
    "hand_over.do": (
        "edge-agent diagnose{config}; edge-agent walktest PANEL{config}; edge-agent status{config}",
        "edge-agent diagnose{config}；edge-agent walktest 主机{config}；edge-agent status{config}",
    ),
    "ready": (
        "edge-agent report{config} --out site.html --purpose 'handed over'",
        "edge-agent report{config} --out site.html --purpose '移交'",
    ),
    "done": ("done", "完成"),
    "next": ("NEXT", "下一步"),
    "later": ("later", "待办"),
}


def words(language: str) -> Catalog:
    """Return the words of one language."""
    return Catalog(_WORDS, language)


def lines(found: Sequence[Done], file: str, usual: str, say: Catalog) -> Iterator[str]:
    """Yield how far it is: a line for each step, and what to do next below the first open one.

    Commands name the configuration where it is not the `usual` one.
    """
    looked, phrases = {one.step: one for one in found}, Phrases(say.language)
    config = "" if file == usual else f" --config {quote(file)}"
    for step in Step:
        done = looked.get(step)
        state = "later" if done is None else "done" if done.good else "next"
        yield f"{padded(say(state), 6)} {say(step)}"
        if done is not None and not done.good:
            yield from (f"         {phrases(one)}" for one in done.wrong)
            yield f"       > {say(f'{step}.do', file=file, config=config)}"
    if all(one.good for one in found):
        yield f"       > {say('ready', config=config)}"
