"""The frame of a session with a panel that says events by itself and is asked for its state.

Pure.  What all such protocols have in common is decided here: when to ask, what silence is, what
is void after an absence, one command at a time and how it is seen to be done.  A driver brings its
`Habits` (a table) and a `PolledPanel`: what its frames say and how its orders are written.

    session=lambda setup: PolledSession(setup, HABITS, MyPanel)
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge_agent.domain.asking import Asking, Pace
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelClock
from edge_agent.domain.proven import Proven
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.reports import Reports
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Decoder,
    Fault,
    FaultKind,
    Frame,
    Input,
    Link,
    Obeyed,
    Opened,
    Received,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

PROBE_NS = 10 * NS_PER_S  # how often an absent panel is asked whether it is there
SHOWN_NS = 30 * NS_PER_S  # so long after its check was answered a command's effect may yet show
MISSED_NS = 2 * NS_PER_S  # after damage the state is asked for again, when the line is quiet

BYPASSES = (Act.BYPASS, Act.UNBYPASS)
_WANTED = {
    Act.BYPASS: {State.BYPASSED},
    Act.ARM_AWAY: {State.ARMED_AWAY, State.EXIT_DELAY},
    Act.ARM_STAY: {State.ARMED_STAY, State.EXIT_DELAY},
    Act.DISARM: {State.DISARMED},
    Act.OUTPUT_ON: {State.ON},
    Act.OUTPUT_OFF: {State.OFF},
}
_DAMAGE = frozenset({FaultKind.CHECKSUM, FaultKind.LENGTH, FaultKind.SHAPE})


def is_shown(act: Act, states: set[State]) -> bool:
    """Tell whether points in these states show that it was done.

    Of several areas one that is armed shows that, and all that are disarmed.
    """
    match act:
        case Act.UNBYPASS:
            return bool(states) and not states & {State.BYPASSED, State.UNKNOWN}
        case Act.DISARM | Act.OUTPUT_ON | Act.OUTPUT_OFF:
            return states == _WANTED[act]
    return bool(states & _WANTED[act])


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a panel is talked to.

    `probe` is the request that shows whether it is there, repeated each `poll_s`; `quiet_s` is how
    long it may be silent where it is not asked: by a driver that only listens, or, for
    `programming_s`, while it is being programmed.  One that `speaks` by itself may never be silent
    for longer: what its module answers proves nothing.  With `polls_all` the whole state is asked
    for each `poll_s`, else at the start and after damage only, and no more often than `resync_s`.
    """

    probe: str
    answer_s: float
    poll_s: float
    quiet_s: float
    speaks: bool = False
    polls_all: bool = True
    resync_s: float = 0.0
    programming_s: float | None = None  # None: `quiet_s`
    pause_s: float = 0.0  # of quiet between an answer and the next request
    unanswered_max: int = 3  # given up in a row, each asked twice: it is not there
    settle_s: float = 1.0  # a command takes effect within this, before it is asked whether it did
    once: frozenset[str] = frozenset()  # requests whose answer is too long to ask for it twice
    needed: frozenset[str] = frozenset()  # requests whose answer no later event makes up for
    noise_is_damage: bool = False  # what is no frame may be the rest of an event
    bypass_toggles: bool = False  # the same order takes a zone out and in
    summer_time: bool = True  # the panel's clock has it, where the site has
    host_types: frozenset[str] = frozenset({"request"})  # frames of hosts, heard along


@dataclass(frozen=True, slots=True)
class Order:
    """What makes the panel do something, and the request that shows whether it did.

    Where nothing can be asked that shows it, `check` is "" and it is done when it is sent.  With
    `is_answered` nothing has to be asked: the panel itself answers, and `check` is the name by
    which the driver has that answer `judged`.
    """

    data: bytes
    check: str
    is_answered: bool = False


