"""A disk that refuses, under a real process with the real journal: full, worn, failing, read-only.

At every write: what was told is there afterwards, the refusal was said, nothing is doubled or
called damage, and the journal goes on by itself when the disk takes writes again.

Seen to fail: where what the disk refused is not kept for the next try.
"""

import resource
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from edge_agent.evidence.signers import Ed25519Signer
from tests.crash.rig import LoopDisk, Writer, Writers, enlarge, sized, small_disk
from tests.crash.rows import JOURNAL, contents, told
from tests.crash.writer import Order

POINTS = sized("EDGE_POINTS", 8)  # places where each kind of refusal is tried
SIDE_BY_SIDE = 4  # each mostly waits for the journal's pause of 0.5 s before it tries again
ROWS = 60
LARGE_BYTES = 8 << 20
Identity = tuple[Path, Ed25519Signer]


@dataclass(frozen=True)
class Story:
    """What each story is told with: its own folder and ledger."""

    top: Path
    writers: Writers
    identity: Identity

    def order(self, number: int, rows: int | None = None) -> Order:
        top = self.top / str(number)
        top.mkdir()
        folder = top / "journal"
        return Order(
            JOURNAL,
            str(folder),
            str(top / "ledger"),
            str(self.identity[0]),
            rows,
            body_bytes=3000,
            seed=number,
        )

    def check(self, order: Order) -> str:
        """All that was told is there and good; return the ledger."""
        ledger = Path(order.ledger).read_text()
        found = contents(JOURNAL, Path(order.folder), self.identity[1].public)
        assert not told(ledger) - found.rows, ledger
        assert found.wrong == [], ledger
        return ledger


@pytest.fixture
def story(tmp_path: Path, writers: Writers, identity: Identity) -> Story:
    return Story(tmp_path, writers, identity)


def side_by_side(tell: Callable[[int], None], numbers: range) -> None:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done in [pool.submit(tell, number) for number in numbers]:
            done.result()


def goes_on(writer: Writer, order: Order) -> None:
    """The disk was mended: the journal takes up what waited and more, and ends in order."""
    writer.wait_said("accepted")
    writer.wait_told(writer.ledger().count("told ") + 3)
    writer.end(signal.SIGTERM)
    assert "closed 0\n" in writer.ledger()


@pytest.mark.needs("tmpfs")
def test_a_full_disk_at_every_size(story: Story) -> None:
    """From a disk without a block to spare to one whose second segment does not fit."""
    sizes = [4096 + n * (3 << 20) // POINTS // 4096 * 4096 for n in range(POINTS)]

    def tell(number: int) -> None:
        order = story.order(number)
        with small_disk(Path(order.folder), sizes[number]):
            with story.writers.writing(order) as writer:
                writer.wait_said("refused No space left on device")
                enlarge(Path(order.folder), LARGE_BYTES)
                goes_on(writer, order)
            story.check(order)

    side_by_side(tell, range(POINTS))


def test_a_file_that_may_not_grow_at_any_byte(story: Story) -> None:
    """The limit falls anywhere into a commit, so that writes are cut short as well."""

    def tell(number: int) -> None:
        order, chance = story.order(number), Random(number)
        with story.writers.writing(order) as writer:
            writer.wait_told(chance.randint(1, 20))
            limit = chance.randint(1, 900_000)
            resource.prlimit(writer.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            writer.wait_said("refused File too large")
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(writer.pid, resource.RLIMIT_FSIZE, unlimited)
            goes_on(writer, order)
        story.check(order)

    side_by_side(tell, range(POINTS))


@pytest.mark.needs("strace")
@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        ("fdatasync", "EIO", "Input/output error"),
        ("pwrite64", "EIO", "Input/output error"),
        ("pwrite64", "ENOSPC", "No space left on device"),
    ],
)
def test_each_call_fails_in_turn(story: Story, call: str, error: str, said: str) -> None:
    """The Nth call of each thread fails: once, or three times (the repeat at once fails too)."""

    def tell(number: int) -> None:
        order = replace(story.order(number), rows=ROWS, body_bytes=12_000)  # rolls over
        when = f"{1 + number}" if number % 2 else f"{1 + number}..{3 + number}"
        trace = story.top / f"{number}.trace"
        injected = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}")
        with story.writers.traced(order, trace, *injected) as writer:
            writer.wait_gone()
        ledger = story.check(order)
        assert "closed 0\n" in ledger, ledger
        assert len(told(ledger)) == ROWS + 1, ledger
        assert "(INJECTED)" in trace.read_text()
        if number > 0:  # the first may fail at start, or hit a spare that is made again
            assert f"refused {said}" in ledger, ledger
            assert "accepted" in ledger, ledger

    side_by_side(tell, range(POINTS))


@pytest.mark.needs("loop")
def test_a_disk_that_turns_read_only(story: Story) -> None:
    """It stays so until it was checked: what was told is served from it even before that."""
    for number in range(max(POINTS // 4, 2)):
        order = story.order(number)
        with LoopDisk(story.top / f"disk{number}") as disk:
            order = replace(order, folder=str(disk.folder / "journal"))
            with story.writers.writing(order) as writer:
                writer.wait_told(1 + 7 * number)
                disk.turn_read_only()
                writer.wait_said("refused Read-only file system")
            story.check(order)
            disk.umount()
            disk.repair()
            disk.mount()
            story.check(order)
            with story.writers.writing(replace(order, seed=99)) as writer:  # a new epoch on it
                writer.wait_told(writer.ledger().count("told ") + 3)
                writer.end(signal.SIGTERM)
            story.check(order)
            disk.umount()
