"""The frame of polled panels: when it asks, what silence is, what is void, how commands end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from edge_agent.domain.codes import Codes
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.polled import (
    MISSED_NS,
    PROBE_NS,
    SHOWN_NS,
    Habits,
    Order,
    PolledPanel,
    PolledSession,
    is_shown,
)
from edge_agent.domain.reports import DOUBLED_NS
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Committed,
    Fault,
    FaultKind,
    Frame,
    Opened,
    Received,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.resources import load_codes
from tests.drivers.actions import links, outcomes, sent, signals

HABITS = Habits(probe="here", answer_s=2, poll_s=60, quiet_s=3600, unanswered_max=2)


class Words:
    """Frames are words: `here`, `zone 3 open`, `event 3`, `done`, `bad`, `noise`, `host`; of a
    module whose panel is gone `gone` and `module`."""

    def feed(self, data: bytes) -> list[Frame]:
        return [self._read(word) for word in data.decode().splitlines()]

    def finish(self) -> list[Frame]:
        return []

    @staticmethod
    def _read(word: str) -> Frame:
        kind, *rest = word.split()
        raw = word.encode()
        if kind in ("bad", "noise"):
            return Frame(raw, fault=FaultKind.CHECKSUM if kind == "bad" else FaultKind.NOISE)
        if kind == "zone":
            state = State(rest[1])
            return Frame(raw, kind, (Signal(kind=Kind.ZONE, state=state, zone=int(rest[0])),))
        if kind == "event":
            alarm = Signal(
                kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=int(rest[0]), frame=raw
            )
            return Frame(raw, kind, (alarm,))
        return Frame(raw, "request" if kind == "host" else kind)


class Toy(PolledPanel):
    """The smallest panel there can be."""

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.commands = frozenset({Act.STATUS, Act.CLOCK, Act.BYPASS, Act.UNBYPASS, Act.DISARM})
        self._talk = talk
        self._unseen = bool(setup.options.get("unseen"))
        self.misses = 0

    def decoder(self) -> Words:
        return Words()

    def request(self, name: str) -> bytes:
        return name.encode() + b"?"

    def round(self) -> Sequence[str]:
        return ("here", "zone")

    def proves(self, frame: Frame) -> bool:
        return frame.type not in ("gone", "module")

    def missed(self) -> None:
        self.misses += 1

    def forget(self, standing: tuple[Signal, ...]) -> None:
        self._known = standing

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        talk = self._talk
        match frame.type:
            case "event":
                if talk.is_doubled(frame, now_ns):
                    return [Fault(FaultKind.REPEAT)]
                return talk.report(talk.proven.heard(frame.signals))
            case "gone":
                return talk.lost("its module says so", now_ns)
            case "done":
                return talk.judged("done", frame, now_ns)
            case "program":
                return talk.program(frame.raw.endswith(b"on"), now_ns)
            case "zone":
                told = talk.report(talk.proven.map("zone", frame.signals, frame.raw))
                talk.answered("zone", now_ns)
                return told + talk.judged("zone", frame, now_ns)
        talk.answered("here", now_ns)
        return []

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        if command.act is Act.CLOCK:
            return Order(f"{ours:%H%M}".encode(), "" if self._unseen else "here")
        if command.act is Act.DISARM:
            return Order(b"disarm", "done", is_answered=True)
        return Order(b"press", "zone") if command.zone else None

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        if frame.type == "done":
            return frame.raw == b"done"
        states = [signal.state for signal in frame.signals if signal.zone == command.zone]
        return (State.BYPASSED in states) is (command.act is Act.BYPASS) if states else None


class Talk:
    """A session with a clock of its own."""

    def __init__(
        self, habits: Habits = HABITS, standing: tuple[Signal, ...] = (), **options: Any
    ) -> None:
        setup = Setup(CODES, None, options)
        self.session = PolledSession(setup, habits, Toy)
        self.now_ns = 1000 * NS
        self.first = self.take(Opened((), standing)) + self.wait(0)

    def take(self, happened: Any) -> list[Action]:
        return self.session.handle(happened, self.now_ns)

    def hear(self, *words: str) -> list[Action]:
        return self.take(Received("\n".join(words).encode()))

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), list[Action]()
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.take(Ticked())
        self.now_ns = end_ns
        return done

    def order(self, act: Act, zone: int | None = None) -> list[Action]:
        return self.take(Commanded(7, Command(act=act, zone=zone)))

    def answer(self) -> None:
        """Answer the whole round."""
        self.hear("here")
        self.hear("zone 3 closed")


CODES: Codes = load_codes()


# ---- asking


def test_the_whole_state_is_asked_for_at_once_and_each_interval() -> None:
    talk = Talk()
    assert sent(talk.first) == [b"here?"]
    assert sent(talk.hear("here")) == [b"zone?"]
    assert links(talk.hear("zone 3 open")) == []
    assert sent(talk.wait(59)) == []
    assert sent(talk.wait(1)) == [b"here?"]


def test_where_zones_are_asked_for_once_only_presence_is_polled() -> None:
    talk = Talk(replace(HABITS, polls_all=False))
    talk.answer()
    assert sent(talk.wait(60)) == [b"here?"]
    talk.hear("here")
    assert sent(talk.wait(59)) == []


def test_damage_makes_it_ask_anew_when_the_line_is_quiet() -> None:
    talk = Talk(replace(HABITS, resync_s=20))
    talk.answer()
    talk.wait(30)
    actions = talk.hear("bad")
    assert [one.kind for one in actions if isinstance(one, Fault)] == [FaultKind.CHECKSUM]
    assert sent(talk.wait(MISSED_NS / NS)) == [b"here?"]
    talk.answer()
    talk.hear("bad")
    assert sent(talk.wait(19.9)) == [], "no more often than each 20 s"
    assert sent(talk.wait(0.2)) == [b"here?"]


@pytest.mark.parametrize("is_damage", [True, False])
def test_noise_is_damage_where_it_may_be_the_rest_of_an_event(is_damage: bool) -> None:
    talk = Talk(replace(HABITS, noise_is_damage=is_damage))
    talk.answer()
    talk.hear("noise")
    assert bool(sent(talk.wait(3))) is is_damage


def test_a_damaged_frame_is_not_shown_unless_the_driver_says_so() -> None:
    [fault] = [one for one in Talk().hear("bad 1234") if isinstance(one, Fault)]
    assert fault.frame == b""


def test_many_damaged_frames_are_a_noisy_line() -> None:
    found = [one for one in Talk().hear("bad", "bad") if isinstance(one, Finding)]
    assert [(one.cause, one.active) for one in found] == [(Cause.LINE_NOISE, True)]


def test_what_hosts_say_proves_nobody() -> None:
    assert links(Talk().hear("host asks")) == []


# ---- silence


def test_a_panel_that_does_not_answer_is_lost_once_and_probed_until_it_does() -> None:
    talk = Talk()
    actions = talk.wait(10)
    assert links(actions) == [False]
    assert FaultKind.SILENCE in [one.kind for one in actions if isinstance(one, Fault)]
    assert sent(actions) == [b"here?", b"zone?", b"zone?"], "each twice"
    more = talk.wait(5 * PROBE_NS / NS)
    assert set(sent(more)) == {b"here?"}
    assert links(more) == []
    assert links(talk.hear("here")) == [True]
    assert sent(talk.wait(0)) == [b"here?"], "the whole state, from its beginning"


def test_after_an_absence_all_is_void_but_what_is_in_the_journal() -> None:
    stands = Signal(kind=Kind.FIRE, code="110", state=State.ACTIVE, zone=9)
    talk = Talk(standing=(stands,))
    talk.answer()
    assert talk.session.proven.state(Kind.ZONE, 3) is State.CLOSED
    talk.wait(100)
    assert talk.session.online is False
    [again] = signals(talk.hear("zone 3 closed"))
    assert again.origin is Origin.AT_START
    assert talk.session.proven.standing == (stands,)


def test_a_panel_that_its_module_has_lost_is_gone_and_the_module_proves_nothing() -> None:
    talk = Talk()
    assert links(talk.hear("module")) == []
    talk.answer()
    assert links(talk.hear("gone")) == [False]
    assert links(talk.hear("gone", "module")) == []
    assert sent(talk.wait(PROBE_NS / NS))[0] == b"here?"
    assert links(talk.hear("here")) == [True]


def test_one_that_speaks_by_itself_is_gone_when_it_does_not_whatever_its_module_answers() -> None:
    talk = Talk(replace(HABITS, speaks=True, quiet_s=30, unanswered_max=1000))
    talk.answer()
    assert links(talk.wait(29) + talk.hear("module")) == []
    assert links(talk.wait(1)) == [False]
    assert sent(talk.wait(PROBE_NS / NS)) == [b"here?"]
    assert links(talk.wait(100)) == []
    assert links(talk.hear("event 3")) == [True]


def test_a_panel_is_told_that_something_may_be_lost() -> None:
    talk = Talk()
    panel = talk.session._panel
    assert isinstance(panel, Toy)
    talk.hear("bad", "noise", "here", "host")
    assert panel.misses == 2


def test_an_answer_that_is_needed_is_asked_for_again() -> None:
    talk = Talk(replace(HABITS, polls_all=False, needed=frozenset({"zone"}), unanswered_max=9))
    talk.hear("here")
    assert sent(talk.wait(4.1)) == [b"zone?", b"here?"], "once more, then whether it is there"
    talk.hear("here")
    assert b"zone?" in sent(talk.wait(3) + talk.hear("here"))


def test_who_only_listens_waits_for_a_word() -> None:
    talk = Talk(listen_only=True)
    assert sent(talk.first) == []
    assert outcomes(talk.order(Act.STATUS)) == [Outcome.FORBIDDEN]
    assert links(talk.hear("event 3")) == [True]
    assert sent(talk.hear("bad")) == []
    actions = talk.wait(3600)
    assert (links(actions), sent(actions)) == ([False], [])
    assert talk.session.deadline_ns() is None


def test_a_panel_in_programming_is_left_alone_and_then_read_anew() -> None:
    talk = Talk(replace(HABITS, programming_s=600))
    talk.answer()
    talk.hear("program on")
    assert outcomes(talk.order(Act.STATUS)) == [Outcome.REFUSED]
    assert sent(talk.wait(599)) == []
    talk.hear("program off")
    assert sent(talk.wait(0)) == [b"here?"]
    talk.hear("program on")
    assert links(talk.wait(600)) == [False]


# ---- events


def test_the_same_event_at_once_was_doubled_and_later_is_another() -> None:
    talk = Talk()
    assert len(signals(talk.hear("event 3", "event 3"))) == 1
    talk.now_ns += DOUBLED_NS + 1
    assert len(signals(talk.hear("event 3"))) == 1
    assert len(signals(talk.hear("event 4"))) == 1
    assert talk.take(Committed(1)) == []


# ---- commands


def ready(habits: Habits = HABITS, **options: Any) -> Talk:
    talk = Talk(habits, **options)
    talk.answer()
    return talk


def test_a_command_is_sent_once_and_seen_to_be_done() -> None:
    talk = ready()
    assert sent(talk.order(Act.BYPASS, 3)) == [b"press"]
    assert outcomes(talk.hear("zone 3 closed")) == [], "not asked yet: that was before"
    assert sent(talk.wait(1)) == [b"zone?"]
    assert outcomes(talk.hear("zone 4 closed")) == [], "not about it"
    assert outcomes(talk.hear("zone 3 bypassed")) == [Outcome.DONE]
    assert outcomes(talk.hear("zone 3 bypassed")) == []


def test_a_command_without_effect_is_refused_and_one_without_an_answer_unanswered() -> None:
    talk = ready()
    talk.order(Act.BYPASS, 3)
    talk.wait(1)
    assert outcomes(talk.hear("zone 3 closed")) == [Outcome.REFUSED]
    talk.order(Act.BYPASS, 3)
    actions = talk.wait(6)
    assert outcomes(actions) == [Outcome.UNANSWERED]
    assert b"press" not in sent(actions)


def test_a_command_that_no_answer_shows_ends_and_makes_room_for_the_next() -> None:
    talk = ready()
    talk.order(Act.BYPASS, 99)
    talk.wait(1)
    assert outcomes(talk.hear("zone 3 closed")) == [], "it may say more"
    done = talk.wait(SHOWN_NS / NS)
    assert outcomes(done) == [Outcome.UNANSWERED]
    assert outcomes(talk.order(Act.STATUS)) == [Outcome.DONE]


@pytest.mark.parametrize("end", ["program on", "silence"])
def test_a_command_ends_with_what_it_waits_for(end: str) -> None:
    talk = ready(replace(HABITS, settle_s=1000))
    talk.order(Act.BYPASS, 3)
    actions = talk.wait(100) if end == "silence" else talk.hear(end)
    assert outcomes(actions) == [Outcome.UNANSWERED]


def test_one_command_at_a_time_of_those_there_are_while_it_is_there() -> None:
    assert outcomes(Talk().order(Act.STATUS)) == [Outcome.REFUSED], "not there yet"
    talk = ready()
    assert outcomes(talk.order(Act.ARM_AWAY)) == [Outcome.UNSUPPORTED]
    assert outcomes(talk.order(Act.BYPASS)) == [Outcome.REFUSED], "no number"
    talk.order(Act.BYPASS, 3)
    assert outcomes(talk.order(Act.BYPASS, 4)) == [Outcome.REFUSED]


def test_the_state_is_asked_for_on_command() -> None:
    actions = ready().order(Act.STATUS)
    assert (outcomes(actions), sent(actions)) == ([Outcome.DONE], [b"here?"])


def test_the_clock_is_set_only_by_one_that_is_right() -> None:
    talk = ready()
    assert outcomes(talk.order(Act.CLOCK)) == [Outcome.CLOCK_UNSURE]
    talk.take(ClockRead(-talk.now_ns, Trust.SYNCED))
    assert sent(talk.order(Act.CLOCK)) == [b"0000"]


def test_what_no_answer_shows_is_done_when_it_is_sent() -> None:
    talk = ready(unseen=True)
    talk.take(ClockRead(-talk.now_ns, Trust.SYNCED))
    done = talk.order(Act.CLOCK)
    assert (sent(done), outcomes(done)) == ([b"0000"], [Outcome.DONE])
    assert outcomes(talk.order(Act.BYPASS, 3)) == [], "the next one has its turn"


def test_an_order_that_works_both_ways_is_given_where_the_state_is_known_only() -> None:
    talk = ready(replace(HABITS, bypass_toggles=True))
    assert outcomes(talk.order(Act.BYPASS, 4)) == [Outcome.REFUSED]
    assert outcomes(talk.order(Act.UNBYPASS, 3)) == [Outcome.DONE], "it was so already"
    assert sent(talk.order(Act.BYPASS, 3)) == [b"press"]


def test_an_order_that_is_answered_has_its_turn_and_is_done_when_the_panel_says_so() -> None:
    talk = ready()
    assert sent(talk.wait(60)) == [b"here?"]
    assert sent(talk.order(Act.DISARM)) == [], "an answer is awaited"
    assert outcomes(talk.hear("done")) == [], "that was before"
    assert sent(talk.hear("here")) == [b"disarm"]
    assert outcomes(talk.hear("done")) == [Outcome.DONE]
    talk = ready()
    assert sent(talk.order(Act.DISARM)) == [b"disarm"]
    assert outcomes(talk.hear("done not")) == [Outcome.REFUSED]
    talk = ready()
    talk.order(Act.DISARM)
    actions = talk.wait(30)
    assert outcomes(actions) == [Outcome.UNANSWERED]
    assert b"disarm" not in sent(actions), "nobody knows whether it was done"


@pytest.mark.parametrize(
    ("act", "states", "shown"),
    [
        (Act.BYPASS, {State.BYPASSED, State.OPEN}, True),
        (Act.BYPASS, {State.OPEN}, False),
        (Act.UNBYPASS, {State.OPEN}, True),
        (Act.UNBYPASS, {State.BYPASSED, State.OPEN}, False),
        (Act.UNBYPASS, {State.UNKNOWN}, False),
        (Act.UNBYPASS, set(), False),
        (Act.ARM_AWAY, {State.EXIT_DELAY}, True),
        (Act.ARM_AWAY, {State.ARMED_STAY, State.DISARMED}, False),
        (Act.ARM_STAY, {State.ARMED_STAY, State.DISARMED}, True),
        (Act.DISARM, {State.DISARMED}, True),
        (Act.DISARM, {State.DISARMED, State.ARMED_AWAY}, False),
        (Act.DISARM, set(), False),
        (Act.OUTPUT_ON, {State.ON}, True),
        (Act.OUTPUT_OFF, {State.ON}, False),
    ],
)
def test_what_shows_that_a_command_was_done(act: Act, states: set[State], shown: bool) -> None:
    assert is_shown(act, states) is shown
