"""Events that are fetched: confirmed in turn when durable, once, and states only behind them all.

Seen to fail: the confirmation sent beside the queue, a request while an event waited to be durable,
a copy recorded twice after a restart, a state counted while an event waited.
"""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest

from drivers._fetched import FetchedPanel, FetchedSession
from edge_agent.domain.codes import Codes
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.plain import RESETS, VERDICT
from edge_agent.domain.polled import Habits, Order
from edge_agent.domain.session import (
    WAITING,
    Action,
    ClockRead,
    Commanded,
    Committed,
    FaultKind,
    Frame,
    Opened,
    Received,
    Recent,
    Report,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from tests.drivers.actions import faults, outcomes, sent, signals


def read(line: bytes, raw: bytes) -> Frame:
    """`event 7 fire active 3 [TIME]`, `zones fire active 3`, `empty`, `confirmed`; zone 0: none."""
    name, *words = line.decode().split()
    number = words.pop(0) if name == "event" else ""
    told: tuple[Signal, ...] = ()
    if words:
        kind, state, zone = Kind(words[0]), State(words[1]), int(words[2])
        code = {Kind.FIRE: "118", Kind.SYSTEM_TROUBLE: "305"}.get(kind)
        said = Signal(kind=kind, state=state, code=code, zone=zone or None, frame=raw)
        told = (replace(said, panel_time=words[3] if len(words) > 3 else None),)
    resets = "118" if "log" in words else ""
    return Frame(raw, name, told, {"number": number, RESETS: resets})


class Toy(FetchedPanel):
    fetch = "event?"
    rounds = ("zones", "event?")
    latched = MappingProxyType({"305": "seen"})

    def decoder(self) -> LineDecoder:
        return LineDecoder(read)

    def request(self, name: str) -> bytes:
        return name.encode()

    def confirmation(self, event: Frame) -> str:
        return f"have {event.fields['number']}"


class Talk:
    """A session with a clock of its own."""

    def __init__(
        self, opened: Opened | None = None, panel: type[FetchedPanel] = Toy, **options: Any
    ) -> None:
        habits = Habits(probe="zones", answer_s=1, poll_s=60, quiet_s=3600)
        self.session = FetchedSession(Setup(Codes({}, {}), None, options), habits, panel)
        self.now_ns = 0
        self.take(opened or Opened())
        self.begun = self.take(Ticked())

    def take(self, happened: Any) -> list[Action]:
        return self.session.handle(happened, self.now_ns)

    def hear(self, line: str) -> list[Action]:
        return self.take(Received(line.encode() + b"\n"))

    def durable(self, actions: list[Action]) -> list[Action]:
        tokens = [action.token for action in actions if isinstance(action, Report)]
        return [more for token in tokens for more in self.take(Committed(token))]

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), list[Action]()
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.take(Ticked())
        self.now_ns = end_ns
        return done


FIRE = "event 7 fire active 3"


def with_an_event() -> tuple[Talk, list[Action]]:
    talk = Talk()
    assert sent(talk.begun) == [b"zones"]
    assert sent(talk.hear("zones")) == [b"event?"]
    return talk, talk.hear(FIRE)


def test_an_event_is_confirmed_when_it_is_durable_and_nothing_is_asked_before() -> None:
    talk, heard = with_an_event()
    assert [s.zone for s in signals(heard)] == [3]
    assert sent(heard) == []
    waited = talk.wait(300)
    assert (sent(waited), faults(waited)) == ([], [])
    assert sent(talk.durable(heard)) == [b"have 7"]
    assert sent(talk.hear("confirmed")) == [b"event?"]


def test_a_confirmation_without_an_answer_is_asked_again_and_the_copy_is_recorded_once() -> None:
    talk, heard = with_an_event()
    talk.durable(heard)
    assert sent(talk.wait(1)) == [b"have 7"]
    assert sent(talk.wait(1)) == [b"event?"]
    again = talk.hear(FIRE)
    assert (signals(again), faults(again)) == ([], [FaultKind.REPEAT])
    assert sent(again) == [b"have 7"]


def test_the_same_words_are_a_new_event_when_the_panel_let_go_of_the_first() -> None:
    talk, heard = with_an_event()
    talk.durable(heard)
    talk.hear("confirmed")
    assert len(signals(talk.hear(FIRE))) == 1


