"""Power cuts where any subset of the sectors that were not flushed is on the disk.

A real process is recorded, then images are built for random moments of the recording; the same for
SQLite and a plain append.  EDGE_IMAGES: images per store.

Seen to fail when: a commit is not flushed (kept below as a test of the rig); a sealed segment is
not flushed, which ext4 forgives (`test_power_cut.py`): any later flush takes it along.
"""

from pathlib import Path

import pytest

from tests.crash.images import Bench, Identity
from tests.crash.rig import Writers, sized
from tests.crash.rows import JOURNAL, STORES

IMAGES = sized("EDGE_IMAGES", 12)

pytestmark = pytest.mark.needs("strace")


def test_what_was_promised_survives_any_subset_of_the_rest(
    tmp_path: Path, writers: Writers, identity: Identity, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, writers, identity, IMAGES)
    tallies = {store: bench.sectors(store) for store in STORES}
    lines = "\n".join(tallies[store].line(store) for store in STORES)
    with capsys.disabled():
        print(f"\npower cuts, sectors of a recording\n{lines}")
    assert all(tally.told for tally in tallies.values()), lines
    assert tallies[JOURNAL].losing == 0, lines
    assert tallies[JOURNAL].wrong == [], lines
    assert tallies[JOURNAL].sealed, "no cut found a sealed segment: sealing is not tested"
    assert tallies["sqlite-full"].losing == 0, lines
    assert tallies["sqlite-full"].wrong == [], lines
    assert tallies["sqlite-normal"].losing > 0, f"the rig catches nothing\n{lines}"
    assert tallies["append"].losing > 0, f"the rig catches nothing\n{lines}"


def test_the_rig_catches_a_journal_that_does_not_flush(
    tmp_path: Path, writers: Writers, identity: Identity
) -> None:
    tally = Bench(tmp_path, writers, identity, IMAGES, flushes=False).sectors(JOURNAL)
    assert tally.losing > 0, tally.line("journal without fdatasync")
