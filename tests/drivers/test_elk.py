"""The conversation with an Elk M1: state asked for, changes heard, nothing taken for granted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from drivers._elk_frames import request
from drivers.elk import DRIVER
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Fault,
    FaultKind,
    Opened,
    Received,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.resources import check_options, load_codes, load_profile
from hil.panels.elk import framed
from tests.drivers.actions import faults, links, outcomes, signals

AT_REST = {
    "vn": "050128010302" + "0" * 36,
    "as": "0" * 8 + "1" * 8 + "0" * 8,
    "az": "0" * 208,
    "zs": "2222" + "0" * 204,
    "ss": "0" * 34,
    "cs": "0" * 208,
    "rr": "0015202231126110",  # 2026-11-23 20:15
}
ALARM = framed("AR", "001234113001003" + "1") + b"\r\n"
OVER = framed("AR", "001234313001003" + "1") + b"\r\n"
IN_ALARM = "003" + "0" * 205
NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)


class Talk:
    """A session and a panel that answers as told; `say` returns what the session did."""

    def __init__(self, allow: frozenset[str] = frozenset(), **options: Any) -> None:
        setup = Setup(
            load_codes(), load_profile("elk_m1"), check_options(DRIVER, options), UTC, allow
        )
        self.session = DRIVER.session(setup)
        self.now_ns = 0
        self.answers = dict(AT_REST)
        self.asked: list[str] = []
        self.deaf = False

    def open(self, *standing: Signal) -> list[Action]:
        return self.settle(self.session.handle(Opened(standing=standing), self.now_ns))

    def say(self, data: bytes) -> list[Action]:
        return self.settle(self.session.handle(Received(data), self.now_ns))

    def tell(self, kind: str, data: str) -> list[Action]:
        return self.say(framed(kind, data) + b"\r\n")

    def clock(self, at: datetime = NOW) -> list[Action]:
        read = ClockRead(int(at.timestamp()) * NS - self.now_ns, Trust.SYNCED)
        return self.settle(self.session.handle(read, self.now_ns))

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
                name = action.data[2:4].decode()
                self.asked.append(name if name in self.answers else action.data.decode().strip())
                if name in self.answers and not self.deaf:
                    self.now_ns += 50_000_000
                    done += self.tell(name.upper(), self.answers[name])
        return done


def ready(**options: Any) -> Talk:
    talk = Talk(**options)
    talk.open()
    talk.wait(20)
    talk.asked.clear()
    return talk


def events(actions: list[Action]) -> list[tuple[str | None, State, Origin]]:
    return [(s.code, s.state, s.origin) for s in signals(actions) if s.code]


# ---- state


def test_at_link_up_the_whole_state_is_asked_for_and_said_once() -> None:
    talk = Talk()
    talk.answers |= {"zs": "29E6" + "0" * 204, "cs": "01" + "0" * 205 + "1", "ss": "1" + "0" * 33}
    first = [*talk.open(), *talk.wait(20)]
    assert talk.asked == ["vn", "as", "az", "zs", "ss", "cs", "rr"]
    assert links(first) == [True]
    said = signals(first)
    assert {signal.origin for signal in said} == {Origin.AT_START}
    zones = {signal.zone: signal.state for signal in said if signal.kind is Kind.ZONE}
    assert zones == {1: State.CLOSED, 2: State.OPEN, 3: State.BYPASSED, 4: State.FAULT}
    outputs = {signal.zone: signal.state for signal in said if signal.kind is Kind.OUTPUT}
    assert set(outputs) == {*range(1, 17), 208}, "on the main board, and what is on"
    assert [zone for zone, state in outputs.items() if state is State.ON] == [2, 208]
    assert events(first) == [("301", State.ACTIVE, Origin.AT_START)]
    assert signals(talk.wait(300)) == [], "asked again each minute, and nothing is new"
    talk.answers |= {"cs": "0" * 208, "ss": "0" * 34}
    later = talk.wait(60)
    assert [(s.zone, s.state) for s in signals(later) if s.kind is Kind.OUTPUT] == [
        (2, State.OFF),
        (208, State.OFF),
    ]
    assert events(later) == [("301", State.RESTORED, Origin.LIVE)]


def test_areas_that_the_site_does_not_have_are_not_told_of() -> None:
    talk = Talk(areas=2)
    said = signals([*talk.open(), *talk.wait(20)])
    assert [signal.area for signal in said if signal.kind is Kind.AREA] == [1, 2]


# ---- alarms: reports, and the map of zones in alarm


def test_an_alarm_of_a_report_is_said_once_and_its_map_adds_nothing() -> None:
    talk = ready()
    assert events(talk.say(ALARM)) == [("130", State.ACTIVE, Origin.LIVE)]
    talk.answers["az"] = "001" + "0" * 205
    assert events(talk.wait(61)) == []
    assert events(talk.say(OVER)) == [("130", State.RESTORED, Origin.LIVE)]
    assert events(talk.wait(120)) == [], "the map shows it until somebody disarms"
    talk.answers["az"] = AT_REST["az"]
    assert events(talk.wait(61)) == []
    talk.answers["az"] = IN_ALARM
    assert events(talk.wait(61)) == [("130", State.ACTIVE, Origin.LIVE)], "a new one, unreported"


def test_an_alarm_whose_end_was_lost_is_ended_by_the_map() -> None:
    talk = ready()
    talk.say(ALARM)
    talk.answers["az"] = IN_ALARM
    talk.wait(61)
    talk.answers["az"] = AT_REST["az"]
    [over] = signals(talk.wait(61))
    assert (over.code, over.state, over.zone, over.account) == (
        *("130", State.RESTORED),
        *(3, "001234"),
    )


def test_an_area_in_alarm_asks_at_once_which_zone_it_is() -> None:
    talk = ready()
    talk.answers["az"] = ":" + "0" * 207
    said = signals(talk.tell("AS", "1" + "0" * 7 + "4" + "0" * 7 + "3" + "0" * 7))
    assert talk.asked == ["az"]
    assert [(s.kind, s.code, s.area, s.zone) for s in said] == [
        (Kind.AREA, None, 1, None),
        (Kind.FIRE, "110", None, 1),
    ]


def test_what_stands_in_the_journal_is_not_said_again_and_its_end_is() -> None:
    standing = Signal(kind=Kind.BURGLARY, code="134", state=State.ACTIVE, zone=3, account="001234")
    talk = Talk()
    talk.answers["az"] = IN_ALARM
    assert events([*talk.open(standing), *talk.wait(20)]) == []
    talk.answers["az"] = AT_REST["az"]
    assert events(talk.wait(61)) == [("134", State.RESTORED, Origin.LIVE)]
    again = Talk()
    assert [e[:2] for e in events([*again.open(standing), *again.wait(20)])] == [
        ("134", State.RESTORED)
    ]


def test_what_the_map_told_before_its_report_is_not_ended_by_the_report() -> None:
    talk = ready()
    talk.answers |= {"ss": "1" + "0" * 33, "az": IN_ALARM}
    assert len(events(talk.wait(61))) == 2
    mains = framed("AR", "0012341301000001") + b"\r\n"
    assert [e[1] for e in events(talk.say(mains) + talk.say(ALARM))] == [State.ACTIVE] * 2
    assert events(talk.wait(130)) == [], "both still stand"
    talk.answers |= {"ss": AT_REST["ss"], "az": AT_REST["az"]}
    assert {e[1] for e in events(talk.wait(61))} == {State.RESTORED}


def test_a_second_weak_transmitter_does_not_end_the_first() -> None:
    talk = ready()
    talk.answers["ss"] = "000003" + "0" * 28
    assert [s.zone for s in signals(talk.wait(61))] == [3]
    talk.answers["ss"] = "000007" + "0" * 28
    assert [(s.zone, s.state) for s in signals(talk.wait(61))] == [(7, State.ACTIVE)]
    talk.answers["ss"] = AT_REST["ss"]
    ended = [(s.zone, s.state) for s in signals(talk.wait(61))]
    assert sorted(ended, key=str) == [(3, State.RESTORED), (7, State.RESTORED)]


def test_a_doubled_report_is_one_and_the_same_later_is_another() -> None:
    talk = ready()
    assert len(events(talk.say(ALARM))) == 1
    talk.now_ns += 100_000_000
    again = talk.say(ALARM)
    assert (events(again), faults(again)) == ([], [FaultKind.REPEAT])
    talk.now_ns += 5 * NS
    assert len(events(talk.say(ALARM))) == 1, "never hold back an alarm"


def test_the_end_of_a_bypass_asks_how_the_contact_is() -> None:
    talk = ready()
    talk.tell("ZB", "0021")
    talk.answers["zs"] = "2922" + "0" * 204
    said = signals(talk.tell("ZB", "0020") + talk.wait(1))
    assert [(s.zone, s.state) for s in said] == [(2, State.OPEN)]


# ---- supervision


def test_damage_asks_for_the_state_and_shows_no_code() -> None:
    talk = ready()
    bad = ALARM[:-4] + b"00\r\n"
    assert faults(talk.say(bad)) == [FaultKind.CHECKSUM]
    talk.wait(4)
    assert "az" in talk.asked
    [found] = [a for a in talk.say(bad) if isinstance(a, Finding)]
    assert (found.cause, found.active) == (Cause.LINE_NOISE, True)
    for secret in (b"17IC090909090909000010046\r\n", b"0Da110024680036\r\n"):
        [fault] = [a for a in talk.say(secret) if isinstance(a, Fault)]
        assert (fault.kind, fault.frame) == (FaultKind.CHECKSUM, b"")


def test_no_answer_is_no_panel_and_its_return_a_new_beginning() -> None:
    talk = ready()
    talk.deaf = True
    gone = talk.wait(95)
    assert links(gone) == [False]
    assert FaultKind.SILENCE in faults(gone)
    talk.asked.clear()
    talk.wait(60)
    assert set(talk.asked) == {"vn"}, "an absent panel is asked for its version only"
    talk.deaf = False
    back = talk.wait(40)
    assert links(back) == [True]
    assert len([s for s in signals(back) if s.kind is Kind.ZONE]) == 4


def test_while_it_is_programmed_it_is_not_asked_and_then_for_everything() -> None:
    talk = ready()
    begun = talk.tell("RP", "01")
    assert events(begun) == [("627", State.ACTIVE, Origin.LIVE)]
    assert talk.wait(100) == []
    refused = talk.session.handle(Commanded(1, Command(act=Act.STATUS)), talk.now_ns)
    assert outcomes(refused) == [Outcome.REFUSED]
    ended = talk.tell("IE", "") + talk.wait(5)
    assert events(ended)[:1] == [("628", State.ACTIVE, Origin.LIVE)]
    assert talk.asked == ["vn", "as", "az", "zs", "ss", "cs", "rr"]


def test_programming_that_never_ends_is_silence() -> None:
    talk = ready()
    talk.tell("RP", "01")
    talk.deaf = True
    gone = talk.wait(125)
    assert links(gone) == [False]
    talk.deaf = False
    assert links(talk.wait(15)) == [True]


def test_a_panel_clock_that_is_off_is_found_and_set_where_the_site_allows() -> None:
    talk = ready()
    found = talk.clock(NOW.replace(minute=19)) + talk.wait(61)
    [finding] = [a for a in found if isinstance(a, Finding)]
    assert (finding.cause, finding.active) == (Cause.PANEL_CLOCK, True)
    assert not [name for name in talk.asked if name[2:4] == "rw"]
    allowed = Talk(frozenset({"clock"}))
    allowed.clock(NOW.replace(minute=19))
    allowed.open()
    allowed.clock(NOW.replace(minute=19))
    allowed.wait(20)
    # second 00, minute 19, hour 20, Monday is 2, day 23, month 11, year 26
    assert [name for name in allowed.asked if "rw" in name] == [
        request("rw", "0019202231126").decode().strip()
    ]
    allowed.wait(600)
    assert len([name for name in allowed.asked if "rw" in name]) == 1, "not again and again"


def test_an_unset_clock_of_ours_sets_nothing() -> None:
    talk = Talk(frozenset({"clock"}))
    talk.open()
    talk.wait(100)
    assert not [name for name in talk.asked if "rw" in name]


def test_listening_only_hears_and_says_when_all_is_quiet() -> None:
    talk = Talk(listen_only=True)
    assert talk.open() == []
    heard = talk.say(ALARM)
    assert len(events(heard)) == 1
    assert links(heard) == [True]
    assert links(talk.wait(121)) == [False]
    assert talk.session.deadline_ns() is None
    assert links(talk.tell("XK", AT_REST["rr"])) == [True]
    done = talk.session.handle(Commanded(1, Command(act=Act.STATUS)), talk.now_ns)
    assert outcomes(done) == [Outcome.FORBIDDEN]
    assert talk.asked == []


# ---- commands


def command(talk: Talk, wanted: Command) -> list[Action]:
    return talk.settle(talk.session.handle(Commanded(9, wanted), talk.now_ns)) + talk.wait(10)


@pytest.mark.parametrize(
    ("wanted", "sent", "after"),
    [
        (Command(act=Act.ARM_AWAY, code="2468"), "0Da110024680035", {"as": "1" + "0" * 23}),
        (Command(act=Act.ARM_STAY, area=1, code="2468"), "a21002468", {"as": "2" + "0" * 23}),
        (Command(act=Act.DISARM, code="246810"), "a01246810", {}),
        (Command(act=Act.BYPASS, zone=3, code="2468"), "zb0031002468", {"zs": "22E" + "0" * 205}),
        (Command(act=Act.OUTPUT_ON, zone=2), "cn00200000", {"cs": "01" + "0" * 206}),
        (Command(act=Act.OUTPUT_OFF, zone=2), "cf002", {}),
    ],
)
def test_a_command_is_sent_once_and_it_is_looked_whether_it_was_done(
    wanted: Command, sent: str, after: dict[str, str]
) -> None:
    talk = ready()
    talk.answers |= after
    done = command(talk, wanted)
    assert sent in talk.asked[0]
    assert talk.asked.count(talk.asked[0]) == 1
    assert outcomes(done) == [Outcome.DONE]


def test_what_the_panel_did_not_do_is_refused_and_what_nobody_saw_unanswered() -> None:
    arm = Command(act=Act.ARM_AWAY, code="1111")
    assert outcomes(command(ready(), arm)) == [Outcome.REFUSED]
    talk = ready()
    talk.deaf = True
    assert outcomes(command(talk, arm) + talk.wait(30)) == [Outcome.UNANSWERED]


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [
        (Command(act=Act.CLOCK), Outcome.CLOCK_UNSURE),
        (Command(act=Act.DISARM), Outcome.REFUSED),
        (Command(act=Act.DISARM, code="1234567"), Outcome.REFUSED),
        (Command(act=Act.ARM_AWAY, area=9, code="1234"), Outcome.REFUSED),
        (Command(act=Act.BYPASS, zone=3), Outcome.REFUSED),
        (Command(act=Act.BYPASS, zone=200, code="1234"), Outcome.REFUSED),  # it has no such zone
        (Command(act=Act.OUTPUT_ON, zone=209), Outcome.REFUSED),
        (Command(act=Act.UNBYPASS, zone=3, code="1234"), Outcome.DONE),  # it is not bypassed
        (Command(act=Act.STATUS), Outcome.DONE),
    ],
)
def test_what_cannot_be_done_sends_no_command(wanted: Command, outcome: Outcome) -> None:
    talk = ready()
    assert outcomes(command(talk, wanted)) == [outcome]
    assert all(len(name) == 2 for name in talk.asked)


def test_the_clock_is_set_on_command_and_read_back() -> None:
    talk = ready()
    talk.clock()
    done = command(talk, Command(act=Act.CLOCK))
    assert "rw" in talk.asked[0]
    assert outcomes(done) == [Outcome.DONE]
    talk.clock(NOW.replace(hour=8))
    assert outcomes(command(talk, Command(act=Act.CLOCK))) == [Outcome.REFUSED]


def test_one_command_at_a_time_and_none_to_an_absent_panel() -> None:
    talk = ready()
    arm = Command(act=Act.ARM_AWAY, code="2468")
    talk.session.handle(Commanded(1, arm), talk.now_ns)
    assert outcomes(talk.session.handle(Commanded(2, arm), talk.now_ns)) == [Outcome.REFUSED]
    absent = Talk()
    absent.session.handle(Opened(), 0)
    assert outcomes(absent.session.handle(Commanded(3, arm), 0)) == [Outcome.REFUSED]


def test_an_option_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="areas"):
        DRIVER.session(Setup(load_codes(), None, {"areas": 9}))
