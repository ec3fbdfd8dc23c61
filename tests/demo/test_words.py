"""Both languages say everything."""

import string

import pytest

from edge_agent.demo import words
from edge_agent.demo.words import Words, language


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_fill_in_the_same() -> None:
    for name, (english, chinese) in words._WORDS.items():
        assert fields(english) == fields(chinese), name
        assert bool(english) == bool(chinese), name


@pytest.mark.parametrize(
    ("environment", "chosen", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, None, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "en", "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, None, "en"),
        ({"LANG": "de_DE.UTF-8"}, None, "en"),
        ({}, None, "en"),
    ],
)
def test_the_language_is_the_environments_unless_chosen(
    environment: dict[str, str],
    chosen: str | None,
    spoken: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language(chosen) == spoken


def test_a_signal_in_words() -> None:
    told: dict[str, str | int | None]
    told = {"kind": "burglary", "state": "restored", "zone": 3, "user": None}
    assert Words("en").signal(told) == "burglary restored zone 3"
    assert Words("zh").signal(told) == "盗警 恢复 防区 3"
    unheard = {"kind": "comms", "state": "status", "zone": None, "user": 4}
    assert Words("en").signal(unheard) == "comms status user 4"
