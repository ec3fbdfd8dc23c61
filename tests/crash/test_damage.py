"""A real journal, damaged: all that is whole is found, what is lost is named, the start succeeds.

Three epochs in several segments, written by the real process; then bits, ranges, lengths, names
and whole files are changed, EDGE_DAMAGES times each.

Seen to fail when: the end of a damaged region is taken for padding where a record ends in a zero
byte; a gap at the end of an epoch is named to the reader and not to the start.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.journal import Damage, FolderDisk, Position, RecordKind, read, recover
from edge_agent.journal.fetch import START, Owed, fetch_stored
from edge_agent.journal.format import LANES, RECORD_HEAD_BYTES
from tests.crash.rig import Writers, sized
from tests.crash.rows import JOURNAL, Key, told
from tests.crash.writer import Order

TIMES = sized("EDGE_DAMAGES", 6)
EPOCHS = 3
ROWS = 100
BODY_BYTES = 12_000  # two segments an epoch
MEMORY = Path("/dev/shm")  # noqa: S108  what is damaged here is thrown away at once
Identity = tuple[Path, Ed25519Signer]


@dataclass(frozen=True)
class Whole:
    """A journal before the damage: every envelope, and where its record stands."""

    folder: Path
    stranger: Path  # another gateway's journal
    envelopes: dict[Key, bytes]
    places: dict[Key, tuple[str, int, int]]  # file, first byte of its record, the one behind it
    commits: dict[Key, tuple[str, int, int]]  # the same of the commit that it is in

    def untouched(self, folder: Path, places: dict[Key, tuple[str, int, int]]) -> set[Key]:
        """Return the envelopes whose place is as it was in some file of `folder`."""
        after = [path.read_bytes() for path in folder.glob("*.seg")]
        before = {path.name: path.read_bytes() for path in self.folder.glob("*.seg")}
        return {
            key
            for key, (name, start, end) in places.items()
            if any(data[start:end] == before[name][start:end] for data in after)
        }


def _write(writers: Writers, identity: Identity, folder: Path, rows: int = ROWS) -> str:
    ledger = folder.with_name(folder.name + ".ledger")
    order = Order(
        JOURNAL, str(folder), str(ledger), str(identity[0]), rows, body_bytes=BODY_BYTES, seed=rows
    )
    with writers.writing(order) as writer:
        writer.wait_gone()
    said = ledger.read_text()
    assert "closed 0\n" in said, said
    ledger.unlink()
    return said


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, writers: Writers, identity: Identity) -> Whole:
    top = tmp_path_factory.mktemp("whole")
    folder, stranger = top / "journal", top / "stranger"
    for _ in range(EPOCHS):
        _write(writers, identity, folder)
    _write(writers, identity, stranger)
    envelopes, places, commits = {}, {}, {}
    for stored in read(folder):
        record = stored.record
        if record.kind is RecordKind.ENVELOPE:
            key = (record.epoch.hex(), record.seq)
            name = f"{stored.segment:08d}.seg"
            at = (folder / name).read_bytes().index(record.data, stored.offset)
            envelopes[key] = record.data
            places[key] = (name, at - RECORD_HEAD_BYTES, at + len(record.data))
            commits[key] = (name, stored.offset, at + len(record.data))
    ends = {place[:2]: place[2] for place in commits.values()}  # of each commit's last envelope
    commits = {key: (*place[:2], ends[place[:2]]) for key, place in commits.items()}
    assert len(envelopes) == EPOCHS * (ROWS + 1)
    return Whole(folder, stranger, envelopes, places, commits)


# ---- what can happen to a card


def segments(folder: Path) -> list[Path]:
    """Return the segments with something in them."""
    return [path for path in sorted(folder.glob("*.seg")) if any(path.read_bytes())]


def flip_bits(folder: Path, stranger: Path, chance: Random) -> None:
    for _ in range(chance.randint(1, 8)):
        _change(chance.choice(segments(folder)), chance, 1, lambda old: bytes([old[0] ^ 1]))


def overwrite(folder: Path, stranger: Path, chance: Random) -> None:
    size = chance.choice([512, 4096, 65_536, 300_000])
    _change(chance.choice(segments(folder)), chance, size, lambda old: chance.randbytes(len(old)))


def zero(folder: Path, stranger: Path, chance: Random) -> None:
    size = chance.choice([512, 4096, 65_536, 300_000])
    _change(chance.choice(segments(folder)), chance, size, lambda old: bytes(len(old)))


def _change(path: Path, chance: Random, size: int, to: Callable[[bytes], bytes]) -> None:
    data = path.read_bytes()
    at = chance.randrange(len(data))
    path.write_bytes(data[:at] + to(data[at : at + size]) + data[at + size :])


def truncate(folder: Path, stranger: Path, chance: Random) -> None:
    path = chance.choice(segments(folder))
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def swap(folder: Path, stranger: Path, chance: Random) -> None:
    one, other = chance.sample(segments(folder), 2)
    aside = folder / "aside"
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def lose(folder: Path, stranger: Path, chance: Random) -> None:
    chance.choice(segments(folder)).unlink()


def replace_by_stranger(folder: Path, stranger: Path, chance: Random) -> None:
    shutil.copy(chance.choice(segments(stranger)), chance.choice(segments(folder)))


def add_copy(folder: Path, stranger: Path, chance: Random) -> None:
    shutil.copy(chance.choice(segments(folder)), folder / f"{chance.randint(50, 60):08d}.seg")


HARMLESS = (swap, add_copy)
LOSSES = (flip_bits, overwrite, zero, truncate, lose, replace_by_stranger)


# ---- what must be found


@contextlib.contextmanager
def damaged(
    whole: Whole, change: Callable[[Path, Path, Random], None], seed: int
) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name) / "journal"
        shutil.copytree(whole.folder, folder)
        change(folder, whole.stranger, Random(seed))
        yield folder


def found_in(folder: Path) -> tuple[dict[Key, bytes], list[Damage]]:
    """Return every envelope that the command line shows, and the damage it names."""
    damages: list[Damage] = []
    records = [stored.record for stored in read(folder, damages.append)]
    envelopes = [record for record in records if record.kind is RecordKind.ENVELOPE]
    found = {(record.epoch.hex(), record.seq): record.data for record in envelopes}
    assert len(found) == len(envelopes), "an envelope is shown twice"
    return found, damages


def served_from(folder: Path) -> tuple[dict[Key, bytes], tuple[Damage, ...]]:
    """Return every envelope that a start would send to the center, and the damage it reports."""
    found: dict[Key, bytes] = {}
    with contextlib.closing(FolderDisk(folder)) as disk:
        recovery = recover(disk)
        for lane in range(LANES):
            after: Position | None = START
            while after is not None:
                batch = fetch_stored(disk, recovery.index, Owed(0, lane), after, 1 << 20)
                for record in batch.records:
                    found[(record.epoch.hex(), record.seq)] = record.data
                after = batch.next
    return found, recovery.damages


def named(damages: list[Damage] | tuple[Damage, ...]) -> set[Key]:
    """Return the numbers that are said to be lost."""
    return {
        (damage.epoch.hex(), seq)
        for damage in damages
        if damage.epoch is not None and damage.first is not None and damage.last is not None
        for seq in range(damage.first, damage.last + 1)
    }


def unknowable(whole: Whole, found: set[Key]) -> set[Key]:
    """Return what nothing that is left can prove: the very end, and the very beginning.

    The end of the newest epoch looks like a write that the power cut short; what stood before the
    oldest segment may have been removed in order.
    """
    epochs = list(dict.fromkeys(epoch for epoch, _ in whole.envelopes))
    ends = [seq for epoch, seq in found if epoch == epochs[-1]]
    begins = [seq for epoch, seq in found if epoch == epochs[0]]
    return {
        (epoch, seq)
        for epoch, seq in whole.envelopes
        if (epoch == epochs[-1] and seq > max(ends, default=-1))
        or (epoch == epochs[0] and seq < min(begins, default=ROWS + 1))
    }


def ours(whole: Whole, found: dict[Key, bytes]) -> dict[Key, bytes]:
    """Leave a stranger's epochs out: what they hold is judged by its signatures, not here."""
    epochs = {epoch for epoch, _ in whole.envelopes}
    return {key: data for key, data in found.items() if key[0] in epochs}


