"""Decides what the body's readings mean: each rule with its limits, their reason and source.

A reading that was never there is hardware that this gateway does not have.  One that was there and
is gone, or was asked for by the configuration, is a finding: unknown is not normal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edge_agent.domain.body import GATEWAY_PANEL, BodySettings
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.health.debounce import Band, Debounce, S

Readings = Mapping[str, float]
"""What was read, by name; a name that is missing could not be read.  A flag is 0 or 1."""

LOST_NS = 30 * S
"""How long a reading must be missing: drivers are unloaded and buses reset in passing."""

TEMPERATURE_BAND_C = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a reading becomes a finding.

    `says` is what was measured, filled with `value` and `limit`.  `bad_after_ns` and
    `good_after_ns`: how long it must hold.
    """

    id: str
    reading: str
    cause: str
    severity: Severity
    band: Band
    bad_after_ns: int
    good_after_ns: int
    says: str
    remedy: str
    supply: str | None = None

    def finding(self, value: float) -> FindingBody:
        """Return what the rule says of `value`."""
        return FindingBody(
            panel=GATEWAY_PANEL,
            cause=self.cause,
            severity=self.severity,
            reasons=(self.id,),
            remedy=self.remedy,
            detail=self.says.format(value=value, limit=self.band.bad_at),
            part=None if self.supply is None else ("supply", self.supply),
        )


FLAG = Band(1, 0)

UNDER_VOLTAGE = Rule(
    # The Raspberry Pi's detector trips at 4.63 V +- 5 % (its documentation).  The kernel keeps a
    # dip for two seconds; dips come in series, so that one series is one finding.
    id="body.under_voltage",
    reading="under_voltage",
    cause="supply_low",
    severity=Severity.MAINTAIN,
    band=FLAG,
    bad_after_ns=0,
    good_after_ns=60 * S,
    says="the board's supply fell below 4.63 V",
    remedy="use the supply made for the board, a short thick cable, a powered USB hub",
    supply="main",
)
THROTTLED = Rule(
    id="body.throttled",
    reading="throttled",
    cause="throttled",
    severity=Severity.NOTICE,
    band=FLAG,
    bad_after_ns=30 * S,
    good_after_ns=60 * S,
    says="the firmware slows the processor down",
    remedy="see to temperature and supply",
)
LIFE = Rule(
    # JEDEC eMMC 5.0: steps of 10 % of the rated life; the last steps leave months.
    id="body.card_life",
    reading="card_life_percent",
    cause="card_worn",
    severity=Severity.MAINTAIN,
    band=Band(80, 79),
    bad_after_ns=0,
    good_after_ns=0,
    says="up to {value:g} % of the card's rated life is used, limit {limit:g} %",
    remedy="change the card or module at the next visit",
)
RESERVE = Rule(
    # JEDEC eMMC 5.0 PRE_EOL_INFO: 1 normal, 2 80 % of the spare blocks used, 3 90 %.
    id="body.card_reserve",
    reading="card_reserve_step",
    cause="card_worn",
    severity=Severity.URGENT,
    band=Band(2, 1),
    bad_after_ns=0,
    good_after_ns=0,
    says="the card has used most of its spare blocks (step {value:g} of 3)",
    remedy="change the card or module now: it will refuse to write",
)
WRITES = Rule(
    # A gateway writes some 100 MB a day (4.4 kB an event).  A consumer card of 32 GB stands some
    # 10 TB: at 10 GB a day that is under three years.
    id="body.card_writes",
    reading="card_gb_a_day",
    cause="card_writes",
    severity=Severity.MAINTAIN,
    band=Band(10, 5),
    bad_after_ns=0,
    good_after_ns=0,
    says="{value:.1f} GB a day are written to the journal's card, limit {limit:g}",
    remedy="find what writes (iotop, logs, swap) and move it off the card",
)
HANDLES = Rule(
    # The unit allows 1024; the agent holds some 20 and two a panel.  At the limit no line could be
    # opened again, so that this must come well before.
    id="body.handles",
    reading="handles_percent",
    cause="handles_low",
    severity=Severity.URGENT,
    band=Band(70, 60),
    bad_after_ns=0,
    good_after_ns=60 * S,
    says="{value:.0f} % of the process's file handles are in use, limit {limit:g} %",
    remedy="restart the agent at a quiet moment, and report this with the log",
)
THREADS = Rule(
    # The unit allows 64 tasks; the agent runs the loop, the journal's and a few passing ones.
    id="body.threads",
    reading="threads",
    cause="threads_many",
    severity=Severity.URGENT,
    band=Band(40, 32),
    bad_after_ns=10 * S,
    good_after_ns=60 * S,
    says="{value:.0f} threads run, limit {limit:g}",
    remedy="restart the agent at a quiet moment, and report this with the log",
)
MEMORY = Rule(
    # The unit slows the agent at 192 MiB and ends it at 256; the budget is 76 MB with 8 panels.
    id="body.memory",
    reading="memory_mib",
    cause="memory_high",
    severity=Severity.MAINTAIN,
    band=Band(150, 130),
    bad_after_ns=60 * S,
    good_after_ns=60 * S,
    says="the agent holds {value:.0f} MiB of memory, limit {limit:g}",
    remedy="restart the agent at a quiet moment, and report this with the log",
)
PRESSURE = Rule(
    # Kernel's pressure stall information: share of a minute in which somebody waited for memory.
    id="body.memory_pressure",
    reading="memory_pressure_percent",
    cause="memory_short",
    severity=Severity.NOTICE,
    band=Band(20, 5),
    bad_after_ns=60 * S,
    good_after_ns=120 * S,
    says="programs waited {value:.0f} % of the last minute for memory, limit {limit:g} %",
    remedy="find what else runs on this gateway, or use a board with more memory",
)