class PolledPanel(Protocol):
    """What is special of a protocol; a driver's own begins with this one."""

    commands: frozenset[Act]

    def decoder(self) -> Decoder:
        """Return a fresh decoder."""

    def request(self, name: str) -> bytes:
        """Return the frame that asks for `name`."""

    def round(self) -> Sequence[str]:
        """Return the requests that show the whole state."""

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """Take a good frame."""

    def order(self, command: Command, ours: datetime | None) -> Order | str | None:
        """Return how to order it, None where a number or the code is missing, a sentence where the
        panel would not do it now; `ours` is the time, not None for `clock`."""

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | str | None:
        """Judge by the answer to the check: True, or why not (False: nothing has changed).

        None where it is not about it.  What no answer shows ends as unanswered.
        """

    def proves(self, frame: Frame) -> bool:
        """Tell whether a good frame shows that the panel is there, and not its module alone."""
        del frame
        return True

    def missed(self) -> None:
        """Something was refused: what the panel said just now may be lost."""
        return

    def opened(self, opened: Opened, now_ns: int) -> None:
        """The line is up; `forget` follows."""

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """Nothing is known but what stands in the journal."""

    def given_up(self, name: str) -> list[Action]:
        """No answer came to `name`, or none to its end."""
        del name
        return []

    def shown(self, frame: Frame) -> bytes:
        """Return what of a damaged frame may be logged: nothing that could hold a user code."""
        del frame
        return b""


@dataclass(slots=True)
class _Doing:
    id: int
    command: Command
    check: str
    from_ns: int
    asked: bool = False
    is_answered: bool = False  # as of its order
    until_ns: int | None = None  # its check was answered without showing it: how long it may yet


