"""What every table of words keeps to: both languages there, with the same values."""

import re
import string
from collections.abc import Mapping

_CHINESE = re.compile("[\u4e00-\u9fff]")


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def assert_alike(table: Mapping[str, tuple[str, str]]) -> None:
    """Check each pair; a pair that has letters beside its values has Chinese ones, too."""
    for name, (english, chinese) in table.items():
        assert _fields(english) == _fields(chinese), name
        letters = re.sub(r"\{[^}]*\}", "", english)
        if re.search("[a-z]{3,}", letters.replace("edge-agent", "")):
            assert _CHINESE.search(chinese), name
