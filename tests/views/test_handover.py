"""A handover in words, in both languages, whatever its phase."""

import pytest

from edge_agent.identity.handover import Phase
from edge_agent.language import LANGUAGES, Catalog
from edge_agent.views.handover import WORDS, lines, sentence
from tests.cli.test_handover import FACTS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phase", Phase)
def test_each_phase_has_its_words(phase: Phase, language: str) -> None:
    say = Catalog(WORDS, language)
    facts = FACTS | {"phase": str(phase)}
    assert "red" in sentence(facts, say)
    assert sentence(facts, say) in lines(facts, say)[1]


def test_until_when_and_why_are_told_where_they_are_known() -> None:
    say = Catalog(WORDS, "en")
    back = FACTS | {"phase": "back", "why": "green was not reached\x1b[2J"}
    assert lines(back, say)[-1].startswith("  green was not reached")
    assert "\x1b" not in lines(back, say)[-1]
    assert "tried until 2027" in "\n".join(lines(FACTS | {"phase": "joining"}, say))
    assert len(lines(FACTS | {"until_ms": None}, say)) == 2
    assert lines(None, say) == ["no handover"]
