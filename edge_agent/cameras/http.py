"""Reads what a camera answers over HTTP/1.1 (RFC 9112): head and body, bounded, by pure values.

One request a connection, `GET` only.  A redirect is an answer like any other that is no picture: it
is never followed, for it would lead a login elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.domain.camera import Address

LINE_BYTES_MAX = 4096
HEADERS_MAX = 64
HEAD_BYTES_MAX = 16_384
_CHUNK_LINE_BYTES_MAX = 256
_STATUS = re.compile(r"HTTP/1\.[01] ([1-5]\d\d)(?: .*)?")


class NotHttp(Exception):  # noqa: N818  reads as what it says
    """What came is no answer that can be read; says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer; names in lower case, values of one name joined by commas."""

    status: int
    headers: dict[str, str]

    @property
    def media_type(self) -> str:
        """What the body is said to be, in lower case and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def request(address: Address, authorization: str | None) -> bytes:
    """Return the bytes that ask for `address`."""
    lines = [
        f"GET {address.target} HTTP/1.1",
        f"Host: {address.authority}",
        "User-Agent: edge-agent",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def head_of(lines: Iterable[bytes]) -> Head:
    """Return the head that stands in `lines`, without their ends.  Raises NotHttp."""
    texts = [line.decode("latin-1") for line in lines]
    status = _STATUS.fullmatch(texts[0]) if texts else None
    if status is None:
        raise NotHttp("the answer is not HTTP/1.1")
    headers: dict[str, str] = {}
    for text in texts[1:]:
        name, colon, value = text.partition(":")
        if not colon or not name or name != name.strip() or not name.isascii():
            raise NotHttp("a header cannot be read")
        value = value.strip()
        if not value.isprintable():
            raise NotHttp("a header holds control characters")
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return Head(int(status[1]), headers)


class Body:
    """Takes the bytes after a head, in any pieces, and returns those that are the body.

    `is_whole` is None while that depends on the end of the connection.
    """

    def __init__(self, head: Head) -> None:
        coding = head.headers.get("transfer-encoding", "").lower()
        length = head.headers.get("content-length")
        if coding not in ("", "chunked", "identity"):
            raise NotHttp("the body is coded in a way that nobody asked for")
        if head.headers.get("content-encoding", "identity").lower() != "identity":
            raise NotHttp("the body is compressed, though nobody asked for it")
        self._chunked = coding == "chunked"
        self._left: int | None = None
        if not self._chunked and length is not None:
            if not re.fullmatch(r"\d{1,15}", length):
                raise NotHttp("the body's length cannot be read")
            self._left = int(length)
        self._line = b""  # of a chunk's size, while it is not whole
        self._chunk = 0  # bytes left of this chunk
        self._after_chunk = False
        self.is_whole: bool | None = self._left == 0 if self._left is not None else None
        if self._chunked:
            self.is_whole = False

    def feed(self, data: bytes) -> bytes:
        """Return what of `data` belongs to the body.  Raises NotHttp."""
        if self._chunked:
            return self._from_chunks(data)
        if self._left is None:
            return data
        taken = data[: self._left]
        self._left -= len(taken)
        self.is_whole = self._left == 0
        return taken

    def ended(self) -> bool:
        """Return, when the connection has ended, whether the body is whole."""
        return self.is_whole is not False

    def _from_chunks(self, data: bytes) -> bytes:
        taken = bytearray()
        at = 0
        while at < len(data) and not self.is_whole:
            if self._chunk:
                piece = data[at : at + self._chunk]
                taken += piece
                at += len(piece)
                self._chunk -= len(piece)
                self._after_chunk = not self._chunk
                continue
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end + 1
            self._line += data[at:stop]
            at = stop
            if len(self._line) > _CHUNK_LINE_BYTES_MAX:
                raise NotHttp("a chunk's size cannot be read")
            if end >= 0:
                self._take_line()
        return bytes(taken)

    def _take_line(self) -> None:
        line, self._line = self._line.strip(), b""
        if self._after_chunk:
            if line:
                raise NotHttp("a chunk is longer than it said")
            self._after_chunk = False
            return
        size = line.partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            raise NotHttp("a chunk's size cannot be read")
        self._chunk = int(size, 16)
        self.is_whole = self._chunk == 0  # what follows are trailers: not read
