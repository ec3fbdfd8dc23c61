"""On which machine an epoch ran, as its genesis tells: a card that was moved or copied shows.

Each fact is a kind and a short hash over a number that belongs to a part of the machine.  The hash
takes the gateway's name in, so that numbers are neither shown nor compared between gateways.
"""

import hashlib
from collections.abc import Iterable
from enum import StrEnum

FACT_BYTES = 8
FACTS_MAX = 8
BOARD, NETWORK, CARD = "board", "network", "card"
_DOMAIN = b"edge-agent/v1/machine"

Fact = tuple[str, bytes]
"""A kind and a hash."""


class Change(StrEnum):
    """What a machine is to the one before."""

    SAME = "same"
    MOVED = "moved"  # another board: the card was moved to it, or copied for it
    COPIED = "copied"  # the same board and another card: what it holds was copied
    UNKNOWN = "unknown"  # one of them says too little


def fact(gateway: str, kind: str, number: str) -> Fact:
    """Return the fact that this gateway's machine has a part with this number."""
    said = b"\0".join([_DOMAIN, gateway.encode(), kind.encode(), number.encode()])
    return kind, hashlib.sha256(said).digest()[:FACT_BYTES]


def compare(before: Iterable[Fact], after: Iterable[Fact]) -> Change:
    """Say what has changed.  A board is known by its own number, else by its network interfaces."""
    one, other = _by_kind(before), _by_kind(after)
    for kind in (BOARD, NETWORK):
        if kind in one and kind in other:
            if not one[kind] & other[kind]:
                return Change.MOVED
            same_card = CARD not in one or CARD not in other or one[CARD] & other[CARD]
            return Change.SAME if same_card else Change.COPIED
    return Change.UNKNOWN


def _by_kind(facts: Iterable[Fact]) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = {}
    for kind, value in facts:
        found.setdefault(kind, set()).add(value)
    return found
