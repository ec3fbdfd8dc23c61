"""The conversation with a Concord 4: ACK when durable, the list asked for, alarms told once."""

from typing import Any

import pytest

from drivers.concord4 import DRIVER
from edge_agent.domain.command import Act, Outcome
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    Action,
    Committed,
    Fault,
    FaultKind,
    Obeyed,
    Recent,
    Report,
    Setup,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.resources import check_options, load_codes, load_profile
from hil.panels.concord4 import off_wire, on_wire
from tests.drivers.actions import faults, links, outcomes, signals
from tests.drivers.talk import Talk

ACK, NAK = "ack", "nak"
CODES = load_codes()
AT_REST = ("01140104000a00001234", "0301000a0001000030", "0301000a0002000030", "04010001", "08")
SMOKE, SMOKE_OVER = "2202010002000002011b0000", "2202010002000002031b0000"
OFF, AWAY = "22010100000001", "22010100000003"


class Concord(Talk):
    """A session and a panel that answers as told."""

    def __init__(self, **options: Any) -> None:
        chosen = check_options(DRIVER, options)
        super().__init__(DRIVER.session(Setup(CODES, load_profile("concord4"), chosen)))
        self.answers: dict[str, tuple[str, ...]] = {"02": AT_REST, "20": (OFF,)}
        self.asked: list[str] = []
        self.deaf = False

    def say(self, message: str) -> list[Action]:
        return self.raw(on_wire(bytes.fromhex(message)))

    def hears(self, data: bytes) -> list[Action]:
        if data in (b"\x06", b"\x15"):
            self.asked.append(ACK if data == b"\x06" else NAK)
            return []
        message = off_wire(data)
        assert message is not None
        self.asked.append(message.hex())
        done: list[Action] = []
        if not self.deaf:
            done += self.raw(b"\x06")
            for answer in self.answers.get(message.hex(), ()):
                self.now_ns += NS // 20
                done += self.say(answer)
        return done


def ready(**options: Any) -> Concord:
    talk = Concord(**options)
    talk.open()
    talk.wait(5)
    talk.asked.clear()
    return talk


def events(actions: list[Action]) -> list[tuple[str | None, State, Origin]]:
    return [(s.code, s.state, s.origin) for s in signals(actions) if s.code]


def test_at_link_up_the_list_is_asked_for_and_each_of_it_acknowledged() -> None:
    talk = Concord()
    talk.answers["02"] = (*AT_REST[:2], "0301000a0002000530", "0402000308", "08")
    first = [*talk.open(), *talk.wait(5)]
    assert talk.asked == ["02", *[ACK] * 5]
    assert links(first) == [True]
    assert {s.origin for s in signals(first)} == {Origin.AT_START}
    assert [(s.kind, s.zone or s.area, s.state) for s in signals(first)] == [
        (Kind.ZONE, 1, State.CLOSED),
        (Kind.ZONE, 2, State.OPEN),
        (Kind.BURGLARY, 2, State.ACTIVE),
        (Kind.AREA, 2, State.ARMED_AWAY),
    ]
    assert talk.asked.count("20") == 0
    assert not events(talk.wait(65))
    assert talk.asked.count("20") == 1


def test_an_alarm_that_ended_meanwhile_is_ended_by_the_list() -> None:
    talk = Concord()
    stands = Signal(kind=Kind.FIRE, code="111", state=State.ACTIVE, zone=2, area=1)
    [ended] = events([*talk.open(standing=(stands,)), *talk.wait(5)])
    assert ended[:2] == ("111", State.RESTORED)


def test_an_event_has_its_ack_when_it_is_durable() -> None:
    talk = ready()
    talk.is_slow = True
    [report] = [a for a in talk.say(SMOKE) if isinstance(a, Report)]
    assert talk.asked == []
    talk.now_ns += 2 * NS
    assert faults(talk.say(SMOKE)) == [FaultKind.REPEAT]
    assert talk.asked == []
    talk.give(Committed(report.token))
    assert talk.asked == [ACK]


