"""Bytes that reach the device, counted on whatever this machine lets us count."""

import os
from pathlib import Path

from bench import device


def test_what_is_written_and_flushed_is_counted(tmp_path: Path) -> None:
    with device.meter(tmp_path) as meter:

        def write() -> None:
            file = os.open(meter.folder / "file", os.O_CREAT | os.O_RDWR)
            os.pwrite(file, os.urandom(1 << 20), 0)
            os.fsync(file)
            os.close(file)

        size = meter.during(write)
    assert 1 << 20 <= size < 3 << 20, meter.what
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
