"""The conversation with an AD2: what keypads show and no longer show, reports, keys."""

from datetime import UTC
from typing import Any

import pytest

from drivers.alarmdecoder import DRIVER
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    Commanded,
    Fault,
    FaultKind,
    Opened,
    Received,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.resources import check_options, load_codes, load_profile
from tests.drivers.actions import faults, links, outcomes, sent, signals

BIT = {name: at for at, name in enumerate(("ready", "away", "stay", "light", "programming"))}
BIT |= {"bypass": 6, "mains": 7, "memory": 9, "alarm": 10, "battery": 11, "fire": 13, "check": 14}
READY, AWAY = "ready mains", "away mains"
HIT = "****DISARMED****Hit * for faults"


def line(flags: str = READY, text: str = "", number: int = 8) -> str:
    on = {BIT[name] for name in flags.split()}
    bits = "".join(str(int(at in on)) for at in range(16))
    return f'[{bits}0A--],{number:03d},[f702000b1008008c08020000000000],"{text:32}"'


def fault(zone: int, word: str = "FAULT") -> str:
    flags = "mains" if word == "FAULT" else "mains check"
    return line(flags, f"{word} {zone:02d} A ROOM", zone)


class Talk:
    """A session that hears what it is told."""

    def __init__(self, **options: Any) -> None:
        told = check_options(DRIVER, options)
        setup = Setup(load_codes(), load_profile("alarmdecoder_vista"), told, UTC)
        self.session = DRIVER.session(setup)
        self.now_ns = 0

    def open(self, *standing: Signal) -> list[Action]:
        return self.session.handle(Opened(standing=standing), self.now_ns)

    def say(self, *lines: str) -> list[Action]:
        data = "".join(f"{one}\r\n" for one in lines).encode()
        return self.session.handle(Received(data), self.now_ns)

    def want(self, act: Act, **more: Any) -> list[Action]:
        return self.session.handle(Commanded(1, Command(act=act, **more)), self.now_ns)

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), list[Action]()
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.session.handle(Ticked(), self.now_ns)
        self.now_ns = end_ns
        return done

    def show(self, *lines: str, each_s: float = 5) -> list[Action]:
        """Show one after the other, as keypads do at rest."""
        done = list[Action]()
        for one in lines:
            done += self.say(one) + self.wait(each_s)
        return done


def ready(**options: Any) -> Talk:
    talk = Talk(**options)
    talk.open()
    talk.wait(0)
    talk.say("!VER:ffffffff,V2.2a.8.8", line())
    return talk


def zones(actions: list[Action]) -> list[tuple[int | None, State]]:
    return [(s.zone, s.state) for s in signals(actions) if s.kind is Kind.ZONE]


def areas(actions: list[Action]) -> list[tuple[int | None, State]]:
    return [(s.area, s.state) for s in signals(actions) if s.kind is Kind.AREA]


def events(actions: list[Action]) -> list[tuple[str | None, State, Origin]]:
    return [(s.code, s.state, s.origin) for s in signals(actions) if s.code]


# ---- what keypads show


def test_the_first_line_says_how_the_area_is_and_which_the_site_knows() -> None:
    talk = Talk(area=3)
    assert talk.open() + talk.wait(0) != []
    first = talk.say(line())
    assert links(first) == [True]
    [area] = signals(first)
    assert (area.area, area.state, area.origin) == (3, State.DISARMED, Origin.AT_START)
    assert signals(talk.show(line(), line())) == []
    assert areas(talk.say(line(AWAY))) == [(3, State.ARMED_AWAY)]
    assert areas(talk.say(line(f"{AWAY} alarm"))) == [(3, State.ALARM)]


def test_a_zone_is_closed_when_it_is_twice_not_shown_in_its_turn() -> None:
    talk = ready()
    assert zones(talk.show(fault(3), fault(5), fault(8))) == [(n, State.OPEN) for n in (3, 5, 8)]
    assert zones(talk.show(fault(3), fault(5), fault(8), fault(3))) == []
    assert zones(talk.show(fault(8))) == [], "a line may have been lost"
    assert zones(talk.show(fault(8), fault(8))) == [], "the line was said again"
    assert zones(talk.show(fault(3), fault(8))) == [(5, State.CLOSED)]
    assert zones(talk.show(fault(5))) == [(5, State.OPEN)], "out of its turn"
    assert zones(talk.show(fault(8), fault(5), fault(8), fault(3), fault(8), fault(5))) == []
    assert zones(talk.show(fault(8), fault(5))) == [(3, State.CLOSED)], "over the end"


