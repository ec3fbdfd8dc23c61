"""The gateway's own body at work: reads, lets the machines decide, says what they decided.

Two things go on side by side, so that a bus that hangs does not hold back the enclosure: *points*
(inputs and supply) are read at each edge and at the machines' deadlines; the rest is looked at
every few seconds, off the loop.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from edge_agent.clock import Clock
from edge_agent.domain.body import GATEWAY_PANEL, BodySettings, GpioInput
from edge_agent.domain.event import Body as EventBody
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane, lane_of
from edge_agent.domain.signal import Signal
from edge_agent.evidence.bodies import FindingBody, Severity, SignalBody
from edge_agent.health.debounce import MS, Debounce, S
from edge_agent.health.findings import Findings, rules_of
from edge_agent.health.gpio import GpioLine, Ioctl, open_line, system_ioctl
from edge_agent.health.points import TAMPER, Point
from edge_agent.health.power import Action, Gasp, Power, Supply
from edge_agent.health.sources import Sources
from edge_agent.health.wear import WriteRate

log = structlog.get_logger()

HOLD_NS = 60 * S
"""How long a gateway that gave its last gasp waits for its end, or for the mains.  If it still has
power then, it was wrong about it, and panels are to be read again."""

DRIVER = "body"


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machine: what lies below `root`, and how often it is looked at."""

    root: Path = Path("/")
    ioctl: Ioctl = system_ioctl
    look_ns: int = 10 * S  # temperature, wear and leaks take minutes
    supply_look_ns: int = 1 * S  # a charge runs down in minutes; the mains is one look late


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where the body speaks: `note` records an event, `gasp` asks for the last stop, by `reason`.

    `version` is the software's, signed with each signal.
    """

    note: Callable[[EventType, Lane, EventBody], None]
    gasp: Callable[[str], None]
    version: str


class Input:
    """One configured GPIO input: opened when it can be, read whenever somebody asks."""

    def __init__(self, pin: GpioInput, hardware: Hardware, edge: Callable[[], None]) -> None:
        self.pin = pin
        self.trouble = ""
        self._hardware = hardware
        self._edge = edge
        self._line: GpioLine | None = None

    def read(self) -> tuple[bool | None, bytes]:
        """Return whether it is active (None: it cannot be told) and the reading as text."""
        try:
            if self._line is None:
                self._open()
            assert self._line is not None, "opened just now"
            active = self._line.is_active()
        except OSError as error:
            self._fail(error)
            return None, b""
        self.trouble = ""
        state = "active" if active else "at rest"
        return active, f"{self.pin.chip} line {self.pin.line}: {state}".encode()

    def close(self) -> None:
        """Give the line back."""
        if self._line is not None:
            asyncio.get_running_loop().remove_reader(self._line.fd)
            with contextlib.suppress(OSError):
                self._line.close()
            self._line = None

    def _open(self) -> None:
        line = open_line(self._hardware.root / "dev", self.pin, self._hardware.ioctl)
        self._line = line
        asyncio.get_running_loop().add_reader(line.fd, self._on_edge)

    def _on_edge(self) -> None:
        assert self._line is not None, "the reader goes with the line"
        with contextlib.suppress(OSError):  # the chip is gone: reading the level tells, and closes
            self._line.forget_edges()
        self._edge()

    def _fail(self, error: OSError) -> None:
        self.close()
        self.trouble = error.strerror or str(error)


class Body:
    """Everything the agent knows of its own body.

    `device` is (major, minor) of the disk that the journal is on, where it has one.
    """

    def __init__(
        self,
        settings: BodySettings,
        hardware: Hardware,
        clock: Clock,
        outlet: Outlet,
        device: tuple[int, int] | None,
    ) -> None:
        self._settings = settings
        self._hardware = hardware
        self._clock = clock
        self._outlet = outlet
        self._sources = Sources(hardware.root, device)
        self._rate = WriteRate()
        wanted = ("tamper", "power_fail", "ups")
        self._expected = [name for name in wanted if getattr(settings, name) is not None]
        self._findings = Findings(rules_of(settings), self._expected)
        self._power = Power(settings)
        self._wake = asyncio.Event()
        self._inputs = {
            name: Input(pin, hardware, self._wake.set)
            for name, pin in (("tamper", settings.tamper), ("power_fail", settings.power_fail))
            if pin is not None
        }
        bounce_ns = settings.tamper.debounce_ms * MS if settings.tamper else 0
        self._tamper = Point(TAMPER, Debounce(bounce_ns, bounce_ns))
        self._supply: Supply | None = None
        self._readings: dict[str, float] = {}
        self._known: set[str] = set()  # of the expected ones

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_for_ever())
                if self._settings.ups is not None:
                    group.create_task(self._gauge_for_ever())
                if self._expected:
                    group.create_task(self._watch_points())
        finally:
            for each in self._inputs.values():
                each.close()

    def power_fails(self) -> None:
        """The supply's own software says so (SIGPWR)."""
        self._perform(self._power.announced())

    async def await_power(self, told: asyncio.Event, alive: Callable[[], None]) -> None:
        """After the last gasp: wait for the mains, `told`, or `HOLD_NS`; `alive` once a turn."""
        until_ns = self._clock.boottime_ns() + HOLD_NS
        watching = asyncio.ensure_future(self.run())
        try:
            while self._power.mains is not True and self._clock.boottime_ns() < until_ns:
                alive()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await told.wait()
                        return
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    # ---- reading

    async def _look_for_ever(self) -> None:
        while True:
            readings = await asyncio.to_thread(self._sources.look)
            self._take(readings)
            await asyncio.sleep(self._hardware.look_ns / 1e9)

    def _take(self, readings: dict[str, float]) -> None:
        now_ns = self._clock.boottime_ns()
        written = readings.get("card_written_bytes")
        rate = None if written is None else self._rate.handle(int(written), now_ns)
        if rate is not None:
            readings["card_gb_a_day"] = rate
        self._readings = readings
        self._judge(now_ns)

    def _judge(self, now_ns: int) -> None:
        points = dict.fromkeys(self._known, 1.0)
        why = {name: each.trouble for name, each in self._inputs.items()}
        if self._settings.ups is not None and "ups" not in self._known:
            there = ", ".join(self._sources.supplies()) or "none"
            why["ups"] = f"no power supply {self._settings.ups}; there are: {there}"
        for finding in self._findings.handle({**self._readings, **points}, now_ns, why):
            self._say_finding(finding)

    async def _gauge_for_ever(self) -> None:
        assert self._settings.ups is not None, "asked by run"
        while True:
            self._supply = await asyncio.to_thread(self._sources.supply, self._settings.ups)
            self._wake.set()
            await asyncio.sleep(self._hardware.supply_look_ns / 1e9)

    async def _watch_points(self) -> None:
        while True:
            self._wake.clear()
            wait_s = self._read_points() / 1e9
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def _read_points(self) -> int:
        """Read and decide; return after how many ns to do so again at the latest."""
        now_ns = self._clock.boottime_ns()
        readings = {name: each.read() for name, each in self._inputs.items()}
        self._known = {name for name, (state, _) in readings.items() if state is not None}
        if "tamper" in readings:
            self._perform(self._tamper.handle(readings["tamper"][0], now_ns, readings["tamper"][1]))
        supply = self._supply
        if supply is not None:
            self._known.add("ups")
        if "power_fail" in readings:
            failed, frame = readings["power_fail"]
            mains = None if failed is None else not failed
            gauge = supply or Supply()
            supply = Supply(mains, gauge.percent, gauge.low, frame)
        if supply is not None or self._settings.ups is not None:
            self._perform(self._power.handle(supply or Supply(), now_ns))
        deadlines = [self._tamper.deadline_ns(), self._power.deadline_ns()]
        soonest = min((at for at in deadlines if at is not None), default=now_ns + S)
        return min(max(soonest - now_ns, MS), S)  # each second all the same: an edge may be missed

    # ---- saying

    def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            self._perform_one(action)

    def _perform_one(self, action: Action) -> None:
        if isinstance(action, Gasp):
            log.critical("last gasp", reason=action.reason, then="an orderly stop")
            self._outlet.gasp(action.reason)
            return
        signal: Signal = action.signal
        log.warning("body", what=signal.text, state=str(signal.state), origin=str(signal.origin))
        body = SignalBody(
            signal=signal, panel=GATEWAY_PANEL, driver=DRIVER, driver_version=self._outlet.version
        )
        self._outlet.note(EventType.SIGNAL, lane_of(signal.kind), body.to_body())

    def _say_finding(self, finding: FindingBody) -> None:
        if finding.over:
            log.info("finding is over", cause=finding.cause)
        else:
            log.warning(
                "finding", cause=finding.cause, detail=finding.detail, remedy=finding.remedy
            )
        lane = Lane.STATE if finding.severity == Severity.NOTICE else Lane.FAULT
        self._outlet.note(EventType.FINDING, lane, finding.to_body())

    # ---- telling

    @property
    def readings(self) -> dict[str, float]:
        """What was read last, by name; empty until the first look."""
        return self._readings

    def conditions(self) -> list[str]:
        """Return in words what is wrong now and needs somebody: for heartbeats and status."""
        states = {
            "tamper": self._tamper.state,
            "mains": self._power.mains is False,
            "battery": self._power.battery_low,
        }
        causes = [
            finding.cause
            for finding in self._findings.holding()
            if finding.severity != Severity.NOTICE
        ]
        return list(dict.fromkeys([*(name for name, bad in states.items() if bad), *causes]))

    def facts(self) -> dict[str, Any]:
        """Return everything for `edge-agent status`."""
        states = {
            "enclosure_open": (self._tamper.state, {"tamper"}),
            "mains": (self._power.mains, {"power_fail", "ups"}),
            "battery_low": (self._power.battery_low, {"ups"}),
        }
        return {
            "conditions": self.conditions(),
            "points": {
                name: state
                for name, (state, sources) in states.items()
                if sources.intersection(self._expected)
            },
            "battery_percent": self._supply.percent if self._supply else None,
            "readings": self._readings,
            "not_there": [name for name in self._findings.absent() if name != "card_gb_a_day"],
            "findings": [
                {
                    "subject": finding.subject,
                    "cause": finding.cause,
                    "severity": str(finding.severity),
                    "detail": finding.detail,
                    "remedy": finding.remedy,
                }
                for finding in self._findings.holding()
            ],
        }
