"""Power cuts where any subset of the sectors that were not flushed is on the disk.

A real process is recorded, then images are built for random moments of the recording; the same for
SQLite and a plain append.  EDGE_IMAGES: images per store.

Seen to fail when: a commit is not flushed (kept below as a test of the rig).
"""

import shutil
import tempfile
from pathlib import Path
from random import Random

import pytest

from edge_agent.evidence.signers import Ed25519Signer
from tests.crash.recording import Call, DiskModel, record, until
from tests.crash.rig import Writers, sized
from tests.crash.rows import JOURNAL, STORES, Tally, contents, told
from tests.crash.writer import Order

IMAGES = sized("EDGE_IMAGES", 12)
ROWS = 150
BODY_BYTES = 3000  # a second segment is begun in mid-recording
Identity = tuple[Path, Ed25519Signer]
MEMORY = Path("/dev/shm")  # noqa: S108  images are read back at once: no disk needs to see them

pytestmark = pytest.mark.needs("strace")


def recorded(
    top: Path, store: str, writers: Writers, identity: Identity, *, flushes: bool = True
) -> Tally:
    """Record one writer and make IMAGES images of what a cut may leave."""
    folder, ledger = top / store, top / f"{store}.ledger"
    folder.mkdir()
    first = Order(store, str(folder), str(top / "first"), str(identity[0]), rows=20)
    with writers.writing(first) as writer:  # there is something already when the recording begins
        writer.wait_gone()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    order = Order(
        store, str(folder), str(ledger), str(identity[0]), ROWS, flushes, body_bytes=BODY_BYTES
    )
    found = record(order, top / "trace")
    tally, chance = Tally(), Random(1)
    begun = [call.begun for call in found]
    for _ in range(IMAGES):
        moment = chance.randint(min(begun), max(begun) + 1)
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
            happened = until(found, moment)
            _build(folder, before, happened, Path(name), chance)
            promised = told(_said(happened, ledger))
            tally.count(promised, contents(store, Path(name), identity[1].public))
    shutil.rmtree(folder)
    return tally


def _build(
    folder: Path, before: dict[str, bytes], happened: list[Call], image: Path, chance: Random
) -> None:
    model = DiskModel(folder, before)
    for call in happened:
        model.take(call)
    model.image(image, chance)


def _said(happened: list[Call], ledger: Path) -> str:
    """Return what had been told by then."""
    return b"".join(
        call.data() for call in happened if call.name == "write" and call.place() == ledger
    ).decode()


def test_what_was_promised_survives_any_subset_of_the_rest(
    tmp_path: Path, writers: Writers, identity: Identity, capsys: pytest.CaptureFixture[str]
) -> None:
    tallies = {store: recorded(tmp_path, store, writers, identity) for store in STORES}
    lines = "\n".join(tallies[store].line(store) for store in STORES)
    with capsys.disabled():
        print(f"\npower cuts, sectors of a recording\n{lines}")
    assert all(tally.told for tally in tallies.values()), lines
    assert tallies[JOURNAL].losing == 0, lines
    assert tallies[JOURNAL].wrong == [], lines
    assert tallies["sqlite-full"].losing == 0, lines
    assert tallies["sqlite-full"].wrong == [], lines
    assert tallies["sqlite-normal"].losing > 0, f"the rig catches nothing\n{lines}"
    assert tallies["append"].losing > 0, f"the rig catches nothing\n{lines}"


def test_the_rig_catches_a_journal_that_does_not_flush(
    tmp_path: Path, writers: Writers, identity: Identity
) -> None:
    tally = recorded(tmp_path, JOURNAL, writers, identity, flushes=False)
    assert tally.losing > 0, tally.line("journal without fdatasync")
