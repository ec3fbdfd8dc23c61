"""The conversation with a PRT3 module: one question at a time, zones in turn, nothing repeated."""

from datetime import UTC
from typing import Any

import pytest

from drivers.paradox_prt3 import DRIVER
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    Commanded,
    Fault,
    FaultKind,
    Link,
    Opened,
    Received,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.resources import check_options, load_codes, load_profile
from tests.drivers.actions import faults, links, outcomes, sent, signals

ZONES = 12
AT_REST = {
    **{f"RA{n:03d}": "DOOOOOO" for n in (1, 2)},
    **{f"RA{n:03d}": "&fail" for n in range(3, 9)},
    **{f"RZ{n:03d}": "COOOO" for n in range(1, ZONES + 1)},
    "RZ004": "&fail",
}
ALARM, OVER = "G024N003A001", "G026N003A001"
IN_ALARM = "OAOOO"


class Talk:
    """A session and a module that answers as told, each time after a tenth of a second."""

    def __init__(self, **options: Any) -> None:
        told = check_options(DRIVER, {"zones": ZONES, **options})
        setup = Setup(load_codes(), load_profile("paradox_evo192"), told, UTC)
        self.session = DRIVER.session(setup)
        self.now_ns = 0
        self.answers = dict(AT_REST)
        self.asked: list[str] = []
        self.deaf = False

    def open(self, *standing: Signal) -> list[Action]:
        return self.settle(self.session.handle(Opened(standing=standing), self.now_ns))

    def say(self, line: str) -> list[Action]:
        return self.settle(self.session.handle(Received(f"{line}\r".encode()), self.now_ns))

    def want(self, act: Act, **more: Any) -> list[Action]:
        wanted = Commanded(1, Command(act=act, **more))
        return self.settle(self.session.handle(wanted, self.now_ns))

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.settle(self.session.handle(Ticked(), self.now_ns))
        self.now_ns = max(self.now_ns, end_ns)
        return done

    def settle(self, actions: list[Action]) -> list[Action]:
        """Let the module answer what is asked."""
        done = list(actions)
        asked = [action.data.decode() for action in actions if isinstance(action, Send)]
        assert len(asked) <= 1, "one command at a time"
        for line in asked:
            assert line.endswith("\r")
            self.asked.append(line.strip())
            answer = self.answers.get(line[:5])
            if answer is not None and not self.deaf:
                self.now_ns += NS // 10
                done += self.say(line[:5] + answer)
        return done


def ready(**options: Any) -> Talk:
    talk = Talk(**options)
    talk.open()
    talk.wait(9)
    talk.asked.clear()
    return talk


def events(actions: list[Action]) -> list[tuple[str | None, State, Origin]]:
    return [(s.code, s.state, s.origin) for s in signals(actions) if s.code]


def areas(actions: list[Action]) -> list[tuple[int | None, State]]:
    return [(s.area, s.state) for s in signals(actions) if s.kind is Kind.AREA]


# ---- state


def test_at_link_up_areas_and_then_all_zones_are_asked_for_and_said_once() -> None:
    talk = Talk()
    talk.answers |= {"RA002": "SOOOOOO", "RZ002": "OOOOO", "RZ005": "TOOOO"}
    first = [*talk.open(), *talk.wait(9)]
    assert talk.asked[:9] == [*(f"RA{n:03d}" for n in range(1, 9)), "RZ001"]
    assert talk.asked[9:] == [f"RZ{n:03d}" for n in range(2, ZONES + 1)]
    assert links(first) == [True]
    said = signals(first)
    assert {signal.origin for signal in said} == {Origin.AT_START}
    zones = {signal.zone: signal.state for signal in said if signal.kind is Kind.ZONE}
    assert set(zones) == set(range(1, ZONES + 1)) - {4}
    assert (zones[1], zones[2], zones[5]) == (State.CLOSED, State.OPEN, State.TAMPER)
    assert areas(first) == [(1, State.DISARMED), (2, State.ARMED_STAY)]
    assert signals(talk.wait(120)) == []


def test_zones_are_asked_for_again_in_turn_and_what_is_not_there_is_not() -> None:
    talk = ready()
    talk.wait(10)
    assert talk.asked == ["RA001", "RA002", *(f"RZ{n:03d}" for n in (1, 2, 3, *range(5, 12)))]
    talk.asked.clear()
    talk.wait(10)
    assert talk.asked[2:4] == ["RZ012", "RZ001"]
    talk.answers["RZ007"] = "OOOOO"
    told = talk.wait(10)
    [opened] = signals(told)
    assert (opened.zone, opened.state, opened.origin) == (7, State.OPEN, Origin.LIVE)


