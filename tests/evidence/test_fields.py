"""Typed reads: the right type within its bound, or Malformed."""

from collections.abc import Callable

import pytest

from edge_agent.domain.stamp import Trust
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed

GOOD: fields.Fields = {1: "text", 2: 7, 3: b"abc", 4: True, 5: [1, 2], 6: "synced"}
REFUSED: list[Callable[[], object]] = [
    lambda: fields.text(GOOD, 9),
    lambda: fields.text(GOOD, 2),
    lambda: fields.text({1: ""}, 1),
    lambda: fields.text({1: "x" * 201}, 1),
    lambda: fields.text_or_none({1: None}, 1),
    lambda: fields.text_or_empty({1: 5}, 1),
    lambda: fields.number(GOOD, 9),
    lambda: fields.number(GOOD, 4),
    lambda: fields.number({1: -1}, 1),
    lambda: fields.number({1: 2**63}, 1),
    lambda: fields.number(GOOD, 2, 8),
    lambda: fields.number_or_none({1: None}, 1),
    lambda: fields.octets(GOOD, 3, 4),
    lambda: fields.octets(GOOD, 1, 4),
    lambda: fields.truth(GOOD, 2),
    lambda: fields.truth(GOOD, 9),
    lambda: fields.array(GOOD, 5, 1),
    lambda: fields.array(GOOD, 1, 9),
    lambda: fields.row([1, 2], 3),
    lambda: fields.row({0: 1}, 1),
    lambda: fields.word(GOOD, 1, Trust),
    lambda: fields.word(GOOD, 2, Trust),
]


@pytest.mark.parametrize("read", REFUSED)
def test_a_wrong_value_is_malformed(read: Callable[[], object]) -> None:
    with pytest.raises(Malformed):
        read()


def test_right_values_are_returned() -> None:
    assert fields.text(GOOD, 1) == "text"
    assert fields.text({1: "x"}, 1, 1) == "x"
    assert fields.number({1: 0}, 1) == 0
    assert fields.text_or_none(GOOD, 9) is None
    assert fields.text_or_empty(GOOD, 9) == ""
    assert fields.number(GOOD, 2, 7, 7) == 7
    assert fields.number_or_none(GOOD, 9) is None
    assert fields.octets(GOOD, 3, 3) == b"abc"
    assert fields.truth(GOOD, 4) is True
    assert fields.array(GOOD, 5, 2) == [1, 2]
    assert fields.row([5], 1) == {0: 5}
    assert fields.map_or_none({1: {2: 3}}, 1) == {2: 3}
    assert fields.map_or_none(GOOD, 9) is None
    assert fields.word(GOOD, 6, Trust) is Trust.SYNCED
    assert fields.without_none({1: None, 2: False, 3: 0}) == {2: False, 3: 0}


@pytest.mark.parametrize("name", ["gw1", "A.b_c-9", "x" * 64])
def test_names_that_are_safe_in_a_topic(name: str) -> None:
    assert fields.is_name(name)


@pytest.mark.parametrize(
    "name", ["", "a/b", "+", "#", "a b", "-a", ".a", "x" * 65, "a\n", "\u4e2d"]
)
def test_names_that_are_not(name: str) -> None:
    assert not fields.is_name(name)


def test_sentences_are_cut_rather_than_refused() -> None:
    assert fields.bounded("") is None
    assert fields.bounded("x" * 500) == "x" * 200
    assert fields.bounded("file \udcff") == "file \\udcff"
