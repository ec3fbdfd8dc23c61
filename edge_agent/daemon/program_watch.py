"""Has the installed program looked at, soon after the start and once a day, and says what is found.

The looking is a child's work (`edge-agent program --json`): it takes memory, and compares bytes
that nobody vouches for.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog

from edge_agent import limits
from edge_agent.daemon import children
from edge_agent.daemon.news import Told
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.evidence.program import ProgramBody

log = structlog.get_logger()

_NAMED_MAX = 4
_RULE = "program.files"


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one look: `body` None where nothing could be found out, and `detail` why."""

    body: ProgramBody | None
    detail: str = ""


def read(output: bytes) -> Looked:
    """Return what the child said."""
    try:
        said = json.loads(output)
        differing = [f"{one['path']} {one['what']}" for one in said["differences"]]
        body = ProgramBody(
            version=said["version"],
            digest=bytes.fromhex(said["digest"]),
            dependencies=bytes.fromhex(said["dependencies"]),
            released=said["released"] is True,
            differences=len(differing),
            signed=None if said["signed"] is None else said["signed"] is True,
        )
    except (ValueError, TypeError, KeyError):
        return Looked(None, "what `edge-agent program` says cannot be read")
    more = f" and {len(differing) - _NAMED_MAX} more" * (len(differing) > _NAMED_MAX)
    return Looked(body, ", ".join(differing[:_NAMED_MAX]) + more)


class Program:
    """What was said of the program last; `take` returns what is to be said now."""

    def __init__(self) -> None:
        self._body: ProgramBody | None = None
        self._told = Told()

    def take(self, looked: Looked) -> Iterator[tuple[EventType, Lane, Body]]:
        """Yield the events that follow from one look: nothing is said twice."""
        if looked.body is not None and looked.body != self._body:
            self._body = looked.body
            yield EventType.PROGRAM, Lane.STATE, looked.body.to_body()
        for finding in self._told.take(_findings(looked)):
            yield EventType.FINDING, Lane.FAULT, finding.to_body()


def _findings(looked: Looked) -> Iterator[FindingBody]:
    if looked.body is None:
        yield FindingBody(
            panel=GATEWAY_PANEL,
            cause="program_unchecked",
            severity=Severity.MAINTAIN,
            reasons=(_RULE,),
            remedy="run `edge-agent program` on the gateway: it says why",
            detail=looked.detail,
        )
    elif looked.body.differences:
        yield FindingBody(
            panel=GATEWAY_PANEL,
            cause="program_altered",
            severity=Severity.URGENT,
            reasons=(_RULE,),
            remedy="install the release again; if nobody changed it on purpose, the gateway is not "
            "to be trusted: find out who had access",
            detail=looked.detail,
        )


async def look() -> Looked:
    """Have the comparison made once."""
    try:
        return read(await children.run("program", "--json", s_max=limits.PROGRAM_LOOK_S_MAX))
    except children.Failed as error:
        return Looked(None, f"`edge-agent program`: {error}")


async def watch_program(
    note: Callable[[EventType, Lane, Body], None],
    look_once: Callable[[], Awaitable[Looked]] = look,
) -> None:
    """Look again and again, until cancelled."""
    program = Program()
    await asyncio.sleep(limits.PROGRAM_LOOK_DELAY_S)
    while True:
        looked = await look_once()
        for type_, lane, body in program.take(looked):
            note(type_, lane, body)
        if looked.body is None or looked.body.differences:
            log.error("program", cause=looked.detail, remedy="run `edge-agent program`")
        await asyncio.sleep(limits.PROGRAM_LOOK_S)
