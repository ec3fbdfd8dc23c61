"""The conversation with a DSC panel: let in, state asked for, events heard, clock set, commands."""

from datetime import UTC, datetime
from typing import Any

import pytest

from drivers._dsc_frames import dsc_line
from drivers.dsc import DRIVER, DscSession
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Close,
    Commanded,
    Fault,
    FaultKind,
    Obeyed,
    Opened,
    Profile,
    Received,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.resources import check_options, load_codes, load_profile
from tests.drivers.actions import faults, links, outcomes, signals

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAINS = Signal(kind=Kind.POWER, code="301", state=State.ACTIVE)
ALARM_3 = Signal(kind=Kind.BURGLARY, code="130", zone=3, state=State.ACTIVE)
STATE = ("609003", "610004", "6501", "8411", "51081", "84900")


def line(text: str) -> bytes:
    return dsc_line(text[:3], text[3:])


class Talk:
    """A session and a panel that answers as told; `say` returns what the session did."""

    def __init__(self, profile: str | None = "it100", allow: str = "", **options: Any) -> None:
        found = load_profile(profile) if profile else None
        self.session = DscSession(
            Setup(load_codes(), found, check_options(DRIVER, options), UTC, frozenset({allow}))
        )
        self.now_ns = 0
        self.state: tuple[str, ...] = STATE
        self.refuse: dict[str, str] = {}  # what is answered to a command instead
        self.after: dict[str, str] = {}  # what is said besides
        self.asked: list[str] = []
        self.deaf = False

    def open(self, *standing: Signal) -> list[Action]:
        return self.settle(self.session.handle(Opened((), standing), self.now_ns))

    def say(self, *texts: str) -> list[Action]:
        data = b"".join(line(text) for text in texts)
        return self.settle(self.session.handle(Received(data), self.now_ns))

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.settle(self.session.handle(Ticked(), self.now_ns))
        self.now_ns = end_ns
        return done

    def settle(self, actions: list[Action]) -> list[Action]:
        """Let the panel answer what is asked."""
        done = list(actions)
        for action in actions:
            if isinstance(action, Send):
                text = action.data.decode().strip()[:-2]
                self.asked.append(text)
                if not self.deaf and text[:3] != "005":
                    self.now_ns += 50_000_000
                    answer = self.refuse.get(text[:3], f"500{text[:3]}")
                    more = self.state if text[:3] == "001" else ()
                    besides = [self.after[text[:3]]] if text[:3] in self.after else []
                    done += self.say(answer, *more, *besides)
        return done


def ready(profile: str = "it100", **options: Any) -> Talk:
    talk = Talk(profile, **options)
    talk.open()
    talk.wait(10)
    talk.asked.clear()
    return talk


# ---- link-up


def test_at_link_up_the_whole_state_is_asked_for_and_said_once() -> None:
    talk = Talk()
    first = [*talk.open(), *talk.wait(5)]
    assert talk.asked == ["000", "001", "0561"]
    assert links(first) == [True]
    assert [(s.kind, s.zone or s.area, s.state, s.origin) for s in signals(first)] == [
        (Kind.ZONE, 3, State.OPEN, Origin.AT_START),
        (Kind.ZONE, 4, State.CLOSED, Origin.AT_START),
        (Kind.AREA, 1, State.DISARMED, Origin.AT_START),
    ]
    assert signals(talk.wait(600)) == [], "asked again, and nothing is new"
    assert talk.asked.count("001") == 6


def test_a_module_over_tcp_gets_its_password_before_anything_else() -> None:
    talk = Talk("tpi", password="secret")
    assert talk.open() == []
    talk.say("5053")
    assert talk.asked == ["005secret"]
    talk.say("500005", "5051")
    talk.wait(5)
    assert talk.asked[1:] == ["001", "008", "0561"]


def test_without_a_profile_a_prompt_tells_the_module_and_silence_the_serial_port() -> None:
    talk = Talk(None)
    talk.open()
    talk.say("5053")
    assert talk.asked == ["005user"]
    serial = Talk(None)
    serial.open()
    serial.wait(2)
    assert serial.asked == []
    serial.wait(5)
    assert serial.asked[:2] == ["000", "001"]


def test_a_refused_password_closes_the_line() -> None:
    talk = Talk("tpi")
    talk.open()
    refused = talk.say("5053", "5050")
    assert [action for action in refused if isinstance(action, Close)]
    assert FaultKind.REFUSED in faults(refused)
    assert [a for a in talk.say("5052") if isinstance(a, Close)], "it took too long"


