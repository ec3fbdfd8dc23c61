"""What was looked at, as people read it."""

from typing import Any

import pytest

from edge_agent.views.probe import _WORDS, ProbeView
from tests.phrases.pairs import assert_alike


def looked(good: bool | None) -> dict[str, Any]:
    remedy = "" if good else "mount it"
    return {"what": "disk space", "good": good, "detail": "/data: 7 % used", "remedy": remedy}


def test_both_languages_say_the_same() -> None:
    assert_alike(_WORDS)


@pytest.mark.parametrize(
    ("language", "good", "lines"),
    [
        ("en", True, ["good  disk space: /data: 7 % used"]),
        ("en", False, ["BAD   disk space: /data: 7 % used", "      mount it"]),
        ("en", None, [" -    disk space: /data: 7 % used", "      mount it"]),
        ("zh", True, ["正常  存储空间：/data：已用 7 %"]),
        ("zh", False, ["异常  存储空间：/data：已用 7 %", "      请挂载"]),
        ("zh", None, ["未测  存储空间：/data：已用 7 %", "      请挂载"]),
    ],
)
def test_a_mark_stands_before_it_and_the_remedy_below(
    language: str, good: bool | None, lines: list[str]
) -> None:
    assert list(ProbeView(language).lines(looked(good))) == lines
