"""A simulated machine: a tree of kernel files, and GPIO chips at the ioctl boundary.

What it does not prove: that the kernel answers these calls as <linux/gpio.h> says.  Numbers and
layouts were taken from that header by a compiler; the kernel of the test machines has no GPIO.
"""

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.health.body import Hardware
from edge_agent.health.gpio import (
    ACTIVE_LOW,
    CHIPINFO,
    EVENT_BYTES,
    GET_CHIPINFO,
    GET_LINE,
    GET_VALUES,
    REQUEST,
    VALUES,
)

MS = 1_000_000
FILES = {
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
    "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
    "sys/dev/block/179:0/stat": " 1 2 3 4 5 6 2048 8 9 10 11\n",
    "sys/dev/block/179:0/device/life_time": "0x01 0x02\n",
    "sys/dev/block/179:0/device/pre_eol_info": "0x01\n",
    "sys/class/power_supply/hat/status": "Charging\n",
    "sys/class/power_supply/hat/capacity": "88\n",
    "proc/self/limits": "Limit  Soft Limit  Hard Limit  Units\nMax open files  100  100  files\n",
    "proc/self/status": "Name:\tx\nVmRSS:\t   43008 kB\nThreads:\t5\n",
    "proc/pressure/memory": "some avg10=0.00 avg60=1.25 avg300=0.00 total=1\nfull avg10=0.00\n",
}
CARD = (179, 0)


@dataclass
class Chip:
    """One chip; `levels` are electrical.  `refuses` is an errno for requests."""

    label: str = "pinctrl-test"
    levels: dict[int, bool] = field(default_factory=dict)
    refuses: int = 0
    gone: bool = False
    reads: int = 0
    asked: int = 0  # calls of any kind
    requests: list[tuple[int, int, bytes]] = field(default_factory=list)
    _open: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # fd: line, flags, writer

    def set(self, line: int, high: bool) -> None:
        """Change a level; its edge wakes whoever has the line."""
        if self.levels.get(line, False) is not high:
            self.levels[line] = high
            for its, _, writer in self._open.values():
                if its == line:
                    os.write(writer, bytes(EVENT_BYTES))

    def unplug(self) -> None:
        self.gone = True
        for _, _, writer in self._open.values():
            os.close(writer)
        self._open = {fd: (line, flags, -1) for fd, (line, flags, _) in self._open.items()}

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> int:
        self.asked += 1
        if self.gone:
            raise OSError(errno.ENODEV, "No such device")
        if request == GET_CHIPINFO:
            buffer[:] = CHIPINFO.pack(b"gpiochip0", self.label.encode(), 54)
        elif request == GET_LINE:
            if self.refuses:
                raise OSError(self.refuses, os.strerror(self.refuses))
            told = list(REQUEST.unpack(buffer))
            line, consumer, flags = told[0], told[64], told[65]
            reader, writer = os.pipe()
            self._open[reader] = (line, flags, writer)
            self.requests.append((line, flags, consumer.rstrip(b"\0")))
            told[-1] = reader
            buffer[:] = REQUEST.pack(*told)
        elif request == GET_VALUES:
            self.reads += 1
            line, flags, _ = self._open[fd]
            active = self.levels.get(line, False) is not bool(flags & ACTIVE_LOW)
            buffer[:] = VALUES.pack(active, VALUES.unpack(buffer)[1])
        else:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        return 0


class Machine:
    """A tree of kernel files below `root` and one chip."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chip = Chip()
        for name, text in FILES.items():
            self.write(name, text)
        self.write("dev/gpiochip0", "")
        (root / "proc/self/fd").mkdir()
        self.handles(20)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def handles(self, count: int) -> None:
        """Let `count` handles be open; one more is the listing's own."""
        folder = self.root / "proc/self/fd"
        for number in range(count + 1):
            (folder / str(number)).touch()
        for path in folder.iterdir():
            if int(path.name) > count:
                path.unlink()

    def hardware(self, look_ms: int = 20) -> Hardware:
        return Hardware(self.root, self.chip.ioctl, look_ms * MS, look_ms * MS)
