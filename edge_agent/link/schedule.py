"""Decides who is asked next on a Modbus bus, and for how long an answer is awaited.

One request is on the bus at a time.  Units that answer take turns.  A unit that misses three times
in a row is dead: it is probed ever more rarely, mostly with a short wait, and all its reads fail
together.  Between two questions to units that may not answer, every unit that does gets its turn.
So a dead unit costs the others a few per cent at first and less than one later.
Figures: protocol practice of fire panels and remote inputs (answer within 300 ms, three misses are
a lost device), 3.5 characters of silence between RTU frames (1.75 ms above 19200 baud).
"""

from collections import deque
from dataclasses import dataclass, field, replace

from edge_agent.domain.session import Read, Table, Write

MISSES_DEAD = 3
PROOFS_ALIVE = 3  # answers in a row until a unit that was dead is trusted like any other
PROBE_FIRST_NS = 1_000_000_000
PROBE_LAST_NS = 30_000_000_000
PROBE_FULL_EVERY = 4  # a unit may come back slower than it was, or was never heard
PACE_MARGIN = 3  # a unit is probed for three times its slowest answer so far
READS_WAITING_MAX = 32  # of one unit: a profile has a handful of blocks; more is a session's bug

_BITS_A_CHARACTER = 11
_REQUEST_CHARACTERS = 8  # unit, function, address, count, CRC
_ANSWER_CHARACTERS = 5  # unit, function, byte count, CRC
_SILENT_CHARACTERS = 3.5
_SILENT_NS_MIN = 1_750_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a bus is: `character_ns` is 0 where bytes take no time (TCP)."""

    answer_ns: int = 300_000_000
    probe_ns: int = 100_000_000
    gap_ns: int = 0
    character_ns: int = 0

    def wire_ns(self, wanted: Read | Write) -> int:
        """Return how long request and answer are on the wire."""
        if isinstance(wanted, Write):
            return self.character_ns * 2 * (_REQUEST_CHARACTERS + len(wanted.values))
        bits = wanted.table in (Table.COILS, Table.DISCRETE_INPUTS)
        octets = (wanted.count + 7) // 8 if bits else 2 * wanted.count
        return self.character_ns * (_REQUEST_CHARACTERS + _ANSWER_CHARACTERS + octets)


def rtu_pace(baud: int, answer_ns: int = 300_000_000, gap_ns: int = 0) -> Pace:
    """Return the pace of a serial bus; a `gap_ns` longer than the standard's silence is kept."""
    character_ns = _BITS_A_CHARACTER * 1_000_000_000 // baud
    silent_ns = max(_SILENT_NS_MIN, int(_SILENT_CHARACTERS * character_ns))
    return Pace(answer_ns=answer_ns, gap_ns=max(silent_ns, gap_ns), character_ns=character_ns)


# ---- inputs


@dataclass(frozen=True, slots=True)
class Wanted:
    """The session of `unit` wants to read or write."""

    unit: int
    wanted: Read | Write


