"""How an epoch begins after what was found, through the real journal."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.clock import Clock, SystemClock
from edge_agent.daemon.epoch import Beginning, LastFrames, begin, what_happened
from edge_agent.daemon.recorder import Notary, Recorder, Source
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import ClockChange, Stamp, Trust
from edge_agent.evidence.bodies import ClockBody, Ended, GenesisBody
from edge_agent.evidence.clip import ClipBody
from edge_agent.evidence.envelope import open_event
from edge_agent.evidence.machine import BOARD, CARD, Fact, fact
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import Peaks
from edge_agent.evidence.verify import EpochVerifier, What
from edge_agent.journal import FolderDisk, Journal, RecordKind, Terms, read, recover
from edge_agent.journal.format import BLOCK_BYTES, SEGMENT_BYTES, decode_head, head_size

IDENTITY = Ed25519Signer.generate()
CLOCK = SystemClock()
S = 1_000_000_000
T0 = 1_795_000_000 * S


def run_once(
    folder: Path,
    *,
    frames: int = 2,
    orderly: bool = True,
    clock: Clock = CLOCK,
    notes: tuple[ClockBody | ClipBody, ...] = (),
    machine: tuple[Fact, ...] = (),
) -> tuple[Beginning, Ended]:
    """Run an epoch with some events; return how it began and what its genesis says."""

    async def run() -> Beginning:
        disk = FolderDisk(folder)
        found = recover(disk)
        begun = begin("gw1", IDENTITY, found, clock, machine)
        notary = Notary("gw1", begun.epoch, begun.genesis, begun.signer)
        recorder = Recorder(clock, {"p1": Source("d", "1", None, None, True)}, lambda *_: None)
        journal = Journal(disk, found, notary, recorder, Terms(["center"]))
        journal.start()
        recorder.attach(journal, begun.epoch, begun.draft)
        for number in range(frames):
            signal = Signal(
                kind=Kind.BURGLARY, state=State.ACTIVE, zone=number + 1, frame=b"%d" % number
            )
            await recorder.record("p1", (signal,), clock.stamp())
        for note in notes:
            type_ = EventType.CLIP if isinstance(note, ClipBody) else EventType.CLOCK
            recorder.note(type_, Lane.FAULT, note.to_body())
        if orderly:
            journal.close()
        else:  # the thread that makes spares must rest: in a crash it would be gone
            await asyncio.wait_for(until(lambda: has_spare(journal)), 60)
        disk.close()
        return begun

    begun = asyncio.run(run())
    event = open_event(begun.genesis, IDENTITY.public)
    return begun, GenesisBody.from_body(event.body).ended


def has_spare(journal: Journal) -> bool:
    progress = journal.progress()
    return progress.disk_bytes > progress.segments * SEGMENT_BYTES


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_epochs_follow_each_other_and_the_whole_chain_verifies(tmp_path: Path) -> None:
    first, ended = run_once(tmp_path)
    assert ended is Ended.FIRST
    second, ended = run_once(tmp_path, orderly=False)
    assert ended is Ended.ORDERLY
    third, ended = run_once(tmp_path)
    assert ended in (Ended.CRASH, Ended.TORN)
    body = GenesisBody.from_body(open_event(third.genesis, IDENTITY.public).body)
    assert (body.previous_epoch, body.previous_size) == (second.epoch, 3)
    verifier = EpochVerifier("gw1", {IDENTITY.public.kid: IDENTITY.public}.get)
    for stored in read(tmp_path):
        if stored.record.kind is RecordKind.ENVELOPE:
            assert verifier.feed(stored.record.data) == []
    assert verifier.lineage() == []
    assert verifier.verified == 9
    assert len({first.epoch, second.epoch, third.epoch}) == 3


def test_the_newest_frame_of_a_panel_is_found_again(tmp_path: Path) -> None:
    run_once(tmp_path, frames=4)
    frames = LastFrames("gw1")
    disk = FolderDisk(tmp_path)
    recover(disk, frames.visit)
    disk.close()
    assert [frame for frame, _ in frames.frames["p1"]] == [b"0", b"1", b"2", b"3"]
    assert {signal.kind for signal in frames.standing["p1"].signals} == {Kind.BURGLARY}
    told: list[object] = []
    frames.tell(
        lambda panel, signal: told.append((panel, signal.kind)),
        lambda panel, recent: told.append((panel, recent)),
    )
    assert told[-1] == ("p1", frames.frames["p1"])
    assert set(told[:-1]) == {("p1", Kind.BURGLARY)}


class SetLater:
    """A clock of 1970 that is right from its `n`-th reading on."""

    def __init__(self, n: int, wall_ns: int) -> None:
        self._left, self._wall_ns, self._boot_ns = n, wall_ns, 0

    def boottime_ns(self) -> int:
        return self._boot_ns

    def stamp(self) -> Stamp:
        self._boot_ns += 60 * S
        self._left -= 1
        if self._left > 0:
            return Stamp(self._boot_ns, self._boot_ns, bytes(16), Trust.UNSET)
        return Stamp(self._wall_ns + self._boot_ns, self._boot_ns, bytes(16), Trust.SYNCED, 20)


def remembered(folder: Path) -> LastFrames:
    frames, disk = LastFrames("gw1"), FolderDisk(folder)
    recover(disk, frames.visit)
    disk.close()
    return frames


def test_the_newest_trusted_time_is_found_again(tmp_path: Path) -> None:
    """It is the floor of a start without a clock.  Fails where unset stamps count as well."""
    run_once(tmp_path, clock=SetLater(3, T0))
    assert remembered(tmp_path).seen_ns == T0 + 180 * S - 20_000_000
    run_once(tmp_path, clock=SetLater(9, T0))  # at 1970 all the time
    assert remembered(tmp_path).seen_ns == T0 + 180 * S - 20_000_000


def test_what_the_center_told_corrects_what_a_clock_believed(tmp_path: Path) -> None:
    told = ClockBody(ClockChange.TOLD, told=(T0, T0 + S))
    run_once(tmp_path, clock=SetLater(3, T0 + 3650 * 86_400 * S), notes=(told,))
    found = remembered(tmp_path)
    assert (found.told_ns, found.seen_ns) == (T0, T0)


HERE = (fact("gw1", BOARD, "b1"), fact("gw1", CARD, "c1"))


def begun_on(folder: Path, machine: tuple[Fact, ...], gateway: str = "gw1") -> tuple[str, Ended]:
    """Begin on what is in `folder`; return what is said of it, and how the epoch before ended."""
    disk = FolderDisk(folder)
    found = recover(disk)
    disk.close()
    said = what_happened(gateway, found.head, machine)
    begun = begin(gateway, IDENTITY, found, CLOCK, machine)
    body = GenesisBody.from_body(open_event(begun.genesis, IDENTITY.public).body)
    assert body.machine == machine
    return "" if said is None else said.cause, body.ended


def test_a_card_on_another_board_or_copied_to_another_card_is_said(tmp_path: Path) -> None:
    run_once(tmp_path, machine=HERE)
    assert begun_on(tmp_path, HERE) == ("", Ended.ORDERLY)
    moved = (fact("gw1", BOARD, "b2"), fact("gw1", CARD, "c1"))
    assert begun_on(tmp_path, moved) == ("card_moved", Ended.ORDERLY)
    copied = (fact("gw1", BOARD, "b1"), fact("gw1", CARD, "c2"))
    assert begun_on(tmp_path, copied) == ("card_copied", Ended.ORDERLY)
    assert begun_on(tmp_path, ()) == ("", Ended.ORDERLY)


def test_another_gateways_card_is_said_and_is_no_predecessor(tmp_path: Path) -> None:
    """Fails where the genesis names an epoch that its center can never hold."""
    run_once(tmp_path, machine=HERE)
    assert begun_on(tmp_path, (), "gw2") == ("foreign_journal", Ended.FIRST)
    assert remembered(tmp_path).frames.keys() == {"p1"}
    other, disk = LastFrames("gw2"), FolderDisk(tmp_path)
    recover(disk, other.visit)
    disk.close()
    assert other.frames == {}  # what its panels said is no copy of what ours say


def test_an_empty_journal_is_nothing_strange(tmp_path: Path) -> None:
    assert begun_on(tmp_path, HERE) == ("", Ended.FIRST)
    assert what_happened("gw1", b"no genesis", HERE) is None


def test_without_an_identity_key_the_epoch_signs_for_itself(tmp_path: Path) -> None:
    disk = FolderDisk(tmp_path)
    begun = begin("gw1", None, recover(disk), CLOCK)
    disk.close()
    event = open_event(begun.genesis, begun.signer.public)
    assert not GenesisBody.from_body(event.body).vouched
    verifier = EpochVerifier("gw1", {IDENTITY.public.kid: IDENTITY.public}.get)
    problems = verifier.feed(begun.genesis) + verifier.lineage()
    assert [problem.what for problem in problems] == [What.UNVOUCHED]


@pytest.mark.parametrize("count", [1, 5])
def test_two_epochs_never_share_a_key_or_an_id(tmp_path: Path, count: int) -> None:
    begun = [run_once(tmp_path, frames=count)[0] for _ in range(3)]
    assert len({one.epoch for one in begun}) == 3
    assert len({one.signer.public.kid for one in begun}) == 3


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_power_cut_in_the_first_write_of_an_epoch_keeps_nobody_from_starting(
    tmp_path: Path, earlier: int
) -> None:
    for _ in range(earlier):
        run_once(tmp_path)
    run_once(tmp_path, orderly=False)
    newest = max(file for file in tmp_path.glob("*.seg") if any(file.read_bytes()))
    data = newest.read_bytes()
    head = decode_head(data[:BLOCK_BYTES])
    assert head is not None
    newest.write_bytes(data[: head_size(head)].ljust(len(data), b"\0"))  # the commit never came
    begun, _ended = run_once(tmp_path)
    body = GenesisBody.from_body(open_event(begun.genesis, IDENTITY.public).body)
    assert (body.previous_epoch, body.previous_size) == (head.epoch, 0)
    assert body.previous_root == Peaks().root()
    verifier = EpochVerifier("gw1", {IDENTITY.public.kid: IDENTITY.public}.get)
    for stored in read(tmp_path):
        if stored.record.kind is RecordKind.ENVELOPE:
            assert verifier.feed(stored.record.data) == []