def test_a_line_that_comes_late_says_that_another_was_lost() -> None:
    talk = ready()
    talk.show(*[fault(3), fault(5), fault(8)] * 2)
    for _ in range(4):  # of 5 each line is lost, and nothing is heard of it
        assert zones(talk.show(fault(3))) == []
        talk.wait(5)
        assert zones(talk.show(fault(8))) == []


def test_a_zone_that_alone_is_shown_for_long_is_the_only_one() -> None:
    talk = ready()
    talk.show(fault(3), fault(5))
    assert zones(talk.show(*[fault(5)] * 6)) == []
    assert zones(talk.show(fault(5))) == [(3, State.CLOSED)]


def test_ready_closes_all_unless_one_is_faulty() -> None:
    talk = ready()
    talk.show(fault(3), fault(7, "CHECK"))
    assert zones(talk.say(line("ready mains", "SYSTEM LO BAT"))) == [], "says ready in any case"
    assert zones(talk.say(line("ready mains check"))) == [], "3 may be faulty, too"
    assert zones(talk.say(line())) == [(3, State.CLOSED), (7, State.CLOSED)]


@pytest.mark.parametrize(
    "between",
    [
        fault(5)[:-2],
        fault(5).replace("FAULT 05", "FAULT 0x"),
        fault(5).replace("FAULT 05", "FAULT 08"),
        line("mains", "something else"),
    ],
)
def test_nothing_is_inferred_where_a_line_is_not_read(between: str) -> None:
    talk = ready()
    talk.show(fault(3), fault(5), fault(8), fault(3))
    assert zones(talk.show(*[between, fault(8), fault(3)] * 4)) == [], "5 may have been shown"
    assert zones(talk.show(fault(8), fault(3), fault(8))) == [(5, State.CLOSED)]


def test_nothing_is_remembered_over_an_absence() -> None:
    talk = ready()
    talk.show(fault(3), fault(5), fault(8), fault(3))
    assert links(talk.wait(21)) == [False]
    assert zones(talk.show(fault(8))) == [(8, State.OPEN)]
    assert zones(talk.show(line())) == [(8, State.CLOSED)]


def test_of_an_armed_area_no_zone_is_known_until_it_is_shown_again() -> None:
    talk = ready()
    talk.show(fault(3), fault(5))
    assert zones(talk.say(line(AWAY))) == [(3, State.UNKNOWN), (5, State.UNKNOWN)]
    assert zones(talk.show(line(AWAY))) == []
    assert zones(talk.show(fault(5))) == [(5, State.OPEN)]
    assert zones(talk.show(line())) == [(3, State.CLOSED), (5, State.CLOSED)]


def test_an_expander_tells_of_its_zones_at_once() -> None:
    talk = ready()
    assert zones(talk.say("!EXP:07,02,01")) == [(10, State.OPEN)]
    talk.say(line(AWAY))
    assert zones(talk.show("!EXP:07,02,00", line(AWAY))) == [(10, State.CLOSED)]


def test_star_is_pressed_where_it_is_wanted_and_not_again_and_again() -> None:
    talk = ready()
    assert sent(talk.say(line("mains", HIT))) == [b"*"]
    assert sent(talk.show(line("mains", HIT))) == []
    talk.wait(6)
    assert sent(talk.say(line("mains", HIT))) == [b"*"]
    for other in (ready(press_star=False), Talk(listen_only=True)):
        assert sent(other.say(line("mains", HIT))) == []
    assert sent(ready().say(line("mains programming", HIT))) == []


# ---- events


def test_mains_are_lost_when_the_flag_is_off_for_a_while() -> None:
    talk = ready()
    assert events(talk.show(line("ready"), line())) == []
    assert events(talk.show(line("ready"), line("ready"))) == []
    assert events(talk.say(line("ready"))) == [("301", State.ACTIVE, Origin.LIVE)]
    assert events(talk.show(line("ready"), line())) == [("301", State.RESTORED, Origin.LIVE)]


