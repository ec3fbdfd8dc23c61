"""Who reads and who is refused is recorded."""

import asyncio
from typing import Any

from edge_agent.config import AccessPart
from edge_agent.control.socket import Peer
from edge_agent.daemon.visitors import Visitors
from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody

Note = tuple[EventType, Lane, Body]


def visited(told: AccessPart | None = None) -> tuple[Visitors, list[Note]]:
    notes: list[Note] = []
    return Visitors(told or AccessPart(), lambda *note: notes.append(note)), notes


def test_the_configuration_says_who_is_what() -> None:
    visitors, _ = visited(AccessPart(viewer=["@monitoring"], inspector=["ida"]))
    assert visitors.access.roles("ida", ["monitoring"]) == {Role.VIEWER, Role.INSPECTOR}
    assert not visited()[0].access.anybody


def test_a_refusal_is_an_act() -> None:
    visitors, notes = visited()
    visitors.refused("eve (uid 1001)", "order, 3 times")
    ((type_, _, body),) = notes
    act = ActBody.from_body(body)
    assert (type_, act.what, act.actor) == ("act", "refused", "eve (uid 1001)")
    assert act.detail.endswith("order, 3 times")


def read(**request: Any) -> ActBody:
    visitors, notes = visited()

    async def ask() -> None:
        await visitors.handlers["read"](request, Peer(3_999_999_999))

    asyncio.run(ask())
    ((_, _, body),) = notes
    return ActBody.from_body(body)


def test_reading_is_an_act_with_its_purpose() -> None:
    act = read(what="events type signal", purpose="case 12")
    assert act == ActBody("read", "uid 3999999999", "events type signal; case 12")
    assert read(what="verify").detail == "verify"


def test_what_is_said_has_bounds() -> None:
    assert len(read(what="x" * 10_000, purpose="y" * 10_000).detail) <= 200
    assert read(what=["no", "text"], purpose=7).what == "read"
