"""The shell around judging: beside a real recorder and journal, over restarts, never in the way."""

import asyncio
import contextlib
import errno
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent import limits
from edge_agent.cli import judge as judge_command
from edge_agent.clock import SystemClock
from edge_agent.daemon.diagnosing import (
    REBUILD_REST_S,
    REST_S,
    Diagnosing,
    Past,
    rules_version,
    site_zone,
)
from edge_agent.daemon.epoch import begin
from edge_agent.daemon.recorder import Notary, Recorder
from edge_agent.diagnosis import machines
from edge_agent.diagnosis.finding import Finding
from edge_agent.diagnosis.observation import Observation
from edge_agent.diagnosis.sitting import Sitting
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.site import Premises, SiteSettings, ZoneSettings
from edge_agent.evidence.bodies import ConfigBody, FindingBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import Event, peek
from edge_agent.evidence.verdict import VerdictBody
from edge_agent.journal import FolderDisk, Journal, Record, Terms, recover
from edge_agent.journal.disk import FolderFile
from edge_agent.journal.reader import envelopes_from
from edge_agent.rejudging import Rejudging, premises_of
from tests.daemon.test_recorder import IDENTITY, SOURCES, until

CLOCK = SystemClock()
BURGLARY = Signal(kind=Kind.BURGLARY, state=State.ACTIVE, code="130", area=1, zone=3, frame=b"b")
SECOND = Signal(kind=Kind.BURGLARY, state=State.ACTIVE, code="130", area=1, zone=4, frame=b"c")


class Rig:
    """One run of recorder, journal and judging on a folder; `end` leaves as a crash does."""

    def __init__(self, folder: Path) -> None:
        self.disk = FolderDisk(folder)
        found = recover(self.disk)
        begun = begin("gw1", IDENTITY, found, CLOCK)
        self.epoch = begun.epoch
        self.sent: list[Record] = []
        self.recorder = Recorder(CLOCK, SOURCES, lambda record, *_: self.sent.append(record))
        past = Past.of(self.disk, found, "gw1", begun.epoch)
        self.diagnosing = Diagnosing((Premises(), bytes(32)), past, self.recorder, CLOCK)
        notary = Notary("gw1", begun.epoch, begun.genesis, begun.signer)
        self.journal = Journal(self.disk, found, notary, self.recorder, Terms(["center"]))
        self.journal.start()
        self.recorder.attach(self.journal, begun.epoch, begun.draft)

    def events(self, type_: EventType) -> list[Event]:
        return [e for e in (peek(record.data)[1] for record in self.sent) if e.type == type_]

    def verdicts(self) -> list[VerdictBody]:
        return [VerdictBody.from_body(e.body) for e in self.events(EventType.VERDICT)]

    async def end(self) -> None:
        self.recorder.finish()
        await asyncio.to_thread(self.journal.close)
        await asyncio.sleep(0)
        self.disk.close()


Scenario = Callable[[Rig], Awaitable[None]]


def play(folder: Path, *scenarios: Scenario) -> None:
    """Play one run after the other on one journal."""

    async def run() -> None:
        for scenario in scenarios:
            rig = Rig(folder)
            task = asyncio.ensure_future(rig.diagnosing.run())
            try:
                async with asyncio.timeout(60):
                    await scenario(rig)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                await rig.end()

    asyncio.run(run())


async def judged(rig: Rig, count: int) -> None:
    await until(lambda: len(rig.verdicts()) >= count)


def again(folder: Path) -> Rejudging:
    """Judge the journal again; all that was said must follow."""
    found = Rejudging(lambda: judge_command._events(folder, "gw1"), rules_version())
    list(found.lines())
    assert found.differing == []
    return found


