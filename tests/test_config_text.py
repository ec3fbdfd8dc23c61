"""A center is added and left out, everything else stays to the byte, or it is refused.

Seen to fail: the paths of a center left behind, which then are its neighbour's.
"""

from pathlib import Path

import pytest

from edge_agent.config import parse
from edge_agent.config_text import NotEditable, with_center, without_center
from tests.configuration import configuration

FILE = Path("gateway.toml")
PLAIN = configuration().encode()
GREEN = """
[[center]]
name = "green"
ca = "green/ca.pem"
certificate = "green/client.pem"
receipt_certificate = "green/receipt.pem"

[[center.path]]
host = "a.example"

[[center.path]]
host = "b.example"
"""


def names(data: bytes) -> list[str]:
    return [one.name for one in parse(data, FILE).config.center]


def test_a_center_is_added_and_left_out_again() -> None:
    both = with_center(PLAIN, GREEN, FILE)
    first = names(PLAIN)[0]
    assert names(both) == [first, "green"]
    assert both.startswith(PLAIN.rstrip())
    assert without_center(both, "green", FILE).strip() == PLAIN.strip()
    alone = without_center(both, first, FILE)
    assert names(alone) == ["green"]
    assert [path.host for path in parse(alone, FILE).config.center[0].path] == [
        *("a.example", "b.example"),
    ]
    assert parse(alone, FILE).config.panel == parse(PLAIN, FILE).config.panel


def test_what_stands_between_stays() -> None:
    text = PLAIN.decode().replace("[[center]]", "# the center\n  [[ center ]]  # ours", 1)
    both = with_center(text.encode(), GREEN + "\n# the end\n", FILE)
    alone = without_center(both, names(PLAIN)[0], FILE)
    assert b"# the center" in alone
    assert b"# the end" in alone


def test_what_cannot_be_edited_is_refused() -> None:
    inline = PLAIN.decode()
    begin = inline.index("[[center]]")
    end = inline.index("[[panel]]")
    line = (
        'center = [{ name = "main", path = [{ host = "h" }] },'
        ' { name = "two", ca = "2/ca.pem", certificate = "2/c.pem", key = "2/k", '
        'receipt_certificate = "2/r.pem", path = [{ host = "i" }] }]\n'
    )
    data = (line + inline[:begin] + inline[end:]).encode()
    assert names(data) == ["main", "two"]
    with pytest.raises(NotEditable, match="of its own"):
        with_center(data, GREEN, FILE)
    with pytest.raises(NotEditable, match="told apart"):
        without_center(data, "two", FILE)
    with pytest.raises(NotEditable, match="cannot be left out"):
        without_center(PLAIN, names(PLAIN)[0], FILE)
    with pytest.raises(NotEditable, match="cannot be added"):
        with_center(PLAIN, GREEN.replace("green", "No name"), FILE)
    with pytest.raises(NotEditable, match="told apart"):
        with_center(PLAIN, GREEN + "\n[diagnose]\nevery_h = 1\n", FILE)


def test_a_bracket_within_a_text_is_no_table() -> None:
    odd = PLAIN.decode() + '\n[site]\nname = """\n[[center]]\n"""\n'
    both = with_center(odd.encode(), GREEN, FILE)
    try:
        alone = without_center(both, names(PLAIN)[0], FILE)
    except NotEditable:
        return
    assert names(alone) == ["green"]
