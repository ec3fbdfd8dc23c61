"""How a Galaxy is asked and ordered: a login before each block, and nothing while it speaks.

Seen to fail: an order put a second time after no answer; a question put while an event waits for
its ACK; a refused remote code tried again and again.
"""

from typing import Any

import pytest

from drivers._galaxy_frames import framed
from drivers._galaxy_state import ROUND
from drivers.galaxy_sia import DRIVER
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    Called,
    Commanded,
    Committed,
    FaultKind,
    HungUp,
    Opened,
    Received,
    Report,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.resources import check_options, load_codes, load_profile
from tests.drivers.actions import faults, links, outcomes, sent, signals
from tests.drivers.test_galaxy_frames import ACCOUNT, BURGLARY, END

# facts 2, and by its rule
ACK, REJECT = bytes.fromhex("40 38 87"), bytes.fromhex("40 39 86")
LOGIN = bytes.fromhex("46 3F 35 34 33 32 31 30 87")
TAKEN = bytes.fromhex("45 40 41 4C 34 42 31 B0")
SET_1 = bytes.fromhex("45 43 53 41 31 2A 31 C1")
SILENT = 5


class Talk:
    """A session, and a panel that answers logins and questions: `deaf` to what is in it."""

    def __init__(self, remote_code: str = "543210", **options: Any) -> None:
        options |= {"remote_code": remote_code} if remote_code else {}
        given = check_options(DRIVER, options)
        self.session = DRIVER.session(Setup(load_codes(), load_profile("galaxy"), given))
        self.now_ns = 0
        self.maps: dict[str, bytes] = {name: bytes(33 + 2 * (name[-1] == "1")) for name in ROUND}
        self.maps |= {"SA": b"0" * 32, "SA91": b"0" * 32}
        self.asked: list[str] = []
        self.is_deaf = False
        self.refuses: set[str] = set()
        self.take(self.session.handle(Opened(), 0))

    def take(self, actions: list[Action], peer: int = 0) -> list[Action]:
        done = list(actions)
        for action in actions:
            if isinstance(action, Report):
                done += self.take(self.session.handle(Committed(action.token), self.now_ns))
        for data in sent(actions):
            answer = self.answer(data)
            if answer and not self.is_deaf:
                self.now_ns += NS // 20
                done += self.take(self.session.handle(Received(answer, peer), self.now_ns))
        return done

    def answer(self, data: bytes) -> bytes:
        """What the panel says to a block."""
        if data in (ACK, REJECT):
            return b""
        name = data[2:-1].decode()
        self.asked.append("?" if data[1:2] == b"?" else name)
        if self.asked[-1] in self.refuses:
            return REJECT
        if data[1:2] == b"?":
            return TAKEN if data == LOGIN else REJECT
        if name in self.maps:
            return framed(data[1:2], f"{name}*".encode() + self.maps[name])
        return ACK

    def hear(self, *blocks: bytes) -> list[Action]:
        done: list[Action] = []
        for one in blocks:
            done += self.take(self.session.handle(Received(one), self.now_ns))
        return done

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), list[Action]()
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.take(self.session.handle(Ticked(), self.now_ns))
        self.now_ns = max(self.now_ns, end_ns)
        return done

    def order(self, act: Act, **numbers: Any) -> list[Action]:
        command = Commanded(7, Command(act=act, **numbers))
        return [*self.take(self.session.handle(command, self.now_ns)), *self.wait(10)]


def ready(**options: Any) -> Talk:
    talk = Talk(**options)
    talk.wait(20)
    talk.asked.clear()
    return talk


