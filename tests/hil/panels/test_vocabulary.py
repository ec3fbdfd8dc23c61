"""The emulators' words against the agent's tables: two people wrote them, and they must agree."""

import pytest

from edge_agent.domain.kinds import POINTS
from edge_agent.resources import load_codes
from hil.panels.vocabulary import ARM, ARM_STATES, EVENT_STATES, WORDS, Word


@pytest.mark.parametrize("word", [*WORDS.values(), ARM], ids=lambda word: word.code)
def test_a_contact_id_code_means_the_same_on_both_sides(word: Word) -> None:
    row = load_codes().contact_id_rows[word.code]
    assert row.kind is word.kind
    # the number of a device stands in no field of a signal
    assert word.number_is == ("" if row.number_is == "device" else row.number_is)


@pytest.mark.parametrize("word", [*WORDS.values(), ARM], ids=lambda word: word.code)
def test_sia_letters_exist(word: Word) -> None:
    assert {word.sia, word.sia_restore} - {""} <= set(load_codes().sia_rows)


def test_no_word_is_a_point() -> None:
    assert not {word.kind for word in WORDS.values()} & POINTS


def test_for_opening_and_closing_e_is_disarm() -> None:
    assert ARM_STATES["E"].value == "disarmed"
    assert ARM_STATES["R"].value == "armed"
    assert EVENT_STATES["E"].value == "active"