def test_the_state_of_a_zone_is_no_second_alarm() -> None:
    talk = ready()
    assert events(talk.say(SMOKE)) == [("111", State.ACTIVE, Origin.LIVE)]
    assert not events(talk.say("210100000204"))
    assert not events(talk.say("210100000206"))
    assert events(talk.say(SMOKE_OVER)) == [("111", State.RESTORED, Origin.LIVE)]
    assert not events(talk.say("210100000204")), "it still shows it, until somebody disarms"
    talk.say("210100000200")
    assert events(talk.say("210100000204")) == [("130", State.ACTIVE, Origin.LIVE)]


def test_an_alarm_of_before_the_restart_that_ends_is_no_new_one() -> None:
    talk = Concord()
    stands = Signal(kind=Kind.FIRE, code="111", state=State.ACTIVE, zone=2, area=1)
    talk.answers["02"] = (*AT_REST[:2], "0301000a0002000430", *AT_REST[3:])
    assert not events([*talk.open(standing=(stands,)), *talk.wait(5)])
    assert events(talk.say(SMOKE_OVER)) == [("111", State.RESTORED, Origin.LIVE)]
    assert not events(talk.say("210100000206"))


def test_a_copy_after_a_restart_is_recorded_once() -> None:
    talk = Concord()
    talk.open(Recent(on_wire(bytes.fromhex(SMOKE)), 2 * NS))
    assert faults(talk.say(SMOKE)) == [FaultKind.REPEAT]
    assert talk.asked == [ACK]
    late = Concord()
    late.open(Recent(on_wire(bytes.fromhex(SMOKE)), 60 * NS))
    assert events(late.say(SMOKE)), "nobody repeats for so long"


def test_delays_and_levels() -> None:
    talk = ready()
    talk.say(AWAY)
    [begun] = signals(talk.say("2203010040001e"))
    assert begun.state is State.EXIT_DELAY
    assert not signals(talk.say(AWAY)), "that it is armed does not end the delay"
    talk.answers["20"] = (AWAY,)
    ended = talk.say("22030100c00000")
    assert [s.state for s in signals([*ended, *talk.wait(1)])] == [State.ARMED_AWAY]
    talk.say("2203010000001e")
    assert [s.state for s in signals(talk.say(OFF))] == [State.DISARMED]


def test_a_code_of_duress_is_an_event_and_ends_with_another_user() -> None:
    talk = ready()
    assert events(talk.say("220101000 0ee01".replace(" ", ""))) == [
        ("121", State.ACTIVE, Origin.AT_START)
    ]
    assert [e[:2] for e in events(talk.say(AWAY))] == [("121", State.RESTORED)]


@pytest.mark.parametrize("message", ["20", "02"])
def test_what_was_lost_or_began_anew_is_asked_for(message: str) -> None:
    talk = ready()
    talk.wait(70)
    talk.asked.clear()
    assert faults(talk.say(message)) == [FaultKind.MISSED]
    assert talk.asked == [], "a line that loses bytes can make it of an event, which has no ACK yet"
    talk.now_ns += 2 * NS
    talk.say(message)
    talk.wait(5)
    assert talk.asked[:2] == [ACK, "02"]


def test_damage_is_refused_when_the_line_is_quiet() -> None:
    talk = ready()
    told = talk.raw(b"\n07210100000C0137")
    assert faults(told) == [FaultKind.CHECKSUM]
    talk.wait(1)
    assert talk.asked == [NAK]
    shown = talk.raw(b"\n0709000F00123466")
    assert [a.frame for a in shown if isinstance(a, Fault)] == [b""], "it could hold a code"


def test_a_message_of_no_shape_is_kept_and_has_its_ack() -> None:
    talk = ready()
    assert [s.kind for s in signals(talk.say("2101"))] == [Kind.UNKNOWN]
    talk.wait(1)
    assert talk.asked == [ACK]


def test_silence_and_what_follows() -> None:
    talk = ready()
    talk.deaf = True
    assert links(talk.wait(110)) == [False]
    talk.deaf = False
    assert links(talk.wait(20)) == [True]


def test_listening_only_says_nothing() -> None:
    talk = Concord(listen_only=True, quiet_s=100)
    talk.open()
    assert events(talk.say(SMOKE))
    talk.raw(b"\n07210100000C0137")
    assert links(talk.wait(200)) == [False]
    assert talk.asked == []