def test_what_was_recorded_last_is_known_over_a_restart() -> None:
    talk = Talk(Opened(recent=(Recent(FIRE.encode() + b"\n", None),)))
    talk.hear("zones")
    again = talk.hear(FIRE)
    assert (faults(again), sent(again)) == ([FaultKind.REPEAT], [b"have 7"])


def test_what_was_not_durable_when_the_line_was_lost_has_no_confirmation_before_it_is() -> None:
    talk = Talk(Opened(waiting=Recent(FIRE.encode() + b"\n", None)))
    talk.hear("zones")
    assert sent(talk.hear(FIRE)) == []
    assert sent(talk.take(Committed(WAITING))) == [b"have 7"]


def test_what_waited_at_link_up_is_backfill_and_what_comes_later_is_live() -> None:
    talk, heard = with_an_event()
    assert [s.origin for s in signals(heard)] == [Origin.BACKFILL]
    talk.durable(heard)
    talk.hear("confirmed")
    talk.hear("empty")
    assert [s.origin for s in signals(talk.hear("event 8 fire active 4"))] == [Origin.LIVE]


def test_a_state_counts_when_no_event_waits_behind_it() -> None:
    talk = Talk()
    assert signals(talk.hear("zones fire active 3")) == []
    heard = talk.hear(FIRE)  # what the state showed already
    assert len(signals(heard)) == 1
    talk.durable(heard)
    talk.hear("confirmed")
    assert sent(talk.hear("empty")) == [b"zones"]  # it is asked again
    assert signals(talk.hear("zones fire active 4")) == []
    assert [s.zone for s in signals(talk.hear("empty"))] == [4]


def test_a_state_that_the_line_doubled_does_not_count_before_its_turn() -> None:
    """Seen to fail: the double was taken for the answer to another host, and ran ahead."""
    talk = Talk()
    for _ in range(2):
        assert signals(talk.hear("zones fire active 3")) == []
    assert [s.zone for s in signals(talk.hear("empty"))] == [3]
    assert signals(talk.hear("zones fire active 4")) == []