def test_the_whole_state_is_asked_for_with_a_login_before_each_question() -> None:
    talk = Talk(areas=1, zones=2)
    talk.maps["SA"] = b"1" + b"0" * 31
    done = talk.wait(20)
    assert talk.asked == [word for name in ROUND for word in ("?", name)]
    assert links(done) == [True]
    assert [(s.kind, s.area or s.zone, s.state) for s in signals(done)] == [
        (Kind.AREA, 1, State.ARMED_AWAY),
        (Kind.ZONE, 1001, State.CLOSED),
        (Kind.ZONE, 1002, State.CLOSED),
    ]
    talk.asked.clear()
    talk.maps["ZS201"] = b"\x02" + bytes(34)
    assert [(s.zone, s.state) for s in signals(talk.wait(60))] == [(1002, State.OPEN)]


def test_without_a_remote_code_nothing_is_asked() -> None:
    talk = Talk(remote_code="")
    talk.hear(ACCOUNT, BURGLARY, END)
    talk.wait(3600)
    assert talk.asked == []
    assert outcomes(talk.order(Act.STATUS)) == [Outcome.REFUSED]
    assert outcomes(talk.order(Act.ARM_AWAY, code="543210")) == [Outcome.DONE]
    assert talk.asked == ["?", "SA1*1"], "an order brings its own code"


def test_a_driver_that_only_listens_orders_nothing() -> None:
    talk = Talk(listen_only=True)
    talk.hear(ACCOUNT)
    assert outcomes(talk.order(Act.ARM_AWAY)) == [Outcome.FORBIDDEN]
    assert talk.asked == []


def test_an_order_is_done_when_the_panel_has_taken_it() -> None:
    talk = ready()
    done = talk.order(Act.ARM_AWAY, area=1)
    assert outcomes(done) == [Outcome.DONE]
    assert sent(done)[:2] == [LOGIN, SET_1]
    assert "ZS201" in talk.asked, "and the state is asked for"


@pytest.mark.parametrize(
    ("act", "numbers", "word"),
    [
        (Act.CLOCK, {}, Outcome.UNSUPPORTED),
        (Act.OUTPUT_ON, {"zone": 1}, Outcome.UNSUPPORTED),
        (Act.BYPASS, {"zone": 12}, Outcome.REFUSED),
        (Act.ARM_AWAY, {"area": 33}, Outcome.REFUSED),
    ],
)
def test_what_the_panel_has_no_words_for(act: Act, numbers: dict[str, int], word: Outcome) -> None:
    talk = ready()
    assert outcomes(talk.order(act, **numbers)) == [word]
    assert talk.asked == []


def test_an_order_that_is_refused_or_not_answered_is_not_put_again() -> None:
    talk = ready()
    talk.refuses = {"SA1*0"}
    assert outcomes(talk.order(Act.DISARM)) == [Outcome.REFUSED]
    assert talk.asked == ["?", "SA1*0"]
    talk.asked.clear()
    talk.is_deaf = True
    assert outcomes(talk.order(Act.DISARM)) == [Outcome.UNANSWERED]
    assert talk.asked == ["?"]


def test_an_order_whose_answer_is_lost_is_not_put_again() -> None:
    """The login was accepted, and the order is on the line: nobody knows what became of it."""
    talk = ready()
    talk.is_deaf = True
    talk.session.handle(Commanded(7, Command(act=Act.ARM_AWAY)), talk.now_ns)
    assert sent(talk.session.handle(Received(TAKEN), talk.now_ns)) == [SET_1]
    done = talk.wait(50)
    assert outcomes(done) == [Outcome.UNANSWERED]
    assert SET_1 not in sent(done)


def test_one_order_at_a_time() -> None:
    talk = ready()
    talk.is_deaf = True
    talk.session.handle(Commanded(1, Command(act=Act.ARM_AWAY)), talk.now_ns)
    second = talk.session.handle(Commanded(2, Command(act=Act.DISARM)), talk.now_ns)
    assert outcomes(second) == [Outcome.REFUSED]


def test_a_refused_remote_code_is_not_tried_again_soon() -> None:
    talk = Talk(remote_code="111111")
    done = talk.wait(600)
    assert talk.asked == ["?"]
    assert faults(done) == [FaultKind.REFUSED]
    talk.wait(400)
    assert talk.asked == ["?", "?"]


