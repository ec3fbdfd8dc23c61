"""ext4 is shut down under a real process, by its own ioctl: a second kind of cut, beside
`test_power_cut.py`, that needs nothing but a loop device.

Seen to fail when: a commit is not flushed (kept below as a test of the rig).
"""

from pathlib import Path

import pytest

from tests.crash.images import Bench, Identity
from tests.crash.rig import ShutDisk, Writers, sized
from tests.crash.rows import JOURNAL

SHUTS = sized("EDGE_SHUTS", 3)

pytestmark = pytest.mark.needs("loop")


def test_what_was_promised_survives(tmp_path: Path, writers: Writers, identity: Identity) -> None:
    tally = Bench(tmp_path, writers, identity, SHUTS, disk=ShutDisk).cuts(JOURNAL)
    assert tally.told
    assert (tally.losing, tally.wrong) == (0, []), tally.line(JOURNAL)


def test_the_rig_catches_a_journal_that_does_not_flush(
    tmp_path: Path, writers: Writers, identity: Identity
) -> None:
    bench = Bench(tmp_path, writers, identity, SHUTS, flushes=False, disk=ShutDisk)
    tally = bench.cuts(JOURNAL)
    assert tally.losing > 0, tally.line("journal without fdatasync")
