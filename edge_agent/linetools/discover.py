"""Finds out lines side by side: opens them as their scans say, listens, and asks what they ask."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge_agent import resources
from edge_agent.clock import Clock
from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.domain.session import Decoder, Nature, Setup
from edge_agent.linetools import places, ports
from edge_agent.linetools.ports import SerialPort
from edge_agent.linetools.recognise import Candidate
from edge_agent.linetools.scan import (
    Action,
    Done,
    Failed,
    Heard,
    Plan,
    Result,
    Scan,
    Send,
    Tell,
    Ticked,
    Tune,
    Tuned,
    Verdict,
)
from edge_agent.linetools.settings import settings_of, settings_to_try
from edge_agent.linetools.units import UnitPlan
from edge_agent.link.line import Came, DescriptorLine, Line, LineError, Opener, Reading, Went
from edge_agent.link.line import Heard as LineHeard
from edge_agent.link.open import opener

PEERS_MAX: Final = 16
CALLS_MAX: Final = 32  # addresses that are called at the same time
CALL_S_MAX: Final = 2.0  # on the site's own network an answer takes milliseconds
MODBUS_TCP_PORT: Final = 502


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much may be done: see `edge-agent discover --help`."""

    listen_s: float = 35.0
    answer_s: float = 2.0
    listen_only: bool = False
    units: tuple[int, ...] = tuple(range(1, 17))
    buses: frozenset[str] = frozenset()  # places on which nothing but Modbus is
    settings: tuple[str, ...] = ()  # instead of all that drivers name


