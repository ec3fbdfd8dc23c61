"""An inspector's sample: which events, drawn from the inspector's own nonce alone.

Draw i (0, 1, 2, ...) is the first 8 bytes, big endian, of HMAC-SHA-256 with the nonce as key over
`edge-agent/v1/sample` and i in 8 bytes.  Numbers from the largest multiple of the population on are
passed over, so that every event is as likely as any other; the rest modulo the population is an
event, and one that was drawn before is passed over.  Whoever knows nonce and population draws the
same events, and whoever holds the events cannot choose.
"""

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from edge_agent.evidence.cited import Place

NONCE_BYTES_MIN, NONCE_BYTES_MAX = 16, 64  # below it could be guessed; above it adds nothing
SAMPLE_MAX = 10_000  # proofs of so many take some 20 MB
_PREFIX = b"edge-agent/v1/sample"
_WHOLE = 1 << 64

Stretch = tuple[bytes, int, int]
"""Epoch, first and last number, both included."""


def draw(nonce: bytes, population: int, count: int) -> list[int]:
    """Return `count` different numbers below `population`, ascending; all where it has no more."""
    wanted, drawn, at = min(count, population), set[int](), 0
    fair = _WHOLE - _WHOLE % population if population else 0
    while len(drawn) < wanted:
        digest = hmac.digest(nonce, _PREFIX + at.to_bytes(8, "big"), hashlib.sha256)
        at += 1
        number = int.from_bytes(digest[:8], "big")
        if number < fair:
            drawn.add(number % population)
    return sorted(drawn)


def places(nonce: bytes, stretches: Sequence[Stretch], count: int) -> list[Place]:
    """Return the events drawn from `stretches`, counted through one behind the other."""
    ends = list(accumulate(last - first + 1 for _, first, last in stretches))
    found: list[Place] = []
    for number in draw(nonce, ends[-1] if ends else 0, count):
        at = bisect_right(ends, number)
        epoch, _, last = stretches[at]
        found.append(Place(epoch, last + 1 - (ends[at] - number)))
    return found