def test_what_a_report_told_the_flags_do_not_tell_again() -> None:
    talk = ready()
    told = talk.say("!LRR:000,0,CID_1301,ff", "!LRR:000,1,CID_1302,ff", "!LRR:004,1,CID_1111,ff")
    assert [code for code, *_ in events(told)] == ["301", "302", "111"]
    shown = talk.show(*[line("ready battery fire alarm")] * 4)
    assert events(shown) == []
    assert areas(shown) == [(1, State.ALARM)]


def test_fire_and_battery_are_events_where_no_report_tells() -> None:
    talk = ready()
    told = talk.say(line("mains battery fire alarm"))
    assert events(told) == [
        ("110", State.ACTIVE, Origin.LIVE),
        ("302", State.ACTIVE, Origin.LIVE),
    ]
    assert [s.area for s in signals(told) if s.kind is Kind.FIRE] == [1]
    assert {state for _, state, _ in events(talk.say(line()))} == {State.RESTORED}
    first = Talk()
    first.open()
    assert events(first.say(line("mains fire")))[0][2] is Origin.AT_START


@pytest.mark.parametrize(
    ("standing", "shown", "is_over"),
    [
        (Signal(kind=Kind.FIRE, code="111", state=State.ACTIVE, zone=4), "mains fire", False),
        (Signal(kind=Kind.FIRE, code="111", state=State.ACTIVE, zone=4), "mains", True),
        (Signal(kind=Kind.BURGLARY, code="131", state=State.ACTIVE, zone=4), "mains", False),
        (Signal(kind=Kind.BURGLARY, code="131", state=State.ACTIVE, zone=4), "ready memory", False),
        (Signal(kind=Kind.BURGLARY, code="131", state=State.ACTIVE, zone=4), READY, True),
        (Signal(kind=Kind.POWER, code="302", state=State.ACTIVE), "ready mains battery", False),
        (Signal(kind=Kind.POWER, code="302", state=State.ACTIVE), READY, True),
        (Signal(kind=Kind.POWER, code="301", state=State.ACTIVE), READY, True),
        (Signal(kind=Kind.POWER, code="301", state=State.ACTIVE), "ready", False),
    ],
)
def test_what_ended_while_nobody_listened_is_shown(
    standing: Signal, shown: str, is_over: bool
) -> None:
    talk = Talk()
    talk.open(standing)
    told = [(s.code, s.state) for s in signals(talk.say(line(shown))) if s.code]
    assert told == ([(standing.code, State.RESTORED)] if is_over else [])


def test_a_doubled_report_is_one_and_the_same_later_is_another() -> None:
    talk = ready()
    report = "!LRR:003,1,CID_1131,ff"
    assert faults(talk.say(report, report)) == [FaultKind.REPEAT]
    talk.now_ns += NS
    assert len(events(talk.say(report))) == 1, "never hold back an alarm"


def test_a_transmitters_battery_is_said_once_and_ends_when_all_are_good() -> None:
    talk = ready()
    low = [*talk.say("!RFX:0345678,02"), *talk.say("!RFX:0345678,82"), *talk.say("!RFX:0000001,02")]
    assert [s.text for s in signals(low)] == ["0345678", "0000001"]
    assert signals(talk.say("!RFX:0345678,80")) == []
    [over] = signals(talk.say("!RFX:0000001,00"))
    assert (over.code, over.state) == ("384", State.RESTORED)


# ---- supervision


def test_without_a_keypad_line_the_panel_is_gone_whatever_the_adapter_says() -> None:
    talk = ready()
    talk.say(fault(3))
    assert links(talk.wait(19)) == []
    assert links(talk.say("!VER:ffffffff,V2.2a.8.8")) == []
    gone = talk.wait(1.1)
    assert links(gone) == [False]
    assert FaultKind.SILENCE in faults(gone)
    assert b"V\r" in sent(talk.wait(11))
    assert links(talk.say("!VER:ffffffff,V2.2a.8.8")) == []
    back = talk.say(fault(3))
    assert links(back) == [True]
    assert {signal.origin for signal in signals(back)} == {Origin.AT_START}
    assert zones(back) == [(3, State.OPEN)]