def test_what_a_panel_does_not_know_is_left_out() -> None:
    talk = Talk()
    talk.refuses = {"ZS601", "ZS602"}
    talk.wait(50)
    assert "ZS702" in talk.asked
    talk.asked.clear()
    talk.wait(60)
    assert talk.asked.count("ZS201") == 1
    assert "ZS601" not in talk.asked


def test_the_panel_is_not_asked_while_it_speaks() -> None:
    talk = Talk()
    talk.hear(ACCOUNT, BURGLARY)
    assert outcomes(talk.order(Act.ARM_AWAY)) == []
    assert talk.asked == []
    talk.hear(END)
    assert outcomes(talk.wait(5)) == [Outcome.DONE]


def test_nor_before_what_it_said_is_durable() -> None:
    talk = Talk()
    talk.session.handle(Received(ACCOUNT + BURGLARY + END), 0)
    talk.wait(SILENT)
    assert talk.asked == []


def test_an_order_does_not_wait_for_ever() -> None:
    talk = ready()
    talk.session.handle(Received(ACCOUNT + BURGLARY), talk.now_ns)
    talk.session.handle(Commanded(7, Command(act=Act.DISARM)), talk.now_ns)
    assert outcomes(talk.wait(40)) == [Outcome.REFUSED]
    assert talk.asked == []


def test_status_is_done_when_all_was_answered() -> None:
    talk = ready()
    assert outcomes(talk.order(Act.STATUS)) == [Outcome.DONE]
    assert talk.asked.count("?") == len(ROUND)
    talk.is_deaf = True
    assert outcomes(talk.order(Act.STATUS)) == [Outcome.UNANSWERED]


def test_a_panel_that_no_longer_answers_is_not_there() -> None:
    talk = ready()
    talk.is_deaf = True
    done = talk.wait(300)
    assert links(done) == [False]
    assert FaultKind.SILENCE in faults(done)
    talk.is_deaf = False
    back = talk.wait(100)
    assert links(back) == [True]
    assert len([s for s in signals(back) if s.kind is Kind.ZONE]) == 16, "all is proven anew"


def test_who_hangs_up_takes_the_order_along() -> None:
    talk = Talk()
    talk.session.handle(Called(3, "192.0.2.7"), 0)
    talk.session.handle(Received(ACCOUNT + END, 3), 0)
    talk.session.handle(Commanded(7, Command(act=Act.DISARM)), NS // 10)
    assert outcomes(talk.session.handle(HungUp(3), NS)) == [Outcome.LOST]
    assert talk.wait(600) == []
    assert outcomes(talk.order(Act.DISARM)) == [Outcome.REFUSED], "nobody is there"


def test_who_calls_on_another_path_takes_it_along_too() -> None:
    talk = Talk()
    talk.session.handle(Called(3, "192.0.2.7"), 0)
    talk.session.handle(Received(ACCOUNT + END, 3), 0)
    talk.session.handle(Commanded(7, Command(act=Act.DISARM)), NS // 10)
    assert outcomes(talk.session.handle(Called(4, "192.0.2.8"), NS)) == [Outcome.LOST]


def test_an_answer_that_came_twice_counts_once() -> None:
    talk = ready()
    talk.is_deaf = True
    while not talk.asked:
        talk.wait(1)
    twice = talk.session.handle(Received(TAKEN + TAKEN), talk.now_ns)
    assert len(sent(twice)) == 1
    answer = framed(b"C", b"SA91*" + b"0" * 32)
    assert signals(talk.session.handle(Received(answer + answer), talk.now_ns)) == []


def test_a_remote_code_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="remote_code"):
        Talk(remote_code="12 4")


def test_an_event_of_the_panel_is_no_news_from_the_map() -> None:
    talk = ready()
    talk.hear(ACCOUNT, BURGLARY, END)  # zone 1024
    talk.maps["ZS101"] = bytes(4) + b"\x08" + bytes(30)
    assert [s for s in signals(talk.wait(70)) if s.kind is Kind.BURGLARY] == []
