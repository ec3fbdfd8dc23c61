"""Takes a gateway out of service for good (shell): entitled, exported, receipted, then no more.

Panels are read until every required center has receipted everything: until then an alarm is an
alarm.  The last event of the last run says that it is the last; a run in which it is not receipted
in time is followed by another, which says it again.  What comes then is done by the next start
(`identity/decommissioning.py`), which runs nothing.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from edge_agent.config import Loaded
from edge_agent.daemon.charter import Chartered
from edge_agent.daemon.ending import DECOMMISSION, Ending
from edge_agent.daemon.orders import Record
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence import fields
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.decommission import BYTES_MAX, check_paper, read_paper
from edge_agent.identity import decommissioning
from edge_agent.identity.decommissioning import Marker, Phase
from edge_agent.limits import PARTING_LOOK_S, PARTING_S_MAX

BUNDLES_MAX = 256

log = structlog.get_logger()


class Parting:
    """The end of one gateway; `exported` are digests of the bundles that this run has sealed."""

    def __init__(
        self,
        loaded: Loaded,
        chartered: Chartered,
        ending: Ending,
        record: Record,
        centers: Callable[[], Iterable[Mapping[str, Any]]],
        exported: Collection[bytes],
    ) -> None:
        self._loaded = loaded
        self._chartered = chartered
        self._ending = ending
        self._record = record
        self._centers = centers
        self._exported = exported
        self._begun = asyncio.Event()
        self._marker = self._found()

    def _found(self) -> Marker | None:
        try:
            return decommissioning.found(self._loaded.file)
        except (OSError, Malformed) as error:
            log.error("what was written down of a decommissioning cannot be read", cause=str(error))
            return None

    def facts(self) -> dict[str, Any] | None:
        """Return how far it is, None where nobody wants it."""
        marker = self._marker
        if marker is None:
            return None
        waits = [str(one["center"]) for one in self._centers() if not _has_all(one)]
        return {"phase": str(marker.phase), "reason": marker.reason, "waits_for": waits}

    # ---- asked for

    async def answer(self, request: Mapping[str, Any], peer: object) -> dict[str, Any] | None:
        """Answer `edge-agent decommission`: `gateway` is its name, `bundles` the digests of what
        was exported, `paper` that of the charter's parties or, without a charter, `reason`.

        Raises ValueError where it is refused, which is recorded.
        """
        if not request.get("gateway") or self._marker is not None:
            return self.facts()
        try:
            marker = self._judged(request, str(peer))
        except ValueError as error:
            act = ActBody("refused", str(peer), str(error), outcome=DECOMMISSION)
            self._record.note(EventType.ACT, Lane.FAULT, act.to_body())
            log.error("decommissioning refused", by=str(peer), cause=str(error))
            raise
        await asyncio.to_thread(decommissioning.write, self._loaded.file, marker)
        self._marker = marker
        await self._record.vow(self._act("begun"))
        self._begun.set()
        return self.facts()

    def _judged(self, request: Mapping[str, Any], actor: str) -> Marker:
        gateway = self._loaded.config.gateway
        if request.get("gateway") != gateway.id:
            raise ValueError(f"this is gateway {gateway.id}, and another one was named")
        reason = self._entitled(request)
        digests = _digests(request.get("bundles"))
        if not digests or not set(digests) <= set(self._exported):
            raise ValueError("its records were not exported in this run of it: export them first")
        config = self._loaded.config
        second = [config.sm2.key] if config.sm2 is not None else []
        keys = dict.fromkeys([gateway.identity_key, *second, *(one.key for one in config.center)])
        return Marker(
            phase=Phase.PARTING,
            gateway=gateway.id,
            reason=reason,
            actor=actor,
            digest=hashlib.sha256(b"".join(digests)).digest(),
            keys=tuple(str(self._loaded.path(name).absolute()) for name in keys),
        )

    def _entitled(self, request: Mapping[str, Any]) -> str:
        """Return the reason that those have signed who may.  Raises ValueError."""
        charter, text = self._chartered.charter, str(request.get("paper") or "")
        if charter is None:
            reason = fields.bounded(str(request.get("reason") or "").strip())
            if reason is None:
                raise ValueError("say why")
            return reason
        if not text:
            raise ValueError(
                f"charter {charter.number} is in force: its parties have to sign that it ends"
            )
        if len(text) > 2 * BYTES_MAX:
            raise ValueError(f"a paper has at most {BYTES_MAX} bytes")
        signed = read_paper(bytes.fromhex(text))
        check_paper(signed, charter)
        return signed.paper.reason

    # ---- its end

    async def run(self) -> None:
        """End the run when every required center has all that is recorded, until cancelled."""
        if self._marker is None:
            await self._begun.wait()
        while not all(map(_has_all, self._centers())):  # noqa: ASYNC110  many things end it
            await asyncio.sleep(PARTING_LOOK_S)
        self._ending.to_part(self._act("ended"))

    async def ended(self) -> None:
        """The last event is recorded: wait for its receipts, then the keys may go."""
        marker = self._marker
        if marker is None or not self._ending.parts:
            return
        try:
            async with asyncio.timeout(PARTING_S_MAX):
                while not all(map(_has_all, self._centers())):  # noqa: ASYNC110  a receipt each
                    await asyncio.sleep(PARTING_LOOK_S)
        except TimeoutError:
            log.error("the last event is not receipted yet", then="it is said again")
            return
        marker = replace(marker, phase=Phase.DESTROYING)
        await asyncio.to_thread(decommissioning.write, self._loaded.file, marker)

    def _act(self, outcome: str) -> ActBody:
        marker = self._marker
        assert marker is not None, "it has begun"
        return ActBody(
            DECOMMISSION,
            marker.actor,
            "taken out of service for good" if outcome == "ended" else "records exported",
            outcome=outcome,
            purpose=marker.reason,
            digest=marker.digest,
        )


def _has_all(center: Mapping[str, Any]) -> bool:
    there = bool(center["connected"] and center["proven"] and not center["outstanding"])
    return there or not center["required"]


def _digests(value: object) -> list[bytes]:
    rows = value if isinstance(value, list) else []
    if len(rows) > BUNDLES_MAX:
        raise ValueError(f"at most {BUNDLES_MAX} bundles")
    return [bytes.fromhex(str(one)) for one in rows]