def test_an_alarm_is_judged_and_after_a_restart_its_incident_goes_on(tmp_path: Path) -> None:
    named: list[Place] = []

    async def first(rig: Rig) -> None:
        await rig.recorder.record("p1", (BURGLARY,), CLOCK.stamp())
        await judged(rig, 1)
        named.append(rig.verdicts()[0].incident)

    async def second(rig: Rig) -> None:
        rig.recorder.record("p1", (SECOND,), CLOCK.stamp())  # while the judgement is rebuilt
        await judged(rig, 2)
        assert [one.tier for one in rig.verdicts()][:2] == [1, 2] or rig.verdicts()[-1].tier == 2
        assert {one.incident for one in rig.verdicts()} == set(named)
        assert rig.diagnosing.facts()["incidents"][0]["incident"] == str(named[0])
        assert rig.diagnosing.conditions == ()
        terms = ConfigBody.from_body(rig.events(EventType.CONFIG)[0].body).judging
        assert terms is not None
        assert terms.since.seq == 0
        assert terms.since.epoch == named[0].epoch

    play(tmp_path, first, second)
    assert again(tmp_path).counts == {
        "runs": 2,
        "other_rules": 0,
        "verdicts": 3,
        "findings": 0,
        "unsaid": 0,
    }


def test_a_start_leaves_most_of_the_time_to_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It rests for twice as long as it judges; what comes later is judged almost at once."""
    rested: list[float] = []

    async def slept(delay: float) -> None:
        rested.append(delay)

    monkeypatch.setattr("edge_agent.daemon.diagnosing.asyncio.sleep", slept)
    diagnosing = Diagnosing.__new__(Diagnosing)
    diagnosing._clock, diagnosing._slice_ns = CLOCK, CLOCK.boottime_ns()
    for state, rest_s in (("rebuilding", REBUILD_REST_S), ("judging", REST_S)):
        diagnosing.state = state
        diagnosing._slice_ns -= limits.JUDGED_SLICE_NS
        asyncio.run(diagnosing._rest_if_due())
        assert rested.pop() == rest_s
    assert 2 * limits.JUDGED_SLICE_NS <= REBUILD_REST_S * 1e9


def test_a_deadline_falls_without_anything_heard(tmp_path: Path) -> None:
    """A flickering area alarm: half a second later the panel's own word is a verdict."""
    area = Signal(kind=Kind.AREA, state=State.ALARM, area=1, frame=b"a")

    async def scenario(rig: Rig) -> None:
        rig.recorder.record("p1", (area,), CLOCK.stamp())
        await judged(rig, 1)
        assert "panel.area_alarm" in rig.verdicts()[0].reasons

    play(tmp_path, scenario)
    again(tmp_path)


def test_a_deadline_does_not_wait_for_what_is_patient(tmp_path: Path) -> None:
    """A measurement waits a minute for company; who judges needs its number now."""
    ohms = Signal(kind=Kind.LOOP, state=State.STATUS, zone=3, ohms=990, frame=b"o")
    area = Signal(kind=Kind.AREA, state=State.ALARM, area=1, frame=b"a")

    async def scenario(rig: Rig) -> None:
        await rig.recorder.record("p1", (area,), CLOCK.stamp())
        rig.recorder.record("p2", (ohms,), CLOCK.stamp())
        await judged(rig, 1)

    play(tmp_path, scenario)
    again(tmp_path)


def test_what_does_not_fit_in_memory_is_read_from_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JUDGED_INBOX_MAX", 3)
    free = asyncio.Event()
    real = Diagnosing._rebuild

    async def held(self: Diagnosing, sitting: Sitting) -> None:
        await free.wait()
        await real(self, sitting)

    monkeypatch.setattr(Diagnosing, "_rebuild", held)

    async def scenario(rig: Rig) -> None:
        for signal in (BURGLARY, SECOND, *[BURGLARY] * 8):
            await rig.recorder.record("p1", (signal,), CLOCK.stamp())
        free.set()
        await judged(rig, 10)
        assert rig.verdicts()[-1].evidence[0].seq == 1
        assert len(rig.verdicts()[-1].evidence) == 10

    play(tmp_path, scenario)
    again(tmp_path)


class Broken:
    """A machine with a bug."""

    def __init__(self, _: object) -> None:
        pass

    def handle(self, observation: Observation | None, now_ns: int) -> Sequence[Finding]:
        raise ZeroDivisionError(f"{observation} at {now_ns}")

    def deadline_ns(self) -> int | None:
        return None


def failures(rig: Rig) -> list[FindingBody]:
    return [FindingBody.from_body(e.body) for e in rig.events(EventType.FINDING)]


