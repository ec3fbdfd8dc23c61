"""Both languages say everything, with the same values in it."""

import string

import pytest

from edge_agent.linetools import words


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", words._WORDS)
def test_both_languages_fill_in_the_same(name: str) -> None:
    english, chinese = words._WORDS[name]
    assert fields(english) == fields(chinese)
    assert bool(english) is bool(chinese)


def test_a_language_speaks() -> None:
    assert words.words("zh")("sure.3") == "确定"
    assert words.words("en")("sure.3") == "certain"