def test_what_stands_at_link_up_is_said_once_and_its_missed_end_found() -> None:
    talk = Talk()
    talk.state = ("610003", "6541", "510C0", "84902")
    found = signals([*talk.open(ALARM_3), *talk.wait(5)])
    events = {(s.kind, s.state, s.zone): s.origin for s in found if s.code}
    assert events == {
        (Kind.BURGLARY, State.RESTORED, 3): Origin.LIVE,
        (Kind.FIRE, State.ACTIVE, None): Origin.AT_START,
        (Kind.POWER, State.ACTIVE, None): Origin.AT_START,
    }
    again = Talk()
    again.state = ("84900",)
    over = signals([*again.open(MAINS), *again.wait(5)])
    assert [(s.code, s.state) for s in over] == [("301", State.RESTORED)]


# ---- hearing


def test_an_alarm_without_arming_ends_with_ready_or_not_ready() -> None:
    talk = ready()
    assert [s.state for s in signals(talk.say("6541"))] == [State.ALARM]
    assert [s.state for s in signals(talk.say("6511"))] == [State.DISARMED]
    talk.say("6541")
    assert [s.state for s in signals(talk.say("6501"))] == [State.DISARMED]


def test_a_doubled_event_is_one_and_the_same_later_is_another() -> None:
    talk = ready()
    assert [s.zone for s in signals(talk.say("6011003"))] == [3]
    again = talk.say("6011003")
    assert (signals(again), faults(again)) == ([], [FaultKind.REPEAT])
    talk.now_ns += NS
    assert [s.zone for s in signals(talk.say("6011003"))] == [3], "never hold back an alarm"


def test_troubles_said_along_with_the_state_are_news_once() -> None:
    talk = ready()
    talk.state = ("803", "8401")
    talk.say("6541")
    talk.session.handle(Commanded(1, Command(act=Act.STATUS)), talk.now_ns)
    found = signals(talk.wait(5))
    assert [(s.code, s.state, s.origin) for s in found] == [("300", State.ACTIVE, Origin.AT_START)]
    assert signals(talk.wait(300)) == []
    assert [s.state for s in signals(talk.say("8411"))] == [State.RESTORED]


def test_what_a_bit_sums_up_is_no_news_where_its_zone_is_known() -> None:
    talk = ready()
    assert [s.zone for s in signals(talk.say("6031005"))] == [5]
    assert signals(talk.say("84920")) == []
    assert [s.code for s in signals(talk.say("84922"))] == ["301"]
    assert [s.state for s in signals(talk.say("84920"))] == [State.RESTORED]


def test_a_bypass_hides_the_contact_until_it_is_over() -> None:
    talk = ready("tpi")
    talk.say("5053", "5051")
    said = signals(talk.say("6160400000000000000"))
    assert [(s.zone, s.state) for s in said] == [(3, State.BYPASSED)]
    assert signals(talk.say("610003")) == []
    said = signals(talk.say("6160000000000000000"))
    assert [(s.zone, s.state) for s in said] == [(3, State.OPEN)], "its contact was asked for"


def test_damage_asks_for_the_state_and_is_found_when_it_is_often() -> None:
    talk = ready()
    bad = b"601100399\r\n"
    first = talk.settle(talk.session.handle(Received(bad), talk.now_ns))
    assert faults(first) == [FaultKind.CHECKSUM]
    assert not [a for a in first if isinstance(a, Fault) and a.frame], "it may hold a code"
    talk.wait(3)
    assert "001" in talk.asked
    second = talk.session.handle(Received(bad), talk.now_ns)
    found = [a for a in second if isinstance(a, Finding)]
    assert [(one.cause, one.active) for one in found] == [(Cause.LINE_NOISE, True)]


def test_no_answer_is_no_panel_and_its_return_a_new_beginning() -> None:
    talk = ready()
    talk.deaf = True
    gone = talk.wait(80)
    assert links(gone) == [False]
    assert FaultKind.SILENCE in faults(gone)
    talk.asked.clear()
    talk.wait(60)
    assert set(talk.asked) == {"000"}, "an absent panel is polled only"
    talk.deaf = False
    back = talk.wait(40)
    assert links(back) == [True]
    assert [s.zone for s in signals(back) if s.kind is Kind.ZONE] == [3, 4]


def test_an_overrun_is_asked_again_and_another_error_is_not() -> None:
    talk = ready()
    talk.refuse["008"] = talk.refuse["001"] = "502010"
    talk.settle(talk.session.handle(Commanded(1, Command(act=Act.STATUS)), talk.now_ns))
    talk.wait(12)
    assert talk.asked.count("001") == 2
    talk.refuse["001"] = "502022"
    talk.asked.clear()
    asked = talk.session.handle(Commanded(2, Command(act=Act.STATUS)), talk.now_ns)
    assert FaultKind.REFUSED in faults(talk.settle(asked) + talk.wait(12))
    assert talk.asked.count("001") == 1


