"""The broker of a center as a process of this machine: found, and told to read its files again.

mosquitto(8): SIGHUP has it read its access list, certificates and revocation list again; nobody is
disconnected.  Measured with 2.0.11 and 2.0.21: a certificate on the list is refused from then on,
also where a TLS session is resumed, and what an access list denies is denied to those who are
connected, too.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from edge_agent.center.layout import Layout

PROC = Path("/proc")


def find(layout: Layout, proc: Path = PROC) -> int | None:
    """Return the process of the mosquitto that runs on this center's configuration, None where
    there is none here, or none that this account may look at."""
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if Path(os.fsdecode(words[0])).name != "mosquitto" or b"-c" not in words:
                continue
            named = Path(os.fsdecode(words[words.index(b"-c") + 1]))
            if not named.is_absolute():  # of one that gave up root nobody may see the folder
                named = (folder / "cwd").readlink() / named
            if named.samefile(layout.broker_config):
                return int(folder.name)
    return None


def read_again(layout: Layout) -> bool:
    """Have the broker read its files again; return whether it was told."""
    process = find(layout)
    if process is None:
        return False
    try:
        os.kill(process, signal.SIGHUP)
    except (ProcessLookupError, PermissionError):
        return False
    return True
