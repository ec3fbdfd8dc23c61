"""A line in simulated time: an emulated panel at one end, a scan at the other, a model between.

The model of the line is a UART's: bits leave at one speed and format and are sampled at another, so
that a wrong setting gives what it gives on a cable: garbage and framing errors.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from edge_agent import resources
from edge_agent.domain.session import Setup
from edge_agent.linetools.recognise import Candidate
from edge_agent.linetools.scan import (
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
)
from edge_agent.linetools.settings import settings_to_try
from edge_agent.linetools.units import UnitPlan
from hil.panels.__main__ import load_face
from hil.panels.machine import Command, Commanded, Machine, Plugged, Unplugged
from hil.panels.machine import Heard as PanelHeard
from hil.panels.machine import Ticked as PanelTicked

S = 10**9
SAMPLES = 16  # of a bit, as most UARTs do


@cache
def candidates() -> tuple[Candidate, ...]:
    """Every driver there is, as the registry finds it."""
    profiles = resources.profiles().values()
    found = []
    for load in resources.drivers().values():
        driver = load()
        setup = Setup(resources.load_codes(), None, resources.check_options(driver, {}))
        own = tuple(one for one in profiles if one.driver == driver.name)
        recognition = resources.recognition_of(driver)
        found.append(Candidate(driver, recognition, partial(driver.decoder, setup), own))
    return tuple(found)


# ---- a cable between two UARTs


@dataclass(frozen=True)
class Format:
    baud: int
    bits: int
    parity: str
    stop: int

    @classmethod
    def of(cls, settings: str) -> "Format":
        baud, _, rest = settings.partition("-")
        return cls(int(baud), int(rest[0]), rest[1], int(rest[2]))


def _parity(value: int, kind: str) -> int:
    odd = value.bit_count() & 1
    return odd if kind == "E" else odd ^ 1


def levels(data: bytes, said: Format) -> Iterator[tuple[float, int]]:
    """Each bit on the wire as (seconds, level)."""
    for byte in data:
        value = byte & ((1 << said.bits) - 1)
        bits = [0, *(value >> at & 1 for at in range(said.bits))]
        if said.parity != "N":
            bits.append(_parity(value, said.parity))
        bits += [1] * said.stop
        for bit in bits:
            yield 1 / said.baud, bit


def sampled(data: bytes, said: str, heard: str) -> tuple[bytes, int]:
    """What a UART at `heard` makes of bytes said at `said`: bytes, and errors that it counts.

    After the last bit the line rests.
    """
    told, ear = Format.of(said), Format.of(heard)
    edges: list[tuple[float, int]] = [(0.001, 1)]
    edges += levels(data, told)
    edges.append((0.1, 1))
    times, at = [], 0.0
    for seconds, now_at in edges:
        times.append((at, now_at))
        at += seconds
    end = at

    found, errors, index, now = bytearray(), 0, 0, 0.0

    def level(moment: float) -> int:
        nonlocal index
        while index + 1 < len(times) and times[index + 1][0] <= moment:
            index += 1
        return times[index][1]

    tick = 1 / ear.baud / SAMPLES
    while now < end:
        if level(now) == 1:
            now += tick
            continue
        bit_s = 1 / ear.baud
        middle = now + bit_s / 2
        if level(middle) == 1:  # a spike, no start bit
            now = middle
            continue
        value = sum(level(middle + (at + 1) * bit_s) << at for at in range(ear.bits))
        after = ear.bits + 1
        bad = False
        if ear.parity != "N":
            bad = level(middle + after * bit_s) != _parity(value, ear.parity)
            after += 1
        stopped = level(middle + after * bit_s) == 1
        errors += bad or not stopped
        found.append(value)
        now = middle + after * bit_s
        while not stopped and now < end and level(now) == 0:
            now += tick  # a break: waits for the line to rest
    return bytes(found), errors


# ---- one line


@dataclass
class Bench:
    """One panel, or nobody, on a line; `settings` None is TCP, where nothing can be wrong.

    `says` are control lines with the second at which each is told to the panel.
    """

    machine: Machine | None
    settings: str | None = None
    plan: Plan | None = None
    says: list[tuple[float, str]] = field(default_factory=list)
    echo: bool = False
    counts_errors: bool = True
    sent: list[bytes] = field(default_factory=list)
    told: list[Tell] = field(default_factory=list)
    tuned: list[str | None] = field(default_factory=list)
    now_ns: int = 0
    first_heard_ns: int | None = None
    first_sent_ns: int | None = None

    def run(self, scan: Scan, seconds_max: float = 3600.0) -> Result:
        """Let it go on until the scan is done."""
        self._scan = scan
        self._at: str | None = None
        self._errors = 0
        self._result: Result | None = None
        self._perform(scan.begin())
        while (found := self._found()) is None:
            assert self.now_ns < seconds_max * S, "a scan ends"
            self._step()
        return found

    def _found(self) -> Result | None:
        return self._result

    def _step(self) -> None:
        panel_ns = self.machine.deadline_ns() if self.machine else None
        said_ns = int(self.says[0][0] * S) if self.says else None
        due = [one for one in (self._scan.deadline_ns(), panel_ns, said_ns) if one is not None]
        assert due, "somebody has to do something"
        self.now_ns = max(self.now_ns, min(due))
        if said_ns is not None and said_ns <= self.now_ns:
            command = Command.parse(self.says.pop(0)[1])
            self._panel(Commanded(command))
        elif panel_ns is not None and panel_ns <= self.now_ns:
            self._panel(PanelTicked())
        deadline_ns = self._scan.deadline_ns()
        if self._result is None and deadline_ns is not None and deadline_ns <= self.now_ns:
            self._perform(self._scan.handle(Ticked(), self.now_ns))

    def _panel(self, happened: Any) -> None:
        if self.machine is None:
            return
        for output in self.machine.handle(happened, self.now_ns):
            if hasattr(output, "data") and hasattr(output, "covers"):
                self._say(output.data)

    def _say(self, data: bytes) -> None:
        """The panel says something: heard as the port is tuned."""
        if self._result is not None:
            return
        if self.first_heard_ns is None:
            self.first_heard_ns = self.now_ns
        errors: int | None = None
        if self.settings is not None:
            assert self._at is not None
            data, more = sampled(data, self.settings, self._at)
            self._errors += more
            errors = self._errors if self.counts_errors else None
        self._perform(self._scan.handle(Heard(data, errors), self.now_ns))

    def _perform(self, actions: list[Any]) -> None:
        for action in actions:
            match action:
                case Tune(settings):
                    self.tuned.append(settings)
                    self._at, self._errors = settings, 0
                    if len(self.tuned) == 1:
                        self._panel(Plugged())
                    self._perform(self._scan.handle(Tuned(), self.now_ns))
                case Send(data):
                    self.sent.append(data)
                    if self.first_sent_ns is None:
                        self.first_sent_ns = self.now_ns
                    if self.echo:
                        self._perform(self._scan.handle(Heard(data, None), self.now_ns))
                    if self.settings is not None:
                        assert self._at is not None
                        data, _ = sampled(data, self._at, self.settings)
                    self._panel(PanelHeard(data))
                case Tell():
                    self.told.append(action)
                case Done(result):
                    self._result = result


def plan(settings: str | None = "9600-8N1", **changes: Any) -> Plan:
    """A plan as the command makes it: for a serial port, or (None) for TCP."""
    found: tuple[str | None, ...] = (None,) if settings is None else settings_to_try(candidates())
    return Plan(**{"settings": found, **changes})


def find(
    machine: Machine | None, settings: str | None, the_plan: Plan | None = None, **bench: Any
) -> tuple[Result, Bench]:
    """Scan a line with `machine` at its end."""
    line = Bench(machine, settings, **bench)
    result = line.run(Scan(candidates(), the_plan or plan(settings)))
    return result, line


__all__ = [
    "Bench",
    "Failed",
    "UnitPlan",
    "Unplugged",
    "candidates",
    "find",
    "load_face",
    "plan",
    "sampled",
]
