"""Which units of a Modbus bus are there, and whose registers they answer: a pure machine.

A unit is there if it answers the read of one register, be it by an exception.  Then it is asked
the reads of each profile: one fits if all of them are answered.  That a map fits proves no model:
many devices answer the same reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.recognition import NOT_IN_PROBES
from edge_agent.domain.session import Answered, Read, Table
from edge_agent.link.modbus import ModbusFrames

PRESENCE: Final = Read(0, Table.HOLDING_REGISTERS, 0, 1)
PROFILE_READS_MAX: Final = 8  # a large map that answers these answers the others, too
COUNTS_TRIED: Final = 8  # another count gives another CRC, where one holds a byte that must not be
UNITS: Final = range(1, 248)


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """Which units are asked at which settings; `profiles` are names with their reads.

    `is_bus`: somebody vouches that nothing but Modbus is on the line.  Else units whose requests
    hold an ACK or NAK are asked only after another one has answered.
    """

    settings: tuple[str | None, ...]
    units: tuple[int, ...]
    profiles: tuple[tuple[str, tuple[Read, ...]], ...] = ()
    tcp: bool = False
    is_bus: bool = False
    wait_ns: int = 250_000_000


@dataclass(frozen=True, slots=True)
class UnitFound:
    """A unit that answers, and the profiles whose reads it answers."""

    unit: int
    profiles: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `at` of `of` for people."""

    settings: str | None
    unit: int
    frame: bytes
    wait_ns: int
    at: int
    of: int


class UnitScan:
    """Asks one unit after the other, then the found ones for their profiles."""

    def __init__(self, plan: UnitPlan) -> None:
        self._plan = plan
        self._frames = ModbusFrames(tcp=plan.tcp)
        self._order = iter(self._walk())
        self._answer: Answered | None = None
        self._present: str | None = None  # what the presence read was answered
        self._asked = 0
        self._begun = False  # the bus is proven
        self.settings: str | None = plan.settings[0]
        self.found: list[UnitFound] = []
        self.left_out: tuple[int, ...] = ()

    def next(self) -> Asked | None:
        """Return the next request, None at the end."""
        return next(self._order, None)

    def hear(self, data: bytes) -> bool:
        """Take bytes; return whether the request is settled and the next may follow."""
        try:
            settlement = self._frames.feed(data)
        except ValueError:  # a TCP stream that is no Modbus
            return True
        if settlement is None:
            return False
        answer = settlement.answer
        self._answer = answer if isinstance(answer, Answered) else None
        if not settlement.absent:
            self._present = "" if self._answer else getattr(answer, "detail", "")
        return True

    def silence(self) -> None:
        """The request was not answered in time."""
        self._frames.give_up()

    def _walk(self) -> Iterator[Asked]:
        """Every request in turn; each is settled when the next is taken."""
        for settings in self._plan.settings:
            self.settings = settings
            for unit in self._plan.units:
                if self._may_ask(unit):
                    yield from self._look_at(unit)
            if self.found:
                # nothing but a Modbus device answers like this: now all may be asked, and who
                # missed a request gets another
                known = {one.unit for one in self.found}
                self._begun, self._asked = True, len(known)
                for unit in self._plan.units:
                    if unit not in known:
                        yield from self._look_at(unit)
                self.found.sort(key=lambda one: one.unit)
                return
        self.left_out = tuple(unit for unit in self._plan.units if not self._may_ask(unit))

    def _look_at(self, unit: int) -> Iterator[Asked]:
        self._asked += 1
        yield self._ask(unit, self._presence(unit))
        if self._present is None:
            return
        detail, fitting = self._present, []
        for name, reads in self._plan.profiles:
            answered = True
            for read in reads[:PROFILE_READS_MAX]:
                yield self._ask(unit, read)
                if self._answer is None:
                    answered = False
                    break
            if answered and reads:
                fitting.append(name)
        self.found.append(UnitFound(unit, tuple(fitting), detail))

    def _ask(self, unit: int, read: Read) -> Asked:
        self._answer, self._present = None, None
        frame = self._frames.request(unit, read)
        of = len(self._plan.units) * (1 if self._begun else len(self._plan.settings))
        at = min(self._asked, of)
        return Asked(self.settings, unit, frame, self._plan.wait_ns, at, of)

    def _presence(self, unit: int) -> Read:
        """The read whose request holds no byte that it must not hold, where there is one."""
        for count in range(1, COUNTS_TRIED + 1):
            read = Read(0, PRESENCE.table, PRESENCE.address, count)
            if self._is_harmless(unit, read):
                return read
        return PRESENCE

    def _may_ask(self, unit: int) -> bool:
        is_bus = self._plan.is_bus or self._plan.tcp
        return is_bus or self._is_harmless(unit, self._presence(unit))

    def _is_harmless(self, unit: int, read: Read) -> bool:
        frame = self._frames.request(unit, read)
        self._frames.give_up()
        return not set(frame) & set(NOT_IN_PROBES)