def check(whole: Whole, folder: Path) -> set[Key]:
    """Compare what is found and named with what was spared; return what is lost.

    At the very end a commit that is not whole is dropped with all that is in it.
    """
    everything, damages = found_in(folder)
    found = ours(whole, everything)
    whole_commits = whole.untouched(folder, whole.commits)
    spared = whole.untouched(folder, whole.places)
    missed = spared - found.keys() - (unknowable(whole, set(found)) - whole_commits)
    assert not missed, f"not salvaged: {sorted(missed)[:5]} of {len(missed)}; {damages}"
    assert found.items() <= whole.envelopes.items(), "something that never was"
    lost = whole.envelopes.keys() - found.keys()
    said = named(damages) & whole.envelopes.keys()  # a stranger's epochs may have gaps as well
    assert said <= lost, f"named as lost and there: {sorted(said - lost)[:5]}"
    absent = {d.epoch.hex() for d in damages if d.epoch and d.what.endswith("is missing")}
    said |= {key for key in lost if key[0] in absent}  # by its epoch alone
    silent = lost - said - unknowable(whole, set(found))
    assert not silent, f"lost and not named: {sorted(silent)[:5]} of {len(silent)}; {damages}"
    return lost


@pytest.mark.parametrize("change", LOSSES, ids=lambda change: change.__name__)
def test_all_that_is_whole_is_found_and_the_rest_is_named(
    whole: Whole,
    writers: Writers,
    identity: Identity,
    change: Callable[[Path, Path, Random], None],
) -> None:
    losses = 0
    for seed in range(TIMES):
        with damaged(whole, change, seed) as folder:
            lost = check(whole, folder)
            served, damages = served_from(folder)
            mine = ours(whole, served)
            assert mine.keys() == whole.envelopes.keys() - lost
            if lost - unknowable(whole, set(mine)):
                assert damages, "the start does not say it"
            _check_start(whole, writers, identity, folder, served)
            losses += len(lost)
    assert losses, "nothing was damaged"


def _check_start(
    whole: Whole, writers: Writers, identity: Identity, folder: Path, served: dict[Key, bytes]
) -> None:
    """The agent's journal starts on it, takes events, and the next start serves old and new."""
    promised = told(_write(writers, identity, folder, rows=3))
    assert len(promised) == 4
    again, _ = served_from(folder)
    assert again.items() >= served.items()
    assert again.keys() == served.keys() | promised


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.__name__)
def test_names_alone_do_no_damage(
    whole: Whole,
    writers: Writers,
    identity: Identity,
    change: Callable[[Path, Path, Random], None],
) -> None:
    for seed in range(TIMES):
        with damaged(whole, change, seed) as folder:
            found, damages = found_in(folder)
            assert found == whole.envelopes
            assert damages == []
            served, said = served_from(folder)
            assert served == whole.envelopes
            assert said == ()
            _check_start(whole, writers, identity, folder, served)
