"""Serial ports: opened for us alone, read and written on the loop.

pyserial only opens and configures the port; reading and writing use its descriptor directly.  Its
`in_waiting` raises a bare OSError when the adapter is pulled out and its `read` costs a select for
each call.  All settings go in at opening and none later: a pty that was opened with parity refuses
any later change, and so do some adapters.
"""

import errno
import grp
import os
import pwd
import termios
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import serial

from edge_agent.clock import Clock
from edge_agent.domain.address import SerialAddress
from edge_agent.link.line import DescriptorLine, LineError

BY_ID = Path("/dev/serial/by-id")
NAMES_MAX = 8  # of ports in a message: a gateway has a few, a list of more helps nobody
_OTHERS = ("ttyUSB*", "ttyACM*", "ttyAMA*")  # adapters and on-board ports without a stable id
_UNPLUGGED = LineError("the serial port is gone", "plug the adapter in again; check its cable")


class SerialOpener:
    """Opens one serial port; `by_id` is where stable names of ports stand."""

    called = False

    def __init__(self, address: SerialAddress, clock: Clock, by_id: Path = BY_ID) -> None:
        self.name = address.port
        self._address = address
        self._clock = clock
        self._by_id = by_id

    async def open(self) -> DescriptorLine:
        """Open the port now; raises LineError naming cause and remedy."""
        address = self._address
        try:
            port = self._port()
        except (OSError, termios.error, ValueError) as error:  # termios.error is no OSError
            raise explain(error, address, self._by_id) from None
        return DescriptorLine(port.fileno(), self._clock, lambda: _close(port), _UNPLUGGED)

    def _port(self) -> serial.Serial:
        """Open it; a pty has no parity, and the C library calls it invalid to ask for no more."""
        address = self._address
        try:
            return _opened(address, address.parity)
        except termios.error as error:
            if error.args[0] != errno.EINVAL or not _is_pty(Path(address.port)):
                raise
            return _opened(address, serial.PARITY_NONE)

    def close(self) -> None:
        """Nothing outlives a line."""


def _opened(address: SerialAddress, parity: str) -> serial.Serial:
    return serial.Serial(
        address.port,
        baudrate=address.baud,
        bytesize=address.bits,
        parity=parity,
        stopbits=address.stop,
        timeout=0,
        write_timeout=0,
        exclusive=True,
    )


def _is_pty(port: Path) -> bool:
    return port.resolve().is_relative_to("/dev/pts")


def _close(port: serial.Serial) -> None:
    # The kernel holds up close(2), for 30 s by default, until the last byte has left, and a broken
    # adapter never sends it.  A panel that misses our last byte repeats.
    with suppress(OSError, termios.error):
        termios.tcflush(port.fileno(), termios.TCOFLUSH)
    with suppress(OSError):
        port.close()


def explain(error: Exception, address: SerialAddress, by_id: Path = BY_ID) -> LineError:
    """Return what `error` at opening a port means for the person at the gateway."""
    port = address.port
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return LineError(f"serial port {port} is not there", _present(by_id))
        case errno.EACCES | errno.EPERM:
            return LineError(f"no permission to open serial port {port}", _membership(Path(port)))
        case errno.EAGAIN | errno.EBUSY:
            holder = _holder(Path(port))
            return LineError(f"serial port {port} is in use by {holder}", _freeing(holder))
        case errno.EIO:
            return LineError(
                f"no device behind serial port {port}", "the board has no such port; name another"
            )
    return LineError(
        f"serial port {port} does not open: {error}",
        f"check that it is a serial port and can do {address.baud} {address.bits}"
        f"{address.parity}{address.stop}",
    )


def _present(by_id: Path) -> str:
    names = [str(path) for path in _listed(by_id.parent, (f"{by_id.name}/*",))]
    if not names:
        names = [str(path) for path in _listed(Path("/dev"), _OTHERS)]
    if not names:
        return "no serial adapter is plugged in: plug it in, or check `dmesg`"
    more = ", ..." if len(names) > NAMES_MAX else ""
    return f"plug it in, or name one of these: {', '.join(names[:NAMES_MAX])}{more}"


def _listed(folder: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted(path for pattern in patterns for path in folder.glob(pattern))


def _membership(port: Path) -> str:
    try:
        group = grp.getgrgid(port.stat().st_gid).gr_name
    except (OSError, KeyError):
        group = "dialout"
    group = "dialout" if group == "root" else group  # Debian's group for serial ports
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    return f"add user {user} to group {group} (usermod -aG {group} {user}) and start again"


def _freeing(holder: str) -> str:
    """Say how the port gets free: a running agent has it for a panel that is in its care."""
    if not holder.startswith("edge-agent "):
        return "stop that program"
    return (
        "it listens to that panel already, and its events hold their frames; to have the line for"
        " yourself stop it (systemctl stop edge-agent) or take the panel out of its configuration"
    )


def _holder(port: Path) -> str:
    """Name who holds the lock on `port`: one small file tells, without looking at every process."""
    try:
        inode = port.stat().st_ino
        locks = Path("/proc/locks").read_text().splitlines()
        for fields in map(str.split, locks):
            if "FLOCK" in fields and fields[-3].rpartition(":")[2] == str(inode):
                pid = int(fields[-4])
                return f"{Path(f'/proc/{pid}/comm').read_text().strip()} (pid {pid})"
    except (OSError, ValueError, IndexError):
        pass
    return "another program"
