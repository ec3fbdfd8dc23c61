"""Decides an update, step by step (pure): what is done next, when it is kept, when taken back.

Five phases are written down before what they stand for is done, and what they stand for may be done
twice.  So whatever kills the process or cuts the power, the next one reads the phase and goes on:

| phase | written | what a process that finds it does |
|---|---|---|
| filling | before the release's folder is made | says so, removes the folder |
| ready | when the folder is whole | waits for a good moment to switch |
| trial | before `current` is switched | switches (again) and watches the new release prove itself |
| kept | when it has | lets `good` follow, raises the floor, says so |
| back | when it has not | switches `current` to `good`, says so, removes the new release |

A release proves itself by a receipt of each required center under it, and by a self-test that finds
nothing which the one before the switch did not find.  The switch waits while an alarm is young, the
disk refuses or the center is away: it could not be told then whether the release is good, and a
restart is a second of deafness.  Silence is believed after two minutes only: an agent that is just
being started, as after a power cut, says nothing either.  What was done to the links and cannot be
recorded because no agent answers is recorded by the first that does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from edge_agent.evidence.manifest import Order, order_of, version_of
from edge_agent.update.marker import WORDS_CHARS_MAX, Marker, Phase, Word

SECOND_NS = 1_000_000_000
LOOK_NS = 2 * SECOND_NS
"""From one look at the agent to the next; looking costs it a few milliseconds."""

GATE_LOOK_NS = 30 * SECOND_NS
"""The same while the switch waits for quiet: minutes, mostly."""

GATE_NS_MAX = 4 * 3600 * SECOND_NS
"""How long the switch waits; then somebody should hear that it does not come."""

ANSWER_NS_MAX = 120 * SECOND_NS
"""How long an agent may stay silent before it counts as one that does not run: systemd gives a
start 60 s and a stop 20."""

PROOF_NS_MAX = 900 * SECOND_NS
"""How long a receipt may take: a gateway that was connected before is connected again in seconds,
by its spare path in minutes."""

TRIAL_NS_MAX = 3600 * SECOND_NS
"""How long the self-test may be put off by alarms; their receipts then speak for the release."""

TESTS_MAX = 3
"""So many self-tests in a row must find something new: a lookup that fails once is no verdict."""

TEST_AGAIN_NS = 60 * SECOND_NS

EPOCHS_MAX = 3
"""A release that starts more often than that within its trial does not stay up."""

RESUMED_MAX = 2
"""Nor does one under which the machine went down more often."""


# ---- what comes


@dataclass(frozen=True, slots=True)
class Installed:
    """The release's folder is whole; `why` says what is wrong with it, and is empty otherwise."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The agent that runs, as it tells; `trouble` is why nothing may be switched now.

    `proven`: every required center has receipted something in this epoch.
    """

    version: str
    epoch: str
    proven: bool
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Silent:
    """No agent answers."""


@dataclass(frozen=True, slots=True)
class SelfTested:
    """What a self-test found bad; None: there was none, and `why`."""

    bad: tuple[str, ...] | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was told last is in the journal, or `why` not."""

    why: str = ""


Input: TypeAlias = Installed | Seen | Silent | SelfTested | Recorded | None

# ---- what is done


@dataclass(frozen=True, slots=True)
class Write:
    """Write this down, durably, before anything else is done."""

    marker: Marker


@dataclass(frozen=True, slots=True)
class Install:
    """Make the release's folder, check it: `Installed` follows."""


@dataclass(frozen=True, slots=True)
class Look:
    """Ask the agent how it stands: `Seen` or `Silent` follows."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Have the agent test itself: `SelfTested` follows."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Have the agent record it: `Recorded` follows."""

    word: Word
    detail: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Let the service go by this version."""

    version: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Have the service end in order and start again."""


@dataclass(frozen=True, slots=True)
class Settle:
    """This version is the good one; nothing below `minimum` from now on."""

    version: str
    minimum: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove releases: `version`, or, None, all but the running one and the one before it."""

    version: str | None
    before: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Say why nothing happens for a while."""

    why: str


@dataclass(frozen=True, slots=True)
class End:
    """It is over."""

    word: Word
    detail: str


Action: TypeAlias = (
    Write | Install | Look | SelfTest | Tell | Switch | Restart | Settle | Remove | Wait | End
)


@dataclass(slots=True)
class _Trial:
    """What was seen since the switch."""

    restarted_ns: int
    heard_ns: int
    restarted: bool = False  # the service, by this process
    first_ns: int | None = None  # when it answered first
    epochs: set[str] = field(default_factory=set)
    proven: bool = False
    tested: bool = False  # or nothing to compare a self-test with
    tests: int = 0
    test_ns: int = 0  # not before


