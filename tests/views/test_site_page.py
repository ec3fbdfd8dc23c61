"""The report as a page: all that is known stands there, in either language, and nothing runs."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from edge_agent.views import site_page, site_report
from tests.views.test_site_report import heard, settings


def page(language: str = "en", **changed: Any) -> str:
    told = site_report.facts(heard(**changed))
    return site_page.page(told, site_page.words(language)).decode()


class Reader(HTMLParser):
    """Holds a page to its tags: each that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_whole_and_loads_nothing(language: str) -> None:
    reader = Reader()
    reader.feed(page(language))
    assert reader.open == []
    assert "script" not in reader.seen
    assert "default-src 'none'" in page(language)


def test_what_people_chose_is_no_markup() -> None:
    """Seen to fail with a cell that is not escaped."""
    zone = settings(name="<script>alert(1)</script>\x1b[2J")
    text = page(zones=(zone,))
    assert "<script" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;" in text


def test_what_is_left_to_do_comes_first_and_is_named() -> None:
    text = page()
    assert text.index("Left to do") < text.index("The system")
    assert "zones not walk-tested within 30 days" in text
    assert "移交前尚需处理" in page("zh")


@pytest.mark.parametrize(
    ("what", "which", "english", "chinese"),
    [
        ("certificates", ["p1: device_unlisted"], "p1: device_unlisted", "证书：p1: 设备未登记"),
        ("findings", ["@gateway clock_unsure"], "findings: @gateway clock_unsure", "时钟不可信"),
        ("self_test", ["-"], "edge-agent diagnose", "edge-agent diagnose"),
        ("untested", ["p1 1"] * 50, ", p1 1, …", ", p1 1, …"),
    ],
)
def test_what_is_left_is_a_line_each(
    what: str, which: list[str], english: str, chinese: str
) -> None:
    told = {"open": [{"what": what, "count": len(which), "which": which}]}
    for language, ends in (("en", english), ("zh", chinese)):
        [line] = site_page.left(told, site_page.words(language))
        assert line.endswith(ends)


OUTCOMES = {f"outcome.{word}" for word in ("good", "bad", "broken_off", "begins", "ends")}
"""Of self-tests and walk tests: the words of `edge_agent.daemon.self_test` and `walk_test`."""


def test_each_word_is_used_and_spoken_twice() -> None:
    text = Path(site_page.__file__).read_text(encoding="utf-8")
    told = Path(site_report.__file__).read_text(encoding="utf-8")
    for name, (english, chinese) in site_page._WORDS.items():
        assert english
        assert re.search("[\u4e00-\u9fff]", chinese), name
        used = text.count(f'"{name}"') > 1 or f"'{name}'" in text or name in OUTCOMES
        assert used or f'"{name.removeprefix("act.")}"' in told, name
