"""Housekeeping: what is measured is said, and decides what is recorded."""

import asyncio
from dataclasses import dataclass, field

import pytest

from edge_agent.daemon.housekeeping import MIB, Housekeeping, Keeping
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import JournalBody, JournalChange
from edge_agent.journal.receipts import Bound
from edge_agent.journal.space import Measured

QUOTA = 100 * MIB


@dataclass
class Journal:
    """Measures what it is told to; None: its disk is not there."""

    used: int | None = 0
    lane_max: int = 6
    bound: Bound | None = None

    def bind(self) -> Bound | None:
        bound, self.bound = self.bound, None
        return bound

    def measure(self) -> Measured:
        if self.used is None:
            raise OSError(19, "No such device")
        return Measured(self.used * MIB, 0, 1 << 40, 1 << 40)

    def oldest(self) -> None:
        return None

    def allow(self, lane_max: int) -> None:
        self.lane_max = lane_max


@dataclass
class Clock:
    now_ns: int = 0

    def boottime_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        return Stamp(None, self.now_ns, bytes(16), Trust.UNSET)


@dataclass
class Recorder:
    said: list[JournalBody] = field(default_factory=list)

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert type_ is EventType.JOURNAL
        assert lane in {Lane.FAULT, Lane.STATE}
        self.said.append(JournalBody.from_body(body))

    def say(self, body: JournalBody, lane: Lane = Lane.FAULT) -> None:
        self.note(EventType.JOURNAL, lane, body.to_body())

    def say_omitted(self) -> None:
        self.said.append(JournalBody(JournalChange.OMITTED, "counts"))


def housekeeping(journal: Journal, recorder: Recorder, clock: Clock | None = None) -> Housekeeping:
    return Housekeeping(journal, recorder, clock or Clock(), Keeping(QUOTA, 180))  # type: ignore[arg-type]


def kept(*used: int | None) -> tuple[Housekeeping, Journal, list[JournalBody]]:
    """Look once for each use, in MiB."""
    journal, recorder = Journal(), Recorder()
    house = housekeeping(journal, recorder)

    async def looks() -> None:
        for each in used:
            journal.used = each
            await house.look()

    asyncio.run(looks())
    return house, journal, recorder.said


def test_nearly_full_is_said_and_room_again() -> None:
    house, _, said = kept(10, 71, 60)
    assert [body.what for body in said] == [JournalChange.NEARLY_FULL, JournalChange.ROOMY]
    assert said[0].detail == "71 % used: 71 of 100 MiB"
    assert house.room is not None
    assert house.room.percent == 60


def test_what_is_not_recorded_any_more_is_said_and_done() -> None:
    house, journal, said = kept(95)
    assert journal.lane_max == 4
    assert house.omitted == ["state", "telemetry"]
    assert [body.what for body in said] == [JournalChange.NEARLY_FULL, JournalChange.OMITTED]
    assert said[1].detail.endswith("kept for alarms: state, telemetry")


def test_when_it_is_recorded_again_the_omitted_are_counted() -> None:
    _, journal, said = kept(95, 10)
    assert journal.lane_max == 6
    assert said[-1].detail == "counts"


def test_a_disk_that_is_not_there_is_unknown_and_refuses_nothing() -> None:
    house, journal, said = kept(71, None)
    assert house.room is None
    assert journal.lane_max == 6
    assert len(said) == 1


def test_receipts_are_bound_once_a_day_and_when_asked() -> None:
    journal, recorder, clock = Journal(), Recorder(), Clock()
    house = housekeeping(journal, recorder, clock)

    def after(seconds: int) -> list[JournalBody]:
        clock.now_ns += seconds * 1_000_000_000
        journal.bound = Bound(3, 5, bytes(32))
        asyncio.run(house.look())
        said, recorder.said = recorder.said, []
        return said

    assert after(86_399) == []
    expected = JournalBody(JournalChange.RECEIPTS, "3 receipts recorded", 3, 5, digest=bytes(32))
    assert after(1) == [expected]
    assert after(86_399) == []
    house.bind_receipts()
    house.bind_receipts()
    assert recorder.said == [expected]


def test_it_looks_at_once_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.limits.SPACE_LOOK_S", 0.01)
    journal, recorder = Journal(71), Recorder()
    house = housekeeping(journal, recorder)

    async def run() -> None:
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(house.run())
            while len(recorder.said) < 2:
                journal.used = 10 if recorder.said else 71
                await asyncio.sleep(0.005)
            running.cancel()

    asyncio.run(run())