def test_an_alarm_is_one_in_the_event_and_in_the_answer() -> None:
    talk = ready()
    assert events(talk.say(ALARM)) == [("130", State.ACTIVE, Origin.LIVE)]
    talk.answers["RZ003"] = IN_ALARM
    assert events(talk.wait(30)) == []
    assert events(talk.say(OVER)) == [("130", State.RESTORED, Origin.LIVE)]
    talk.answers["RZ003"] = "COOOO"
    assert events(talk.wait(30)) == []


def test_the_end_of_an_alarm_that_was_lost_is_shown() -> None:
    talk = ready()
    talk.answers["RZ003"] = IN_ALARM
    talk.say(ALARM)
    talk.wait(20)
    talk.answers["RZ003"] = "COOOO"
    assert events(talk.wait(20)) == [("130", State.RESTORED, Origin.LIVE)]


def test_an_area_in_alarm_without_an_event_has_its_zones_asked_for_at_once() -> None:
    talk = ready()
    talk.answers |= {"RA001": "AOOOOAS", "RZ003": IN_ALARM}
    talk.wait(3)
    assert talk.asked[-1] == f"RZ{ZONES:03d}"
    lost = Talk()
    lost.answers |= {"RZ012": "OAOOO"}
    assert events([*lost.open(), *lost.wait(9)]) == [("130", State.ACTIVE, Origin.AT_START)]


def test_what_stands_in_the_journal_is_not_said_again_and_its_end_is() -> None:
    standing = Signal(kind=Kind.FIRE, code="110", state=State.ACTIVE, zone=3)
    talk = Talk()
    talk.answers["RZ003"] = "OOFOO"
    assert events([*talk.open(standing), *talk.wait(9)]) == []
    over = Talk()
    assert [e[:2] for e in events([*over.open(standing), *over.wait(9)])] == [
        ("110", State.RESTORED)
    ]


def test_an_areas_trouble_is_said_where_no_event_told_it() -> None:
    talk = ready()
    talk.answers["RA001"] = talk.answers["RA002"] = "DOTOOOO"
    assert events(talk.say("G036N001A000")) == [("301", State.ACTIVE, Origin.LIVE)]
    assert events(talk.wait(30)) == []
    assert events(talk.say("G037N001A000")) == [("301", State.RESTORED, Origin.LIVE)]
    assert events(talk.wait(10)) == [("300", State.ACTIVE, Origin.LIVE)] * 2
    talk.answers |= AT_REST
    assert events(talk.wait(10)) == [("300", State.RESTORED, Origin.LIVE)] * 2


# ---- events


def test_arming_asks_for_the_area_and_of_all_areas_for_all() -> None:
    talk = ready()
    talk.answers["RA001"] = "AOOOOOO"
    done = talk.say("G010N002A001")
    assert talk.asked == ["RA001"]
    assert events(done) == [("401", State.ARMED, Origin.LIVE)]
    assert areas(done) == [(1, State.ARMED_AWAY)]
    talk.say("G013N001A000")
    assert talk.asked[1:] == ["RA002", "RA001"]


def test_a_delay_is_said_and_not_asked_for() -> None:
    talk = ready()
    assert areas(talk.say("G065N001A001")) == [(1, State.EXIT_DELAY)]
    assert talk.asked == []


def test_ready_is_not_believed_of_an_area_that_is_armed() -> None:
    talk = ready()
    talk.answers["RA001"] = "AOOOOOO"
    talk.say("G064N000A001")
    assert areas(talk.say("G065N000A001")) == []
    talk.answers["RA001"] = "DOOOOOO"
    talk.wait(1)
    assert areas(talk.say("G065N000A001")) == [(1, State.DISARMED)], "by its status"
    talk.wait(1)
    assert areas(talk.say("G065N000A000")) == [], "of which areas it does not say"


def test_who_only_listens_believes_all_that_is_said() -> None:
    talk = Talk(listen_only=True)
    talk.open()
    assert areas(talk.say("G064N000A001")) == [(1, State.ARMED_AWAY)]
    assert areas(talk.say("G065N000A001")) == [(1, State.DISARMED)]
    assert talk.asked == []
    assert links(talk.wait(90_000)) == [False]


def test_a_doubled_event_is_one_and_the_same_later_is_another() -> None:
    talk = ready()
    talk.say(ALARM)
    assert faults(talk.say(ALARM)) == [FaultKind.REPEAT]
    talk.now_ns += 5 * NS
    assert len(events(talk.say(ALARM))) == 1, "never hold back an alarm"


def test_a_virtual_output_is_a_point() -> None:
    [output] = signals(ready().say("PGM03ON"))
    assert (output.kind, output.zone, output.state) == (Kind.OUTPUT, 3, State.ON)


# ---- supervision


def test_no_answer_is_no_panel_and_its_return_a_new_beginning() -> None:
    talk = ready()
    talk.deaf = True
    gone = talk.wait(50)
    assert links(gone) == [False]
    assert FaultKind.SILENCE in faults(gone)
    talk.deaf = False
    talk.answers["RZ004"] = "COOOO"  # somebody programmed it meanwhile
    back = talk.wait(20)
    assert links(back) == [True]
    assert {signal.origin for signal in signals(back)} == {Origin.AT_START}
    assert {s.zone for s in signals(back) if s.kind is Kind.ZONE} == set(range(1, ZONES + 1))


