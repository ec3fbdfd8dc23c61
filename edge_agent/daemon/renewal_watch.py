"""Has the certificates renewed that are due, once a day, and says what became of it.

A child does it (`edge-agent renew --json`): X.509 and HTTP take memory that the agent does not have
for two requests a year.
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
from edge_agent.evidence.bodies import ActBody, FindingBody, Severity

log = structlog.get_logger()

_RULE = "identity.renewal"


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of one round: which centers have a new certificate, until when, and what failed.

    `trouble` names the centers that it is about.
    """

    done: tuple[tuple[str, str], ...] = ()
    trouble: str = ""


def read(output: bytes) -> Renewed:
    """Return what the child said."""
    try:
        centers = json.loads(output)["centers"]
        done = [(one["center"], one["until"]) for one in centers if one["until"]]
        troubles = [f"{one['center']}: {one['trouble']}" for one in centers if one["trouble"]]
    except (ValueError, TypeError, KeyError):
        return Renewed(trouble="what `edge-agent renew` says cannot be read")
    return Renewed(tuple(done), "; ".join(troubles))


class Renewals:
    """What was said last; `take` returns what is to be said now."""

    def __init__(self) -> None:
        self._told = Told()

    def take(self, renewed: Renewed) -> Iterator[tuple[EventType, Lane, Body]]:
        """Yield the events that follow from one round: a trouble is said once, and its end."""
        for center, until in renewed.done:
            act = ActBody("renew", "agent", f"certificate for center {center}, until {until}")
            yield EventType.ACT, Lane.STATE, act.to_body()
        found = [_finding(renewed.trouble)] if renewed.trouble else []
        for finding in self._told.take(found):
            yield EventType.FINDING, Lane.FAULT, finding.to_body()


def _finding(trouble: str) -> FindingBody:
    return FindingBody(
        panel=GATEWAY_PANEL,
        cause="renewal_failed",
        severity=Severity.MAINTAIN,
        reasons=(_RULE,),
        remedy="see that `edge-center enrolment serve` runs and is reachable; it is tried again "
        "every day, and `edge-agent renew` tries it at once",
        detail=trouble,
    )


async def renew(config: Path, *, now: bool = False) -> Renewed:
    """Have it tried once; `now`: also what is not due yet."""
    also = ("--now",) if now else ()
    try:
        output = await children.run(
            "renew", "--json", *also, "--config", str(config), s_max=limits.RENEWAL_S_MAX
        )
    except children.Failed as error:
        return Renewed(trouble=f"`edge-agent renew`: {error}")
    return read(output)


async def watch_renewal(
    note: Callable[[EventType, Lane, Body], None], renew_once: Callable[[], Awaitable[Renewed]]
) -> None:
    """Try again and again, until cancelled."""
    renewals = Renewals()
    await asyncio.sleep(limits.RENEWAL_DELAY_S)
    while True:
        renewed = await renew_once()
        for type_, lane, body in renewals.take(renewed):
            note(type_, lane, body)
        if renewed.trouble:
            log.error("renewal", cause=renewed.trouble, remedy="run `edge-agent renew`")
        await asyncio.sleep(limits.RENEWAL_LOOK_S)
