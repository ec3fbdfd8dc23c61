"""Decides how much room clips may have, and which must go.

Clips never take what the journal may need: at most a quarter of what the filesystem has free, and
nothing while the journal leaves events out for lack of space.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FREE_SHARE = 4
"""Clips have one part in four of what is free; the journal keeps three times as much."""


@dataclass(frozen=True, slots=True)
class Held:
    """A clip as it lies on the disk; `kept_ns` is the wall clock when it was stored."""

    clip: str
    size: int
    kept_ns: int


def allowed_bytes(bytes_max: int, free_bytes: int, held_bytes: int, *, journal_full: bool) -> int:
    """Return how many bytes all clips together may have now."""
    if journal_full:
        return 0
    return min(bytes_max, (free_bytes + held_bytes) // FREE_SHARE)


@dataclass(frozen=True, slots=True)
class Gone:
    """A clip that must go: `is_old`, else for its room."""

    clip: str
    size: int
    is_old: bool


def to_remove(
    held: Sequence[Held], wanted: int, allowed: int, older_than_ns: int | None = None
) -> list[Gone]:
    """Return the clips that must go, the oldest first: `held` is in the order of storing.

    `wanted` bytes more shall fit into `allowed`; what was kept before `older_than_ns` goes in any
    case, None where no clock tells.
    """
    total = sum(one.size for one in held)
    gone: list[Gone] = []
    for one in held:
        is_old = older_than_ns is not None and one.kept_ns < older_than_ns
        if total + wanted > allowed or is_old:
            gone.append(Gone(one.clip, one.size, is_old))
            total -= one.size
    return gone
