"""How one line is found out: a pure machine that listens first, and asks only into silence.

1. It listens at the commonest settings until something certain is heard.  Bytes that look like a
   wrong speed or parity are listened to at the next settings.  Whoever speaks and is not understood
   is never asked anything: it may be a fire panel that takes strange bytes for a fault.
2. A line that stayed silent is asked the harmless probes of the drivers, setting by setting.
3. Then the units of a Modbus bus are asked, one by one (in `units.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from edge_agent.domain.recognition import Probe, Sureness
from edge_agent.linetools.ears import KEPT_BYTES_MAX, Ears, Past, strip_echo
from edge_agent.linetools.recognise import Candidate, Likeness, fitting_profiles
from edge_agent.linetools.settings import (
    Look,
    Reception,
    has_errors,
    look,
    parities,
    rank,
    settings_of,
    with_parity,
)
from edge_agent.linetools.units import UnitFound, UnitPlan, UnitScan

SECOND_NS: Final = 1_000_000_000
QUIET_NS: Final = 300_000_000  # so long without a byte ends a burst: longer than any pause inside
BURST_NS_MAX: Final = 500_000_000
SETTLE_NS: Final = 1_500_000_000  # a panel that is certain is heard a little longer, for its model
SAMPLE_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class Plan:
    """What may be done on a line.  `settings` is (None,) where there are none: over TCP.

    `listen_ns` is how long silence is listened to at each setting.
    """

    settings: tuple[str | None, ...]
    listen_ns: int = 35 * SECOND_NS
    answer_ns: int = 2 * SECOND_NS
    probes: bool = True
    units: UnitPlan | None = None
    tcp_port: int | None = None


# ---- inputs


@dataclass(frozen=True, slots=True)
class Tuned:
    """The line is open at the settings asked for."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The line does not open, or is lost."""

    cause: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Bytes came; `errors` counts what the port refused since it was tuned, None if it cannot."""

    data: bytes
    errors: int | None = None
    peer: int = 0


@dataclass(frozen=True, slots=True)
class Ticked:
    """The deadline has passed."""


Input = Tuned | Failed | Heard | Ticked

# ---- actions


class Phase(Enum):
    """What is being done."""

    LISTEN = "listen"
    PROBE = "probe"
    MODEL = "model"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Tune:
    """Open the line at these settings."""

    settings: str | None


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Tell:
    """What is being done now, `at` of `of`; it takes `for_ns` unless something is heard."""

    phase: Phase
    at: int
    of: int
    settings: str | None
    for_ns: int
    what: str = ""


class Verdict(Enum):
    """What came of it."""

    RECOGNISED = "recognised"
    UNITS = "units"
    UNKNOWN = "unknown"  # somebody speaks, and no driver understands it
    ECHO = "echo"  # what was sent came back
    SILENT = "silent"
    UNUSABLE = "unusable"  # the line does not open


@dataclass(frozen=True, slots=True)
class Result:
    """What was found out of one line."""

    verdict: Verdict
    settings: str | None = None
    likenesses: tuple[Likeness, ...] = ()
    units: tuple[UnitFound, ...] = ()
    units_left_out: tuple[int, ...] = ()
    sample: bytes = b""
    seen: Look | None = None
    probed: bool = False
    cause: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """It is over."""

    result: Result


Action = Tune | Send | Tell | Done


class Scan:
    """Finds out one line; ends with `Done`, once."""

    def __init__(self, candidates: Sequence[Candidate], plan: Plan) -> None:
        self._candidates = candidates
        self._plan = plan
        self._phase = Phase.LISTEN
        self._at = 0  # of the settings
        self._parity: list[str] | None = None  # to try where frames are read, with errors
        self._with_errors: Result | None = None
        self._tuned: str | None = None  # which of them is tried
        self._ears = Ears(candidates, plan.tcp_port)
        self._heard: list[Past] = []  # what nobody understood
        self._tried = False  # something was asked
        self._echo = False
        self._due_ns: int | None = None
        self._is_open = False
        self._settled_ns: int | None = None
        self._burst_ns: int | None = None  # when what was not looked at yet began
        self._dwell_ns = 0  # when listening at these settings ends
        self._steps = self._probe_steps()
        self._step = -1
        self._asked: Sequence[Any] = ()  # the candidate and its probe
        self._answer = bytearray()
        self._units: UnitScan | None = None
        self._over = False

    def begin(self) -> list[Action]:
        """Return what to do first."""
        return self._tune()

    def deadline_ns(self) -> int | None:
        """Return when `Ticked` is wanted."""
        return self._due_ns

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; return what is to be done, in order."""
        if self._over:
            return []
        match happened:
            case Failed(cause, remedy):
                return self._fail(cause, remedy)
            case Tuned():
                self._is_open = True
                return self._on_tuned(now_ns)
            case Heard() if self._is_open:
                return self._on_heard(happened, now_ns)
            case Ticked():
                if self._due_ns is None or now_ns < self._due_ns:
                    return []
                return self._on_time(now_ns)
            case _:
                return []  # of a line that was closed since

    # ---- what every phase does

    @property
    def _settings(self) -> str | None:
        return self._tuned or self._plan.settings[self._at]

    def _tune(self) -> list[Action]:
        self._due_ns, self._is_open = None, False
        return [Tune(self._settings)]

    def _on_tuned(self, now_ns: int) -> list[Action]:
        match self._phase:
            case Phase.PROBE:
                return self._ask(now_ns)
            case Phase.UNITS:
                return self._ask_unit(now_ns)
            case _:
                self._ears = Ears(self._candidates, self._plan.tcp_port)
                self._settled_ns = self._burst_ns = None
                self._dwell_ns = self._due_ns = now_ns + self._plan.listen_ns
                settings = self._plan.settings
                return [
                    Tell(
                        self._phase,
                        self._at + 1,
                        len(settings),
                        self._settings,
                        self._plan.listen_ns,
                    )
                ]

    def _on_heard(self, heard: Heard, now_ns: int) -> list[Action]:
        match self._phase:
            case Phase.PROBE | Phase.MODEL:
                self._answer += heard.data[: KEPT_BYTES_MAX - len(self._answer)]
                return []
            case Phase.UNITS:
                return self._unit_heard(heard.data, now_ns)
        self._ears.hear(heard.data, heard.errors, now_ns, heard.peer)
        if self._burst_ns is None:
            self._burst_ns = now_ns
        # who never rests is looked at all the same
        look_ns = min(now_ns + QUIET_NS, self._burst_ns + BURST_NS_MAX)
        self._due_ns = min(self._dwell_ns, self._settled_ns or look_ns)
        return []

    def _on_time(self, now_ns: int) -> list[Action]:
        match self._phase:
            case Phase.LISTEN:
                return self._listened(now_ns)
            case Phase.MODEL:
                self._hear_answer(now_ns)
                return self._recognised()
            case Phase.PROBE:
                return self._answered(now_ns)
            case Phase.UNITS:
                return self._unit_silent(now_ns)

    # ---- listening

    def _listened(self, now_ns: int) -> list[Action]:
        self._burst_ns = None
        is_over = now_ns >= self._dwell_ns
        if is_over:
            self._ears.rest(now_ns)
        seen = look(self._ears.reception)
        if seen in (Look.SEVEN_EVEN, Look.SEVEN_ODD) and self._ears.stripped is None:
            self._ears.strip(seen, now_ns)
        sure = self._ears.sureness()
        if sure is Sureness.CERTAIN:
            self._settled_ns = self._settled_ns or min(self._dwell_ns, now_ns + SETTLE_NS)
            if now_ns >= self._settled_ns:
                return self._read(now_ns)
            self._due_ns = self._settled_ns
            return []
        if is_over and sure >= Sureness.LIKELY:
            return self._read(now_ns)
        if is_over or (seen is Look.WRONG_SPEED and sure is Sureness.NO):
            return self._move_on(seen) if self._parity is None else self._next_parity()
        self._due_ns = self._dwell_ns
        return []

    def _read(self, now_ns: int) -> list[Action]:
        """Frames are read; with errors, a bit that nobody asked for is taken for one."""
        settings = self._settings
        if settings is None or self._ears.stripped or not has_errors(self._ears.reception):
            return self._ask_itself(now_ns)
        if self._parity is None:
            self._parity = parities(settings)
            self._with_errors = Result(Verdict.RECOGNISED, settings, self._ears.likenesses())
        return self._next_parity()

    def _next_parity(self) -> list[Action]:
        if not self._parity:
            assert self._with_errors is not None, "frames were read before"
            return self._done(self._with_errors)  # none is better: it is as it was
        self._tuned = self._parity.pop(0)
        return self._tune()

    def _move_on(self, seen: Look) -> list[Action]:
        """Nobody was understood at these settings."""
        if seen is not Look.NOTHING:
            past = Past(self._settings, self._ears.reception, self._ears.likenesses())
            self._heard.append(past)
            if seen is Look.TEXT or past.is_possible:
                return self._unknown()  # the settings are right
        if seen is Look.NOTHING and not self._heard:
            return self._into_silence()  # at no speed is silence anything else
        if self._at + 1 == len(self._plan.settings):
            return self._unknown()
        self._at += 1
        return self._tune()

    def _into_silence(self) -> list[Action]:
        if self._plan.probes and self._steps:
            self._phase = Phase.PROBE
            return self._next_probe()
        return self._begin_units()

    def _unknown(self) -> list[Action]:
        """Somebody speaks: name what is possible, and at which settings it looked best."""
        possible = next((one for one in self._heard if one.is_possible), None)
        best = possible or min(self._heard, key=lambda one: rank(one.reception))
        return self._done(
            Result(
                Verdict.RECOGNISED if possible else Verdict.UNKNOWN,
                settings=best.settings,
                likenesses=best.likenesses,
                sample=best.reception.data[:SAMPLE_BYTES],
                seen=look(best.reception),
            )
        )

    # ---- who was recognised

    def _ask_itself(self, now_ns: int) -> list[Action]:
        """Ask a panel that is known by what it says, to be certain, or for its model."""
        found = self._ears.likenesses()
        candidate = self._candidate(found[0].driver)
        probes = candidate.recognition.probes
        is_open = len(fitting_profiles(candidate, found[0], self._settings)) > 1
        is_worth = is_open or found[0].sureness is not Sureness.CERTAIN
        is_one = len(found) == 1 and not found[0].answers and self._ears.stripped is None
        if not (self._plan.probes and probes and is_worth and is_one):
            return self._recognised()
        self._phase, self._asked = Phase.MODEL, (candidate, probes[0])
        return self._send_probe(1, 1, now_ns)

    def _recognised(self) -> list[Action]:
        settings = self._settings
        if settings is not None and self._ears.stripped is not None:
            settings = with_parity(settings, self._ears.stripped)
        return self._done(Result(Verdict.RECOGNISED, settings, self._ears.likenesses()))

    def _candidate(self, driver: str) -> Candidate:
        return next(one for one in self._candidates if one.driver.name == driver)

    # ---- probing

    def _probe_steps(self) -> list[tuple[int, Candidate, Probe]]:
        """Every probe at every setting at which its panels are met; over TCP all of them."""
        return [
            (at, candidate, probe)
            for at, settings in enumerate(self._plan.settings)
            for candidate in self._candidates
            if settings is None or settings in settings_of(candidate)
            for probe in candidate.recognition.probes
        ]

    def _next_probe(self) -> list[Action]:
        """Tune for the next probe; nothing where the line is tuned for it already."""
        self._step += 1
        if self._step == len(self._steps):
            return self._begin_units()
        at, before, self._at = self._steps[self._step][0], self._at, self._steps[self._step][0]
        if at == before and self._tried:
            return []
        self._ears = Ears(self._candidates, self._plan.tcp_port)
        return self._tune()

    def _ask(self, now_ns: int) -> list[Action]:
        _, *self._asked = self._steps[self._step]
        return self._send_probe(self._step + 1, len(self._steps), now_ns)

    def _send_probe(self, at: int, of: int, now_ns: int) -> list[Action]:
        candidate, probe = self._asked
        self._tried = True
        self._answer.clear()
        wait_ns = self._plan.answer_ns
        self._due_ns = now_ns + wait_ns
        what = f"{candidate.driver.name}: {probe.name}"
        return [Tell(self._phase, at, of, self._settings, wait_ns, what), Send(probe.data)]

    def _hear_answer(self, now_ns: int) -> bytes:
        """Read what came after a probe; return it without our own bytes."""
        candidate, probe = self._asked
        heard, was_echo = strip_echo(bytes(self._answer), probe.data)
        self._echo = self._echo or was_echo
        if heard:
            name = candidate.driver.name
            before = [one.counts(name) for one in self._ears.listeners.values()] or [Counter()]
            self._ears.hear(heard, self._ears.errors, now_ns)
            self._ears.rest(now_ns)
            for listener, old in zip(self._ears.listeners.values(), before, strict=True):
                if probe.answers & set(listener.counts(name) - old):
                    listener.answered(name, probe.name)
        return heard

    def _answered(self, now_ns: int) -> list[Action]:
        heard = self._hear_answer(now_ns)
        if self._ears.sureness() >= Sureness.LIKELY:
            return self._ask_itself(now_ns)
        if heard:
            past = Past(self._settings, Reception(heard), self._ears.likenesses())
            self._heard.append(past)
            if look(past.reception) is not Look.TOO_LITTLE:
                return self._unknown()  # somebody speaks after all: nothing more is asked
        return self._next_probe() or self._ask(now_ns)

    # ---- a bus

    def _begin_units(self) -> list[Action]:
        if self._plan.units is None:
            return self._nobody()
        self._phase = Phase.UNITS
        self._units = UnitScan(self._plan.units)
        at = self._plan.units.settings[0]
        self._at = self._plan.settings.index(at)
        return self._tune()

    def _ask_unit(self, now_ns: int) -> list[Action]:
        assert self._units is not None, "begun"
        asked = self._units.next()
        if asked is None:
            return self._end_of_units()
        if asked.settings != self._settings:
            self._at = self._plan.settings.index(asked.settings)
            return self._tune()
        self._tried = True
        self._due_ns = now_ns + asked.wait_ns
        told = Tell(Phase.UNITS, asked.at, asked.of, self._settings, asked.wait_ns, str(asked.unit))
        return [told, Send(asked.frame)]

    def _unit_heard(self, data: bytes, now_ns: int) -> list[Action]:
        assert self._units is not None, "begun"
        return self._ask_unit(now_ns) if self._units.hear(data) else []

    def _unit_silent(self, now_ns: int) -> list[Action]:
        assert self._units is not None, "begun"
        self._units.silence()
        return self._ask_unit(now_ns)

    def _end_of_units(self) -> list[Action]:
        assert self._units is not None, "begun"
        if not self._units.found:
            return self._nobody()
        return self._done(
            Result(
                Verdict.UNITS,
                self._units.settings,
                units=tuple(self._units.found),
                units_left_out=self._units.left_out,
            )
        )

    # ---- ends

    def _nobody(self) -> list[Action]:
        verdict = Verdict.ECHO if self._echo else Verdict.SILENT
        left_out = self._units.left_out if self._units else ()
        return self._done(Result(verdict, units_left_out=left_out))

    def _fail(self, cause: str, remedy: str) -> list[Action]:
        if self._ears.sureness() >= Sureness.LIKELY:
            return self._recognised()
        return self._done(Result(Verdict.UNUSABLE, cause=cause, remedy=remedy))

    def _done(self, result: Result) -> list[Action]:
        self._over, self._due_ns = True, None
        return [Done(replace(result, probed=self._tried))]