def test_a_module_without_its_panel_is_no_panel() -> None:
    talk = ready()
    talk.answers = dict.fromkeys(AT_REST, "&fail")
    gone = talk.say("COMM&fail")
    assert [s.state for s in signals(gone)] == [State.OFFLINE]
    assert [a.reason for a in gone if isinstance(a, Link)] == [
        "the module has lost the panel's bus"
    ]
    assert links(talk.wait(60)) == [], "a refusal proves no panel"
    talk.answers = dict(AT_REST)
    back = [*talk.say("COMM&ok"), *talk.wait(9)]
    assert links(back) == [True]
    assert len([s for s in signals(back) if s.kind is Kind.ZONE]) == ZONES - 1


def test_a_panel_that_answers_nothing_but_refusals_is_none() -> None:
    talk = ready()
    talk.answers = dict.fromkeys(AT_REST, "&fail")
    assert links(talk.wait(60)) == [False]


def test_a_bus_that_came_back_unheard_has_everything_asked_for() -> None:
    talk = ready()
    talk.say("COMM&ok")
    talk.wait(9)
    assert [name for name in talk.asked if name[:2] == "RZ"] == [
        f"RZ{n:03d}" for n in range(1, ZONES + 1)
    ]


def test_damage_is_counted_and_a_bad_line_found() -> None:
    talk = ready()
    done = [*talk.say("G024N03A001"), *talk.say("G024N003A0O1")]
    assert faults(done)[:2] == [FaultKind.LENGTH, FaultKind.SHAPE]
    [found] = [action for action in done if isinstance(action, Finding)]
    assert (found.cause, found.active) == (Cause.LINE_NOISE, True)
    [fault] = [action for action in talk.say("AD001246x") if isinstance(action, Fault)]
    assert fault.frame == b"", "it could hold a user code"


def test_a_full_buffer_is_a_fault_and_the_question_is_asked_again() -> None:
    talk = ready()
    talk.answers["RA001"] = None  # type: ignore[assignment]
    talk.wait(1.5)
    assert talk.asked == ["RA001"]
    assert faults(talk.say("!")) == [FaultKind.REFUSED]
    talk.answers |= AT_REST
    talk.wait(5)
    assert talk.asked[:2] == ["RA001", "RA001"]


# ---- commands


@pytest.mark.parametrize(
    ("act", "code", "line"),
    [
        (Act.ARM_AWAY, "2468", "AA002A2468"),
        (Act.ARM_STAY, "246800", "AA002S246800"),
        (Act.ARM_AWAY, None, "AQ002A"),
        (Act.DISARM, "2468", "AD0022468"),
    ],
)
def test_a_command_is_done_when_the_module_says_so(act: Act, code: str | None, line: str) -> None:
    talk = ready()
    talk.answers[line[:5]] = "&OK"
    done = talk.want(act, area=2, code=code)
    assert sent(done)[0] == line.encode() + b"\r"
    assert outcomes(done) == [Outcome.DONE]
    assert talk.asked == [line, "RA002"]


def test_a_refused_command_is_refused() -> None:
    talk = ready()
    talk.answers["AD001"] = "&fail"
    assert outcomes(talk.want(Act.DISARM, code="999999")) == [Outcome.REFUSED]


@pytest.mark.parametrize(
    ("act", "more"),
    [
        (Act.DISARM, {}),
        (Act.ARM_AWAY, {"area": 9}),
        (Act.ARM_AWAY, {"code": "1234567"}),
    ],
)
def test_a_command_without_what_it_needs_is_not_sent(act: Act, more: dict[str, Any]) -> None:
    talk = ready()
    done = talk.want(act, **more)
    assert outcomes(done) == [Outcome.REFUSED]
    assert sent(done) == []


def test_a_command_waits_for_the_answer_before_it_and_is_sent_once() -> None:
    talk = ready()
    talk.deaf = True
    talk.wait(1.1)
    assert talk.asked == ["RA001"]
    assert sent(talk.want(Act.DISARM, code="2468")) == []
    talk.deaf = False
    assert sent(talk.say("RA001DOOOOOO"))[0] == b"AD0012468\r"
    assert outcomes(talk.wait(10)) == [Outcome.UNANSWERED]
    talk.wait(60)
    assert talk.asked.count("AD0012468") == 1


def test_a_command_is_forgotten_with_the_line() -> None:
    talk = ready()
    talk.want(Act.DISARM, code="2468")
    talk.open()
    talk.wait(60)
    assert talk.asked.count("AD0012468") == 1
    assert outcomes(talk.say("AD001&OK")) == [], "it belongs to a line that is gone"
