"""Who comes to the gateway's own socket: what the configuration lets them, and what is recorded."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.config import Loaded
from edge_agent.control.access import Access
from edge_agent.control.handing import Handing
from edge_agent.control.socket import Handler, Peer
from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody

_TEXT_CHARS_MAX = 90  # of what is read and of why, each: both fit into one sentence of an event


class Visitors:
    """Guards the socket, and records who was refused and who reads.

    Who may read the files says that he does (`read`); who may not is handed them (`records`).
    """

    def __init__(self, loaded: Loaded, note: Callable[[EventType, Lane, Body], None]) -> None:
        told = loaded.config.access
        roles = (Role(name) for name in told.__struct_fields__)
        self.access = Access({role: frozenset(getattr(told, role)) for role in roles})
        self.handlers: dict[str, Handler] = {"read": self._read, "records": self._records}
        self._loaded, self._note = loaded, note

    def refused(self, who: str, what: str) -> None:
        """Record a refusal."""
        act = ActBody("refused", who, f"asked at the gateway's own socket for {what}")
        self._note(EventType.ACT, Lane.FAULT, act.to_body())

    async def _read(self, request: Mapping[str, Any], peer: Peer) -> None:
        """Record that somebody reads the journal, what of it, and why."""
        said = (str(request.get(part) or "")[:_TEXT_CHARS_MAX] for part in ("what", "purpose"))
        act = ActBody("read", str(peer), "; ".join(part for part in said if part))
        self._note(EventType.ACT, Lane.STATE, act.to_body())

    async def _records(self, request: Mapping[str, Any], peer: Peer) -> Handing:
        """Record it as any reading, and hand over the journal's files."""
        from edge_agent.trusted import Trusted  # noqa: PLC0415  few gateways are ever asked

        await self._read(request, peer)
        trusted = await asyncio.to_thread(Trusted.of, self._loaded)
        folder = self._loaded.path(self._loaded.config.gateway.data_dir) / "journal"
        return Handing(trusted.facts(), folder)
