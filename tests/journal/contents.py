"""What test payloads are: hashes are real, a payload's time stands in its first bytes."""

import hashlib

from edge_agent.journal.contents import Times


class PlainContents:
    """Leaves and nodes as evidence has them; `b"@12 ..."` was made at 12 by both clocks."""

    def leaf(self, data: bytes) -> bytes:
        return hashlib.sha256(b"\x00" + data).digest()

    def node(self, left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    def times(self, data: bytes) -> Times | None:
        word = data.split(b" ", 1)[0]
        if not word.startswith(b"@"):
            return None
        return Times(int(word[1:]), int(word[1:]))
