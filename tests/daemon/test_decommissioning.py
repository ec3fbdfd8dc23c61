"""A gateway's end: by whom, after what, and not before every required center has it all.

Seen to fail: one signature enough; an end without an export; keys that may go before the last
event is receipted.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import load
from edge_agent.daemon import decommissioning as shell
from edge_agent.daemon.charter import KEPT, Chartered
from edge_agent.daemon.decommissioning import Parting
from edge_agent.daemon.ending import Ending
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.decommission import BYTES_MAX
from edge_agent.identity.decommissioning import Marker, Phase, file_of, found
from tests.configuration import configuration
from tests.evidence.test_charter import ENTERPRISE, OWNER, SIGNED
from tests.evidence.test_decommission import signed
from tests.link.rig import run

BUNDLE = b"b" * 32
WANTED = {"gateway": "gw1", "bundles": [BUNDLE.hex()]}
PAPER = {"paper": signed(ENTERPRISE, OWNER).data.hex()}


@dataclass
class World:
    """A gateway's folder, its centers, and what its agent has recorded."""

    file: Path
    centers: list[dict[str, Any]]
    said: list[ActBody] = field(default_factory=list)
    ending: Ending = field(default_factory=Ending)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def vow(self, body: ActBody) -> Any:
        self.said.append(body)
        return asyncio.sleep(0)

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert lane is Lane.FAULT
        if type_ is EventType.ACT:  # the charter's file is a matter of its own
            self.said.append(ActBody.from_body(body))

    def start(self) -> Parting:
        loaded = load(self.file)
        chartered = Chartered("gw1", (self.file.parent, self.file.parent), dict, self.note)
        chartered.begin()
        self.said.clear()
        self.ending, self.stop = Ending(), asyncio.Event()
        self.ending.begin(self.stop)
        record: Any = self
        return Parting(loaded, chartered, self.ending, record, lambda: self.centers, [BUNDLE])

    def phase(self) -> Phase | None:
        marker = self.marker
        return None if marker is None else marker.phase

    @property
    def marker(self) -> Marker | None:
        return found(self.file)


def center(
    name: str, *, there: bool = True, owed: int = 0, required: bool = True
) -> dict[str, Any]:
    return {
        "center": name, "connected": there, "proven": there, "outstanding": owed,
        "required": required,
    }  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(shell, "PARTING_LOOK_S", 0)
    file = tmp_path / "gateway.toml"
    file.write_text(configuration() + "\n[sm2]\n")
    (tmp_path / KEPT).write_bytes(SIGNED.data)
    return World(file, [center("main"), center("spare", there=False, required=False)])


def test_the_charters_parties_end_it(world: World) -> None:
    async def work() -> None:
        part = world.start()
        assert part.facts() is None
        assert await part.answer({}, "root") is None
        world.centers[0]["outstanding"] = 3
        facts = await part.answer(WANTED | PAPER, "root")
        assert facts == {
            "phase": "parting",
            "reason": "shop closed",
            "waits_for": ["main"],
        }
        running = asyncio.ensure_future(part.run())
        await asyncio.sleep(0.01)
        assert not world.stop.is_set(), "an alarm is an alarm until the center has all"
        world.centers[0]["outstanding"] = 0
        await running
        assert world.stop.is_set()
        assert world.ending.act.outcome == "ended"
        await part.ended()

    run(work())
    (begun,) = world.said
    assert (begun.what, begun.outcome, begun.purpose) == ("decommission", "begun", "shop closed")
    marker = world.marker
    assert marker is not None
    assert marker.phase is Phase.DESTROYING
    assert [Path(one).name for one in marker.keys] == ["identity.key", "sm2.key", "client.key"]
    assert world.ending.act.digest == marker.digest == begun.digest


def test_a_last_event_that_is_not_receipted_leaves_the_keys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "PARTING_S_MAX", 0.01)

    async def work() -> None:
        part = world.start()
        await part.answer(WANTED | PAPER, "root")
        await part.run()
        world.centers[0]["outstanding"] = 1
        await part.ended()
        assert world.phase() is Phase.PARTING
        again = world.start()  # the next run says it again
        world.centers[0]["outstanding"] = 0
        await again.run()
        assert world.ending.parts
        await again.ended()
        assert world.phase() is Phase.DESTROYING

    run(work())


def test_a_run_that_ends_for_another_reason_ends_nothing_for_good(world: World) -> None:
    async def work() -> None:
        part = world.start()
        await part.answer(WANTED | PAPER, "root")
        world.ending.by_signal("SIGTERM")
        await part.ended()

    run(work())
    assert world.phase() is Phase.PARTING


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (WANTED, "its parties have to sign"),
        (WANTED | {"gateway": "gw2"} | PAPER, "this is gateway gw1"),
        (WANTED | {"bundles": []} | PAPER, "export them first"),
        (WANTED | {"bundles": ["00" * 32]} | PAPER, "export them first"),
        (WANTED | {"bundles": None} | PAPER, "export them first"),
        (WANTED | {"bundles": ["xyz"]} | PAPER, "hexadecimal"),
        (WANTED | {"bundles": [BUNDLE.hex()] * 257} | PAPER, "at most 256"),
        (WANTED | {"paper": signed(OWNER).data.hex()}, "Red Lion Security, has not signed it"),
        (WANTED | {"paper": "ab" * (BYTES_MAX + 1)}, "at most"),
        (WANTED | {"paper": "00"}, "map|CBOR|paper"),
    ],
)
def test_what_may_not_end_it_is_refused_and_recorded(
    world: World, request_: dict[str, Any], told: str
) -> None:
    async def work() -> None:
        part = world.start()
        with pytest.raises(ValueError, match=told):
            await part.answer(request_, "root")

    run(work())
    (act,) = world.said
    assert (act.what, act.outcome) == ("refused", "decommission")
    assert world.marker is None


def test_without_a_charter_root_says_why(world: World) -> None:
    (world.file.parent / KEPT).unlink()

    async def work() -> None:
        part = world.start()
        with pytest.raises(ValueError, match="say why"):
            await part.answer(WANTED | {"reason": "  "}, "root")
        facts = await part.answer(WANTED | {"reason": "thrown away"}, "root")
        assert facts is not None
        assert facts["reason"] == "thrown away"
        assert await part.answer(WANTED, "root") == facts, "it is under way"

    run(work())


def test_what_cannot_be_read_ends_nothing(world: World) -> None:
    file_of(world.file).write_bytes(b"junk")

    async def work() -> None:
        assert world.start().facts() is None

    run(work())
