"""The gateway's own body as a configuration names it: inputs, supply, limits.

What the body says as a signal is addressed like a panel's, under a name that no configured panel
can have.
"""

from dataclasses import dataclass
from typing import Literal

GATEWAY_PANEL = "@gateway"
"""Stands where an event names its panel: the gateway speaks of itself.  A configured panel's id
begins with a letter or digit, so the two never meet."""

GPIO_LINE_MAX = 1023  # the largest chip in the kernel's tree has some 500 lines
DEBOUNCE_MS_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioInput:
    """One input of a GPIO chip.

    `chip` is a device such as gpiochip0, or the chip's label (`pinctrl-rp1` on a Raspberry Pi 5,
    `pinctrl-bcm2711` on a 4): labels stay where device numbers change with the kernel.  `line` is
    the chip's line, on a Raspberry Pi the GPIO number.  `active` is the level that means "so":
    opened, or failed.  `debounce_ms`: how long a level must stay before it counts.
    """

    chip: str = "gpiochip0"
    line: int
    active: Literal["high", "low"] = "high"
    bias: Literal["as_is", "pull_up", "pull_down", "off"] = "as_is"
    debounce_ms: int = 50

    def __post_init__(self) -> None:
        if not 0 < len(self.chip) <= 31 or "/" in self.chip or not self.chip.isprintable():
            raise ValueError("chip is a device such as gpiochip0, or a label such as pinctrl-rp1")
        if not 0 <= self.line <= GPIO_LINE_MAX:
            raise ValueError(f"line is 0 to {GPIO_LINE_MAX}, not {self.line}")
        if not 0 <= self.debounce_ms <= DEBOUNCE_MS_MAX:
            raise ValueError(f"debounce_ms is 0 to {DEBOUNCE_MS_MAX}, not {self.debounce_ms}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySettings:
    """What the gateway is told of its own body; all of it may be left out.

    `tamper` is active while the enclosure is open, `power_fail` while the mains is gone.  `ups`
    names a power supply below /sys/class/power_supply.  The last gasp comes when the battery is
    down to `battery_critical_percent`, or `gasp_after_s` after the mains went (a supercapacitor has
    no gauge); None: never by time.
    """

    tamper: GpioInput | None = None
    power_fail: GpioInput | None = None
    ups: str | None = None
    battery_low_percent: int = 20
    battery_critical_percent: int = 10
    gasp_after_s: int | None = None
    temperature_max_c: int = 80

    def __post_init__(self) -> None:
        if self.ups is not None and (not 0 < len(self.ups) <= 64 or "/" in self.ups):
            raise ValueError("ups is the name of a folder below /sys/class/power_supply")
        if self.ups in (".", ".."):
            raise ValueError("ups is the name of a folder below /sys/class/power_supply")
        if not 1 <= self.battery_critical_percent < self.battery_low_percent <= 95:
            raise ValueError("battery_critical_percent is below battery_low_percent, in 1 to 95")
        if self.gasp_after_s is not None and not 1 <= self.gasp_after_s <= 86_400:
            raise ValueError(f"gasp_after_s is 1 to 86400, not {self.gasp_after_s}")
        if not 40 <= self.temperature_max_c <= 110:
            raise ValueError(f"temperature_max_c is 40 to 110, not {self.temperature_max_c}")
        if self.tamper and self.power_fail and _place(self.tamper) == _place(self.power_fail):
            raise ValueError("tamper and power_fail are the same line of one chip")
        if self.gasp_after_s is not None and self.power_fail is None and self.ups is None:
            raise ValueError("gasp_after_s needs power_fail or ups: nothing else tells the mains")


def _place(pin: GpioInput) -> tuple[str, int]:
    return pin.chip, pin.line
