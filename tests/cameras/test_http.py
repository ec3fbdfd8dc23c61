"""What a camera answers, in any pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cameras.http import Body, Head, NotHttp, head_of, request
from edge_agent.domain.camera import address_of


def head(*lines: str) -> Head:
    return head_of([b"HTTP/1.1 200 OK", *(line.encode() for line in lines)])


def test_a_request_names_its_host_and_ends_the_connection() -> None:
    said = request(address_of("http://192.168.1.40:8080/a?b=c"), "Digest x")
    assert said.startswith(b"GET /a?b=c HTTP/1.1\r\nHost: 192.168.1.40:8080\r\n")
    assert b"\r\nConnection: close\r\n" in said
    assert said.endswith(b"\r\nAuthorization: Digest x\r\n\r\n")
    assert b"Authorization" not in request(address_of("http://192.168.1.40/"), None)


def test_a_head_is_read() -> None:
    found = head("Content-Type: Image/JPEG; x=y", "WWW-Authenticate: A", "www-authenticate: B")
    assert (found.status, found.media_type) == (200, "image/jpeg")
    assert found.headers["www-authenticate"] == "A, B"
    assert head_of([b"HTTP/1.0 401"]).status == 401


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"220 camera ready"],
        [b"HTTP/2 200 OK"],
        [b"HTTP/1.1 2000 OK"],
        [b"HTTP/1.1 200 OK", b"no colon"],
        [b"HTTP/1.1 200 OK", b" folded: x"],
        [b"HTTP/1.1 200 OK", b"Name : x"],
        [b"HTTP/1.1 200 OK", b"Name: a\x1b[2J"],
        [b"HTTP/1.1 200 OK", b"N\xe4me: x"],
    ],
)
def test_what_is_no_head(lines: list[bytes]) -> None:
    with pytest.raises(NotHttp):
        head_of(lines)


def taken(found: Head, pieces: list[bytes]) -> tuple[bytes, bool]:
    body = Body(found)
    said = b"".join(body.feed(piece) for piece in pieces)
    return said, body.ended()


PICTURE = bytes(range(256)) * 3
CHUNKED = b"100\r\n%s\r\n200;x=y\r\n%s\r\n0\r\n\r\n" % (PICTURE[:256], PICTURE[256:])


@given(st.lists(st.integers(0, len(CHUNKED)), max_size=6).map(sorted))
def test_chunks_in_any_pieces(cuts: list[int]) -> None:
    ends = [0, *cuts, len(CHUNKED)]
    pieces = [CHUNKED[a:b] for a, b in pairwise(ends)]
    assert taken(head("Transfer-Encoding: chunked"), pieces) == (PICTURE, True)


def test_a_body_of_known_length_ends_there() -> None:
    found = head("Content-Length: 4")
    assert taken(found, [b"ab", b"cdefg"]) == (b"abcd", True)
    assert taken(found, [b"abc"]) == (b"abc", False)
    assert taken(head("Content-Length: 0"), []) == (b"", True)


def test_a_body_without_length_ends_with_the_connection() -> None:
    assert taken(head(), [b"ab", b"c"]) == (b"abc", True)


def test_a_torn_chunk_is_not_whole() -> None:
    assert taken(head("Transfer-Encoding: chunked"), [b"5\r\nabc"]) == (b"abc", False)
    assert taken(head("Transfer-Encoding: chunked"), []) == (b"", False)


@pytest.mark.parametrize(
    "line",
    [
        "Transfer-Encoding: gzip, chunked",
        "Content-Encoding: gzip",
        "Content-Length: -1",
        "Content-Length: 4, 5",
        "Content-Length: 99999999999999999999",
    ],
)
def test_a_body_that_cannot_be_read(line: str) -> None:
    with pytest.raises(NotHttp):
        Body(head(line))


@pytest.mark.parametrize(
    "data", [b"xyz\r\n", b"\r\n", b"-1\r\n", b"123456789\r\n", b"1\r\nabc\r\n", b"1" * 300]
)
def test_chunks_that_cannot_be_read(data: bytes) -> None:
    body = Body(head("Transfer-Encoding: chunked"))
    with pytest.raises(NotHttp):
        body.feed(data)
