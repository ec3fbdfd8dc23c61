"""Decides when the gateway tests itself, when it must not, and what it says of the outcome.

A self-test may never be in an alarm's way.  None begins while an alarm is young, and one that goes
on is broken off by the first signal of life, fire or intrusion; what was tried by then counts.

One finding stands for all probes of one cause.  It is said when the first of them fails, again when
another one does, and is over when none fails any more.  What was not tried changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from edge_agent.diagnosis.probes import FINDINGS, Probed
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.evidence.bodies import FindingBody

SECOND_NS = 1_000_000_000
FIRST_NS = 600 * SECOND_NS
"""After the start: by then the clock is synced and links are up, if they will ever be."""

SPREAD_NS = 1200 * SECOND_NS
"""Up to so much later, so that the gateways of an enterprise do not test themselves at once."""

QUIET_NS = 1800 * SECOND_NS
"""How long an alarm is young: the time in which a second detector confirms it (BS 8243: 30 to 60
min).  A signal of its own begins the time anew."""

AGAIN_NS = 3600 * SECOND_NS
"""After a run that found something, so that its end is said within the hour."""

RUN_NS_MAX = 180 * SECOND_NS
"""How long a run may take: eight paths to each of four centers, all of them black holes, would take
longer."""

JITTER = 0.2  # of the interval: a tenth less to a tenth more
_GOLDEN = 0.618_034  # its multiples, modulo one, are spread evenly however many there are


@dataclass(frozen=True, slots=True)
class Alarmed:
    """A signal of life, fire, intrusion or tamper was heard."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wants a self-test now."""

    actor: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over; `whole` False where it was broken off."""

    probed: tuple[Probed, ...]
    whole: bool = True


Happened: TypeAlias = Alarmed | Asked | Ended


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a run for `actor`."""

    actor: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """None now: `reason` is a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class BreakOff:
    """End the run that goes on; `Ended` follows."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Say a finding, or its end."""

    finding: FindingBody


Action: TypeAlias = Begin | Refuse | BreakOff | Tell

SCHEDULE = "schedule"


class Routine:
    """The self-tests of one run of the agent.

    `every_ns` None: only when asked.  `spread` is 0 to 1, another one for each gateway.
    """

    def __init__(self, every_ns: int | None, spread: float, now_ns: int) -> None:
        self._every_ns = every_ns
        self._spread = spread
        self._runs = 0
        self._next_ns = None if every_ns is None else now_ns + FIRST_NS + int(spread * SPREAD_NS)
        self._quiet_ns = now_ns  # from when on no alarm is young
        self._began_ns: int | None = None
        self._breaking = False
        self._holds: dict[str, dict[str, Probed]] = {}  # by cause: what fails, by what it is
        self._told: dict[str, FindingBody] = {}

    @property
    def running(self) -> bool:
        """Whether a run goes on."""
        return self._began_ns is not None

    def deadline_ns(self) -> int | None:
        """Return when `handle` is to be called without anything having happened."""
        if self._began_ns is not None:
            return None if self._breaking else self._began_ns + RUN_NS_MAX
        return None if self._next_ns is None else max(self._next_ns, self._quiet_ns)

    def handle(self, happened: Happened | None, now_ns: int) -> list[Action]:
        """Take what happened, None where the deadline has come; return what is to be done."""
        match happened:
            case Alarmed():
                self._quiet_ns = now_ns + QUIET_NS
                return self._break_off("an alarm came")
            case Asked(actor):
                return self._asked(actor, now_ns)
            case Ended(probed, whole):
                return self._ended(probed, whole=whole, now_ns=now_ns)
        return self._due(now_ns)

    # ---- when

    def _due(self, now_ns: int) -> list[Action]:
        deadline_ns = self.deadline_ns()
        if deadline_ns is None or now_ns < deadline_ns:
            return []
        if self._began_ns is not None:
            return self._break_off(f"it did not end within {RUN_NS_MAX // SECOND_NS} s")
        return self._begin(SCHEDULE, now_ns)

    def _asked(self, actor: str, now_ns: int) -> list[Action]:
        if self._began_ns is not None:
            return []  # who asks sees the one that goes on
        if now_ns < self._quiet_ns:
            minutes = -(-(self._quiet_ns - now_ns) // (60 * SECOND_NS))
            return [Refuse(f"an alarm is young: nothing is probed for {minutes} min more")]
        return self._begin(actor, now_ns)

    def _begin(self, actor: str, now_ns: int) -> list[Action]:
        self._began_ns, self._breaking = now_ns, False
        return [Begin(actor)]

    def _break_off(self, reason: str) -> list[Action]:
        if self._began_ns is None or self._breaking:
            return []
        self._breaking = True
        return [BreakOff(reason)]

    def _plan(self, now_ns: int, *, whole: bool) -> None:
        self._runs += 1
        if self._every_ns is None:
            return
        again = min(self._every_ns, AGAIN_NS)
        if whole and not self._holds:
            share = (self._spread + self._runs * _GOLDEN) % 1 - 0.5
            again = int(self._every_ns * (1 + JITTER * share))
        self._next_ns = now_ns + again

    # ---- what is said

    def _ended(self, probed: Iterable[Probed], *, whole: bool, now_ns: int) -> list[Action]:
        if self._began_ns is None:
            return []
        self._began_ns = None
        told: list[Action] = []
        for cause, failing in _by_cause(probed, self._holds).items():
            before = self._holds.pop(cause, {})
            if failing:
                self._holds[cause] = failing
            if failing.keys() - before.keys():
                told.append(Tell(self._found(cause, failing)))
            elif not failing and cause in self._told:
                told.append(Tell(replace(self._told.pop(cause), over=True)))
        self._plan(now_ns, whole=whole)
        return told

    def _found(self, cause: str, failing: Mapping[str, Probed]) -> FindingBody:
        several = list(failing.values())
        probes = dict.fromkeys(f"probe.{one.probe}" for one in several)
        finding = FindingBody(
            panel=GATEWAY_PANEL,
            cause=cause,
            severity=max((FINDINGS[one.probe].severity for one in several), key=_SEVERITY.index),
            reasons=tuple(probes),
            remedy=several[0].remedy,
            detail="; ".join(f"{one.what}: {one.detail}" for one in several),
        )
        self._told[cause] = finding
        return finding


_SEVERITY = ["notice", "maintain", "urgent"]


def _by_cause(
    probed: Iterable[Probed], held: Mapping[str, Mapping[str, Probed]]
) -> dict[str, dict[str, Probed]]:
    """Return what fails now of every cause concerned: what was not tried stays as it was."""
    failing = {cause: dict(known) for cause, known in held.items()}
    for one in probed:
        meaning = FINDINGS.get(one.probe)
        if meaning is None or one.good is None:
            continue
        of_cause = failing.setdefault(meaning.cause, {})
        of_cause.pop(one.what, None)
        if not one.good:
            of_cause[one.what] = one
    return failing