class PolledSession:
    """One conversation; `proven`, `clock` and the methods below are for its panel too."""

    def __init__(
        self,
        setup: Setup,
        habits: Habits,
        panel: Callable[[Setup, "PolledSession"], PolledPanel],
    ) -> None:
        self.setup = setup
        self.listen_only = bool(setup.options.get("listen_only", False))
        self.clock = PanelClock(setup.zone, summer_time=habits.summer_time)
        self.proven = Proven()
        self._habits = habits
        self._poll_ns = seconds_ns(setup, "poll_s", habits.poll_s)
        self._quiet_ns = seconds_ns(setup, "quiet_s", habits.quiet_s)
        told_s = habits.programming_s
        self._programming_ns = self._quiet_ns if told_s is None else int(told_s * NS_PER_S)
        pause_ns, answer_ns = int(habits.pause_s * NS_PER_S), int(habits.answer_s * NS_PER_S)
        self._asking = Asking(Pace(answer_ns, tries=2, pause_ns=pause_ns))
        self._quality = LineQuality()
        self._reports = Reports()
        self._panel = panel(setup, self)
        self._begin(0)

    def _begin(self, now_ns: int) -> None:
        self._decoder = self._panel.decoder()
        self.online: bool | None = None
        self.programming = False
        self._heard_ns = now_ns
        self._poll_at_ns = now_ns
        self._round_at_ns: int | None = now_ns
        self._round_was_ns = now_ns - int(self._habits.resync_s * NS_PER_S)
        self._reports.clear()
        self._doing: _Doing | None = None
        self._asking.clear()
        self._forget(())

    def _forget(self, standing: Iterable[Signal]) -> None:
        known = tuple(standing)
        self.proven.forget(known)
        self._panel.forget(known)

    def deadline_ns(self) -> int | None:
        """Return when to ask, to repeat, or to give up."""
        silent_ns = None if self.online is False else self._heard_ns + self._silence_ns
        if self.listen_only or self.programming:
            return silent_ns
        due = [self._asking.deadline_ns(), self._poll_at_ns, self._round_at_ns]
        if self._habits.speaks:
            due.append(silent_ns)
        if self._doing is not None:
            due.append(self._doing.until_ns if self._doing.asked else self._doing.from_ns)
        return min(at_ns for at_ns in due if at_ns is not None)

    @property
    def _silence_ns(self) -> int:
        return self._programming_ns if self.programming else self._quiet_ns

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        actions: list[Action] = []
        match happened:
            case Opened(standing=standing):
                self._begin(now_ns)
                self._panel.opened(happened, now_ns)
                self._forget(standing)
            case ClockRead():
                self.clock.read(happened)
            case Received(data):
                for frame in self._decoder.feed(data):
                    actions += self._on_frame(frame, now_ns)
            case Commanded(number, command):
                actions += self._command(number, command, now_ns)
            case Ticked():
                actions += self._wake(now_ns)
            case _:
                pass  # nothing is acknowledged, and there is one peer and no register
        return actions if self.listen_only else actions + self._ask(now_ns)

    # ---- for the panel

    def want(self, name: str, *, first: bool = False) -> None:
        """Ask for `name` when its turn comes."""
        tries = 1 if name in self._habits.once else None
        self._asking.ask(name, self._panel.request(name), tries=tries, first=first)

    def coming(self, name: str, now_ns: int) -> None:
        """The answer to `name` still comes."""
        self._asking.coming(name, now_ns)

    def answered(self, name: str, now_ns: int) -> bool:
        """The answer to `name` has come; returns whether just this was awaited."""
        return self._asking.answered(name, now_ns)

    def report(self, signals: tuple[Signal, ...]) -> list[Action]:
        """Record signals of one frame."""
        return self._reports.of(signals)

    def is_doubled(self, frame: Frame, now_ns: int) -> bool:
        """Tell whether this event is the last one once more, doubled by the line."""
        return self._reports.is_doubled(frame, now_ns)

    def refresh(self, now_ns: int) -> None:
        """Ask for the whole state soon: something may have been missed."""
        if self.online is not False:
            resync_ns = self._round_was_ns + int(self._habits.resync_s * NS_PER_S)
            soon_ns = max(now_ns + MISSED_NS, resync_ns)
            at_ns = self._round_at_ns
            self._round_at_ns = soon_ns if at_ns is None else min(at_ns, soon_ns)

    def program(self, begins: bool, now_ns: int) -> list[Action]:
        """The panel is being programmed, and silent; or is so no more, and perhaps another one."""
        self._asking.clear()
        self.programming = begins
        if not begins:
            self._round_at_ns = now_ns
            return []
        if self._doing is None:
            return []
        return [self._done(Outcome.UNANSWERED, "the panel is being programmed")]

    def judged(self, name: str, frame: Frame, now_ns: int) -> list[Action]:
        """Take the answer to `name`: it may show whether a command was done."""
        doing = self._doing
        if doing is None or not doing.asked or doing.check != name:
            return []
        if doing.is_answered and not self._asking.awaits(name):
            return []  # it still waits for its turn: this was said before
        is_done = self._panel.is_done(doing.command, frame, now_ns)
        if is_done is None:
            return []
        self._asking.answered(name, now_ns)
        if is_done is True:
            return [self._done(Outcome.DONE, "")]
        return [self._done(Outcome.REFUSED, is_done or "no change")]

    def refused(self, why: str) -> list[Action]:
        """The panel answered that it will not do what it was told."""
        return [] if self._doing is None else [self._done(Outcome.REFUSED, why)]

    # ---- asking

    def _wake(self, now_ns: int) -> list[Action]:
        if self.listen_only or self.programming or self._habits.speaks:
            is_quiet = now_ns - self._heard_ns >= self._silence_ns
            why = " since programming began" if self.programming else ""
            if is_quiet and self.online is not False:
                return self.lost(f"nothing was heard{why}", now_ns)
        if self.listen_only or self.programming:
            return []
        if self._round_at_ns is not None and now_ns >= self._round_at_ns:
            self._round_was_ns, self._poll_at_ns = now_ns, now_ns + self._poll_ns
            self._round_at_ns = self._poll_at_ns if self._habits.polls_all else None
            for name in self._panel.round():
                self.want(name)
        elif now_ns >= self._poll_at_ns:
            self._poll_at_ns = now_ns + (PROBE_NS if self.online is False else self._poll_ns)
            self.want(self._habits.probe)
        doing = self._doing
        if doing is not None and not doing.asked and now_ns >= doing.from_ns:
            doing.asked = True
            self.want(doing.check)
        return []

    def _ask(self, now_ns: int) -> list[Action]:
        if self.programming:
            return []
        actions = self._asking.due(now_ns)
        for name in self._asking.given_up:
            if self._doing is not None and self._doing.asked and self._doing.check == name:
                actions.append(self._done(Outcome.UNANSWERED, "no answer to whether it was done"))
            if name == self._habits.probe or name in self._habits.needed:
                self._poll_at_ns = now_ns  # is it there at all
            if name in self._habits.needed:
                self.refresh(now_ns)
            actions += self._panel.given_up(name)
        self._asking.given_up.clear()
        actions += self._unshown(now_ns)
        if self._asking.unanswered >= self._habits.unanswered_max:
            actions = [a for a in actions if not isinstance(a, Send)]
            actions += self.lost("no answer", now_ns)
        return actions

    def _unshown(self, now_ns: int) -> list[Action]:
        """End a command whose check has its answer, and nothing shows what became of it."""
        doing = self._doing
        if doing is None or not doing.asked:
            return []
        if doing.until_ns is None:
            if self._asking.is_open(doing.check):
                return []
            # to an order there is one answer; how a point is may be said once more
            doing.until_ns = now_ns + (0 if doing.is_answered else SHOWN_NS)
        if now_ns < doing.until_ns:
            return []
        return [self._done(Outcome.UNANSWERED, "the answer does not say whether it was done")]

    def lost(self, reason: str, now_ns: int) -> list[Action]:
        """The panel is not there: it is asked now and then, and begins anew when it is back."""
        self._asking.clear()
        self.programming = False
        self._poll_at_ns, self._round_at_ns = now_ns + PROBE_NS, None
        actions: list[Action] = []
        if self._doing is not None:
            actions.append(self._done(Outcome.UNANSWERED, reason))
        if self.online is False:
            return actions
        self.online = False
        return [*actions, Fault(FaultKind.SILENCE, reason), Link(online=False, reason=reason)]

    # ---- hearing

    def _on_frame(self, frame: Frame, now_ns: int) -> list[Action]:
        if frame.type in self._habits.host_types:
            return []  # our own, heard along, or that of another host
        if frame.fault is not None:
            self._panel.missed()
        if frame.fault is FaultKind.NOISE:
            if self._habits.noise_is_damage:
                self.refresh(now_ns)
            return [Fault(FaultKind.NOISE, "", frame.raw[:FRAME_BYTES_MAX])]
        if frame.fault is not None:
            self.refresh(now_ns)  # perhaps an event was lost
            bad = self._quality.bad() if frame.fault in _DAMAGE else []
            return [Fault(frame.fault, "", self._panel.shown(frame)), *bad]
        # before it says anything, what was proven before is void
        actions = self._alive(now_ns) if self._panel.proves(frame) else []
        return [*actions, *self._panel.hear(frame, now_ns), *self._quality.good()]

    def _alive(self, now_ns: int) -> list[Action]:
        self._heard_ns = now_ns
        if self.online:
            return []
        if self.online is False:  # it was away: nothing that was proven holds
            self._forget(self.proven.standing)
            self._asking.clear()
            self._round_at_ns = now_ns
        self.online = True
        return [Link(online=True)]

    # ---- commands

    def _command(self, number: int, command: Command, now_ns: int) -> list[Action]:
        ours = self.clock.now(now_ns)
        refused = self._refusal(command, ours)
        if refused is not None:
            return [Obeyed(number, *refused)]
        if command.act is Act.STATUS:
            self._round_at_ns = now_ns
            return [Obeyed(number, Outcome.DONE, "asked"), *self._wake(now_ns)]
        order = self._panel.order(command, ours)
        if order is None or isinstance(order, str):
            why = order or "a number or the user code is missing"
            return [Obeyed(number, Outcome.REFUSED, why)]
        if not order.check:
            return [Send(order.data), Obeyed(number, Outcome.DONE, "sent; no answer shows it")]
        if command.act in BYPASSES and self._habits.bypass_toggles:
            # the same order takes it out and in: it is given where the state is known only
            state = self.proven.state(Kind.ZONE, command.zone or 0)
            if state is None:
                return [Obeyed(number, Outcome.REFUSED, "the state of the zone is not known yet")]
            if (state is State.BYPASSED) is (command.act is Act.BYPASS):
                return [Obeyed(number, Outcome.DONE, "it was so already")]
        if order.is_answered:  # it waits for its turn: what is asked now is answered first
            if not self._asking.ask(order.check, order.data, tries=1, first=True):
                return [Obeyed(number, Outcome.REFUSED, "too much waits for an answer")]
            self._doing = _Doing(number, command, order.check, now_ns, asked=True, is_answered=True)
            return []
        from_ns = now_ns + int(self._habits.settle_s * NS_PER_S)
        self._doing = _Doing(number, command, order.check, from_ns)
        return [Send(order.data)]

    def _refusal(self, command: Command, ours: datetime | None) -> tuple[Outcome, str] | None:
        if self.listen_only:
            return Outcome.FORBIDDEN, "this driver only listens"
        if command.act not in self._panel.commands:
            return Outcome.UNSUPPORTED, f"no words for {command.act}"
        if self._doing is not None:
            return Outcome.REFUSED, "another command is under way"
        if self.programming:
            return Outcome.REFUSED, "the panel is being programmed"
        if not self.online:
            return Outcome.REFUSED, "the panel is not there"
        if command.act is Act.CLOCK and ours is None:
            return Outcome.CLOCK_UNSURE, "our own clock is not synced"
        return None

    def _done(self, outcome: Outcome, detail: str) -> Action:
        assert self._doing is not None, "something was under way"
        number, self._doing = self._doing.id, None
        return Obeyed(number, outcome, detail)
