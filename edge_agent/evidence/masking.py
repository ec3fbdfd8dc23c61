"""Secret stretches of a frame: overwritten before anything is signed, and where that was."""

from collections.abc import Iterable

from edge_agent.domain.event import Body
from edge_agent.domain.signal import FRAME_BYTES_MAX, Span
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed

MASK = b"*"  # 0x2A: plain to a reader, and no code digit of any protocol
SPANS_MAX = 64  # a frame carries at most a handful of codes; a reader must bound what it takes


def mask(frame: bytes, secrets: Iterable[Span]) -> tuple[bytes, tuple[Span, ...]]:
    """Overwrite the secret stretches of a frame; return it and where, ascending and joined.

    What lies beyond the frame's end is ignored: a wrong span must not cost the alarm.
    """
    joined: list[tuple[int, int]] = []
    for start, end in sorted((s.start, min(s.end, len(frame))) for s in secrets):
        if start >= end:
            continue
        if joined and (start <= joined[-1][1] or len(joined) == SPANS_MAX):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    if not joined:
        return frame, ()
    masked = bytearray(frame)
    for start, end in joined:
        masked[start:end] = MASK * (end - start)
    return bytes(masked), tuple(Span(start, end) for start, end in joined)


def masked_spans(body: Body, key: int, frame: bytes) -> tuple[Span, ...]:
    """Return where the frame was masked, as told at `key`.  Raises Malformed where it was not."""
    spans: list[Span] = []
    at = -1
    for item in fields.array(body, key, SPANS_MAX) if key in body else ():
        pair = fields.row(item, 2)
        start = fields.number(pair, 0, at + 1, FRAME_BYTES_MAX)
        at = fields.number(pair, 1, start + 1, len(frame))
        if frame[start:at] != MASK * (at - start):
            raise Malformed("a masked stretch that is not masked")
        spans.append(Span(start, at))
    return tuple(spans)
