"""The body at work on a simulated machine: edges, looks, findings, status; real loop, short looks.

Seen to fail: points read only at looks (the enclosure waited for a slow one); an unplugged chip
that spun the loop; a signal addressed to a panel; a gauge that was never read again.
"""

import asyncio
import errno
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clock import SystemClock
from edge_agent.domain.body import BodySettings, GpioInput
from edge_agent.domain.event import Body as EventBody
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane, Origin, State
from edge_agent.evidence.bodies import FindingBody, SignalBody
from edge_agent.health import body
from edge_agent.health.body import Body, Outlet
from edge_agent.health.debounce import S
from tests.health.machine import CARD, Machine

PATIENCE_S = 30.0
TAMPER = GpioInput(line=17, active="low", debounce_ms=5)
POWER = GpioInput(chip="pinctrl-test", line=4, debounce_ms=5)


@dataclass
class Heard:
    """What a body said."""

    events: list[tuple[EventType, Lane, EventBody]] = field(default_factory=list)
    gasps: list[str] = field(default_factory=list)

    def note(self, type_: EventType, lane: Lane, body: EventBody) -> None:
        self.events.append((type_, lane, body))

    def signals(self) -> list[tuple[str | None, State, Origin]]:
        read = [SignalBody.from_body(body) for type_, _, body in self.events if type_ == "signal"]
        assert all((one.panel, one.driver) == ("@gateway", "body") for one in read)
        return [(one.signal.code, one.signal.state, one.signal.origin) for one in read]

    def causes(self) -> list[tuple[str, bool]]:
        read = [FindingBody.from_body(body) for type_, _, body in self.events if type_ == "finding"]
        return [(one.cause, one.over) for one in read]


class Quick(SystemClock):
    """A clock on which `ahead_s` can be put: waits of minutes in no time."""

    ahead_s = 0

    def boottime_ns(self) -> int:
        return super().boottime_ns() + self.ahead_s * S


@dataclass
class Bench:
    machine: Machine
    body: Body
    heard: Heard
    clock: Quick

    def pass_s(self, seconds: int) -> None:
        """Let time pass; whoever waits for a deadline finds it passed."""
        self.clock.ahead_s += seconds
        self.body._wake.set()

    async def looked(self) -> None:
        """Wait until everything was looked at anew."""
        for _ in range(2):
            before = self.body._readings
            await self.until(functools.partial(self._is_new, before))

    def _is_new(self, before: object) -> bool:
        return self.body._readings is not before

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.005)


def run(tmp_path: Path, settings: BodySettings, play: Callable[[Bench], Awaitable[None]]) -> Bench:
    machine = Machine(tmp_path)
    machine.chip.set(17, True)  # closed: pulled up, active low
    heard, clock = Heard(), Quick()
    outlet = Outlet(heard.note, heard.gasps.append, "1.0")
    body = Body(settings, machine.hardware(), clock, outlet, CARD)
    bench = Bench(machine, body, heard, clock)

    async def whole() -> None:
        watching = asyncio.ensure_future(body.run())
        try:
            await play(bench)
            assert not watching.done() or watching.cancelled()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    asyncio.run(whole())
    return bench


def test_nothing_configured_nothing_wrong_nothing_said(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        await bench.looked()

    bench = run(tmp_path, BodySettings(), play)
    assert bench.heard.events == []
    facts = bench.body.facts()
    assert facts["readings"]["temperature_c"] == 48.312
    assert (facts["conditions"], facts["points"], facts["not_there"]) == ([], {}, [])


def test_the_enclosure_is_heard_by_its_edge_even_while_a_look_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: Any) -> dict[str, float]:
        await asyncio.sleep(3600)
        return {}

    monkeypatch.setattr(asyncio, "to_thread", hangs)
    monkeypatch.setattr(body, "S", 3600 * S)  # no poll each second: the edge alone wakes it

    async def play(bench: Bench) -> None:
        await bench.until(lambda: len(bench.heard.events) == 1)
        bench.machine.chip.set(17, False)
        await bench.until(lambda: len(bench.heard.events) == 2)
        reads = bench.machine.chip.reads
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert bench.machine.chip.reads - reads < 5  # an edge that stays would spin the loop

    bench = run(tmp_path, BodySettings(tamper=TAMPER), play)
    assert bench.heard.signals() == [
        ("137", State.RESTORED, Origin.AT_START),
        ("137", State.ACTIVE, Origin.LIVE),
    ]
    assert [lane for _, lane, _ in bench.heard.events] == [Lane.INTRUSION, Lane.INTRUSION]
    frame = SignalBody.from_body(bench.heard.events[1][2]).signal.frame
    assert frame == b"gpiochip0 line 17: active"
    assert bench.body.conditions() == ["tamper"]
    assert bench.body.facts()["points"] == {"enclosure_open": True}


