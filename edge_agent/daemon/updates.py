"""What is done to the program by updates, as signed events of the agent that runs meanwhile."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.control.socket import Handler, Peer
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.tree import HASH_BYTES
from edge_agent.limits import ORDER_RECORD_S_MAX

WORDS = ("begun", "confirmed", "switched_back", "refused")


class Updates:
    """Answers `update` on the gateway's own socket; `vow` is the recorder's.

    Only root and the agent's own user may tell of updates, and they may say for whom.
    """

    def __init__(self, vow: Callable[[ActBody], asyncio.Future[None]]) -> None:
        self._vow = vow
        self.handlers: dict[str, Handler] = {"update": self._record}

    async def _record(self, request: Mapping[str, Any], peer: Peer) -> None:
        """Record one step; answered once that is durable.  Raises ValueError."""
        word, detail, by = (request.get(name) for name in ("word", "detail", "by"))
        if word not in WORDS or not isinstance(detail, str):
            raise ValueError(f"'word' is one of {', '.join(WORDS)}, 'detail' a text")
        actor = by if isinstance(by, str) and by.strip() else str(peer)
        act = ActBody("update", actor, detail, outcome=str(word), digest=_digest(request))
        vow = self._vow(act)
        await asyncio.wait([vow], timeout=ORDER_RECORD_S_MAX)
        if not vow.done():
            raise ValueError("it cannot be recorded now: see to the disk and the center")


def _digest(request: Mapping[str, Any]) -> bytes | None:
    try:
        digest = bytes.fromhex(str(request.get("digest") or ""))
    except ValueError:
        digest = b"?"
    if digest and len(digest) != HASH_BYTES:
        raise ValueError(f"'digest' is {HASH_BYTES} bytes in hex, or left out")
    return digest or None
