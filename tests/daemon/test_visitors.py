"""Who reads and who is refused is recorded."""

import asyncio
from pathlib import Path
from typing import Any

from edge_agent import config
from edge_agent.control.socket import Peer
from edge_agent.daemon.visitors import Visitors
from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody
from tests.configuration import configuration

Note = tuple[EventType, Lane, Body]


def visited(access: str = "") -> tuple[Visitors, list[Note]]:
    notes: list[Note] = []
    told = configuration(gateway='data_dir = "data"', more=f"[access]\n{access}")
    loaded = config.parse(told.encode(), Path("/nowhere/gateway.toml"))
    return Visitors(loaded, lambda *note: notes.append(note)), notes


def test_the_configuration_says_who_is_what() -> None:
    visitors, _ = visited('viewer = ["@monitoring"]\ninspector = ["ida"]')
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


def test_who_is_handed_the_records_is_an_act_like_any_reader() -> None:
    visitors, notes = visited()
    request = {"what": "events", "purpose": "case 12"}

    async def ask() -> Any:
        return await visitors.handlers["records"](request, Peer(3_999_999_999))

    given = asyncio.run(ask())
    ((_, _, body),) = notes
    assert ActBody.from_body(body) == ActBody("read", "uid 3999999999", "events; case 12")
    assert given.folder == Path("/nowhere/data/journal")
    assert given.answer["gateway"] == "gw1"
    assert given.answer["identities"] == {"/nowhere/identity.pem": ""}, "it cannot be read"
