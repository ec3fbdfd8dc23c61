"""Decides what the gateway says of its supply, and when it must give its last gasp.

The last gasp is a final event and an orderly stop while there is still power for both.  It comes

- when the battery is down to its critical charge and the mains is not there;
- `gasp_after_s` after the mains went, where nothing gauges what is left (a supercapacitor);
- when the UPS's own software says so (SIGPWR).

It never comes while the mains is there, and not for what was already so at start: a gateway that
was started without mains, or started again after its last gasp, goes on reading its panels until
something gets worse.
"""

from dataclasses import dataclass

from edge_agent.domain.body import BodySettings
from edge_agent.domain.kinds import Origin
from edge_agent.health.debounce import MS, Band, Debounce, S
from edge_agent.health.points import BATTERY, MAINS, Point, Said

RETURN_NS = 5 * S
"""How long the mains must stay before it counts as back: in a brown-out it comes and goes, and a
supercapacitor needs that time to fill."""

CHARGE_NS = 2 * S
"""How long a gauge must say the same: a single odd reading over I2C is not believed."""

CHARGE_BAND_PERCENT = 5  # a battery that recovers a little when the load falls is not restored


@dataclass(frozen=True, slots=True)
class Supply:
    """One reading of the supply; None: not there or not known.

    `low`: the supply itself calls its charge low, whatever the percentage.
    """

    mains: bool | None = None
    percent: int | None = None
    low: bool | None = None
    frame: bytes = b""


@dataclass(frozen=True, slots=True)
class Gasp:
    """There is power for one more event and an orderly stop."""

    reason: str


Action = Said | Gasp


class Power:
    """Mains, battery and the countdown between them."""

    def __init__(self, settings: BodySettings) -> None:
        lost_ns = settings.power_fail.debounce_ms * MS if settings.power_fail else 0
        self._gasp_after_s = settings.gasp_after_s
        self._critical_percent = settings.battery_critical_percent
        self._mains = Point(MAINS, Debounce(lost_ns, RETURN_NS))
        self._battery = Point(BATTERY, Debounce(CHARGE_NS, CHARGE_NS))
        low = settings.battery_low_percent
        self._band = Band(low, low + CHARGE_BAND_PERCENT)
        self._is_low = False
        self._critical = Debounce(CHARGE_NS, CHARGE_NS)
        self._supply = Supply()
        self._gasp_at_ns: int | None = None
        self.gasped = False

    @property
    def mains(self) -> bool | None:
        """Whether the mains is there, as far as it counts; None: not known."""
        lost = self._mains.state
        return None if lost is None else not lost

    @property
    def battery_low(self) -> bool | None:
        """Whether the battery is low; None: not known."""
        return self._battery.state

    def handle(self, supply: Supply, now_ns: int) -> list[Action]:
        """Take one reading of the supply."""
        self._supply = supply
        actions: list[Action] = [*self._on_mains(supply, now_ns)]
        actions += self._battery.handle(self._low(supply), now_ns, supply.frame)
        return actions + self._on_time(now_ns) + self._on_charge(supply, now_ns)

    def announced(self) -> list[Action]:
        """Somebody who knows says that the power is about to go (SIGPWR)."""
        return self._gasp("SIGPWR: the supply's own software says so")

    def deadline_ns(self) -> int | None:
        """Return when `handle` is to be called again, with the reading of that moment."""
        times = [point.deadline_ns() for point in (self._mains, self._battery, self._critical)]
        if not self.gasped and self._supply.mains is not True:
            times.append(self._gasp_at_ns)
        return min((time for time in times if time is not None), default=None)

    def _on_mains(self, supply: Supply, now_ns: int) -> list[Said]:
        lost = None if supply.mains is None else not supply.mains
        said = self._mains.handle(lost, now_ns, supply.frame)
        if self._mains.state is False:
            self._gasp_at_ns = None
        elif said and said[0].signal.origin is Origin.LIVE and self._gasp_after_s is not None:
            self._gasp_at_ns = now_ns + self._gasp_after_s * S
        return said

    def _low(self, supply: Supply) -> bool | None:
        if supply.percent is None and supply.low is None:
            return None
        if supply.percent is not None:
            self._is_low = self._band.judge(supply.percent, self._is_low)
        return bool(supply.low) or (supply.percent is not None and self._is_low)

    def _on_time(self, now_ns: int) -> list[Action]:
        """A countdown that ended; the mains, were it there this very moment, stops it."""
        if self._gasp_at_ns is None or now_ns < self._gasp_at_ns or self._supply.mains is True:
            return []
        return self._gasp(f"{self._gasp_after_s} s after mains loss")

    def _on_charge(self, supply: Supply, now_ns: int) -> list[Action]:
        known, critical = self._critical.known, None
        if supply.percent is not None:
            critical = supply.mains is not True and supply.percent <= self._critical_percent
        was = self._critical.state
        if not self._critical.handle(critical, now_ns) or self._critical.state is not True:
            return []
        if not known or was is None:
            return []  # it was so when first known: nothing got worse in this run
        return self._gasp(f"battery at {supply.percent} %")

    def _gasp(self, reason: str) -> list[Action]:
        if self.gasped:
            return []
        self.gasped = True
        return [Gasp(reason)]
