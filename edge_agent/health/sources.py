"""Reads the body from the kernel: thin, and tolerant of everything that is not there.

| reading | source |
|---|---|
| temperature_c | /sys/class/thermal/thermal_zone*/temp (millidegrees), the processor's hottest |
| under_voltage | /sys/class/hwmon/*/in0_lcrit_alarm of `rpi_volt`; else bit 0 of get_throttled |
| throttled | bits 1 to 3 of get_throttled, the register that `vcgencmd get_throttled` prints |
| card_* | /sys/dev/block/*/stat, device/life_time, device/pre_eol_info of the journal's disk |
| handles, threads, memory | /proc/self/fd, limits, status |
| memory_pressure_percent | /proc/pressure/memory |
| the UPS | /sys/class/power_supply/NAME |

No vcgencmd is started: that would copy the process every few seconds, and needs /dev/vcio, to learn
what the firmware driver has in sysfs.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path

from edge_agent.health.power import Supply

SECTOR_BYTES = 512  # of the kernel's block statistics, whatever the card's own sectors are
TEXT_BYTES_MAX = 4096
NUMBER_CHARS_MAX = 32  # 64 bits take 20
_PROCESSOR = ("cpu", "soc", "x86_pkg")
_CAPPED_THROTTLED_OR_SOFT_LIMIT = 0b1110
_ON_MAINS = {"charging": True, "full": True, "not charging": True, "discharging": False}
_LOW = {"critical": True, "low": True, "normal": False, "high": False, "full": False}


def device_of(folder: Path) -> tuple[int, int] | None:
    """Return (major, minor) of the device that `folder` is on; None where it cannot be told."""
    try:
        number = folder.stat().st_dev
    except OSError:
        return None
    return os.major(number), os.minor(number)


class Sources:
    """The readings of one machine below `root`; `device` is (major, minor) of the journal's disk.

    What hardware there is, is found at start, and again after something could not be read.
    """

    def __init__(self, root: Path, device: tuple[int, int] | None = None) -> None:
        self._root = root
        self._device = device
        self._zones: list[Path] = []
        self._throttled: Path | None = None
        self._alarm: Path | None = None
        self._card: Path | None = None
        self._find()

    # ---- what there is

    def _find(self) -> None:
        zones = sorted(self._root.glob("sys/class/thermal/thermal_zone*"))
        processor = [zone for zone in zones if (_text(zone / "type") or "").startswith(_PROCESSOR)]
        self._zones = processor or zones
        platform = self._root / "sys/devices/platform"
        self._throttled = min(platform.glob("soc*/*firmware/get_throttled"), default=None)
        monitors = sorted(self._root.glob("sys/class/hwmon/hwmon*"))
        names = (folder for folder in monitors if _text(folder / "name") == "rpi_volt")
        self._alarm = next((folder / "in0_lcrit_alarm" for folder in names), None)
        self._card = self._find_card()

    def _find_card(self) -> Path | None:
        if self._device is None:
            return None
        major, minor = self._device
        folder = self._root / "sys/dev/block" / f"{major}:{minor}"
        try:
            folder = folder.resolve(strict=True)
        except (OSError, RuntimeError):
            return None  # a file system without a block device of its own: overlay, tmpfs
        return folder.parent if (folder / "partition").exists() else folder

    # ---- reading

    def look(self) -> dict[str, float]:
        """Return what can be read now; may take some ms, and longer on a hanging bus."""
        parts: list[Callable[[], dict[str, float]]] = [
            self._temperature,
            self._firmware,
            self._card_state,
            self._process,
            self._pressure,
        ]
        found = {name: value for part in parts for name, value in part().items()}
        lost = (self._zones and "temperature_c" not in found) or (
            self._alarm and "under_voltage" not in found
        )
        if lost:
            self._find()
        return found

    def supply(self, name: str) -> Supply | None:
        """Return how the power supply `name` is; None: it cannot be read."""
        folder = self._root / "sys/class/power_supply" / name
        texts = {
            key: _text(folder / key) for key in ("online", "status", "capacity", "capacity_level")
        }
        if all(text is None for text in texts.values()):
            return None
        online, percent = _number(texts["online"]), _number(texts["capacity"])
        mains = _ON_MAINS.get((texts["status"] or "").lower()) if online is None else online > 0
        told = " ".join(f"{key}={text}" for key, text in texts.items() if text is not None)
        return Supply(
            mains=mains,
            percent=int(percent) if percent is not None and 0 <= percent <= 100 else None,
            low=_LOW.get((texts["capacity_level"] or "").lower()),
            frame=f"{name}: {told}".encode()[:TEXT_BYTES_MAX],
        )

    def supplies(self) -> list[str]:
        """Return the names of the power supplies that there are."""
        return sorted(path.name for path in self._root.glob("sys/class/power_supply/*"))

    def _temperature(self) -> dict[str, float]:
        told = [_number(_text(zone / "temp")) for zone in self._zones]
        return _named(temperature_c=max((t / 1000 for t in told if t is not None), default=None))

    def _firmware(self) -> dict[str, float]:
        bits = None if self._throttled is None else _number(_text(self._throttled), 16)
        alarm = None if self._alarm is None else _number(_text(self._alarm))
        if bits is None:
            return _named(under_voltage=alarm)
        low = alarm or int(bits) & 1
        slow = bool(int(bits) & _CAPPED_THROTTLED_OR_SOFT_LIMIT)
        return _named(under_voltage=float(bool(low)), throttled=float(slow))

    def _card_state(self) -> dict[str, float]:
        if self._card is None:
            return {}
        counts = (_text(self._card / "stat") or "").split()
        sectors = _number(counts[6]) if len(counts) > 6 else None
        steps = [
            _number(word, 16) for word in (_text(self._card / "device/life_time") or "").split()
        ]
        used = [step for step in steps if step]  # 0: not told
        reserve = _number(_text(self._card / "device/pre_eol_info"), 16)
        return _named(
            card_written_bytes=None if sectors is None else sectors * SECTOR_BYTES,
            card_life_percent=max(used) * 10 if used else None,
            card_reserve_step=reserve or None,
        )

    def _process(self) -> dict[str, float]:
        folder = self._root / "proc/self"
        try:
            handles: float | None = (
                len(list((folder / "fd").iterdir())) - 1
            )  # but the listing's own
        except OSError:
            handles = None
        limits = _row(_text(folder / "limits"), "Max open files")
        most = _number(limits[0]) if limits else None
        status = _text(folder / "status")
        threads, resident = _row(status, "Threads:"), _row(status, "VmRSS:")
        kib = _number(resident[0]) if resident else None
        return _named(
            handles=handles,
            handles_percent=None if handles is None or not most else 100 * handles / most,
            threads=_number(threads[0]) if threads else None,
            memory_mib=None if kib is None else kib / 1024,
        )

    def _pressure(self) -> dict[str, float]:
        words = _row(_text(self._root / "proc/pressure/memory"), "some")
        told = [word.removeprefix("avg60=") for word in words if word.startswith("avg60=")]
        return _named(memory_pressure_percent=_number(told[0]) if told else None)


def _named(**values: float | None) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def _text(path: Path) -> str | None:
    """Return the content of a small kernel file; None where it is not there or does not read."""
    try:
        with path.open("rb") as file:
            return file.read(TEXT_BYTES_MAX).decode(errors="replace").strip()
    except OSError:
        return None


def _number(text: str | None, base: int = 10) -> float | None:
    """Return the number that `text` is; None where it is none."""
    if text is None or len(text) > NUMBER_CHARS_MAX:
        return None
    try:
        number = float(text) if base == 10 else float(int(text, base))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _row(text: str | None, name: str) -> list[str]:
    """Return the words after `name` in the line that begins with it."""
    for line in (text or "").splitlines():
        if line.startswith(name):
            return line.removeprefix(name).split()
    return []