def test_an_adapter_that_does_not_answer_is_a_fault_and_no_absence() -> None:
    talk = Talk()
    talk.open()
    done = talk.wait(0) + talk.show(*[line()] * 12)
    assert links(done) == [True]
    assert FaultKind.NO_ANSWER in faults(done)


def test_damage_is_a_bad_line_and_keys_are_not_logged() -> None:
    talk = ready()
    done = talk.say(line()[1:], line()[:-1])
    assert faults(done) == [FaultKind.SHAPE] * 2
    [found] = [action for action in done if isinstance(action, Finding)]
    assert (found.cause, found.active) == (Cause.LINE_NOISE, True)
    [hidden] = [a for a in talk.say("1234" * 20) if isinstance(a, Fault)]
    assert hidden.frame == b""


# ---- commands


@pytest.mark.parametrize(
    ("act", "code", "keys", "shown"),
    [
        (Act.ARM_AWAY, "1234", b"12342", line(AWAY)),
        (Act.ARM_STAY, "1234", b"12343", line("stay mains")),
        (Act.ARM_AWAY, None, b"#2", line(AWAY)),
        (Act.DISARM, "1234", b"12341", line()),
    ],
)
def test_a_command_is_done_when_the_keypads_show_it(
    act: Act, code: str | None, keys: bytes, shown: str
) -> None:
    talk = ready()
    before = line() if act is not Act.DISARM else line(AWAY)
    talk.say(before)
    assert sent(talk.want(act, code=code)) == [keys]
    assert outcomes(talk.say(before)) == [], "it may still come"
    assert outcomes(talk.say(shown)) == [Outcome.DONE]
    assert outcomes(talk.say(shown)) == []


def test_a_command_that_is_never_shown_is_unanswered_and_not_sent_again() -> None:
    talk = ready()
    assert sent(talk.want(Act.ARM_AWAY, code="9999")) == [b"99992"]
    done = talk.show(line(), line(), line(), line())
    assert outcomes(done) == [Outcome.UNANSWERED]
    assert b"99992" not in sent(done)


def test_a_bypass_is_a_state_of_its_zone_until_the_flag_ends() -> None:
    talk = ready()
    assert sent(talk.want(Act.BYPASS, zone=14, code="1234")) == [b"1234614"]
    done = talk.say(line("ready mains bypass"))
    assert outcomes(done) == [Outcome.DONE]
    assert zones(done) == [(14, State.BYPASSED)]
    assert zones(talk.show(line("away mains bypass"), line("ready mains bypass"))) == []
    told = talk.want(Act.BYPASS, zone=15, code="1234")
    assert (sent(told), outcomes(told)) == ([b"1234615"], [Outcome.DONE]), "nothing shows it"
    assert zones(talk.say(line("mains", "something"))) == [(14, State.UNKNOWN)]
    assert zones(talk.say(line())) == [(14, State.CLOSED)]


def test_a_bypass_that_is_not_shown_leaves_nothing_behind() -> None:
    talk = ready()
    talk.want(Act.BYPASS, zone=14, code="1234")
    assert outcomes(talk.show(*[line()] * 4)) == [Outcome.UNANSWERED]
    talk.want(Act.ARM_AWAY, code="1234")
    assert zones(talk.say(line("away mains bypass"))) == []


@pytest.mark.parametrize(
    ("act", "more"),
    [
        (Act.DISARM, {}),
        (Act.ARM_AWAY, {"code": "123"}),
        (Act.ARM_AWAY, {"area": 2}),
        (Act.BYPASS, {"code": "1234"}),
        (Act.BYPASS, {"code": "1234", "zone": 100}),
    ],
)
def test_a_command_without_what_it_needs_is_not_sent(act: Act, more: dict[str, Any]) -> None:
    talk = ready()
    done = talk.want(act, **more)
    assert outcomes(done) == [Outcome.REFUSED]
    assert sent(done) == []


def test_a_command_is_forgotten_with_the_line() -> None:
    talk = ready()
    talk.want(Act.ARM_AWAY, code="1234")
    talk.open()
    assert sent(talk.wait(0)) == [b"V\r"]
    assert outcomes(talk.say(line(AWAY))) == []