def test_listening_only_hears_and_says_when_all_is_quiet() -> None:
    talk = Talk(listen_only=True)
    assert talk.open() == []
    heard = talk.say("6011008")
    assert [s.zone for s in signals(heard)] == [8]
    assert links(heard) == [True]
    done = talk.session.handle(Commanded(1, Command(act=Act.STATUS)), talk.now_ns)
    assert outcomes(done) == [Outcome.FORBIDDEN]
    assert links(talk.wait(86_401)) == [False]
    assert talk.asked == []


# ---- clock


def test_a_panel_clock_that_is_off_is_a_finding_and_is_set_where_allowed() -> None:
    for allow, told in (("", []), ("clock", ["0101200112326"])):
        talk = ready(allow=allow)
        ours = ClockRead(int(NOON.timestamp()) * NS - talk.now_ns, Trust.SYNCED)
        talk.settle(talk.session.handle(ours, talk.now_ns))
        talk.wait(1)
        talk.asked.clear()
        found = [a for a in talk.say("5501203112326") if isinstance(a, Finding)]
        assert [(one.cause, one.active) for one in found] == [(Cause.PANEL_CLOCK, True)]
        assert [text for text in talk.asked if text[:3] == "010"] == told


def test_no_time_is_given_while_our_own_clock_is_not_synced() -> None:
    talk = ready(allow="clock")
    talk.session.handle(ClockRead(int(NOON.timestamp()) * NS, Trust.HOLDOVER), talk.now_ns)
    talk.wait(300)
    assert not [text for text in talk.asked if text[:3] == "010"]
    done = talk.session.handle(Commanded(1, Command(act=Act.CLOCK)), talk.now_ns)
    assert outcomes(done) == [Outcome.CLOCK_UNSURE]


# ---- commands


def command(talk: Talk, wanted: Command) -> list[Action]:
    done = talk.settle(talk.session.handle(Commanded(9, wanted), talk.now_ns))
    return done + talk.wait(20)


@pytest.mark.parametrize(
    ("wanted", "sent", "after"),
    [
        (Command(act=Act.ARM_AWAY, area=2), "0302", "6562"),
        (Command(act=Act.ARM_AWAY, code="1357"), "0331135700", "65210"),
        (Command(act=Act.ARM_STAY), "0311", "65211"),
        (Command(act=Act.DISARM, code="1357"), "0401135700", "6551"),
    ],
)
def test_a_command_is_sent_once_and_done_when_the_area_shows_it(
    wanted: Command, sent: str, after: str
) -> None:
    talk = ready()
    talk.state = ()
    talk.after[sent[:3]] = after
    done = command(talk, wanted)
    assert talk.asked.count(sent) == 1
    assert outcomes(done) == [Outcome.DONE]


def out(*zones: int) -> str:
    """The map of bypassed zones."""
    return f"616{sum(1 << zone - 1 for zone in zones).to_bytes(8, 'little').hex().upper()}"


def inside(*lamps: str) -> Talk:
    """A module that has let us in, and said its lamps."""
    talk = Talk("tpi")
    talk.state = lamps
    talk.open()
    talk.say("5053", "5051")
    talk.wait(5)
    talk.asked.clear()
    return talk


def test_keys_take_a_zone_out_once_and_the_map_shows_whether_it_is() -> None:
    talk = inside("51081")  # the bypass lamp is dark: none is out
    talk.after["071"] = out(3)
    bypass = Command(act=Act.BYPASS, zone=3)
    done = command(talk, bypass)
    assert [text for text in talk.asked if text[:3] == "071"] == ["0711*103#"]
    assert outcomes(done) == [Outcome.DONE]
    assert [(s.zone, s.state) for s in signals(done)] == [(3, State.BYPASSED)]
    assert outcomes(command(talk, bypass)) == [Outcome.DONE], "the keys would take it in again"
    talk.after["071"] = out(4)
    assert outcomes(command(talk, Command(act=Act.UNBYPASS, zone=3, area=2))) == [Outcome.DONE]
    assert [text for text in talk.asked if text[:3] == "071"] == ["0711*103#", "0712*103#"]


def test_no_key_is_pressed_where_it_is_not_known_what_is_out() -> None:
    for talk, zone in ((inside("51089"), 3), (inside(), 3), (inside("51081"), 100)):
        for act in (Act.BYPASS, Act.UNBYPASS):
            is_in = zone == 100 and act is Act.UNBYPASS  # as the dark lamp says
            expected = Outcome.DONE if is_in else Outcome.REFUSED
            assert outcomes(command(talk, Command(act=act, zone=zone))) == [expected]
        assert not [text for text in talk.asked if text[:3] == "071"]


