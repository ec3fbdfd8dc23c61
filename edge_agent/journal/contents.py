"""What the journal asks about its opaque bytes, so that sealed segments can be searched by time and
proofs be made without reading them again.  The composition root answers; nothing here is trusted
for more than finding and showing.
"""

from typing import NamedTuple, Protocol

HASH_BYTES = 32


class Times(NamedTuple):
    """When an event was heard: `wall_ns` is Unix time, None where nobody had told the clock;
    `boot_ns` is the boot-time clock of its run."""

    wall_ns: int | None
    boot_ns: int


class Contents(Protocol):
    """Reads what the journal stores.  Called on the journal's background thread."""

    def leaf(self, data: bytes) -> bytes:
        """Return the 32 bytes that stand for a payload in the epoch's tree."""

    def node(self, left: bytes, right: bytes) -> bytes:
        """Return the 32 bytes that stand for two neighbouring subtrees of one size."""

    def times(self, data: bytes) -> Times | None:
        """Return when a payload was made, None where it does not say."""
