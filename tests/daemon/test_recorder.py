"""The recorder with the real journal: numbers, promises, a refusing disk, receipts."""

import asyncio
import errno
import threading
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.clock import SystemClock
from edge_agent.daemon import recorder
from edge_agent.daemon.epoch import Beginning, begin
from edge_agent.daemon.recorder import Notary, Recorder, Source
from edge_agent.domain.event import EventType
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.recent import RecentFrames
from edge_agent.domain.session import Fault, FaultKind
from edge_agent.domain.signal import Signal, Span
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence.bodies import (
    FindingBody,
    JournalBody,
    JournalChange,
    LinkBody,
    SignalBody,
)
from edge_agent.evidence.envelope import Event, open_event, peek
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import leaf_hash
from edge_agent.evidence.verify import EpochVerifier
from edge_agent.journal import Care, FolderDisk, Journal, Record, Terms, read, recover
from edge_agent.journal.disk import FolderFile
from edge_agent.limits import STATE_PATIENCE_NS, URGENT_COMMIT_NS_MAX
from edge_agent.link.intake import IntakeFull

IDENTITY = Ed25519Signer.generate()
CLOCK = SystemClock()
SOURCES = {
    "p1": Source("surgard", "1", "surgard_mlr2", "1", acknowledges=True),
    "p2": Source("modbus_map", "1", None, None, acknowledges=False),
}
BURGLARY = Signal(kind=Kind.BURGLARY, state=State.ACTIVE, code="130", zone=3, frame=b"5012 18")
FIRE = Signal(kind=Kind.FIRE, state=State.ACTIVE, code="110", zone=1, frame=b"fire")
MAINS = Signal(kind=Kind.POWER, state=State.ACTIVE, code="301", frame=b"mains")
CLOSED = Signal(kind=Kind.ZONE, state=State.CLOSED, zone=3, frame=b"closed")

PATIENCE_S = 60.0
NEVER_NS = 3_600_000_000_000

BIG = Signal(kind=Kind.LOG, state=State.STATUS, frame=b"x" * 4000)


@dataclass(slots=True)
class Rig:
    """A recorder on a real journal, and what it published."""

    recorder: Recorder
    journal: Journal
    begun: Beginning
    disk: FolderDisk
    published: list[Record] = field(default_factory=list)
    spared: list[tuple[int, AbstractSet[str]]] = field(default_factory=list)
    refusing: bool = False  # while true the disk refuses every write

    def record(self, panel: str, *signals: Signal) -> asyncio.Future[None]:
        """Report, as heard now."""
        return self.recorder.record(panel, signals, CLOCK.stamp())

    def events(self) -> list[Event]:
        return [peek(record.data)[1] for record in self.published]