def test_mains_loss_counts_down_to_one_last_gasp(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        await bench.until(lambda: bench.machine.chip.requests)
        bench.pass_s(10)
        await bench.until(lambda: bench.body.facts()["points"]["mains"])
        bench.machine.chip.set(4, True)
        await bench.until(lambda: "mains" in bench.body.conditions())
        assert bench.heard.gasps == []
        bench.pass_s(8)
        await bench.until(lambda: bench.heard.gasps)

    bench = run(tmp_path, BodySettings(power_fail=POWER, gasp_after_s=8), play)
    assert bench.heard.gasps == ["8 s after mains loss"]
    assert bench.heard.signals()[-1] == ("301", State.ACTIVE, Origin.LIVE)


def test_a_ups_is_read_again_and_again(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        await bench.until(lambda: bench.body._power.deadline_ns() is not None)
        bench.pass_s(10)
        await bench.until(lambda: bench.body.facts()["points"]["mains"])
        bench.machine.write("sys/class/power_supply/hat/status", "Discharging\n")
        bench.machine.write("sys/class/power_supply/hat/capacity", "9\n")
        await bench.until(lambda: bench.body._power._critical.deadline_ns() is not None)
        bench.pass_s(10)
        await bench.until(lambda: bench.heard.gasps)

    bench = run(tmp_path, BodySettings(ups="hat"), play)
    assert bench.heard.gasps == ["battery at 9 %"]
    assert {code for code, state, _ in bench.heard.signals() if state is State.ACTIVE} == {
        "301",
        "302",
    }
    assert bench.body.conditions() == ["mains", "battery"]


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EACCES])
def test_an_input_that_cannot_be_opened_is_said_and_tried_again(
    tmp_path: Path, number: int
) -> None:
    async def play(bench: Bench) -> None:
        bench.machine.chip.refuses = number
        await bench.looked()
        bench.pass_s(40)
        await bench.until(lambda: bench.heard.causes() == [("source_lost", False)])
        assert bench.body.conditions() == ["source_lost"]
        assert "gpiochip0 line 17" in bench.body.facts()["findings"][0]["detail"]
        bench.machine.chip.refuses = 0
        bench.pass_s(1)
        await bench.until(lambda: bench.heard.causes()[-1] == ("source_lost", True))
        await bench.until(bench.heard.signals)

    run(tmp_path, BodySettings(tamper=TAMPER), play)


def test_a_chip_that_is_unplugged_is_said_and_does_not_spin_the_loop(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        await bench.until(lambda: len(bench.heard.events) == 1)
        bench.machine.chip.unplug()
        await bench.until(lambda: bench.body.facts()["points"]["enclosure_open"] is None)
        await bench.looked()
        asked = bench.machine.chip.asked
        for _ in range(200):  # turns of the loop
            await asyncio.sleep(0)
        assert bench.machine.chip.asked - asked < 10, "the loop does nothing else any more"
        bench.pass_s(40)
        await bench.until(lambda: bench.heard.causes() == [("source_lost", False)])

    bench = run(tmp_path, BodySettings(tamper=TAMPER), play)
    assert len(bench.heard.signals()) == 1


def test_findings_come_and_go_and_a_notice_is_no_condition(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        await bench.looked()
        bench.machine.handles(75)
        bench.machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", "2\n")
        await bench.until(lambda: bench.heard.causes() == [("handles_low", False)])
        bench.pass_s(60)
        await bench.until(lambda: ("throttled", False) in bench.heard.causes())
        assert bench.body.conditions() == ["handles_low"]
        bench.machine.handles(20)
        await bench.until(lambda: bench.body.facts()["readings"]["handles"] == 20)
        bench.pass_s(70)
        await bench.until(lambda: ("handles_low", True) in bench.heard.causes())

    bench = run(tmp_path, BodySettings(), play)
    lanes = [lane for _, lane, _ in bench.heard.events]
    assert lanes == [Lane.FAULT, Lane.STATE, Lane.FAULT]


def test_a_ups_that_is_not_there_is_told_which_are(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        await bench.looked()
        bench.pass_s(40)
        await bench.until(bench.heard.causes)
        assert "no power supply upss; there are: hat" in bench.body.facts()["findings"][0]["detail"]

    run(tmp_path, BodySettings(ups="upss"), play)


# ---- after the last gasp


def waited(tmp_path: Path, play: Callable[[Bench, asyncio.Event], Awaitable[None]]) -> int:
    machine = Machine(tmp_path)
    machine.chip.set(4, True)
    heard, clock = Heard(), Quick()
    outlet = Outlet(heard.note, heard.gasps.append, "1.0")
    body = Body(BodySettings(power_fail=POWER), machine.hardware(), clock, outlet, CARD)
    alive: list[None] = []

    async def whole() -> None:
        told = asyncio.Event()
        body.power_fails()
        body.power_fails()
        waiting = asyncio.ensure_future(body.await_power(told, lambda: alive.append(None)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await play(Bench(machine, body, heard, clock), told)
        await asyncio.wait_for(waiting, PATIENCE_S)

    asyncio.run(whole())
    assert len(heard.gasps) == 1
    return len(alive)


def test_it_waits_for_the_mains(tmp_path: Path) -> None:
    async def play(bench: Bench, _told: asyncio.Event) -> None:
        bench.machine.chip.set(4, False)
        await bench.until(lambda: bench.body._power.deadline_ns() is not None)
        bench.pass_s(6)

    assert waited(tmp_path, play) >= 1


def test_it_waits_for_a_signal(tmp_path: Path) -> None:
    async def play(_bench: Bench, told: asyncio.Event) -> None:
        told.set()

    waited(tmp_path, play)


def test_it_does_not_wait_for_ever(tmp_path: Path) -> None:
    """It still has power: it was wrong, and panels are to be read again."""

    async def play(bench: Bench, _told: asyncio.Event) -> None:
        bench.pass_s(61)

    waited(tmp_path, play)
