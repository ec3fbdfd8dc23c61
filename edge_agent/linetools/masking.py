"""What of bytes may be shown: user codes are overwritten, in whatever is not understood as well."""

import re

from edge_agent.domain.session import FaultKind, Frame
from edge_agent.domain.signal import Span
from edge_agent.linetools import chinese

MASK = b"*"
_PRINTED = re.compile(rb"[!-~]")
_DIGITS = re.compile(rb"[0-9]{3,}")  # the shortest user code of any known panel has three


def _overwritten(raw: bytes, spans: tuple[Span, ...]) -> bytes:
    shown = bytearray(raw)
    for span in spans:
        end = min(span.end, len(shown))
        shown[span.start : end] = MASK * max(0, end - span.start)
    return bytes(shown)


def masked_bytes(raw: bytes, *, by_host: bool = False) -> bytes:
    """Return bytes that nobody understood as they may be shown.

    Every run of digits could be a code, and what a host says a login with a password, of any
    characters: of that none is shown.
    """
    if by_host:
        return _PRINTED.sub(MASK, raw)
    return _DIGITS.sub(lambda found: MASK * len(found[0]), raw)


def masked(frame: Frame, *, by_host: bool = False) -> bytes:
    """Return the bytes of a frame as they may be shown.

    Of a good frame its driver knows where a code stands.  A damaged one may be an order with a
    code in it, and noise a part of one: both are bytes that nobody understood.
    """
    if frame.fault in (None, FaultKind.REPLAY):
        spans = (*frame.secrets, *(span for signal in frame.signals for span in signal.secrets))
        return _overwritten(frame.raw, spans)
    return masked_bytes(frame.raw, by_host=by_host)


def readable(raw: bytes) -> str:
    """Return bytes for people: text with what is no text escaped, else hex digits."""
    plain = sum(0x20 <= byte < 0x7F for byte in raw) + chinese.size(raw)
    if 2 * plain < len(raw):
        return raw.hex(" ")
    return "".join(told or _escaped(piece) for piece, told in chinese.parts(raw))


def _escaped(piece: bytes) -> str:
    names = {0x0D: "\\r", 0x0A: "\\n", 0x5C: "\\\\"}
    return "".join(
        names.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in piece
    )
