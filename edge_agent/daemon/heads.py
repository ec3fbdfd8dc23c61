"""Has something done about the newest event from time to time, and says what became of it.

The newest event is a signed tree head: whoever vouches for it vouches for all before it.  A child
does the work, so what is slow or gone holds up nothing.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

import structlog

from edge_agent import limits
from edge_agent.daemon.news import Told
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody
from edge_agent.evidence.cited import Place

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event: it is signed over all before it."""

    place: Place
    leaf: bytes
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of it: bytes to be kept, or what went wrong."""

    data: bytes = b""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Errand:
    """What is done about a head.

    `bring` gets the bytes, `body` makes of them what is kept in an event of `type`; `failed` is
    said of a trouble, once.
    """

    name: str
    type: EventType
    every_s: float
    bring: Callable[[Head], Awaitable[Brought]]
    body: Callable[[Head, bytes], Body]
    failed: FindingBody


def read(output: bytes, command: str, key: str, bytes_max: int) -> Brought:
    """Return what the child said: JSON with `trouble`, or the bytes in hex at `key`."""
    try:
        said = json.loads(output)
        trouble, data = str(said["trouble"] or ""), bytes.fromhex(said[key] or "")
    except (ValueError, TypeError, KeyError):
        return Brought(trouble=f"what `{command}` says cannot be read")
    if not trouble and not 0 < len(data) <= bytes_max:
        return Brought(trouble=f"`{command}`: {len(data)} bytes, at most {bytes_max} are kept")
    return Brought(data, trouble)


class Kept:
    """What was said last; `take` returns what is to be said now."""

    def __init__(self, errand: Errand) -> None:
        self._errand, self._told = errand, Told()

    def take(self, head: Head, brought: Brought) -> Iterator[tuple[EventType, Lane, Body]]:
        """Yield the events that follow from one try: a trouble is said once, and its end."""
        if brought.data:
            yield self._errand.type, Lane.STATE, self._errand.body(head, brought.data)
        failed = replace(self._errand.failed, detail=brought.trouble)
        for finding in self._told.take([failed] if brought.trouble else []):
            yield EventType.FINDING, Lane.FAULT, finding.to_body()


async def watch_heads(
    errand: Errand,
    note: Callable[[EventType, Lane, Body], None],
    newest: Callable[[], Head | None],
) -> None:
    """Do it again and again, until cancelled."""
    kept = Kept(errand)
    await asyncio.sleep(limits.HEAD_DELAY_S)
    while True:
        head = newest()
        brought = Brought(trouble="nothing was recorded yet") if head is None else Brought()
        if head is not None:
            brought = await errand.bring(head)
            for type_, lane, body in kept.take(head, brought):
                note(type_, lane, body)
        if brought.trouble:
            log.error(errand.name, cause=brought.trouble, remedy=errand.failed.remedy)
        await asyncio.sleep(limits.HEAD_RETRY_S if brought.trouble else errand.every_s)
