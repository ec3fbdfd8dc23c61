"""False alarms by zone at the gateway: counted, said once each way, kept over a start."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.daemon.zone_rates import FILE, RateWatch
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.disposition import Said
from edge_agent.evidence.verdict import VerdictBody
from tests.evidence.conftest import STAMP
from tests.evidence.test_disposition import FALSE
from tests.link.rig import run


class World:
    """A gateway's folder, and what is recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[FindingBody] = []
        self.watch = RateWatch(folder, self.note)

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert (type_, lane) == (EventType.FINDING, Lane.FAULT)
        self.said.append(FindingBody.from_body(body))

    def false(self, number: int, said: Said = Said.FALSE) -> None:
        cause = "animal" if said is Said.FALSE else None
        place = Place(FALSE.incident.epoch, number)
        one = replace(FALSE, incident=place, said=said, cause=cause, zones=(3,), time_ms=number)
        self.watch.disposed(one)

    async def settle(self) -> None:
        """Run it until it has said and kept what it has to."""
        settled, tell = asyncio.Event(), self.watch._tell

        def told() -> None:
            tell()
            if not self.watch._changed.is_set():  # what had changed is kept by now
                settled.set()

        self.watch._tell = told  # type: ignore[method-assign]
        task = asyncio.ensure_future(self.watch.run())
        await settled.wait()
        task.cancel()
        await asyncio.wait([task])
        self.watch._tell = tell  # type: ignore[method-assign]


def test_three_false_alarms_are_a_finding_that_ends_with_genuine_ones(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        world.false(1)
        world.false(2)
        await world.settle()
        assert world.said == []
        world.false(3)
        await world.settle()
        (found,) = world.said
        assert (found.cause, found.subject) == ("false_alarms", {"panel": "p1", "zone": 3})
        assert found.detail.startswith("3 of 3 alarms false (animal 3)")
        assert found.severity == "maintain"
        world.false(4, Said.GENUINE)
        world.false(5, Said.GENUINE)
        world.false(6, Said.SENT)
        await world.settle()
        assert [one.over for one in world.said] == [False, True]

    run(main())


def test_counts_outlive_a_start_and_what_holds_is_said_again(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        for number in range(3):
            world.false(number)
        await world.settle()
        again = World(tmp_path)
        await again.settle()
        assert again.said == world.said
        assert again.watch.facts() == world.watch.facts()
        assert again.watch.facts()[0]["false"] == {"animal": 3}

    run(main())


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[[1]]", b"{}", b"[" * 10_000])
def test_a_file_that_makes_no_sense_is_begun_anew(tmp_path: Path, data: bytes) -> None:
    async def main() -> None:
        (tmp_path / FILE).write_bytes(data)
        world = World(tmp_path)
        assert world.watch.facts() == []
        world.false(1)
        await world.settle()
        assert len(json.loads((tmp_path / FILE).read_bytes())) == 1

    run(main())


def test_a_verdict_counts_an_alarm_of_each_of_its_zones(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        place = Place(b"epoch--1", 4)
        body = VerdictBody(
            incident=place, tier=1, reasons=("r",), evidence=(place,), panel="p1", zones=(3, 5)
        ).to_body()
        for type_, content in (
            (EventType.VERDICT, body), (EventType.VERDICT, {1: 5}), (EventType.ACT, body),
        ):  # fmt: skip
            world.watch.hear(Numbered(b"epoch--1", 5, Draft(type_, Lane.VERDICT, STAMP, content)))
        assert [(one["zone"], one["alarms"]) for one in world.watch.facts()] == [(3, 1), (5, 1)]

    run(main())
