"""A page and its proof in one file: what was joined comes apart, and nothing else does."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence.cbor import Malformed
from edge_agent.views.signed_page import START, joined, opened, split

PAGE = START + b"<p>a site</p>\n"


@given(page=st.binary(max_size=300), bundle=st.binary(max_size=300))
def test_what_was_joined_comes_apart(page: bytes, bundle: bytes) -> None:
    assert split(joined(page, bundle)) == (page, bundle)


def test_a_page_that_shows_a_mark_itself_keeps_its_own() -> None:
    """Seen to fail with the first mark taken instead of the last."""
    inner = joined(PAGE, b"an old bundle")
    assert split(joined(inner, b"a new one")) == (inner, b"a new one")


@pytest.mark.parametrize(
    "data",
    [
        PAGE,
        joined(PAGE, b"x" * 99)[:-1],
        joined(PAGE, b"x" * 99) + b"<p>and more",
        joined(PAGE, b"x" * 99).replace(b"eHh4", b"eH 4", 1),
        joined(PAGE, b"x" * 99).replace(b"eHh4", b"eHh\n4", 1),
        joined(PAGE, b"x").replace(b"eA==", b"eB=="),
    ],
    ids=["bare", "cut", "behind", "no_base64", "other_lines", "other_bits"],
)
def test_any_other_form_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        split(data)


@given(data=st.binary(max_size=200))
def test_hostile_bytes_are_refused_in_words(data: bytes) -> None:
    for hostile in (data, PAGE + data, joined(PAGE, b"")[:-5] + data):
        with contextlib.suppress(Malformed):
            page, bundle = split(hostile)
            assert joined(page, bundle) == hostile


def test_what_is_no_page_is_left_to_the_bundles_reader() -> None:
    page, stream = opened(io.BytesIO(b"\xeaBundle\nand so on"))
    assert page is None
    assert stream.read() == b"\xeaBundle\nand so on"