class Update:
    """One update; a new one begins with `filling`, one that was `found` is gone on with."""

    def __init__(self, marker: Marker, now_ns: int, *, found: bool = False) -> None:
        self.marker = marker
        self._found = found
        self._began_ns = self._heard_ns = now_ns
        self._look_ns: int | None = None
        self._trial = self._new_trial(now_ns)
        self._over = False
        self._said = ""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self._over

    def deadline_ns(self) -> int | None:
        """Return when `handle(None, ...)` is to be called."""
        return self._look_ns

    def begin(self, now_ns: int) -> Sequence[Action]:
        """Return what is done first."""
        marker = self.marker
        match marker.phase:
            case Phase.FILLING if not self._found:
                return [Write(marker), Install()]
            case Phase.FILLING | Phase.READY:
                return [Look()]
            case Phase.TRIAL:
                return self._resume_trial(now_ns)
            case Phase.KEPT:
                return self._settle()
        return [Switch(marker.before), Look()]

    def handle(self, happened: Input, now_ns: int) -> Sequence[Action]:
        """Take what happened; None: the deadline has come."""
        self._look_ns = None
        match happened:
            case None:
                return [Look()]
            case Installed(why):
                return self._refuse(why) if why else [self._write(phase=Phase.READY), Look()]
            case Recorded(why):
                return self._recorded(why, now_ns)
        match self.marker.phase:
            case Phase.FILLING | Phase.READY:
                return self._gate(happened, now_ns)
            case Phase.TRIAL:
                return self._try(happened, now_ns)
            case Phase.KEPT:
                return self._tell_rest(happened, now_ns)
            case Phase.BACK:
                return self._go_back(happened, now_ns)

    def _new_trial(self, now_ns: int, *, restarted: bool = False) -> _Trial:
        return _Trial(now_ns, now_ns, restarted, tested=self.marker.blind)

    def _write(self, **changes: Any) -> Write:
        self.marker = replace(self.marker, **changes)
        return Write(self.marker)

    def _wait(self, why: str, now_ns: int, for_ns: int = LOOK_NS) -> Sequence[Action]:
        self._look_ns = now_ns + for_ns
        if why == self._said:
            return []
        self._said = why
        return [Wait(why)] if why else []

    def _sentence(self, rest: str = "") -> str:
        said = f"from {self.marker.before} to {self.marker.version}"
        return f"{said}: {rest}" if rest else said

    # ---- before the switch

    def _gate(self, happened: Input, now_ns: int) -> Sequence[Action]:
        """Wait until a switch would hold back nothing, and its success could be seen."""
        if isinstance(happened, Silent):
            if now_ns - self._heard_ns < ANSWER_NS_MAX:
                return self._wait("no agent answers", now_ns)
        else:
            self._heard_ns = now_ns
        if self.marker.phase is Phase.FILLING:
            return self._refuse("it was cut off before the switch; give it again")
        match happened:
            case Silent():  # nothing to hold back, and nothing to lose
                told = (*self.marker.untold, (Word.BEGUN, self._sentence("no agent answered")))
                return self._switch(now_ns, untold=told, blind=True)
            case Seen(version=version) if version != self.marker.before:
                return self._refuse(
                    f"version {version} runs, and {self.marker.before} is installed: restart it"
                )
            case Seen(trouble=why) if why:
                return self._put_off(why, now_ns)
            case Seen():
                return [SelfTest()]
            case SelfTested(None, why):
                return self._put_off(why, now_ns)
            case SelfTested(bad):
                self.marker = replace(self.marker, bad=tuple(bad or ()))
                return [Tell(Word.BEGUN, self._sentence())]
        return []

    def _put_off(self, why: str, now_ns: int) -> Sequence[Action]:
        if now_ns - self._began_ns >= GATE_NS_MAX:
            return self._refuse(f"it could not be switched to in time: {why}")
        return self._wait(why, now_ns, GATE_LOOK_NS)

    def _refuse(self, why: str) -> Sequence[Action]:
        self._over = True
        why = why[:WORDS_CHARS_MAX]
        return [
            Tell(Word.REFUSED, self._sentence(why)),
            Remove(self.marker.version, self.marker.before),
            End(Word.REFUSED, self._sentence(why)),
        ]

    def _switch(self, now_ns: int, **changes: Any) -> Sequence[Action]:
        write = self._write(phase=Phase.TRIAL, **changes)
        self._trial = self._new_trial(now_ns, restarted=True)
        self._look_ns = now_ns + LOOK_NS
        return [write, Switch(self.marker.version), Restart()]

    # ---- the trial

    def _resume_trial(self, now_ns: int) -> Sequence[Action]:
        if self.marker.resumed >= RESUMED_MAX:
            return self._give_up("the machine went down again and again", now_ns)
        write = self._write(resumed=self.marker.resumed + 1)
        return [write, Switch(self.marker.version), Look()]

    def _try(self, happened: Input, now_ns: int) -> Sequence[Action]:
        trial = self._trial
        match happened:
            case SelfTested(bad, why):
                return self._judge_test(bad, why, now_ns)
            case Seen(version=version) if version == self.marker.version:
                return self._watch(happened, now_ns)
            case Seen() if not trial.restarted:  # cut off between the switch and the restart
                return self._restart(now_ns)
        if now_ns - max(trial.heard_ns, trial.restarted_ns) >= ANSWER_NS_MAX:
            said = "it does not start" if trial.first_ns is None else "its agent does not answer"
            return self._give_up(said, now_ns)
        return self._wait(f"waiting for {self.marker.version} to answer", now_ns)

    def _restart(self, now_ns: int) -> Sequence[Action]:
        self._trial.restarted, self._trial.restarted_ns = True, now_ns
        self._look_ns = now_ns + LOOK_NS
        return [Restart()]

    def _watch(self, seen: Seen, now_ns: int) -> Sequence[Action]:
        trial = self._trial
        trial.heard_ns = now_ns
        trial.first_ns = now_ns if trial.first_ns is None else trial.first_ns
        trial.epochs.add(seen.epoch)
        trial.proven = trial.proven or seen.proven
        tried_ns = now_ns - trial.first_ns
        if len(trial.epochs) > EPOCHS_MAX:
            return self._give_up("it ends again and again", now_ns)
        if trial.proven and (trial.tested or tried_ns >= TRIAL_NS_MAX):
            return self._keep()
        if not trial.proven and tried_ns >= PROOF_NS_MAX:
            return self._give_up("no receipt of the center came", now_ns)
        if trial.proven and not trial.tested and now_ns >= trial.test_ns:
            return [SelfTest()]
        return self._wait("waiting for its proof", now_ns)

    def _judge_test(self, bad: tuple[str, ...] | None, why: str, now_ns: int) -> Sequence[Action]:
        trial = self._trial
        trial.heard_ns = now_ns
        if bad is None:
            trial.test_ns = now_ns + TEST_AGAIN_NS
            return self._wait(why, now_ns)
        new = [one for one in bad if one not in self.marker.bad]
        if not new:
            trial.tested = True
            return [Look()]
        trial.tests += 1
        trial.test_ns = now_ns + TEST_AGAIN_NS
        found = f"its self-test finds: {', '.join(new)}"
        if trial.tests >= TESTS_MAX:
            return self._give_up(found, now_ns)
        return self._wait(found, now_ns)

    # ---- its end

    def _keep(self) -> Sequence[Action]:
        said = "receipted and self-tested"
        if self.marker.blind or not self._trial.tested:
            said = "receipted; no self-test could be had"
        told = (*self.marker.untold, (Word.CONFIRMED, self._sentence(said)))
        return [self._write(phase=Phase.KEPT, untold=told, why=said), *self._settle()]

    def _settle(self) -> Sequence[Action]:
        marker = self.marker
        return [
            Switch(marker.version),
            Settle(marker.version, marker.minimum),
            Remove(None, marker.before),
            *self._tell_next(),
        ]

    def _give_up(self, why: str, now_ns: int) -> Sequence[Action]:
        why = why[:WORDS_CHARS_MAX]
        said = f"from {self.marker.version} to {self.marker.before}: {why}"
        told = (*self.marker.untold, (Word.SWITCHED_BACK, said))
        self._trial = self._new_trial(now_ns, restarted=True)
        self._look_ns = now_ns + LOOK_NS
        write = self._write(phase=Phase.BACK, untold=told, why=why)
        return [write, Switch(self.marker.before), Restart()]

    def _go_back(self, happened: Input, now_ns: int) -> Sequence[Action]:
        """Wait until the release before runs again, and restart the service until it does."""
        if isinstance(happened, Seen) and happened.version == self.marker.before:
            return self._tell_next()
        runs_on = isinstance(happened, Seen) and not self._trial.restarted
        if runs_on or now_ns - self._trial.restarted_ns >= ANSWER_NS_MAX:
            return self._restart(now_ns)
        return self._wait(f"waiting for {self.marker.before} to answer", now_ns)

    def _tell_rest(self, happened: Input, now_ns: int) -> Sequence[Action]:
        if isinstance(happened, Seen):
            return self._tell_next()
        return self._wait("waiting for an agent to record it", now_ns)

    def _tell_next(self) -> Sequence[Action]:
        if self.marker.untold:
            return [Tell(*_first(self.marker.untold))]
        self._over = True
        marker = self.marker
        if marker.phase is Phase.KEPT:
            return [End(Word.CONFIRMED, self._sentence(marker.why))]
        removed = Remove(marker.version, marker.before)
        said = f"from {marker.version} to {marker.before}: {marker.why}"
        return [removed, End(Word.SWITCHED_BACK, said)]

    def _recorded(self, why: str, now_ns: int) -> Sequence[Action]:
        if self._over:  # a refusal; it is told once, whether or not somebody listens
            return []
        if self.marker.phase is Phase.READY:
            return self._put_off(why, now_ns) if why else self._switch(now_ns)
        if why:
            return self._wait(why, now_ns)
        return [self._write(untold=self.marker.untold[1:]), *self._tell_next()]


def _first(untold: Sequence[tuple[str, str]]) -> tuple[Word, str]:
    word, detail = untold[0]
    return Word(word), detail


def refusal(version: str, running: str, floor: Order | None) -> str:
    """Return why a verified release is not installed, or nothing."""
    if order_of(version) == order_of(running):
        return f"{running} runs already"
    if floor is not None and order_of(version) < floor:
        lowest = version_of(floor)
        return f"{version} is below {lowest}, the lowest version that releases since allow"
    return ""
