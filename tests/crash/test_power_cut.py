"""The power is cut under a real process on a real file system, ext4.

The disk keeps what was flushed and, of the rest, any subset of its sectors; ext4 replays its log,
the store recovers.  In the same run the same is done to SQLite (WAL; FULL and NORMAL), to a plain
append and to the journal without its flush, so that the rig is seen to catch what is unsafe.
EDGE_IMAGES: cuts of the journal; the others get half as many.

Seen to fail when: a commit is not flushed (kept below as a test of the rig); in 24 images, when a
new segment's name is not flushed.
"""

from pathlib import Path

import pytest

from tests.crash.images import Bench, Identity
from tests.crash.rig import Writers, sized
from tests.crash.rows import JOURNAL, STORES, Tally

IMAGES = sized("EDGE_IMAGES", 8)
COMPARED = max(2, IMAGES // 2)

pytestmark = pytest.mark.needs("fuse")


def test_what_was_promised_survives(
    tmp_path: Path, writers: Writers, identity: Identity, capsys: pytest.CaptureFixture[str]
) -> None:

    def cut(store: str) -> Tally:
        images = IMAGES if store == JOURNAL else COMPARED
        return Bench(tmp_path, writers, identity, images).cuts(store)

    tallies = {store: cut(store) for store in STORES}
    lines = "\n".join(tallies[store].line(store) for store in STORES)
    with capsys.disabled():
        print(f"\npower cuts, ext4 on a disk with a volatile cache\n{lines}")
    assert all(tally.told for tally in tallies.values()), lines
    assert tallies[JOURNAL].losing == 0, lines
    assert tallies[JOURNAL].wrong == [], lines
    assert tallies[JOURNAL].sealed, "no cut found a sealed segment: sealing is not tested"
    assert tallies["sqlite-full"].losing == 0, lines
    assert tallies["sqlite-normal"].losing > 0, f"the rig catches nothing\n{lines}"
    assert tallies["append"].losing > 0, f"the rig catches nothing\n{lines}"


def test_the_rig_catches_a_journal_that_does_not_flush(
    tmp_path: Path, writers: Writers, identity: Identity
) -> None:
    tally = Bench(tmp_path, writers, identity, COMPARED, flushes=False).cuts(JOURNAL)
    assert tally.losing > 0, tally.line("journal without fdatasync")