def rules_of(settings: BodySettings) -> tuple[Rule, ...]:
    """Return all rules, with the limits that the configuration sets."""
    hot = settings.temperature_max_c
    temperature = Rule(
        # Raspberry Pi: the firmware slows down from 80 C on and stops at 85 C.  Elsewhere cards and
        # capacitors age: twice as fast for every 10 degrees.
        id="body.temperature",
        reading="temperature_c",
        cause="overheated",
        severity=Severity.MAINTAIN,
        band=Band(hot, hot - TEMPERATURE_BAND_C),
        bad_after_ns=10 * S,
        good_after_ns=60 * S,
        says="{value:.1f} C, limit {limit:g} C",
        remedy="give the gateway air, shade or a heat sink; clean its vents",
    )
    return (
        *(temperature, UNDER_VOLTAGE, THROTTLED, LIFE, RESERVE, WRITES, HANDLES, THREADS),
        *(MEMORY, PRESSURE),
    )


class _Watched:
    """One rule at work."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._debounce = Debounce(rule.bad_after_ns, rule.good_after_ns)
        self._is_bad = False
        self.holds: FindingBody | None = None

    def handle(self, value: float, now_ns: int) -> list[FindingBody]:
        self._is_bad = self.rule.band.judge(value, self._is_bad)
        if not self._debounce.handle(self._is_bad, now_ns):
            return []
        was, self.holds = self.holds, self.rule.finding(value) if self._is_bad else None
        if self.holds is not None:
            return [self.holds]
        return [replace(was, over=True)] if was is not None else []


class _Presence:
    """Whether a reading that should be there is."""

    def __init__(self, reading: str, expected: bool) -> None:
        self.reading = reading
        self._expected = expected
        self._debounce = Debounce(LOST_NS, 0)
        self.seen = False
        self.holds: FindingBody | None = None

    def handle(self, there: bool, why: str, now_ns: int) -> list[FindingBody]:
        self.seen = self.seen or there
        if not (self.seen or self._expected) or not self._debounce.handle(not there, now_ns):
            return []
        was, self.holds = self.holds, None if there else self._finding(why)
        if self.holds is not None:
            return [self.holds]
        return [replace(was, over=True)] if was is not None else []

    def _finding(self, why: str) -> FindingBody:
        gone = "cannot be read any more" if self.seen else "is configured and cannot be read"
        return FindingBody(
            panel=GATEWAY_PANEL,
            cause="source_lost",
            severity=Severity.URGENT if self._expected else Severity.MAINTAIN,
            reasons=(f"body.lost.{self.reading}",),
            remedy="check its driver, wiring and rights (page 'Operating a gateway')",
            detail=f"{self.reading} {gone}" + (f": {why}" if why else ""),
        )


class Findings:
    """All rules over all readings.  `expected` are readings that the configuration asks for."""

    def __init__(self, rules: Iterable[Rule], expected: Iterable[str] = ()) -> None:
        self._rules = [_Watched(rule) for rule in rules]
        wanted = list(expected)
        names = dict.fromkeys([*(one.rule.reading for one in self._rules), *wanted])
        self._presences = [_Presence(name, name in wanted) for name in names]

    def handle(
        self, readings: Readings, now_ns: int, why: Mapping[str, str] | None = None
    ) -> list[FindingBody]:
        """Take all readings of `now_ns`; return what became a finding or is over.

        `why` says of missing ones why they are.
        """
        found: list[FindingBody] = []
        for one in self._rules:
            value = readings.get(one.rule.reading)
            if value is not None:
                found += one.handle(value, now_ns)
        for presence in self._presences:
            reason = (why or {}).get(presence.reading, "")
            found += presence.handle(presence.reading in readings, reason, now_ns)
        return found

    def holding(self) -> list[FindingBody]:
        """Return what holds now."""
        parts: list[_Watched | _Presence] = [*self._rules, *self._presences]
        return [part.holds for part in parts if part.holds is not None]

    def absent(self) -> list[str]:
        """Return the readings that were never there."""
        return [presence.reading for presence in self._presences if not presence.seen]
