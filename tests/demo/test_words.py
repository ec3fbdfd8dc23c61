"""Both languages say everything."""

import string

from edge_agent.demo import words
from edge_agent.demo.words import Words


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_fill_in_the_same() -> None:
    for name, (english, chinese) in words._WORDS.items():
        assert fields(english) == fields(chinese), name
        assert bool(english) == bool(chinese), name


def test_a_signal_in_words() -> None:
    told: dict[str, str | int | None]
    told = {"kind": "burglary", "state": "restored", "zone": 3, "user": None}
    assert Words("en").signal(told) == "burglary restored zone 3"
    assert Words("zh").signal(told) == "盗警 恢复 防区 3"
    unheard = {"kind": "comms", "state": "status", "zone": None, "user": 4}
    assert Words("en").signal(unheard) == "comms status user 4"