def test_listening_only_the_same_alarm_an_hour_later_is_another_one() -> None:
    talk = Concord(listen_only=True)
    talk.open()
    assert [one.kind for one in signals(talk.say(SMOKE))] == [Kind.FIRE]
    talk.now_ns += 3600 * NS
    assert [one.kind for one in signals(talk.say(SMOKE))] == [Kind.FIRE]


@pytest.mark.parametrize(
    ("act", "what", "keys", "shown", "outcome"),
    [
        (Act.ARM_AWAY, {}, "40010027", AWAY, Outcome.DONE),
        (Act.ARM_STAY, {"area": 2}, "40020028", "22010200000002", Outcome.DONE),
        (Act.ARM_STAY, {}, "40010028", OFF, Outcome.REFUSED),
        (Act.DISARM, {"code": "2468"}, "4001000102040608", OFF, Outcome.DONE),
        (Act.DISARM, {"code": "2468"}, "4001000102040608", AWAY, Outcome.REFUSED),
    ],
)
def test_keys_are_pressed_once_and_their_effect_asked_for(
    act: Act, what: dict[str, Any], keys: str, shown: str, outcome: Outcome
) -> None:
    talk = ready()
    talk.answers["20"] = (shown,)
    done = talk.order(act, **what)
    assert talk.asked[0] == keys
    assert talk.asked.count(keys) == 1
    assert outcomes(done) == [outcome]


OUT, IN = "0301000a0002001030", "0301000a0002000030"


@pytest.mark.parametrize(
    ("act", "was", "shown", "outcome"),
    [
        (Act.BYPASS, IN, OUT, Outcome.DONE),
        (Act.BYPASS, IN, IN, Outcome.REFUSED),
        (Act.UNBYPASS, OUT, IN, Outcome.DONE),
        (Act.UNBYPASS, OUT, OUT, Outcome.REFUSED),
    ],
)
def test_a_zone_is_taken_out_of_an_armed_area_by_keys_and_the_list_shows_it(
    act: Act, was: str, shown: str, outcome: Outcome
) -> None:
    talk = ready()
    talk.say(AWAY)
    talk.say(was)
    talk.asked.clear()
    talk.answers["02"] = (AT_REST[0], AT_REST[1], shown, "04010003", "08")
    done = talk.order(act, zone=2, code="2468")
    keys = "4001000b020406080002"
    assert talk.asked[0] == keys
    assert talk.asked.count(keys) == 1
    assert talk.asked.count("02") == 1
    assert outcomes(done) == [outcome]


def test_a_zone_that_is_out_already_is_not_taken_in_again() -> None:
    talk = ready()
    talk.say(AWAY)
    talk.say(OUT)
    talk.asked.clear()
    assert outcomes(talk.order(Act.BYPASS, zone=2, code="2468")) == [Outcome.DONE]
    assert talk.asked == []


@pytest.mark.parametrize("level", [OFF, "22010100000005", None])
def test_no_digits_are_pressed_where_they_could_arm(level: str | None) -> None:
    talk = ready() if level else Concord()
    if level:
        talk.say(level)
    talk.asked.clear()
    [refused] = [a for a in talk.order(Act.BYPASS, zone=2, code="2468") if isinstance(a, Obeyed)]
    assert refused.outcome is Outcome.REFUSED
    assert "not armed" in refused.detail or level is None
    assert not [told for told in talk.asked if told.startswith("40")]


@pytest.mark.parametrize(
    ("act", "what"),
    [
        *[(Act.DISARM, {}), (Act.DISARM, {"code": "123456"}), (Act.ARM_AWAY, {"area": 7})],
        *[(Act.BYPASS, {"zone": 2}), (Act.BYPASS, {"zone": 97, "code": "2468"})],
    ],
)
def test_what_cannot_be_said_is_refused(act: Act, what: dict[str, Any]) -> None:
    talk = ready()
    assert outcomes(talk.order(act, **what)) == [Outcome.REFUSED]
    assert talk.asked == []


def test_an_ack_within_a_message_answers_the_request() -> None:
    talk = ready()
    talk.deaf = True
    talk.wait(57)
    assert talk.asked == ["20"]
    zone = on_wire(bytes.fromhex("210100000201"))
    assert not faults(talk.raw(zone[:7] + b"\x06" + zone[7:]))
    talk.wait(20)
    assert talk.asked == ["20", ACK]
