"""The conversation with a Ness panel: state asked for, events heard, nothing taken for granted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from drivers._ness_frames import request
from drivers.ness import DRIVER
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    FaultKind,
    Link,
    Obeyed,
    Opened,
    Received,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.stamp import Trust
from edge_agent.resources import check_options, load_codes, load_profile
from tests.drivers.actions import faults, signals
from tests.drivers.golden_ness import GOLDEN

ALARM = GOLDEN[0].frame


def answer(name: str, data: str) -> bytes:
    text = f"82000360{name}{data}"
    return f"{text}{-sum(bytes.fromhex(text)) & 0xFF:02X}\r\n".encode()


def event(number: str, ident: str, area: str = "01", *, toggle: bool = False) -> bytes:
    text = f"82{'83' if toggle else '03'}61{number}{ident}{area}"
    return f"{text}{-sum(bytes.fromhex(text)) & 0xFF:02X}\r\n".encode()


class Talk:
    """A session and a panel that answers as told; `say` returns what the session did."""

    def __init__(self, profile: str | None = None, **options: Any) -> None:
        found = load_profile(profile) if profile else None
        self.session = DRIVER.session(
            Setup(load_codes(), found, check_options(DRIVER, options), zone=UTC)
        )
        self.now_ns = 0
        self.answers: dict[str, str] = dict.fromkeys(
            ("14", "13", "19", "00", "05", "12", "11", "09", "18", "33", "20", "25"), "0000"
        ) | dict.fromkeys(("32", "31", "29"), "0000")
        self.answers["17"] = "1087"
        self.asked: list[str] = []
        self.deaf = False

    def open(self) -> list[Action]:
        return self.settle(self.session.handle(Opened(), self.now_ns))

    def say(self, data: bytes) -> list[Action]:
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
                name = action.data[8:10].decode() if action.data[7:8] == b"S" else ""
                self.asked.append(name or action.data.decode().strip())
                if name in self.answers and not self.deaf:
                    self.now_ns += 50_000_000
                    done += self.say(answer(name, self.answers[name]))
        return done


def test_at_link_up_the_whole_state_is_asked_for_and_said_once() -> None:
    talk = Talk()
    talk.answers |= {"00": "0400", "19": "0100", "14": "0500", "05": "0080"}
    first = [*talk.open(), *talk.wait(20)]
    assert talk.asked == ["17", "14", "13", "19", "00", "05", "12", "11", "09", "18"]
    assert [a.online for a in first if isinstance(a, Link)] == [True]
    said = signals(first)
    assert {signal.origin for signal in said} == {Origin.AT_START}
    zones = {signal.zone: signal.state for signal in said if signal.kind is Kind.ZONE}
    assert zones == {
        1: State.BYPASSED,
        3: State.OPEN,
        **dict.fromkeys([2, *range(4, 17)], State.CLOSED),
    }
    areas = {signal.area: signal.state for signal in said if signal.kind is Kind.AREA}
    assert areas == {1: State.ARMED_AWAY, 2: State.DISARMED}
    assert [(s.kind, s.zone) for s in said if s.code] == [(Kind.BURGLARY, 16)]
    assert signals(talk.wait(300)) == [], "asked again each minute, and nothing is new"
    assert talk.asked.count("00") == 6


def test_a_bigger_panel_is_asked_for_the_rest_of_its_zones() -> None:
    talk = Talk(profile="ness_d32x")
    talk.answers |= {"33": "0180", "20": "0201"}
    said = signals([*talk.open(), *talk.wait(30)])
    zones = {signal.zone: signal.state for signal in said if signal.kind is Kind.ZONE}
    assert len(zones) == 32
    assert {zone for zone, state in zones.items() if state is State.BYPASSED} == {17, 32}
    assert {zone for zone, state in zones.items() if state is State.OPEN} == {18, 25}


def test_old_firmware_that_answers_nothing_while_armed_is_not_believed() -> None:
    talk = Talk()
    talk.answers |= {"17": "0057", "14": "0000"}
    said = signals([*talk.open(), *talk.wait(20)])
    assert not [signal for signal in said if signal.kind is Kind.AREA]
    talk.answers["14"] = "0500"
    assert [s.state for s in signals(talk.wait(60))] == [State.ARMED_AWAY, State.DISARMED]


def test_a_doubled_event_is_one_and_the_same_later_is_another() -> None:
    talk = Talk()
    talk.open()
    talk.wait(20)
    assert [s.zone for s in signals(talk.say(ALARM))] == [8]
    talk.now_ns += 100_000_000
    again = talk.say(ALARM)
    assert (signals(again), faults(again)) == ([], [FaultKind.REPEAT])
    talk.now_ns += 5 * NS
    assert [s.zone for s in signals(talk.say(ALARM))] == [8], "never hold back an alarm"


def test_a_toggle_that_did_not_change_asks_for_the_state_soon() -> None:
    talk = Talk()
    talk.open()
    talk.wait(20)
    talk.say(event("00", "03", toggle=True))
    talk.asked.clear()
    missed = talk.say(event("00", "05", toggle=True))
    assert faults(missed) == [FaultKind.MISSED]
    talk.answers["00"] = "1C00"
    found = signals(talk.wait(4))
    assert [(s.zone, s.state) for s in found] == [(4, State.OPEN)]


def test_damage_asks_for_the_state_and_is_found_when_it_is_often() -> None:
    talk = Talk()
    talk.open()
    talk.wait(20)
    talk.asked.clear()
    bad = ALARM[:-4] + b"00\r\n"
    assert faults(talk.say(bad)) == [FaultKind.CHECKSUM]
    talk.wait(4)
    assert "05" in talk.asked
    found = [a for a in talk.say(bad) if isinstance(a, Finding)]
    assert [(one.cause, one.active) for one in found] == [(Cause.LINE_NOISE, True)]


def test_no_answer_is_no_panel_and_its_return_a_new_beginning() -> None:
    talk = Talk()
    talk.open()
    talk.wait(20)
    talk.deaf = True
    gone = talk.wait(90)
    assert [a.online for a in gone if isinstance(a, Link)] == [False]
    assert FaultKind.SILENCE in faults(gone)
    talk.asked.clear()
    talk.wait(60)
    assert set(talk.asked) == {"17"}, "an absent panel is asked for its version only"
    talk.deaf = False
    back = talk.wait(40)
    assert [a.online for a in back if isinstance(a, Link)] == [True]
    assert len([s for s in signals(back) if s.kind is Kind.ZONE]) == 16


def test_the_end_of_a_delay_does_not_say_how_the_area_is_so_it_is_asked() -> None:
    talk = Talk()
    talk.open()
    talk.wait(20)
    assert [s.state for s in signals(talk.say(event("22", "00")))] == [State.EXIT_DELAY]
    talk.answers["14"] = "0500"
    talk.asked.clear()
    done = talk.say(event("23", "00", toggle=True)) + talk.wait(1)
    assert "14" in talk.asked
    assert [s.state for s in signals(done)] == [State.ARMED_AWAY]


def test_a_panel_clock_that_is_off_is_a_finding() -> None:
    talk = Talk()
    talk.open()
    at = datetime(2026, 11, 23, 20, 13, 0, tzinfo=UTC)
    talk.session.handle(ClockRead(int(at.timestamp()) * NS, Trust.SYNCED), 0)
    found = [a for a in talk.say(ALARM) if isinstance(a, Finding)]
    assert [(one.cause, one.active) for one in found] == [(Cause.PANEL_CLOCK, True)]


# ---- listening only


def test_listening_only_hears_and_says_when_all_is_quiet() -> None:
    talk = Talk(listen_only=True, beacon_s=60.0)
    assert talk.open() == []
    heard = talk.say(ALARM)
    assert [s.zone for s in signals(heard)] == [8]
    assert [a.online for a in heard if isinstance(a, Link)] == [True]
    quiet = talk.wait(181)
    assert [a.online for a in quiet if isinstance(a, Link)] == [False]
    assert talk.session.deadline_ns() is None
    assert [a.online for a in talk.say(answer("17", "1087")) if isinstance(a, Link)] == [True]
    assert talk.asked == []


def test_listening_only_refuses_commands() -> None:
    talk = Talk(listen_only=True)
    talk.open()
    talk.say(ALARM)
    done = talk.session.handle(Commanded(1, Command(act=Act.STATUS)), talk.now_ns)
    assert [a.outcome for a in done if isinstance(a, Obeyed)] == [Outcome.FORBIDDEN]


# ---- commands


def command(talk: Talk, wanted: Command) -> list[Action]:
    done = talk.settle(talk.session.handle(Commanded(9, wanted), talk.now_ns))
    return done + talk.wait(10)


def ready() -> Talk:
    talk = Talk()
    talk.open()
    talk.wait(20)
    talk.asked.clear()
    return talk


@pytest.mark.parametrize(
    ("wanted", "keys", "after"),
    [
        (Command(act=Act.ARM_AWAY, code="2468"), "A2468E", {"14": "0100"}),
        (Command(act=Act.ARM_STAY, code="2468"), "H2468E", {"14": "1100"}),
        (Command(act=Act.ARM_AWAY), "AE", {"14": "0500"}),
        (Command(act=Act.DISARM, code="2468"), "2468E", {"14": "0000"}),
        (Command(act=Act.BYPASS, zone=3), "X3E", {"19": "0400"}),
        (Command(act=Act.OUTPUT_ON, zone=2), "22*", {"18": "0002"}),
        (Command(act=Act.OUTPUT_OFF, zone=2), "22#", {"18": "0000"}),
    ],
)
def test_a_command_presses_keys_and_looks_whether_it_was_done(
    wanted: Command, keys: str, after: dict[str, str]
) -> None:
    talk = ready()
    talk.answers |= after
    done = command(talk, wanted)
    assert talk.asked[0] == request(0, keys).decode().strip()
    assert talk.asked.count(talk.asked[0]) == 1
    assert [(a.id, a.outcome) for a in done if isinstance(a, Obeyed)] == [(9, Outcome.DONE)]


def test_what_the_panel_did_not_do_is_refused_and_what_nobody_saw_unanswered() -> None:
    talk = ready()
    done = command(talk, Command(act=Act.ARM_AWAY, code="1111"))
    assert [a.outcome for a in done if isinstance(a, Obeyed)] == [Outcome.REFUSED]
    talk = ready()
    talk.deaf = True
    done = command(talk, Command(act=Act.ARM_AWAY, code="2468"))
    assert [a.outcome for a in done if isinstance(a, Obeyed)] == [Outcome.UNANSWERED]


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [
        (Command(act=Act.CLOCK), Outcome.UNSUPPORTED),
        (Command(act=Act.DISARM), Outcome.REFUSED),
        (Command(act=Act.BYPASS), Outcome.REFUSED),
        (Command(act=Act.BYPASS, zone=40), Outcome.REFUSED),
        (Command(act=Act.OUTPUT_ON, zone=9), Outcome.REFUSED),
        (Command(act=Act.UNBYPASS, zone=3), Outcome.DONE),  # it is not bypassed
        (Command(act=Act.STATUS), Outcome.DONE),
    ],
)
def test_what_cannot_be_done_presses_no_keys(wanted: Command, outcome: Outcome) -> None:
    talk = ready()
    done = command(talk, wanted)
    assert [a.outcome for a in done if isinstance(a, Obeyed)] == [outcome]
    assert all(len(name) == 2 for name in talk.asked)


def test_one_command_at_a_time_and_none_to_an_absent_panel() -> None:
    talk = ready()
    arm = Command(act=Act.ARM_AWAY, code="2468")
    talk.session.handle(Commanded(1, arm), talk.now_ns)
    second = talk.session.handle(Commanded(2, arm), talk.now_ns)
    assert [(a.id, a.outcome) for a in second if isinstance(a, Obeyed)] == [(2, Outcome.REFUSED)]
    absent = Talk()
    absent.session.handle(Opened(), 0)
    early = absent.session.handle(Commanded(3, arm), 0)
    assert [a.outcome for a in early if isinstance(a, Obeyed)] == [Outcome.REFUSED]


def test_a_profile_or_option_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="zones"):
        DRIVER.session(Setup(load_codes(), None, {"zones": 99}))
