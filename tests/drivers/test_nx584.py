"""The conversation with a NetworX panel: ACK when durable, state asked for, gaps filled."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.nx584 import NEEDED
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import (
    WAITING,
    Commanded,
    Committed,
    Fault,
    FaultKind,
    Recent,
    Report,
    Send,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from hil.panels.machine import Said
from tests.contract.subjects import STREAM
from tests.contract.test_stream import LINES, world
from tests.drivers.actions import faults, links, outcomes, sent, signals
from tests.drivers.nx584_talk import (
    ACK,
    NAK,
    Nx,
    entry,
    events,
    ready,
)

# ---- state


def test_at_link_up_the_whole_state_is_asked_for_and_said_once() -> None:
    talk = Nx()
    talk.answers |= {
        "28": "0804" + "0080" + "00" * 6 + "0307",
        "2401": "0401010000001100",
        "2601": "0601400000000400" + "00",
    }
    talk.open()
    first = [*talk.raw(talk.wire("1d")), *talk.wait(5)]
    assert talk.asked == ["28", "21", "2600", "2601", "2400", "2401"]
    said = signals(first)
    assert {signal.origin for signal in said} == {Origin.AT_START}
    assert {(s.kind, s.zone or s.area): s.state for s in said if not s.code} == {
        (Kind.ZONE, 1): State.CLOSED,
        (Kind.ZONE, 2): State.OPEN,
        (Kind.AREA, 1): State.DISARMED,
        (Kind.AREA, 2): State.ARMED_AWAY,
    }
    assert {(s.code, s.zone) for s in said if s.code} == {("301", None), ("384", 2)}
    assert not signals(talk.wait(300)), "the same again is no news"


def test_the_state_of_all_is_asked_for_each_two_minutes_however_often_it_is_polled() -> None:
    talk = ready(poll_s=20)
    talk.wait(240)
    assert talk.asked.count("28") == 12
    assert talk.asked.count("2401") == 2


def test_what_ended_meanwhile_is_ended_by_the_state() -> None:
    talk = Nx()
    stands = [
        Signal(kind=Kind.POWER, code="301", state=State.ACTIVE),
        Signal(kind=Kind.ZONE_TROUBLE, code="384", state=State.ACTIVE, zone=2, area=1),
        Signal(kind=Kind.FIRE, code="110", state=State.ACTIVE, area=1),
        Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=2, area=1),
    ]
    talk.open(standing=tuple(stands))
    ended = [s for s in signals(talk.raw(talk.wire("1d")) + talk.wait(5)) if s.code]
    assert {(s.code, s.state) for s in ended} == {
        (code, State.RESTORED) for code in ("301", "384", "110")
    }, "an alarm of a zone is told by the log alone"


def test_both_forms_are_tried_until_one_is_heard() -> None:
    talk = Nx()
    talk.deaf = talk.is_binary = True
    talk.open()
    talk.wait(1)
    assert talk.asked[0] == (b"\n0128292A\r" + b"\x7e\x01\x28\x29\x2a").hex()
    talk.deaf = False
    talk.say("080400000000000000000107")
    talk.asked.clear()
    talk.wait(5)
    assert talk.asked[:2] == ["21", "2600"]
    assert talk.say("8400010000000100")[-1] == Send(b"\x7e\x01\x1d\x1e\x1f")


@pytest.mark.parametrize("form", ["ascii", "binary"])
def test_a_form_that_is_given_is_the_only_one(form: str) -> None:
    talk = Nx(form=form)
    talk.open()
    talk.wait(1)
    assert talk.asked[0] == "28"


def test_an_answer_that_does_not_come_is_passed_over() -> None:
    talk = Nx()
    talk.answers["2400"] = ""
    talk.open()
    talk.raw(talk.wire("1d"))
    talk.wait(20)
    assert talk.asked == ["28", "21", "2600", "2400", "2400", "2401"]
    talk.answers["2400"] = "1f"  # the panel refuses it
    told = talk.wait(120)
    assert faults(told) == [FaultKind.REFUSED]
    assert talk.asked[-2:] == ["2400", "2401"]


def test_what_the_panel_is_not_set_to_say_is_said_aloud() -> None:
    talk = Nx()
    talk.answers["21"] = "01" + b"1.05".hex() + "5001" + "0000" * 2
    talk.open()
    [fault] = [a for a in [*talk.raw(talk.wire("1d")), *talk.wait(5)] if isinstance(a, Fault)]
    assert fault.kind is FaultKind.MISSED
    assert [name for name in NEEDED if name in fault.detail] == ["log_event"]


def test_silence_and_what_follows() -> None:
    talk = ready()
    talk.deaf = True
    gone = talk.wait(150)
    assert links(gone) == [False]
    talk.deaf = False
    back = talk.wait(20)
    assert links(back) == [True]
    assert {s.origin for s in signals(back)} == {Origin.AT_START}


def test_listening_only_says_nothing_and_hears_all() -> None:
    talk = Nx(listen_only=True, quiet_s=100)
    talk.open()
    heard = talk.say("8a" + entry(7, 0x80, 2))
    assert events(heard) == [("130", State.ACTIVE, Origin.LIVE)]
    talk.raw(b"\n08840B01000000010099C2\r")
    gone = talk.wait(200)
    assert (links(gone), talk.asked) == ([False], [])


# ---- what it says by itself


def test_an_entry_of_the_log_has_its_ack_when_it_is_durable() -> None:
    talk = ready()
    talk.is_slow = True
    [report] = [a for a in talk.say("8a" + entry(7, 0x80, 2)) if isinstance(a, Report)]
    assert talk.asked == []
    talk.now_ns += NS
    again = talk.say("8a" + entry(7, 0x80, 2))
    assert (faults(again), talk.asked) == ([FaultKind.REPEAT], [])
    talk.give(Committed(report.token))
    assert talk.asked == [ACK]


def test_a_copy_whose_end_was_lost_is_a_copy() -> None:
    talk = ready()
    whole = talk.wire("8a" + entry(7, 0x80, 2))
    talk.is_slow = True
    [report] = [a for a in talk.raw(whole[:-1] + whole[:9]) if isinstance(a, Report)]
    talk.give(Committed(report.token))
    assert faults(talk.raw(whole[9:])) == [FaultKind.REPEAT]
    assert talk.asked == [ACK], "it crossed the ACK, which could be taken for another message's"


def test_an_entry_said_again_after_a_restart_is_recorded_once() -> None:
    talk = Nx()
    talk.open(Recent(talk.wire("8a" + entry(7, 0x80, 2)), NS))
    again = talk.say("8a" + entry(7, 0x00, 2))  # meanwhile it was reported
    assert (faults(again), talk.asked) == ([FaultKind.REPEAT], [ACK])
    assert events(talk.say("8a" + entry(8, 0x80, 2))), "the next one is another"


def test_a_copy_of_what_waits_has_no_ack_before_it_is_durable() -> None:
    talk = Nx()
    talk.open(waiting=Recent(talk.wire("8a" + entry(7, 0x80, 2)), NS))
    assert faults(talk.say("8a" + entry(7, 0x80, 2))) == [FaultKind.REPEAT]
    assert talk.asked == []
    talk.give(Committed(WAITING))
    assert talk.asked == [ACK]


def test_alarm_and_its_end_by_the_log() -> None:
    talk = ready()
    said = talk.say("8a" + entry(7, 0x80, 1)) + talk.say("8a" + entry(8, 0x81, 1))
    assert events(said) == [
        ("130", State.ACTIVE, Origin.LIVE),
        ("130", State.RESTORED, Origin.LIVE),
    ]


def test_a_fire_shows_by_its_area_at_once() -> None:
    talk = ready()
    told = talk.say("860004020000000000")
    assert {(s.kind, s.state) for s in signals(told)} == {
        (Kind.AREA, State.ALARM),
        (Kind.FIRE, State.ACTIVE),
    }
    assert talk.asked == [ACK]


def test_a_trouble_that_the_log_told_is_not_said_again_by_the_state() -> None:
    talk = ready()
    talk.say("8a" + entry(7, 0x9A))
    assert not signals(talk.say("8804" + "0080" + "00" * 6 + "0107"))
    assert [e[:2] for e in events(talk.say("8a" + entry(8, 0x9B)))] == [("301", State.RESTORED)]
    assert not signals(talk.say("880400000000000000000107"))


def test_a_snapshot_of_areas_ends_no_alarm() -> None:
    talk = ready()
    talk.say("860040020000000000")
    assert not signals(talk.say("8705" + "00" * 7))
    assert talk.say("8500" + "01" + "00" * 7), "and one of zones is taken"
    assert talk.session.deadline_ns() == talk.now_ns + 2 * NS, "the whole state is asked for"


def test_damage_is_refused_and_the_state_asked_for() -> None:
    talk = ready()
    told = talk.raw(b"\n08840B01000000010099C2\r")
    assert faults(told) == [FaultKind.CHECKSUM]
    assert talk.asked == [], "a NAK is said when the line is quiet"
    [fault] = [a for a in told if isinstance(a, Fault)]
    assert fault.frame == b"\n08840B01000000010099C2\r"
    talk.wait(3)
    assert talk.asked[:2] == [NAK, "28"]
    told = talk.raw(b"\n063C4286FF01010DFC\r")
    assert [a.frame for a in told if isinstance(a, Fault)] == [b""], "it could hold a code"


def test_a_message_of_no_shape_is_kept_and_has_its_ack() -> None:
    talk = ready()
    told = talk.say("840B01")
    assert [(s.kind, s.frame) for s in signals(told)] == [(Kind.UNKNOWN, talk.wire("840B01"))]
    assert faults(told) == [FaultKind.LENGTH]
    assert talk.asked == [ACK]
    talk.now_ns += NS
    assert not signals(talk.say("840B01"))
    assert talk.asked == [ACK, ACK]


# ---- the log fills a gap


def gap(newest: int) -> Nx:
    """A panel whose entry 5 was recorded; entries 6 to 8 and the oldest, 9, are in its log."""
    talk = Nx()
    talk.answers |= {f"2a{n:02x}": f"0a{entry(n, 0x80, n)}" for n in range(5, 10)}
    talk.answers["28"] = f"0804000000000000000001{newest:02x}"
    talk.open(Recent(talk.wire("8a" + entry(5, 0x80, 5)), NS))
    return talk


def test_a_gap_is_filled_oldest_first_and_once() -> None:
    talk = gap(8)
    told = [*talk.raw(talk.wire("1d")), *talk.wait(5)]
    filled = [s for s in signals(told) if s.origin is Origin.BACKFILL]
    assert [s.zone for s in filled] == [7, 8, 9]
    assert talk.asked[-4:] == ["2a08", "2a07", "2a06", "2a05"]
    assert not signals(talk.wait(130))
    assert events(talk.say("8a" + entry(9, 0x80, 1)))


def test_a_gap_of_nothing_costs_one_question() -> None:
    talk = gap(5)
    told = [*talk.raw(talk.wire("1d")), *talk.wait(5)]
    assert not [s for s in signals(told) if s.origin is Origin.BACKFILL]
    assert talk.asked[-1] == "2a05"


def test_what_is_read_when_the_panel_falls_silent_is_kept() -> None:
    talk = gap(8)
    talk.answers["2a06"] = ""
    told = [*talk.raw(talk.wire("1d")), *talk.wait(12)]
    assert [s.zone for s in signals(told) if s.origin is Origin.BACKFILL] == [8, 9]


def test_a_log_that_came_round_is_read_whole() -> None:
    talk = Nx()
    talk.answers |= {f"2a{n:02x}": f"0a{n:02x}0380{n:02x}000b171405" for n in range(3)}
    talk.answers["28"] = "0804000000000000000001" + "01"
    talk.open(Recent(talk.wire("8a" + entry(5, 0x80, 5)), NS))
    told = [*talk.raw(talk.wire("1d")), *talk.wait(5)]
    assert [s.zone for s in signals(told) if s.origin is Origin.BACKFILL] == [3, 1, 2]


def test_without_anything_recorded_there_is_no_gap() -> None:
    talk = Nx()
    talk.open()
    talk.raw(talk.wire("1d"))
    talk.wait(5)
    assert not [asked for asked in talk.asked if asked.startswith("2a")]


def test_an_entry_that_somebody_else_asked_for_is_no_live_event() -> None:
    talk = ready()
    [told] = events(talk.say("0a" + entry(7, 0x80, 2)))
    assert told[2] is Origin.BACKFILL
    assert not events(talk.say("0a" + entry(7, 0x80, 2)))


# ---- a zone that is of fire

FIRE_ZONE, ALARM_OF_2, OVER_OF_2 = "0401010100000000", "8a" + entry(7, 0x80, 1), entry(8, 0x81, 1)


def test_the_alarm_of_a_zone_that_is_programmed_for_fire_is_fire() -> None:
    talk = Nx()
    talk.answers["2401"] = FIRE_ZONE
    talk.open()
    talk.raw(talk.wire("1d"))
    talk.wait(5)
    [began] = signals(talk.say(ALARM_OF_2))
    assert (began.kind, began.code, began.zone, began.area) == (Kind.FIRE, "110", 2, 1)
    [ended] = signals(talk.say("8a" + OVER_OF_2))
    assert (ended.code, ended.state) == ("110", State.RESTORED)
    [other] = signals(talk.say("8a" + entry(9, 0x80, 0)))
    assert (other.kind, other.code) == (Kind.BURGLARY, "130")
    talk.say("8401010000000000")
    assert [e[0] for e in events(talk.say("8a" + entry(10, 0x80, 1)))] == ["130"], "no more"


def test_an_alarm_ends_in_the_words_in_which_it_began() -> None:
    talk = ready()
    assert [e[0] for e in events(talk.say(ALARM_OF_2))] == ["130"], "nothing else is known yet"
    talk.say("84" + FIRE_ZONE[2:])
    assert [e[:2] for e in events(talk.say("8a" + OVER_OF_2))] == [("130", State.RESTORED)]
    fire = Signal(kind=Kind.FIRE, code="110", state=State.ACTIVE, zone=2, area=1)
    anew = Nx()
    anew.deaf = True
    anew.open(standing=(fire,))
    told = [e[:2] for e in events(anew.say("8a" + OVER_OF_2))]
    assert told == [("110", State.RESTORED)], "after a restart, before it is asked"


def test_what_the_log_fills_in_is_of_fire_too() -> None:
    talk = Nx()
    talk.answers |= {"2401": FIRE_ZONE, "2a07": "0a" + entry(7, 0x80, 1)}
    talk.answers["2a06"] = "0a" + entry(6, 0x80, 0, 1)
    heard = Recent(talk.wire("8a" + entry(6, 0x80, 0, 1)))
    told = [*talk.open(heard), *talk.raw(talk.wire("1d")), *talk.wait(5)]
    assert events(told) == [("110", State.ACTIVE, Origin.BACKFILL)]


# ---- the clock


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_clock_that_is_off_is_found_and_set_where_allowed(is_allowed: bool) -> None:
    talk = ready(allow=frozenset({"clock"} if is_allowed else ()))
    told = talk.say("8a" + entry(7, 0x80, 2, minute=35))
    assert [(f.cause, f.active) for f in told if isinstance(f, Finding)] == [
        (Cause.PANEL_CLOCK, True)
    ]
    sets = "3b1a0b17140502"  # of the facts
    assert talk.asked == ([ACK, sets] if is_allowed else [ACK])
    over = talk.say("8a" + entry(8, 0x81, 2, minute=5))
    assert [f.active for f in over if isinstance(f, Finding)] == [False]


def test_a_minute_of_last_year_is_near() -> None:
    talk = ready()
    talk.clock(datetime(2027, 1, 1, 0, 0, 10, tzinfo=UTC))
    assert not [a for a in talk.say("8a07648002000c1f173b") if isinstance(a, Finding)]


def test_after_the_clock_is_set_the_panel_is_left_until_it_has_answered() -> None:
    talk = ready(allow=frozenset({"clock"}))
    talk.say("8a" + entry(7, 0x80, 2, minute=35))
    asked = Commanded(7, Command(act=Act.STATUS))
    assert not sent(talk.session.handle(asked, talk.now_ns)), "nothing in the same moment"
    talk.wait(4)
    assert "28" in talk.asked, "it did not answer, and is asked after a while"
    refused = ready(allow=frozenset({"clock"}))
    refused.answers["3b1a0b17140502"] = "1f"
    assert FaultKind.REFUSED in faults(refused.say("8a" + entry(7, 0x80, 2, minute=35)))
    assert not faults(refused.wait(5)), "it has its answer"


def test_a_clock_that_was_lost_is_set_once_an_hour() -> None:
    talk = ready(allow=frozenset({"clock"}))
    lost = "8804" + "00" * 5 + "08" + "0000" + "0107"
    assert events(talk.say(lost)) == [("626", State.ACTIVE, Origin.LIVE)]
    talk.now_ns += 10 * NS
    talk.say(lost)
    assert len([asked for asked in talk.asked if asked.startswith("3b")]) == 1


# ---- commands


@pytest.mark.parametrize(
    ("act", "what", "said", "shown", "outcome"),
    [
        (Act.DISARM, {"code": "2468"}, "3c4286ff0101", "060000000000000400", Outcome.DONE),
        (Act.DISARM, {"code": "2468"}, "3c4286ff0101", "060040000000000000", Outcome.REFUSED),
        (
            Act.ARM_AWAY,
            {"area": 3, "code": "123456"},
            "3c2143650204",
            "060240004000000000",
            Outcome.DONE,
        ),
        (Act.ARM_AWAY, {}, "3e0201", "060040000000000000", Outcome.DONE),
        (Act.ARM_STAY, {}, "3e0001", "060040000400000000", Outcome.DONE),
        (Act.ARM_STAY, {"code": "2468"}, "3c4286ff0301", "060040000000000000", Outcome.REFUSED),
        (Act.BYPASS, {"zone": 2}, "3f01", "0401010000000400", Outcome.DONE),
        (Act.BYPASS, {"zone": 2}, "3f01", "0401010000000000", Outcome.REFUSED),
        (Act.CLOCK, {}, "3b1a0b17140502", "080400000000000000000107", Outcome.DONE),
    ],
)
def test_a_command_is_sent_once_and_its_effect_asked_for(
    act: Act, what: dict[str, Any], said: str, shown: str, outcome: Outcome
) -> None:
    talk = ready()
    check = {"04": "24", "06": "26", "08": "28"}[shown[:2]]
    talk.answers[check + (shown[2:4] if check != "28" else "")] = shown
    done = talk.order(act, **what)
    assert talk.asked[0] == said
    assert talk.asked.count(said) == 1
    assert outcomes(done) == [outcome]


def test_a_bypass_that_is_there_is_not_toggled() -> None:
    talk = ready()
    talk.say("8401010000000400")
    talk.asked.clear()
    assert outcomes(talk.order(Act.BYPASS, zone=2)) == [Outcome.DONE]
    assert "3f01" not in talk.asked
    talk.answers["2401"] = "0401010000000000"
    assert outcomes(talk.order(Act.UNBYPASS, zone=2)) == [Outcome.DONE]
    assert talk.asked[0] == "3f01"


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (Act.DISARM, {}),  # no code
        (Act.DISARM, {"code": "12345"}),  # codes have four or six digits
        (Act.ARM_AWAY, {"code": "1", "area": 1}),
        (Act.ARM_AWAY, {"area": 9}),
        (Act.BYPASS, {"zone": 193}),
    ],
)
def test_what_cannot_be_said_is_refused(act: Act, what: dict[str, Any]) -> None:
    talk = ready()
    assert outcomes(talk.order(act, **what)) == [Outcome.REFUSED]
    assert talk.asked == []


def test_a_command_that_the_panel_refuses_is_counted() -> None:
    talk = ready()
    assert faults(talk.say("1c")) == [FaultKind.REFUSED]


def test_a_report_names_the_frame_and_numbers_as_printed() -> None:
    talk = ready()
    [signal] = signals(talk.say("840b010000000100"))
    assert replace(signal, frame=b"") == Signal(
        kind=Kind.ZONE, state=State.OPEN, zone=12, area=1, origin=Origin.AT_START
    )


def test_a_fire_at_the_emulated_panel_is_fire_and_an_intrusion_is_none() -> None:
    [subject] = [one for one in STREAM if str(one) == "nx584-nx584"]
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(60 * NS, "open 16")
    here.tell(70 * NS, "alarm zone=1")
    here.run(90 * NS)
    told = {(s.code, s.zone) for s in (one.signal for one in here.gateway.durable) if s.code}
    assert told == {("110", 16), ("110", None), ("130", 1)}
    assert here.recorded <= here.said + here.told(Said.STATED)