def test_a_bypass_that_the_map_does_not_show_is_refused() -> None:
    for after in ({}, {"071": out(4)}):
        talk = inside("51081")
        talk.after |= after
        done = command(talk, Command(act=Act.BYPASS, zone=3))
        assert outcomes(done) == [Outcome.REFUSED]
        assert [text for text in talk.asked if text[:3] == "071"] == ["0711*103#"]


def test_what_the_panel_does_not_do_is_refused_and_what_nobody_saw_unanswered() -> None:
    arm = Command(act=Act.ARM_AWAY)
    talk = ready()
    talk.refuse["030"] = "502024"
    assert outcomes(command(talk, arm)) == [Outcome.REFUSED]
    talk = ready()
    talk.after["030"] = "6721"
    assert outcomes(command(talk, arm)) == [Outcome.REFUSED]
    talk = ready()
    assert outcomes(command(talk, arm)) == [Outcome.REFUSED], "no change"
    talk = ready()
    talk.deaf = True
    assert outcomes(command(talk, arm)) == [Outcome.UNANSWERED]
    assert talk.asked.count("0301") == 1


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [
        (Command(act=Act.BYPASS, zone=3), Outcome.UNSUPPORTED),
        (Command(act=Act.DISARM), Outcome.REFUSED),
        (Command(act=Act.DISARM, code="12345678"), Outcome.REFUSED),
        (Command(act=Act.ARM_AWAY, area=9), Outcome.REFUSED),
    ],
)
def test_what_cannot_be_done_is_not_sent(wanted: Command, outcome: Outcome) -> None:
    talk = ready()
    assert outcomes(command(talk, wanted)) == [outcome]
    assert {text[:3] for text in talk.asked} <= {"000", "001", "056"}


def test_one_command_at_a_time_and_none_to_an_absent_panel() -> None:
    arm = Command(act=Act.ARM_AWAY)
    talk = ready()
    talk.session.handle(Commanded(1, arm), talk.now_ns)
    second = talk.session.handle(Commanded(2, arm), talk.now_ns)
    assert [(a.id, a.outcome) for a in second if isinstance(a, Obeyed)] == [(2, Outcome.REFUSED)]
    absent = Talk()
    absent.session.handle(Opened(), 0)
    assert outcomes(absent.session.handle(Commanded(3, arm), 0)) == [Outcome.REFUSED]


def test_a_profile_that_makes_no_sense_is_refused() -> None:
    wrong = Profile("x", "1", "dsc", "x", {"port": "usb"})
    with pytest.raises(ValueError, match="port"):
        DscSession(Setup(load_codes(), wrong))


# ---- the Honeywell flavour


def honeywell(*lines: str) -> tuple[DscSession, list[Action]]:
    session = DscSession(
        Setup(load_codes(), load_profile("honeywell_tpi"), check_options(DRIVER, {}))
    )
    session.handle(Opened(), 0)
    done: list[Action] = []
    for text in lines:
        done += session.handle(Received(f"{text}\r\n".encode()), NS)
    return session, done


def test_the_honeywell_flavour_logs_in_polls_and_hears_events() -> None:
    session, done = honeywell("Login:", "OK", "^02,00$", "%03,1130010040$", "%02,0800000000000000$")
    assert [a.data for a in done if isinstance(a, Send)] == [b"user\r\n", b"^02,$\r\n"]
    assert [(s.kind, s.state) for s in signals(done)] == [
        (Kind.BURGLARY, State.ACTIVE),
        (Kind.AREA, State.ALARM),
    ]
    polled = session.handle(Ticked(), 40 * NS)
    assert [a.data for a in polled if isinstance(a, Send)] == [b"^00,$\r\n"]


def test_keys_of_the_honeywell_flavour_are_pressed_once_and_an_error_refuses() -> None:
    session, _ = honeywell("Login:", "OK", "^02,00$")
    arm = Command(act=Act.ARM_STAY, area=2, code="1234")
    sent = session.handle(Commanded(1, arm), 2 * NS)
    keys = b"".join(b"^03,2,%c$\r\n" % key for key in b"12343")
    assert [a.data for a in sent if isinstance(a, Send)] == [keys]
    assert outcomes(session.handle(Received(b"^03,02$\r\n"), 3 * NS)) == [Outcome.REFUSED]
    clock = session.handle(Commanded(2, Command(act=Act.CLOCK)), 4 * NS)
    assert outcomes(clock) == [Outcome.UNSUPPORTED]
