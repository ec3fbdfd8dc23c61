"""The words of refusals are those that the wire format explains, all of them and no others."""

import re
from pathlib import Path

from edge_agent.control.refusal import Refusal

PAGE = Path(__file__).parents[2] / "docs" / "wire-format.md"


def test_each_word_is_explained() -> None:
    table = PAGE.read_text().split("| why | when |", 1)[1].split("\n\n", 1)[0]
    words = [
        word
        for row in table.splitlines()
        for word in re.findall(r"`(\w+)`", row[: row.find("|", 1)])
    ]
    assert sorted(words) == sorted(Refusal)