def test_a_late_double_of_none_waits_says_nothing_of_what_was_asked_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen to fail: the first of two states counted, and the event that it showed came behind."""
    monkeypatch.setattr(Toy, "rounds", ("zones", "areas", "event?"))
    talk = Talk()
    assert sent(talk.hear("zones fire active 3")) == [b"areas"]
    assert signals(talk.hear("empty")) == []
    talk.hear("areas")
    assert [s.zone for s in signals(talk.hear("empty"))] == [3]


def test_what_is_shown_until_it_is_let_go_of_counts_while_events_wait() -> None:
    talk = Talk()
    heard = talk.hear("zones system_trouble active 0")
    assert [s.code for s in signals(heard)] == ["305"]
    assert sent(heard) == []
    assert sent(talk.durable(heard)) == [b"seen"]
    assert sent(talk.hear("confirmed")) == [b"event?"]
    talk.hear("empty")
    talk.wait(60)
    over = [*talk.hear("zones"), *talk.hear("empty")]
    assert [(s.code, s.state) for s in signals(over)] == [("305", State.RESTORED)]


def test_a_reset_ends_what_nothing_else_ends() -> None:
    talk, heard = with_an_event()
    talk.durable(heard)
    talk.hear("confirmed")
    told = signals(talk.hear("event 8 log active 0"))
    assert [(s.kind, s.state, s.zone) for s in told] == [
        (Kind.LOG, State.ACTIVE, None),
        (Kind.FIRE, State.RESTORED, 3),
    ]


def test_an_event_of_no_meaning_is_kept_with_its_frame_and_confirmed() -> None:
    talk = Talk()
    talk.hear("zones")
    heard = talk.hear("event 7")
    assert [(s.kind, s.frame) for s in signals(heard)] == [(Kind.UNKNOWN, b"event 7\n")]
    assert sent(talk.durable(heard)) == [b"have 7"]


def test_a_panel_that_is_only_listened_to_is_asked_nothing() -> None:
    talk = Talk(listen_only=True)
    heard = talk.hear(FIRE)
    assert sent([*talk.begun, *heard, *talk.durable(heard), *talk.wait(300)]) == []
    assert signals(talk.hear("zones fire active 4")) == []
    talk.hear("empty")
    assert [s.zone for s in signals(talk.hear("zones fire active 4"))] == [4]


# ---- what was planted and not found


def test_what_is_let_go_of_leaves_an_event_that_was_not_confirmed_known() -> None:
    talk, heard = with_an_event()
    talk.durable(heard)
    talk.wait(2)  # the confirmation is given up
    latched = talk.hear("zones system_trouble active 0")
    assert b"seen" in sent([*talk.durable(latched), *talk.wait(2)])
    talk.hear("confirmed")
    assert faults(talk.hear(FIRE)) == [FaultKind.REPEAT]


def test_a_request_that_is_given_up_lets_the_next_have_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Toy, "rounds", ("zones", "areas", "lines", "event?"))
    talk = Talk()
    assert sent(talk.wait(2)) == [b"zones", b"areas"]
    assert sent(talk.hear("areas")) == [b"lines"]


def test_an_answer_that_is_in_no_round_says_nothing_of_the_state() -> None:
    talk = Talk(panel=Ordered)
    talk.hear("zones")
    talk.hear("empty")
    talk.take(Commanded(1, Command(act=Act.UNBYPASS, zone=3)))
    assert sent(talk.wait(1)) == [b"areas"]
    assert signals(talk.hear("areas fire active 4")) == []
    assert signals(talk.hear("empty")) == []


def test_a_line_that_was_lost_before_an_event_was_durable_leaves_nothing_to_confirm() -> None:
    """Seen to fail: confirmed although nobody had recorded it; taken for a copy, and lost."""
    talk, _ = with_an_event()
    again = [*talk.take(Opened()), *talk.take(Ticked())]
    assert sent(again) == [b"zones"]
    talk.hear("zones")
    heard = talk.hear(FIRE)
    assert ([s.zone for s in signals(heard)], sent(heard)) == ([3], [])


def test_what_the_line_doubled_while_it_is_confirmed_is_confirmed_once() -> None:
    talk, heard = with_an_event()
    assert sent(talk.durable(heard)) == [b"have 7"]
    assert sent(talk.hear(FIRE)) == []
    assert sent(talk.hear("confirmed")) == [b"event?"]
    assert sent(talk.hear("empty")) == [b"zones"]


def test_the_clock_of_a_live_event_is_compared_and_of_one_that_waited_is_not() -> None:
    talk = Talk()
    talk.take(ClockRead(0, Trust.SYNCED))
    talk.hear("zones")
    waited = talk.hear("event 7 fire active 3 1970-01-02T00:00:00")
    assert not [one for one in waited if isinstance(one, Finding)]
    talk.durable(waited)
    talk.hear("confirmed")
    talk.hear("empty")
    live = talk.hear("event 8 fire active 4 1970-01-02T00:00:00")
    assert [one.detail for one in live if isinstance(one, Finding)] == ["+86400 s"]


class Ordered(Toy):
    """It answers orders, or shows that they were done."""

    commands = frozenset({Act.BYPASS, Act.UNBYPASS, Act.ARM_AWAY})
    verdicts = MappingProxyType({"ok": None, "no": "wrong code"})

    def order(self, command: Command, ours: datetime | None) -> Order:
        del ours
        if command.act is Act.ARM_AWAY:
            return Order(b"arm", VERDICT, is_answered=True)
        return Order(b"bypass", "zones" if command.act is Act.BYPASS else "areas")


@pytest.mark.parametrize(
    ("answer", "outcome"), [("ok", Outcome.DONE), ("no", Outcome.REFUSED), ("zones", None)]
)
def test_an_order_is_judged_by_its_answer(answer: str, outcome: Outcome | None) -> None:
    talk = Talk(panel=Ordered)
    talk.hear("zones")
    talk.hear("empty")
    assert sent(talk.take(Commanded(1, Command(act=Act.ARM_AWAY, area=1)))) == [b"arm"]
    assert outcomes(talk.hear(answer)) == ([outcome] if outcome else [])


def test_an_order_is_judged_by_the_state() -> None:
    talk = Talk(panel=Ordered)
    talk.hear("zones")
    talk.hear("empty")
    assert sent(talk.take(Commanded(1, Command(act=Act.BYPASS, zone=3)))) == [b"bypass"]
    assert sent(talk.wait(1)) == [b"zones"]
    assert outcomes(talk.hear("zones zone bypassed 3")) == [Outcome.DONE]
