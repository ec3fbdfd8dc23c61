"""The self-test of a running agent, with senses of its own: what it says, and how it gives way."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clock import Now, SystemClock
from edge_agent.config import Loaded, parse
from edge_agent.daemon.self_test import Look, Outlet, SelfTest, Senses
from edge_agent.diagnosis.probes import Probe, Probed
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import ActBody, FindingBody, Severity

CONFIG = b"""
[gateway]
id = "gw1"
[diagnose]
every_h = 0
[[center]]
name = "c"
[[center.path]]
host = "broker"
[[panel]]
id = "p1"
driver = "surgard"
listen = { port = 4001 }
"""
GOOD = Probed(Probe.MEMORY, "memory", good=True, detail="900 MiB available")
BAD = Probed(Probe.NAME, "way to broker", good=False, detail="no such name", remedy="mend it")


class Synced(SystemClock):
    """A clock that something disciplines, whatever machine the test runs on."""

    def stamp(self) -> Stamp:
        return replace(super().stamp(), trust=Trust.SYNCED)


class World:
    """An agent that knows what the test says, and records what it is told."""

    def __init__(self, look: Look) -> None:
        self.noted: list[tuple[EventType, Lane, Body]] = []
        self.center: dict[str, Any] = {
            "center": "c",
            "connected": True,
            "outstanding": 2,
            "reason": "",
            "round_trip_ms": 3.0,
        }
        self.receipts = True
        senses = Senses(
            links=lambda: {"printer": None, "p1": True},
            faults=lambda: {"p1": {"checksum": 3}},
            commits_ms=lambda: [4.0, 7.5],
            refusal=lambda: None,
            readings=lambda: {"temperature_c": 44.0},
            centers=lambda: [dict(self.center)],
            now=lambda: Now(0, None),
            unsupervised=frozenset({"printer"}),
        )
        loaded: Loaded = parse(CONFIG, Path("gateway.toml"))
        self.test = SelfTest(loaded, Synced(), senses, Outlet(self._note, self._vow), look)

    def _note(self, type_: EventType, lane: Lane, body: Body) -> None:
        self.noted.append((type_, lane, body))

    async def _vow(self, body: ActBody) -> None:
        self.noted.append((EventType.ACT, Lane.FAULT, body.to_body()))
        self.center["outstanding"] += 1
        if self.receipts:
            asyncio.get_running_loop().call_later(0.01, self.center.update, {"outstanding": 0})

    @property
    def acts(self) -> list[ActBody]:
        return [ActBody.from_body(body) for type_, _, body in self.noted if type_ is EventType.ACT]

    @property
    def findings(self) -> list[FindingBody]:
        bodies = [body for type_, _, body in self.noted if type_ is EventType.FINDING]
        return [FindingBody.from_body(body) for body in bodies]

    async def asked(self) -> dict[str, Any]:
        """Ask as the command does, until it is over; return all of it."""
        answer = await self.test.ask({}, "root (uid 0)")
        probes = list(answer["probes"])
        while not answer["over"]:
            request = {"run": answer["run"], "seen": len(probes)}
            answer = await self.test.ask(request, "root (uid 0)")
            probes += answer["probes"]
        return {**answer, "probes": probes}


def running(world: World, scenario: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        work = asyncio.ensure_future(world.test.run())
        try:
            async with asyncio.timeout(60):
                await scenario()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(run())


def seen(*probed: Probed) -> Look:
    return lambda _loaded, _now: iter(probed)


def told(type_: EventType, lane: Lane, body: Body) -> Numbered:
    """An event as its listeners hear it."""
    stamp = Stamp(0, 0, b"boot-boot-boot-b", Trust.UNSET, None)
    return Numbered(b"epoch001", 5, Draft(type_, lane, stamp, body))


def test_one_run_is_two_acts_and_its_findings(tmp_path: Path) -> None:
    world = World(seen(GOOD, BAD))

    async def scenario() -> None:
        answer = await world.asked()
        assert answer["broken"] == ""
        by_probe = {one["probe"]: one for one in answer["probes"]}
        panels = [one for one in answer["probes"] if one["probe"] == "panel"]
        assert [one["good"] for one in panels] == [None, True], "a printer says nothing by itself"
        assert "7.5 ms" in by_probe["disk_speed"]["detail"]
        assert "checksum 3" in by_probe["line"]["detail"]
        assert by_probe["receipt"]["good"] is True
        assert by_probe["name"]["remedy"] == "mend it"
        second = {one["probe"]: one for one in (await world.asked())["probes"]}
        assert "nothing damaged" in second["line"]["detail"]

    running(world, scenario)
    begun, over = world.acts[:2]
    assert (begun.what, begun.detail, begun.outcome) == ("self_test", "begins", None)
    assert (over.actor, over.outcome) == ("root (uid 0)", "bad")
    bad = [row.probe for row in over.results if not row.good]
    assert "name" in bad  # and what is bad of this machine, such as a clock that nobody vouches for
    assert [row.probe for row in over.results][: len(bad)] == bad, "what is bad stands first"
    assert {row.probe for row in over.results} >= {"memory", "panel", "clock", "receipt"}
    [finding] = [one for one in world.findings if one.cause == "name_unresolved"]
    assert finding.remedy == "mend it"


def test_nothing_receipted_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.daemon.self_test.RECEIPT_S_MAX", 0.05)
    world = World(seen(GOOD))
    world.receipts = False

    async def scenario() -> None:
        answer = await world.asked()
        [receipt] = [one for one in answer["probes"] if one["probe"] == "receipt"]
        assert receipt["good"] is False
        world.center["connected"] = False
        world.center["reason"] = "nobody listens at broker:8883"
        [receipt] = [one for one in (await world.asked())["probes"] if one["probe"] == "receipt"]
        assert "nobody listens" in receipt["detail"]

    running(world, scenario)
    assert [one.cause for one in world.findings].count("receipt_missing") == 1


def test_an_alarm_ends_it_at_once_and_keeps_the_next_away() -> None:
    """Also while what is looked at hangs: nobody waits for a dead name server."""
    hangs = threading.Event()

    def look(_loaded: Loaded, _now: Callable[[], Now]) -> Iterator[Probed]:
        yield GOOD
        hangs.wait(60)
        yield BAD

    world = World(look)
    alarm = told(EventType.SIGNAL, Lane.INTRUSION, {1: "burglary"})

    async def scenario() -> None:
        answer = await world.test.ask({}, "root")
        while not any(one.probe is Probe.MEMORY for one in world.test._said):
            await asyncio.sleep(0.005)
        world.test.hear(alarm)
        answer = await world.test.ask({"run": answer["run"], "seen": 99}, "root")
        assert answer["over"]
        assert answer["broken"] == "an alarm came"
        with pytest.raises(ValueError, match="alarm is young"):
            await world.test.ask({}, "root")

    running(world, scenario)
    hangs.set()
    assert world.acts[-1].outcome == "broken_off"
    assert "name" not in {row.probe for row in world.acts[-1].results}
    assert not world.findings or world.findings[0].cause != "name_unresolved"


def test_what_hangs_is_not_asked_a_second_time() -> None:
    hangs, asked = threading.Event(), []

    def look(_loaded: Loaded, _now: Callable[[], Now]) -> Iterator[Probed]:
        asked.append(1)
        yield GOOD
        hangs.wait(60)

    world = World(look)

    async def scenario() -> None:
        first = await world.test.ask({}, "root")
        while GOOD not in world.test._said:
            await asyncio.sleep(0.005)
        deadline_ns = world.test._routine.deadline_ns()
        assert deadline_ns is not None
        world.test._perform(world.test._routine.handle(None, deadline_ns))
        while not (await world.test.ask({"run": first["run"], "seen": 99}, "root"))["over"]:
            pass
        again = await world.asked()
        assert [one for one in again["probes"] if one["good"] is None and "hangs" in one["detail"]]

    running(world, scenario)
    hangs.set()
    assert asked == [1]


def test_what_a_session_found_of_its_line_is_repeated_and_not_found_twice() -> None:
    world = World(seen(GOOD))
    noisy = FindingBody(
        panel="p1", cause="line_noise", severity=Severity.MAINTAIN, reasons=("line.quality",),
        remedy="check the cable",
    )  # fmt: skip

    async def scenario() -> None:
        world.test.hear(told(EventType.FINDING, Lane.FAULT, noisy.to_body()))
        lines = [one for one in (await world.asked())["probes"] if one["what"] == "line of p1"]
        assert [one["good"] for one in lines] == [False]
        world.test.hear(told(EventType.FINDING, Lane.FAULT, {**noisy.to_body(), 8: True}))
        world.test.hear(told(EventType.FINDING, Lane.FAULT, {1: b"no finding"}))
        world.test.hear(told(EventType.CONFIG, Lane.STATE, {}))
        lines = [one for one in (await world.asked())["probes"] if one["what"] == "line of p1"]
        assert [one["good"] for one in lines] == [True]

    running(world, scenario)
    assert "line_noise" not in {one.cause for one in world.findings}


@pytest.mark.parametrize("request_", [{"run": 7}, {"run": 0, "seen": -1}, {"run": 0, "seen": "x"}])
def test_what_makes_no_sense_is_refused(request_: dict[str, Any]) -> None:
    world = World(seen(GOOD))

    async def scenario() -> None:
        with pytest.raises(ValueError, match="ask for another"):
            await world.test.ask(request_, "root")

    running(world, scenario)