@dataclass(frozen=True, slots=True)
class Settled:
    """The request on the bus is over: its unit answered or refused.

    `absent` says that a gateway answered in its stead: that the unit is not there.
    """

    absent: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The session of `unit` is gone: what it wanted concerns nobody."""

    unit: int


@dataclass(frozen=True, slots=True)
class Passed:
    """Time has passed."""


BusInput = Wanted | Settled | Left | Passed

# ---- actions


@dataclass(frozen=True, slots=True)
class Ask:
    """Put this request on the bus."""

    unit: int
    wanted: Read | Write


@dataclass(frozen=True, slots=True)
class Failed:
    """This request is over without an answer; `asked` says whether it was on the bus."""

    unit: int
    wanted: Read | Write
    detail: str
    asked: bool


BusAction = Ask | Failed


@dataclass(slots=True)
class _Unit:
    waiting: deque[Read | Write] = field(default_factory=deque)
    served: int = -1  # the turn in which it was asked last
    misses: int = 0  # in a row
    proofs: int = 0  # answers in a row
    condemned: bool = False  # it was dead and has not proven itself since
    probes: int = 0
    probe_wait_ns: int = PROBE_FIRST_NS
    not_before_ns: int = 0
    slowest_ns: int = 0  # of its answers

    @property
    def dead(self) -> bool:
        return self.misses >= MISSES_DEAD

    @property
    def trusted(self) -> bool:
        return self.proofs > 0 and not self.condemned

    def answered(self, took_ns: int) -> None:
        self.misses = 0
        self.proofs += 1
        self.not_before_ns = 0
        self.slowest_ns = max(self.slowest_ns, took_ns)
        if self.proofs >= PROOFS_ALIVE:
            self.condemned = False
            self.probe_wait_ns = PROBE_FIRST_NS

    def missed(self, now_ns: int, answer_ns: int) -> None:
        self.proofs = 0
        self.misses = MISSES_DEAD if self.condemned else self.misses + 1
        # Its late answer must not be taken for the answer to the next request: RTU has no numbers.
        self.not_before_ns = now_ns + answer_ns
        if self.dead:
            self.condemned = True
            self.probes += 1
            self.not_before_ns = now_ns + self.probe_wait_ns
            self.probe_wait_ns = min(2 * self.probe_wait_ns, PROBE_LAST_NS)


@dataclass(frozen=True, slots=True)
class _Flight:
    unit: int
    wanted: Read | Write
    asked_ns: int
    until_ns: int
    orphan: bool = False


class Schedule:
    """The turns of one bus."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._units: dict[int, _Unit] = {}
        self._flight: _Flight | None = None
        self._free_ns = 0  # the bus must be silent until then
        self._turn = 0
        self._doubtful_turn = -1  # when a unit that may not answer was asked last

    def handle(self, happened: BusInput, now_ns: int) -> list[BusAction]:
        """Take one input; return what to do."""
        actions: list[BusAction] = []
        match happened:
            case Wanted(unit, wanted):
                actions += self._want(unit, wanted)
            case Settled(absent):
                actions += self._settle(absent, now_ns)
            case Left(unit):
                self._leave(unit)
            case Passed():
                pass
        if self._flight is not None and now_ns >= self._flight.until_ns:
            actions += self._miss(self._flight, now_ns)
        return actions + self._ask(now_ns)

    def deadline_ns(self) -> int | None:
        """Return when `Passed` is wanted."""
        if self._flight is not None:
            return self._flight.until_ns
        waiting = [unit.not_before_ns for unit in self._units.values() if unit.waiting]
        return max(self._free_ns, min(waiting)) if waiting else None

    def _want(self, unit: int, wanted: Read | Write) -> list[BusAction]:
        waiting = self._units.setdefault(unit, _Unit()).waiting
        if len(waiting) >= READS_WAITING_MAX:
            return [Failed(unit, wanted, "more reads wait than the bus can carry", asked=False)]
        waiting.append(wanted)
        return []

    def _leave(self, unit: int) -> None:
        if unit in self._units:
            self._units[unit].waiting.clear()
        if self._flight is not None and self._flight.unit == unit:
            self._flight = replace(self._flight, orphan=True)

    def _settle(self, absent: bool, now_ns: int) -> list[BusAction]:
        flight = self._flight
        if flight is None:
            return []
        unit = self._units[flight.unit]
        if absent:
            return self._missed(unit, flight, "the gateway does not reach it", now_ns)
        unit.answered(now_ns - flight.asked_ns)
        self._land(now_ns)
        return []

    def _miss(self, flight: _Flight, now_ns: int) -> list[BusAction]:
        detail = f"no answer within {(flight.until_ns - flight.asked_ns) // 1_000_000} ms"
        failed: list[BusAction] = []
        if not flight.orphan:
            failed.append(Failed(flight.unit, flight.wanted, detail, asked=True))
        return failed + self._missed(self._units[flight.unit], flight, detail, now_ns)

    def _missed(self, unit: _Unit, flight: _Flight, detail: str, now_ns: int) -> list[BusAction]:
        unit.missed(now_ns, self._pace.answer_ns)
        self._land(now_ns)
        if not unit.dead:
            return []
        failed = [Failed(flight.unit, wanted, detail, asked=False) for wanted in unit.waiting]
        unit.waiting.clear()
        return list(failed)

    def _land(self, now_ns: int) -> None:
        self._flight = None
        self._free_ns = now_ns + self._pace.gap_ns

    def _ask(self, now_ns: int) -> list[BusAction]:
        if self._flight is not None or now_ns < self._free_ns:
            return []
        number = self._choose(now_ns)
        if number is None:
            return []
        unit = self._units[number]
        if not unit.trusted:
            self._doubtful_turn = self._turn
        unit.served = self._turn
        self._turn += 1
        wanted = unit.waiting.popleft()
        until_ns = now_ns + self._pace.wire_ns(wanted) + self._wait_ns(unit)
        self._flight = _Flight(number, wanted, now_ns, until_ns)
        return [Ask(number, wanted)]

    def _choose(self, now_ns: int) -> int | None:
        """Trusted units not yet served since the last doubtful one, then a doubtful one."""
        ready = [
            number
            for number, unit in self._units.items()
            if unit.waiting and unit.not_before_ns <= now_ns
        ]
        trusted = [number for number in ready if self._units[number].trusted]
        first = [n for n in trusted if self._units[n].served < self._doubtful_turn]
        doubtful = [number for number in ready if not self._units[number].trusted]
        choice = first or doubtful or trusted
        return min(choice, key=lambda number: self._units[number].served, default=None)

    def _wait_ns(self, unit: _Unit) -> int:
        if not unit.dead or unit.probes % PROBE_FULL_EVERY == 0:
            return self._pace.answer_ns
        return min(self._pace.answer_ns, max(self._pace.probe_ns, PACE_MARGIN * unit.slowest_ns))
