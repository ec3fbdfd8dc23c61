"""Retirement: recorded first, removed then; dated by what can be trusted, or not at all.

Seen to fail: where a segment goes before the record of its removal is durable.
"""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from edge_agent.daemon.retirement import Retirement, age_ns
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import ActBody, JournalBody, JournalChange
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import Peaks
from edge_agent.journal.oldest import Glimpse
from edge_agent.journal.retention import Retention
from edge_agent.journal.space import Room

S = 1_000_000_000
DAY = 86_400 * S
NOW = Stamp(2_000_000_000 * S, 500 * DAY, b"b" * 16, Trust.SYNCED, 10)
THEN = Stamp(NOW.wall_ns - 200 * DAY, 7 * DAY, b"a" * 16, Trust.SYNCED, 10)  # type: ignore[operator]
UNSET = replace(THEN, wall_ns=5, trust=Trust.UNSET)
EPOCH = b"epoch001"
TREE = Peaks()
TREE.append(bytes(32))
SIGNER = Ed25519Signer.generate()


def envelope(stamp: Stamp) -> bytes:
    event = Event(
        gateway="gw1",
        epoch=EPOCH,
        seq=1,
        root=bytes(32),
        stamp=stamp,
        lane=Lane.STATE,
        type=EventType.ACT,
        body=ActBody("read", "me").to_body(),
    )
    return seal(event, SIGNER)


def glimpse(number: int = 1, stamp: Stamp = THEN) -> Glimpse:
    return Glimpse(number, EPOCH, True, 0, 0, TREE.to_bytes(), envelope(stamp))


@dataclass
class Journal:
    """Segments, oldest first; those after the first only say when they end."""

    segments: list[Glimpse] = field(default_factory=list)
    removal_refused: str | None = None
    log: list[str] = field(default_factory=list)

    def oldest(self) -> Glimpse | None:
        self.log.append("read")
        return self.segments[0] if self.segments else None

    def oldest_number(self) -> int | None:
        return self.segments[0].number if self.segments else None

    def newest_of(self, place: int) -> bytes:
        return self.segments[place].newest if place < len(self.segments) else b""

    def remove(self, number: int) -> None:
        self.log.append(f"remove {number}")


@dataclass
class Recorder:
    journal: Journal
    durable: bool = True
    said: list[JournalBody] = field(default_factory=list)

    def vow(self, body: JournalBody) -> asyncio.Future[None]:
        self.journal.log.append(f"record {body.detail.partition(':')[0]}")
        self.said.append(body)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.durable:
            future.set_result(None)
        return future

    def say(self, body: JournalBody) -> None:
        self.said.append(body)


@dataclass
class Clock:
    now: Stamp = NOW

    def stamp(self) -> Stamp:
        return self.now

    def boottime_ns(self) -> int:
        return self.now.boottime_ns


class Bench:
    def __init__(self, *segments: Glimpse, now: Stamp = NOW) -> None:
        self.journal = Journal(list(segments))
        self.recorder = Recorder(self.journal)
        self.retirement = Retirement(
            self.journal,  # type: ignore[arg-type]
            self.recorder,  # type: ignore[arg-type]
            Clock(now),
            Retention(180 * DAY, 14 * DAY),
        )

    def look(self, room: Room | None = None) -> bool:
        return asyncio.run(self.retirement.look(room))


def test_it_is_recorded_before_it_is_removed() -> None:
    bench = Bench(glimpse())
    assert bench.look()
    assert bench.journal.log == ["read", "record segment 1", "remove 1"]
    (body,) = bench.recorder.said
    assert (body.what, body.first, body.last, body.epoch) == (JournalChange.REMOVED, 0, 0, EPOCH)
    assert body.tree == TREE.to_bytes()
    assert body.detail == "segment 1: older than the keep time"
    assert JournalBody.from_body(body.to_body()) == body


def test_what_is_not_recorded_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.limits.REMOVAL_RECORD_S_MAX", 0.01)
    bench = Bench(glimpse())
    bench.recorder.durable = False
    assert not bench.look()
    assert bench.journal.log == ["read", "record segment 1"]
    bench.recorder.durable = True
    assert bench.look()
    assert bench.journal.log[-1] == "remove 1"


def test_a_removal_that_takes_its_time_or_fails_is_asked_for_again_and_recorded_once() -> None:
    bench = Bench(glimpse(), glimpse(2))
    bench.look()
    bench.journal.removal_refused = "Read-only file system"
    bench.look()
    assert bench.journal.log == ["read", "record segment 1", "remove 1", "remove 1"]
    bench.journal.segments.pop(0)
    bench.look()
    assert bench.journal.log[4:] == ["read", "record segment 2", "remove 2"]


def test_a_segment_without_events_goes_without_a_word() -> None:
    bench = Bench(replace(glimpse(), first=None, last=None, newest=b""), glimpse(2))
    assert bench.look()
    assert bench.journal.log == ["read", "remove 1"]


def test_what_is_young_or_owed_stays_and_is_read_once() -> None:
    young = replace(THEN, wall_ns=NOW.wall_ns)
    bench = Bench(glimpse(stamp=young))
    assert not bench.look()
    assert not bench.look()
    assert bench.journal.log == ["read"]
    bench = Bench(replace(glimpse(), receipted=False))
    assert not bench.look()
    assert bench.recorder.said == []


def test_when_space_presses_and_nothing_may_go_that_is_said() -> None:
    bench = Bench(replace(glimpse(), receipted=False))
    for _ in range(2):
        assert not bench.look(Room(level=85))
    (body,) = bench.recorder.said
    assert body.what is JournalChange.NEARLY_FULL
    assert body.detail == "nothing can be removed: a center has not receipted all of its events"


def test_nothing_there_is_nothing_to_do() -> None:
    assert not Bench().look()


# ---- age


def test_the_age_of_a_stamp() -> None:
    assert age_ns(THEN, NOW) == 200 * DAY - 20_000_000
    assert age_ns(replace(UNSET, boot_id=NOW.boot_id), NOW) == 493 * DAY
    assert age_ns(UNSET, NOW) is None
    assert age_ns(THEN, replace(NOW, trust=Trust.UNSET)) is None
    assert age_ns(NOW, replace(THEN, boot_id=b"c" * 16)) == 0


def test_what_cannot_be_dated_is_older_than_what_stands_behind_it() -> None:
    assert Bench(glimpse(stamp=UNSET), glimpse(2, UNSET), glimpse(3)).look()
    young = replace(THEN, wall_ns=NOW.wall_ns)
    assert not Bench(glimpse(stamp=UNSET), glimpse(2, young)).look()


def test_without_a_trusted_clock_the_age_is_unknown_and_removal_waits() -> None:
    bench = Bench(glimpse(), now=replace(NOW, trust=Trust.UNSET))
    assert not bench.look(Room(level=85))
    (body,) = bench.recorder.said
    assert "its age is not known" in body.detail


def test_of_this_boot_the_age_is_known_without_a_clock() -> None:
    now = replace(NOW, trust=Trust.UNSET)
    assert Bench(glimpse(stamp=replace(UNSET, boot_id=now.boot_id)), now=now).look()