@dataclass(frozen=True, slots=True)
class Target:
    """One line to find out; `is_called`: one of many addresses, which may well not be there."""

    address: LineAddress
    port: SerialPort | None = None
    is_called: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return places.text(self.address)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found out; `control_lines` None where the line has none."""

    target: Target
    result: Result
    control_lines: tuple[str, ...] | None = None


def candidates() -> tuple[list[Candidate], list[str]]:
    """Return every driver that loads, and what is wrong with those that do not."""
    found: list[Candidate] = []
    wrong: list[str] = []
    profiles = resources.profiles().values()
    codes = resources.load_codes()
    for load in resources.drivers().values():
        try:
            driver = load()
            recognition = resources.recognition_of(driver)
        except resources.DriverError as error:
            wrong.append(str(error))
            continue
        setup = Setup(codes, None, resources.check_options(driver, {}))
        own = tuple(one for one in profiles if one.driver == driver.name)
        found.append(Candidate(driver, recognition, _decoder(driver.decoder, setup), own))
    return found, wrong


def _decoder(make: Callable[[Setup], Decoder], setup: Setup) -> Callable[[], Decoder]:
    return lambda: make(setup)


def plan_for(target: Target, there: Sequence[Candidate], wanted: Wanted) -> Plan:
    """Return what may be done on a line."""
    listen_ns, answer_ns = int(wanted.listen_s * 1e9), int(wanted.answer_s * 1e9)
    match target.address:
        case ListenAddress():  # who calls us is never asked: an answer could be an ACK
            return Plan((None,), listen_ns, answer_ns, probes=False)
        case TcpAddress(port=port):
            is_bus = port == MODBUS_TCP_PORT or target.name in wanted.buses
            units = _units(there, wanted, (None,), tcp=True) if is_bus else None
            return Plan(
                (None,),
                min(listen_ns, 1_000_000_000) if is_bus else listen_ns,
                answer_ns,
                probes=not wanted.listen_only and not is_bus,
                units=units,
                tcp_port=port,
            )
        case SerialAddress():
            settings = wanted.settings or settings_to_try(there)
            bus = [one for one in there if one.driver.nature is Nature.BUS]
            of_bus = frozenset(name for one in bus for name in settings_of(one))
            tuned = tuple(name for name in settings if wanted.settings or name in of_bus)
            is_bus = target.name in wanted.buses
            units = _units(there, wanted, tuned, is_bus=is_bus) if tuned else None
            probes = not wanted.listen_only and not is_bus
            return Plan(settings, listen_ns, answer_ns, probes=probes, units=units)


def _units(
    there: Sequence[Candidate],
    wanted: Wanted,
    settings: tuple[str | None, ...],
    *,
    tcp: bool = False,
    is_bus: bool = False,
) -> UnitPlan | None:
    if wanted.listen_only or not wanted.units:
        return None
    reads = tuple(found for one in there for found in one.reads)
    wait_ns = 1_000_000_000 if tcp else 250_000_000
    return UnitPlan(settings, wanted.units, reads, tcp=tcp, is_bus=is_bus, wait_ns=wait_ns)


class Discovery:
    """Scans of many lines at once."""

    def __init__(
        self,
        there: Sequence[Candidate],
        wanted: Wanted,
        clock: Clock,
        tell: Callable[[Target, Tell], None],
    ) -> None:
        self._there = there
        self._wanted = wanted
        self._clock = clock
        self._tell = tell
        self._gate = asyncio.Semaphore(CALLS_MAX)

    async def run(self, targets: Sequence[Target], done: Callable[[Outcome], None]) -> None:
        """Hand every line to `done` as it is found out.

        Those of many addresses that are not there are left out.
        """
        async with asyncio.TaskGroup() as group:
            for target in targets:
                group.create_task(self._one(target, done))

    async def _one(self, target: Target, done: Callable[[Outcome], None]) -> None:
        scan = Scan(self._there, plan_for(target, self._there, self._wanted))
        line = _ScannedLine(target, scan, self._clock, self._gate, self._tell)
        outcome = await line.run()
        if not (target.is_called and outcome.result.verdict is Verdict.UNUSABLE):
            done(outcome)


class _ScannedLine:
    """One scan and its line."""

    def __init__(
        self,
        target: Target,
        scan: Scan,
        clock: Clock,
        gate: asyncio.Semaphore,
        tell: Callable[[Target, Tell], None],
    ) -> None:
        self._target = target
        self._scan = scan
        self._clock = clock
        self._gate = gate
        self._tell = tell
        self._line: Line | None = None
        self._opener: Opener | None = None
        self._reading: Reading | None = None
        self._errors: int | None = None  # that the port had counted when it was tuned
        self._control_lines: tuple[str, ...] | None = None
        self._result: Result | None = None

    async def run(self) -> Outcome:
        """Do what the scan says until it is done."""
        try:
            await self._perform(self._scan.begin())
            while (result := self._result) is None:
                await self._perform(await self._next())
        finally:
            self._close()
        return Outcome(self._target, result, self._control_lines)

    async def _next(self) -> list[Action]:
        assert self._line is not None, "a scan that is not done has its line open"
        deadline_ns = self._scan.deadline_ns()
        wait_s = None
        if deadline_ns is not None:
            wait_s = max(0, deadline_ns - self._clock.boottime_ns()) / 1e9
        # kept over a deadline: what was read is never thrown away
        reading = self._reading = self._reading or self._line.read()
        await asyncio.wait([reading], timeout=wait_s)
        if not reading.done():
            return self._scan.handle(Ticked(), self._clock.boottime_ns())
        self._reading = None
        try:
            happened = reading.result()
        except LineError as error:
            return self._scan.handle(Failed(error.cause, error.remedy), self._clock.boottime_ns())
        now_ns = self._clock.boottime_ns()
        match happened:
            case LineHeard(data, _, peer):
                return self._scan.handle(Heard(data, self._new_errors(), peer), now_ns)
            case Came() | Went():
                return []

    async def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Tune(settings):
                    await self._tune(settings)
                case Send(data):
                    assert self._line is not None, "only an open line is asked"
                    self._line.write(data)
                case Tell():
                    self._tell(self._target, action)
                case Done(result):
                    self._result = result

    async def _tune(self, settings: str | None) -> None:
        self._close()
        address = self._target.address
        if settings is not None and isinstance(address, SerialAddress):
            address = places.serial_address(address.port, settings)
        self._opener = opener(address, self._clock, PEERS_MAX)
        try:
            async with self._gate:
                limit_s = CALL_S_MAX if self._target.is_called else None
                async with asyncio.timeout(limit_s):
                    self._line = await self._opener.open()
        except TimeoutError:
            failed = Failed("no answer")
            await self._perform(self._scan.handle(failed, self._clock.boottime_ns()))
            return
        except LineError as error:
            failed = Failed(error.cause, error.remedy)
            await self._perform(self._scan.handle(failed, self._clock.boottime_ns()))
            return
        self._errors = self._count()
        if isinstance(self._line, DescriptorLine) and isinstance(address, SerialAddress):
            on = ports.control_lines(self._line.fileno())
            self._control_lines = None if on is None else tuple(on)
        await self._perform(self._scan.handle(Tuned(), self._clock.boottime_ns()))

    def _count(self) -> int | None:
        is_port = isinstance(self._target.address, SerialAddress)
        if is_port and isinstance(self._line, DescriptorLine):
            return ports.errors(self._line.fileno())
        return None

    def _new_errors(self) -> int | None:
        if not isinstance(self._target.address, SerialAddress):
            return 0  # what comes over TCP is what was said
        counted = self._count()
        return None if counted is None or self._errors is None else counted - self._errors

    def _close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line, self._reading = None, None
        if self._opener is not None:
            self._opener.close()
            self._opener = None


def serial_targets(port_list: Sequence[SerialPort]) -> list[Target]:
    """Return each port as a line to find out."""
    return [Target(SerialAddress(port=one.name), one) for one in port_list]


def named(target: Target, port_list: Sequence[SerialPort]) -> Target:
    """Return a target with what its adapter says, where it is one of the ports."""
    port = next((one for one in port_list if target.name in (one.name, one.device)), None)
    return replace(target, port=port)
