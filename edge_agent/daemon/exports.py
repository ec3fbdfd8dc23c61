"""Exports of records: the running agent records each, durably, and only then seals the bundle."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.clock import Clock
from edge_agent.control.socket import Handler, Peer
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.tree import HASH_BYTES
from edge_agent.limits import ORDER_RECORD_S_MAX

_EVENTS_MAX = 1_000_000  # more than the largest bundle holds
_SEALED_MAX = 256  # of bundles; a whole journal is a few
_MS = 1_000_000


class Exports:
    """Answers `export` on the gateway's own socket; `vow` is the recorder's."""

    def __init__(
        self,
        gateway: str,
        signer: Signer,
        clock: Clock,
        vow: Callable[[ActBody], asyncio.Future[None]],
    ) -> None:
        self._gateway, self._signer, self._clock, self._vow = gateway, signer, clock, vow
        self.handlers: dict[str, Handler] = {"export": self._export}
        self.sealed: deque[bytes] = deque(maxlen=_SEALED_MAX)
        """Digests of what was recorded and sealed in this run, the newest."""

    async def _export(self, request: Mapping[str, Any], peer: Peer) -> dict[str, str]:
        """Record who takes what out and why; return the seal.  Raises ValueError to refuse."""
        purpose, what = (_text(request, name) for name in ("purpose", "what"))
        events = request.get("events")
        if isinstance(events, bool) or not isinstance(events, int) or not 0 <= events < _EVENTS_MAX:
            raise ValueError("'events' is their number")
        digest = _digest(request)
        detail = f"{what}, {events} events"
        act = ActBody("export", str(peer), detail, purpose=purpose, digest=digest)
        vow = self._vow(act)
        await asyncio.wait([vow], timeout=ORDER_RECORD_S_MAX)
        if not vow.done():
            raise ValueError("the export cannot be recorded, so it is not sealed: see to the disk")
        self.sealed.append(digest)
        from edge_agent.evidence.bundle import Seal  # noqa: PLC0415  few gateways ever export

        wall_ns = self._clock.stamp().wall_ns
        seal = Seal(
            gateway=self._gateway,
            by=self._gateway,
            time_ms=None if wall_ns is None else wall_ns // _MS,
            digest=digest,
            events=events,
            actor=str(peer),
            purpose=purpose,
        )
        return {"seal": seal.signed(self._signer).hex()}


def _text(request: Mapping[str, Any], name: str) -> str:
    from edge_agent.evidence.bundle import WORDS_CHARS_MAX  # noqa: PLC0415  as above

    value = request.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= WORDS_CHARS_MAX:
        raise ValueError(f"'{name}' is a text of 1 to {WORDS_CHARS_MAX} characters")
    return value.strip()


def _digest(request: Mapping[str, Any]) -> bytes:
    try:
        digest = bytes.fromhex(str(request.get("digest")))
    except ValueError:
        digest = b""
    if len(digest) != HASH_BYTES:
        raise ValueError(f"'digest' is {HASH_BYTES} bytes in hex")
    return digest
