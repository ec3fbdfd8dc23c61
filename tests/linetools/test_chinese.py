"""Chinese among bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.linetools import chinese


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("11/23 火警 3-25\r\n".encode("gb18030"), ["火警"]),
        ("点型感烟,火警".encode("gbk"), ["点型感烟", "火警"]),
        (b"K\xfcche \xe4\xe4 offen", []),
        (b"\xd7\xfa\xd7\xfb", []),  # empty places of the code
        (b"", []),
    ],
)
def test_characters_are_found_two_by_two(raw: bytes, found: list[str]) -> None:
    assert [told for _, told in chinese.parts(raw) if told] == found
    assert chinese.size(raw) == 2 * sum(map(len, found))


@given(st.binary(max_size=60))
def test_no_byte_is_lost(raw: bytes) -> None:
    assert b"".join(piece for piece, _ in chinese.parts(raw)) == raw
