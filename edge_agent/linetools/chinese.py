"""Chinese in its national code (GB 2312) among bytes: what fire panels print."""

import re

_RUN = re.compile(rb"((?:[\xb0-\xf7][\xa1-\xfe]){2,})")  # both levels of characters


def parts(raw: bytes) -> list[tuple[bytes, str]]:
    """Return the bytes in pieces, each with the characters that it is, "" where it is none.

    Two characters together at least: one could be two letters of Europe's.
    """
    pieces = _RUN.split(raw)
    return [(piece, _characters(piece) if at % 2 else "") for at, piece in enumerate(pieces)]


def size(raw: bytes) -> int:
    """Return how many of the bytes are such characters."""
    return sum(len(piece) for piece, told in parts(raw) if told)


def _characters(piece: bytes) -> str:
    try:
        return piece.decode("gb2312")
    except UnicodeDecodeError:  # an empty place of the code
        return ""