def test_what_was_written_twice_is_heard_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed flush left behind stands in the next segment again."""
    real, failing = FolderFile.sync, threading.Event()

    def sync(file: FolderFile) -> None:
        if failing.is_set() and threading.current_thread().name == "journal":
            failing.clear()  # of a commit, and not of a segment that is prepared beside it
            raise OSError(errno.EIO, "Input/output error")
        real(file)

    monkeypatch.setattr(FolderFile, "sync", sync)

    async def scenario(rig: Rig) -> None:
        await until(lambda: rig.diagnosing.state == "judging")
        failing.set()
        await rig.recorder.record("p1", (BURGLARY,), CLOCK.stamp())

    play(tmp_path, scenario)
    disk = FolderDisk(tmp_path)
    stored = [record.seq for record in envelopes_from(disk, 0)]
    heard = [event.seq for event in Past(disk, "gw1", bytes(8), 0).events(None)]
    disk.close()
    assert len(stored) > len(set(stored))
    assert heard == sorted(set(stored))


def test_status_shows_what_is_open_and_not_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.recorder.record("p1", (BURGLARY,), CLOCK.stamp())
        await judged(rig, 1)
        assert [one["tier"] for one in rig.diagnosing.facts()["incidents"]] == [1]
        with monkeypatch.context() as patch:
            patch.setattr("edge_agent.daemon.diagnosing.SHOWN_NS", -1)
            assert rig.diagnosing.facts()["incidents"] == []
        assert rig.diagnosing._sitting is not None
        docket = rig.diagnosing._sitting.docket
        (newest,) = docket._newest.values()
        docket.take(replace(newest.whole(), tier=0))
        assert rig.diagnosing.facts()["incidents"] == []

    play(tmp_path, scenario)


def test_a_broken_machine_is_set_aside_aloud_and_the_others_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = (Broken, *machines.MACHINES)
    monkeypatch.setattr(Sitting.__init__, "__defaults__", (makers,))

    async def scenario(rig: Rig) -> None:
        await until(lambda: rig.diagnosing.state == "judging")
        for _ in range(6):
            await rig.recorder.record("p1", (BURGLARY,), CLOCK.stamp())
        await judged(rig, 6)
        await until(lambda: len(failures(rig)) == 4)
        assert [one.severity for one in failures(rig)] == ["maintain"] * 3 + ["urgent"]
        assert failures(rig)[0].detail.startswith("Broken: ZeroDivisionError at test_diagnosing.py")
        assert rig.diagnosing.conditions == ("judging_failed",)

    play(tmp_path, scenario)


def test_a_bug_around_the_machines_sets_judging_aside_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(*_: Any) -> Any:
        raise RuntimeError("no idea")

    monkeypatch.setattr(Sitting, "take", take)

    async def scenario(rig: Rig) -> None:
        await until(lambda: bool(failures(rig)))
        assert failures(rig)[0].detail == "set aside: RuntimeError: no idea"
        await rig.recorder.record("p1", (BURGLARY,), CLOCK.stamp())
        assert rig.diagnosing.facts()["state"] == "aside"
        assert rig.diagnosing.conditions == ("judging_failed",)

    play(tmp_path, scenario)


def test_a_large_site_is_recorded_in_parts(tmp_path: Path) -> None:
    zones = tuple(ZoneSettings(panel="p1", zone=zone, area=1) for zone in range(1, 600))

    async def scenario(rig: Rig) -> None:
        rig.diagnosing._premises = Premises(zones=zones)
        await until(lambda: len(rig.events(EventType.CONFIG)) > 1)
        await until(lambda: rig.diagnosing.state == "judging")
        bodies = [ConfigBody.from_body(event.body) for event in rig.events(EventType.CONFIG)]
        parts = [body.judging for body in bodies if body.judging is not None]
        assert [one.part for one in parts] == list(range(1, parts[0].parts + 1))
        assert premises_of(b"".join(one.site for one in parts)).zones == zones

    play(tmp_path, scenario)
    again(tmp_path)


def test_the_zone_and_the_rules_have_names() -> None:
    assert rules_version() == rules_version()
    assert len(rules_version()) < 64
    told = Premises(site=SiteSettings(timezone="Asia/Shanghai"))
    assert site_zone(told)[0] == "Asia/Shanghai"
    assert site_zone(Premises(site=SiteSettings(timezone="Nowhere/At/All")))[0] == "UTC"