def with_rig(
    folder: Path,
    scenario: Callable[[Rig], Awaitable[None]],
    centers: Sequence[str] = ("center",),
    care: Care | None = None,
    urgent_commit_ns: int = NEVER_NS,
    state_patience_ns: int = STATE_PATIENCE_NS,
) -> None:
    """Play `scenario` once the genesis is durable; no commit is slow, however busy the machine."""
    real_write = FolderFile.write

    async def run() -> None:
        defects: list[dict[str, Any]] = []  # a callback's exception ends no test by itself
        asyncio.get_running_loop().set_exception_handler(lambda _, told: defects.append(told))
        disk = FolderDisk(folder)
        found = recover(disk)
        begun = begin("gw1", IDENTITY, found, CLOCK)
        notary = Notary("gw1", begun.epoch, begun.genesis, begun.signer)
        published: list[Record] = []

        def publish(record: Record, leaf: bytes, holders: AbstractSet[str]) -> None:
            if holders:
                rig.spared.append((record.seq, frozenset(holders)))
            assert leaf == leaf_hash(record.data)
            published.append(record)

        def write(file: FolderFile, offset: int, data: bytes | memoryview) -> int:
            if rig.refusing:
                raise OSError(errno.EROFS, "Read-only file system")
            return real_write(file, offset, data)

        records = Recorder(CLOCK, SOURCES, publish)
        journal = Journal(disk, found, notary, records, Terms(centers, care=care))
        rig = Rig(records, journal, begun, disk, published)
        patch.setattr(FolderFile, "write", write)
        journal.start()
        records.attach(journal, begun.epoch, begun.draft)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await until(lambda: len(published) == 1)
                await scenario(rig)
        finally:
            records.finish()
            await asyncio.to_thread(journal.close)
            await asyncio.sleep(0)
            disk.close()
        assert defects == []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge_agent.daemon.recorder.URGENT_COMMIT_NS_MAX", urgent_commit_ns)
        patch.setitem(recorder._PATIENCE_NS, Lane.STATE, state_patience_ns)
        asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_a_report_becomes_signed_numbered_events_that_verify(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.record("p1", BURGLARY, MAINS)
        await rig.record("p2", BURGLARY)
        assert [record.seq for record in rig.published] == [0, 1, 2, 3]
        first, second = rig.events()[1:3]
        assert (first.lane, second.lane) == (Lane.INTRUSION, Lane.FAULT)
        body = SignalBody.from_body(first.body)
        assert (body.panel, body.driver, body.profile) == ("p1", "surgard", "surgard_mlr2")
        assert body.signal == BURGLARY
        open_event(rig.published[1].data, rig.begun.signer.public)

    with_rig(tmp_path, scenario)
    verifier = EpochVerifier("gw1", {IDENTITY.public.kid: IDENTITY.public}.get)
    stored = [one.record for one in read(tmp_path) if one.record.lane >= 0]
    problems = [p for record in stored if record.epoch for p in verifier.feed(record.data)]
    assert verifier.verified == 4
    assert [p for p in problems if p.epoch] == []


def test_a_secret_is_masked_before_it_is_signed(tmp_path: Path) -> None:
    secret = Signal(
        kind=Kind.OPEN_CLOSE,
        state=State.DISARMED,
        user=3,
        frame=b"code 4711 ok",
        secrets=(Span(5, 9),),
    )

    async def scenario(rig: Rig) -> None:
        await rig.record("p1", secret)
        assert SignalBody.from_body(rig.events()[1].body).signal.frame == b"code **** ok"

    with_rig(tmp_path, scenario)
    assert b"4711" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_state_of_a_panel_without_ack_waits_for_company_and_an_alarm_does_not(
    tmp_path: Path,
) -> None:
    async def scenario(rig: Rig) -> None:
        state = rig.record("p2", CLOSED)
        await rig.record("p1", FIRE)
        assert state.done()  # it shared the alarm's commit

    with_rig(tmp_path, scenario, state_patience_ns=NEVER_NS)


def test_state_of_a_panel_that_waits_for_its_ack_is_not_held(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.record("p1", CLOSED)

    with_rig(tmp_path, scenario, state_patience_ns=NEVER_NS)


def test_a_refusing_disk_publishes_at_once_and_a_receipt_keeps_the_promise(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.refusing = True
        promise = rig.record("p1", BURGLARY)
        await until(lambda: len(rig.published) >= 3)
        assert not promise.done()  # nobody holds it yet: no ACK
        assert rig.recorder.refusal
        told = [event for event in rig.events() if event.type is EventType.JOURNAL]
        body = JournalBody.from_body(told[0].body)
        assert (body.what, body.first) == (JournalChange.REFUSED, 1)
        seq = rig.published[1].seq
        rig.recorder.receipted("center", rig.begun.epoch, [seq], b"receipt")
        await promise
        rig.refusing = False
        await until(lambda: rig.recorder.refusal is None)
        # what the center holds is written, in order, and not sent again
        await until(lambda: rig.journal.progress().waiting == 0)
        assert [record.seq for record in rig.published].count(seq) == 1

    with_rig(tmp_path, scenario)
    seqs = [one.record.seq for one in read(tmp_path) if one.record.lane == Lane.INTRUSION]
    assert seqs in ([], [1])  # receipted: it need not be written any more, but may be


def test_without_receipt_the_promise_is_kept_when_the_disk_is_back(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.refusing = True
        promise = rig.record("p1", BURGLARY)
        await until(lambda: rig.recorder.refusal is not None)
        assert not promise.done()
        rig.refusing = False
        await promise

    with_rig(tmp_path, scenario)


def test_what_was_sent_before_its_commit_and_has_no_receipt_is_offered_again_at_its_commit(
    tmp_path: Path,
) -> None:
    """The uplink may have let it go for want of room, and then found it nowhere on the disk."""

    async def scenario(rig: Rig) -> None:
        rig.refusing = True
        promise = rig.record("p1", BURGLARY)
        await until(lambda: [record.seq for record in rig.published].count(1) == 1)
        rig.refusing = False
        await promise
        assert [record.seq for record in rig.published].count(1) == 2

    with_rig(tmp_path, scenario)


def test_a_receipt_of_another_epoch_keeps_no_promise(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.refusing = True
        promise = rig.record("p1", BURGLARY)
        await until(lambda: len(rig.published) >= 2)
        rig.recorder.receipted("center", b"otherone", [rig.published[1].seq], b"receipt")
        assert not promise.done()
        rig.refusing = False

    with_rig(tmp_path, scenario)


@pytest.mark.thorough
def test_exhausted_memory_pushes_back_and_the_agents_own_events_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.daemon.recorder.NOTES_POSTPONED_MAX", 3)

    async def scenario(rig: Rig) -> None:
        rig.refusing = True
        with pytest.raises(IntakeFull):
            for _ in range(100_000):
                rig.record("p1", BIG)
                await asyncio.sleep(0)
        for _ in range(2000):
            rig.recorder.link("p1", False, "x" * 200)
        assert rig.recorder.unsaid > 0
        rig.refusing = False
        await until(lambda: rig.recorder.unsaid == 0)
        await until(
            lambda: any(
                event.type is EventType.JOURNAL
                and JournalBody.from_body(event.body).what is JournalChange.UNSAID
                for event in rig.events()
            )
        )

    with_rig(tmp_path, scenario)


def test_a_disk_that_refuses_the_very_last_commit_is_no_defect(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.record("p2", CLOSED)  # has patience: written by the stop
        rig.refusing = True

    with_rig(tmp_path, scenario, state_patience_ns=NEVER_NS)


def test_of_a_frame_that_says_several_things_none_waits_for_a_less_urgent_one(
    tmp_path: Path,
) -> None:
    """Memory has room for alarms only: the alarm goes, whatever stands before it."""

    async def scenario(rig: Rig) -> None:
        rig.refusing = True
        with pytest.raises(IntakeFull):
            for _ in range(100_000):
                rig.record("p1", BIG)
                await asyncio.sleep(0)
        rig.recorder.link("p1", False, "waits for room")
        assert rig.recorder.reasons["p1"] == "waits for room"
        rig.record("p1", BIG, FIRE, FIRE)
        await until(lambda: sum(event.lane == Lane.FIRE for event in rig.events()) == 2)
        with pytest.raises(IntakeFull):
            rig.record("p1", BIG, CLOSED)
        rig.refusing = False

    with_rig(tmp_path, scenario)


def test_links_faults_and_last_frames_are_kept(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        assert rig.recorder.recent("p1") == ()
        await rig.record("p1", BURGLARY)
        (recent,) = rig.recorder.recent("p1")
        assert recent.frame == BURGLARY.frame
        assert recent.age_ns in range(60_000_000_000)
        rig.recorder.fault("p1", Fault(FaultKind.CHECKSUM))
        rig.recorder.fault("p1", Fault(FaultKind.CHECKSUM))
        assert rig.recorder.faults["p1"] == {"checksum": 2}
        rig.recorder.link("p1", True, "")
        assert rig.recorder.links["p1"] is True
        assert rig.recorder.reasons["p1"] == ""
        await until(lambda: rig.events()[-1].type is EventType.LINK)
        assert LinkBody.from_body(rig.events()[-1].body).online is True

    with_rig(tmp_path, scenario)


def frames(*heard: tuple[bytes, Stamp]) -> RecentFrames:
    recent = RecentFrames()
    for frame, stamp in heard:
        recent.take(replace(BURGLARY, frame=frame), stamp)
    return recent


def test_a_repeated_frame_is_as_young_as_its_newest_copy(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        now = CLOCK.stamp()
        old_at, new_at = (
            replace(now, boottime_ns=max(0, now.boottime_ns - age_s * 1_000_000_000))
            for age_s in (9, 8)
        )
        rig.recorder.remember("p1", frames((b"old", old_at), (b"new", new_at)))
        before = rig.recorder.recent("p1")
        for frame in (b"old", b"stranger"):
            rig.recorder.fault("p1", Fault(FaultKind.REPEAT, "", frame))
        rig.recorder.fault("p1", Fault(FaultKind.NOISE, "", b"new"))
        [old, new] = rig.recorder.recent("p1")
        assert (old.age_ns or 0) >= (before[0].age_ns or 0)
        assert (new.age_ns or 0) >= (before[1].age_ns or 0) > 1_000_000_000
        rig.recorder.fault("p1", Fault(FaultKind.REPEAT, "", b"new"))
        [_, new] = rig.recorder.recent("p1")
        assert new.age_ns in range(8_000_000_000)

    with_rig(tmp_path, scenario)


def test_a_copy_from_before_the_frame_was_durable_makes_it_young_too(tmp_path: Path) -> None:
    """Fails where the first copy's age counts: after an opening the next copy was a new event."""

    async def scenario(rig: Rig) -> None:
        now = CLOCK.stamp()
        heard = replace(now, boottime_ns=max(0, now.boottime_ns - 19_000_000_000))
        durable = rig.recorder.record("p1", (BURGLARY,), heard)
        rig.recorder.fault("p1", Fault(FaultKind.REPEAT, "", BURGLARY.frame))
        await durable
        (recent,) = rig.recorder.recent("p1")
        assert recent.age_ns in range(19_000_000_000)

    with_rig(tmp_path, scenario)


def test_what_an_earlier_run_recorded_is_as_old_as_it_is_in_this_boot_alone(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        now = CLOCK.stamp()
        rig.recorder.remember(
            "p1", frames((b"old", replace(now, boot_id=bytes(16))), (b"new", now))
        )
        await rig.record("p1", BURGLARY)
        [old, new, newest] = rig.recorder.recent("p1")
        assert (old.frame, old.age_ns) == (b"old", None)
        assert new.age_ns is not None
        assert newest.frame == BURGLARY.frame

    with_rig(tmp_path, scenario)


def test_what_stands_is_known_when_it_is_durable_and_until_its_end(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.record("p1", BURGLARY, CLOSED)
        assert [signal.kind for signal in rig.recorder.standing("p1")] == [Kind.BURGLARY]
        rig.recorder.recall("p1", FIRE)
        rig.recorder.recall("of another site", FIRE)
        assert len(rig.recorder.standing("p1")) == 2
        over = replace(BURGLARY, state=State.RESTORED)
        await rig.record("p1", over)
        assert [signal.kind for signal in rig.recorder.standing("p1")] == [FIRE.kind]

    with_rig(tmp_path, scenario)


def test_a_finding_is_an_event_with_its_remedy(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.recorder.finding("p1", Finding(Cause.LINE_NOISE, True, "2 of 40 frames damaged"))
        rig.recorder.finding("p1", Finding(Cause.LINE_NOISE, False))
        rig.recorder.finding("p1", Finding(Cause.DRIVER_BROKEN, True))
        await until(lambda: len(rig.events()) >= 4)
        found = [e for e in rig.events() if e.type is EventType.FINDING]
        told = [FindingBody.from_body(event.body) for event in found]
        assert [(one.panel, one.cause, one.reasons, one.over) for one in told] == [
            ("p1", "line_noise", ("line.quality",), False),
            ("p1", "line_noise", ("line.quality",), True),
            ("p1", "driver_broken", ("panel.driver",), False),
        ]
        assert [one.severity for one in told] == ["maintain", "maintain", "urgent"]
        assert told[0].remedy

    with_rig(tmp_path, scenario)


def test_a_frame_that_is_not_durable_is_no_last_frame(tmp_path: Path) -> None:
    """A session acknowledges a copy of the last frame at once, so it must be durable."""

    async def scenario(rig: Rig) -> None:
        await rig.record("p1", FIRE)
        rig.refusing = True
        promise = rig.record("p1", BURGLARY)
        await until(lambda: rig.recorder.refusal is not None)
        assert [recent.frame for recent in rig.recorder.recent("p1")] == [FIRE.frame]
        rig.refusing = False
        await promise
        frames = [recent.frame for recent in rig.recorder.recent("p1")]
        assert frames == [FIRE.frame, BURGLARY.frame]

    with_rig(tmp_path, scenario)


def test_a_fire_is_sent_while_the_commit_before_it_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cards stall for seconds: what comes meanwhile must be signed and sent all the same."""
    free, entered = threading.Event(), threading.Event()
    free.set()
    real = FolderFile.sync

    def sync(file: FolderFile) -> None:
        if not free.is_set():
            entered.set()
        free.wait(PATIENCE_S)
        real(file)

    monkeypatch.setattr(FolderFile, "sync", sync)

    async def scenario(rig: Rig) -> None:
        free.clear()
        promises = [rig.record("p1", BURGLARY)]
        await until(entered.is_set)
        promises += [rig.record("p1", FIRE) for _ in range(3)]
        try:
            await until(lambda: [e.lane for e in rig.events()].count(Lane.FIRE) == 3)
            assert not any(promise.done() for promise in promises)
        finally:
            free.set()
        await asyncio.gather(*promises)
        assert {record.seq for record in rig.published} >= {0, 1, 2, 3, 4}

    with_rig(tmp_path, scenario, urgent_commit_ns=URGENT_COMMIT_NS_MAX)


def test_a_fire_is_signed_before_the_lesser_events_in_front_of_it(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        with rig.journal._feeding:  # so that all of them wait together
            for _ in range(50):
                rig.record("p2", CLOSED)
            rig.record("p1", FIRE)
        await until(lambda: len(rig.published) == 52)
        assert rig.events()[1].lane is Lane.FIRE

    with_rig(tmp_path, scenario)
