"""Has the newest event timestamped by an authority once a day, and says what became of it.

A child asks (`edge-agent anchor --json`), so an authority that is slow or gone holds up nothing.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge_agent import limits
from edge_agent.daemon import children
from edge_agent.daemon.news import Told
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.anchor import TOKEN_BYTES_MAX, AnchorBody
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.evidence.cited import Place

log = structlog.get_logger()

_RULE = "evidence.anchor"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event: it is signed over all before it."""

    place: Place
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it: a token, or what went wrong."""

    token: bytes = b""
    trouble: str = ""


def read(output: bytes) -> Asked:
    """Return what the child said."""
    try:
        said = json.loads(output)
        trouble, token = str(said["trouble"] or ""), bytes.fromhex(said["token"] or "")
    except (ValueError, TypeError, KeyError):
        return Asked(trouble="what `edge-agent anchor` says cannot be read")
    if not trouble and not 0 < len(token) <= TOKEN_BYTES_MAX:
        return Asked(trouble=f"a timestamp of {len(token)} bytes")
    return Asked(token, trouble)


class Anchors:
    """What was said last; `take` returns what is to be said now."""

    def __init__(self) -> None:
        self._told = Told()

    def take(self, head: Head, asked: Asked) -> Iterator[tuple[EventType, Lane, Body]]:
        """Yield the events that follow from one answer: a trouble is said once, and its end."""
        if asked.token:
            yield (
                EventType.ANCHOR,
                Lane.STATE,
                AnchorBody(head.place, head.leaf, asked.token).to_body(),
            )
        found = [_finding(asked.trouble)] if asked.trouble else []
        for finding in self._told.take(found):
            yield EventType.FINDING, Lane.FAULT, finding.to_body()


def _finding(trouble: str) -> FindingBody:
    return FindingBody(
        panel=GATEWAY_PANEL,
        cause="anchor_failed",
        severity=Severity.MAINTAIN,
        reasons=(_RULE,),
        remedy="see that the timestamp authority in [anchor] can be reached; it is asked again "
        "every hour, and `edge-agent anchor` tries it at once",
        detail=trouble,
    )


async def ask(config: Path, leaf: bytes) -> Asked:
    """Have the authority asked once."""
    try:
        output = await children.run(
            *("anchor", "--json", "--hash", leaf.hex(), "--config", str(config)),
            s_max=limits.ANCHOR_S_MAX,
        )
    except children.Failed as error:
        return Asked(trouble=f"`edge-agent anchor`: {error}")
    return read(output)


async def watch_anchor(
    note: Callable[[EventType, Lane, Body], None],
    newest: Callable[[], Head | None],
    ask_once: Callable[[bytes], Awaitable[Asked]],
) -> None:
    """Ask again and again, until cancelled."""
    anchors = Anchors()
    await asyncio.sleep(limits.ANCHOR_DELAY_S)
    while True:
        head = newest()
        asked = Asked(trouble="nothing was recorded yet") if head is None else Asked()
        if head is not None:
            asked = await ask_once(head.leaf)
            for type_, lane, body in anchors.take(head, asked):
                note(type_, lane, body)
        if asked.trouble:
            log.error("anchor", cause=asked.trouble, remedy="run `edge-agent anchor`")
        await asyncio.sleep(limits.ANCHOR_RETRY_S if asked.trouble else limits.ANCHOR_EVERY_S)
