"""The conversation with a VISTA: zones asked for once, arming as a heartbeat, events in between."""

from datetime import UTC, datetime
from typing import Any

import pytest

from drivers._vista_frames import request
from drivers.vista import DRIVER
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
    Recent,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.resources import check_options, load_codes, load_profile
from hil.panels.vista import framed
from tests.drivers.actions import faults, links, outcomes, signals

ALARM, OVER = (framed("nq", f"{n}00300010920231126") + b"\r\n" for n in ("51", "52"))
IN_ALARM = "004" + "0" * 61
REST = "0" * 64


class Talk:
    """A session and a panel that answers as told; `say` returns what the session did."""

    def __init__(self, allow: str = "", **options: Any) -> None:
        checked = check_options(DRIVER, options)
        setup = Setup(load_codes(), load_profile("vista_128"), checked, UTC, frozenset({allow}))
        self.session = DRIVER.session(setup)
        self.now_ns = 0
        self.letters = "D" * 8
        self.blocks = [REST, REST]
        self.asked: list[str] = []
        self.asked_ns: list[int] = []
        self.deaf = False
        self.log: list[str] = []
        self.log_ends = True

    def open(self, *standing: Signal, recent: tuple[bytes, ...] = ()) -> list[Action]:
        opened = Opened(tuple(Recent(frame) for frame in recent), standing)
        return self.settle(self.session.handle(opened, self.now_ns))

    def say(self, data: bytes) -> list[Action]:
        return self.settle(self.session.handle(Received(data), self.now_ns))

    def tell(self, kind: str, data: str) -> list[Action]:
        return self.say(framed(kind, data) + b"\r\n")

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.settle(self.session.handle(Ticked(), self.now_ns))
        self.now_ns = end_ns
        return done

    def settle(self, actions: list[Action]) -> list[Action]:
        """Let the panel answer what is asked, and say that it is ready."""
        done = list(actions)
        for action in actions:
            if isinstance(action, Send):
                name = action.data[2:4].decode()
                self.asked.append(
                    name if name in {"as", "zs", "LD"} else action.data.decode().strip()
                )
                self.asked_ns.append(self.now_ns)
                if not self.deaf:
                    self.now_ns += 50_000_000
                    done += self.answer(name)
        return done

    def answer(self, name: str) -> list[Action]:
        done = self.tell("AS", self.letters) if name == "as" else []
        if name == "zs":
            for block, nibbles in enumerate(self.blocks):
                done += self.tell("ZS", f"{block}{nibbles}")
        if name == "LD":
            for row in self.log:
                done += self.tell("ld", row)
            if not self.log_ends:
                return done
            done += self.tell("lc", "")
        return done + self.tell("OK", "")


def ready(**options: Any) -> Talk:
    talk = Talk(**options)
    talk.open()
    talk.wait(25)
    talk.asked.clear()
    return talk


def events(actions: list[Action]) -> list[tuple[str | None, State, Origin]]:
    return [(s.code, s.state, s.origin) for s in signals(actions) if s.code]


def test_at_link_up_all_is_asked_for_and_zones_only_then() -> None:
    talk = Talk()
    talk.letters, talk.blocks[1] = "DAHDDDDN", "18" + "0" * 62
    first = [*talk.open(), *talk.wait(20)]
    assert talk.asked == ["as", "zs"]
    assert talk.asked_ns[1] - talk.asked_ns[0] >= 500_000_000, "the maker's spacing"
    said = signals(first)
    assert {signal.origin for signal in said} == {Origin.AT_START}
    zones = {signal.zone: signal.state for signal in said if signal.kind is Kind.ZONE}
    assert set(zones) == set(range(1, 129))
    assert {n for n, state in zones.items() if state is not State.CLOSED} == {65, 66}
    areas = {signal.area: signal.state for signal in said if signal.kind is Kind.AREA}
    assert (areas[2], areas[3], areas[8]) == (State.ARMED_AWAY, State.ARMED_STAY, State.UNKNOWN)
    assert signals(talk.wait(300)) == []
    assert set(talk.asked[2:]) == {"as"}, "zones are kept by events"


def test_zones_that_come_slowly_are_not_asked_for_again() -> None:
    talk = ready()
    talk.deaf = True
    talk.settle(talk.session.handle(Commanded(1, Command(act=Act.STATUS)), talk.now_ns))
    talk.wait(1)
    talk.tell("AS", talk.letters)
    talk.tell("OK", "")
    talk.wait(1)
    for block in range(3):
        talk.wait(4)
        talk.tell("ZS", f"{block}{REST}")
    talk.wait(4)
    assert talk.asked == ["as", "zs"]


def test_arming_asks_for_all_areas_and_a_bypass_for_the_zone() -> None:
    talk = ready()
    talk.letters = "A" + "D" * 7
    done = talk.tell("nq", "0700001510920231126") + talk.wait(2)
    assert [(s.kind, s.state) for s in signals(done)] == [
        (Kind.OPEN_CLOSE, State.ARMED),
        (Kind.AREA, State.ARMED_AWAY),
    ]
    talk.blocks[0] = "0008" + "0" * 60
    done = talk.tell("nq", "0500400010920231126") + talk.wait(2)
    assert [(s.kind, s.zone, s.state) for s in signals(done)] == [
        (Kind.BYPASS, 4, State.ACTIVE),
        (Kind.ZONE, 4, State.BYPASSED),
    ]


def test_an_alarm_is_one_in_the_event_and_in_the_map() -> None:
    talk = ready()
    assert events(talk.say(ALARM)) == [("132", State.ACTIVE, Origin.LIVE)]
    talk.blocks[0] = IN_ALARM
    status = Commanded(1, Command(act=Act.STATUS))
    assert events(talk.settle(talk.session.handle(status, talk.now_ns)) + talk.wait(2)) == []
    assert events(talk.say(OVER)) == [("132", State.RESTORED, Origin.LIVE)]
    again = talk.settle(talk.session.handle(status, talk.now_ns)) + talk.wait(2)
    assert events(again) == [], "its memory is no new alarm"


def test_what_stands_in_the_journal_is_not_said_again_and_its_end_is() -> None:
    standing = Signal(kind=Kind.FIRE, code="111", state=State.ACTIVE, zone=3)
    talk = Talk()
    talk.blocks[0] = IN_ALARM
    assert events([*talk.open(standing), *talk.wait(20)]) == []
    over = Talk()
    assert [e[:2] for e in events([*over.open(standing), *over.wait(20)])] == [
        ("111", State.RESTORED)
    ]
    new = Talk()
    new.blocks[0] = IN_ALARM
    assert events([*new.open(), *new.wait(20)]) == [("130", State.ACTIVE, Origin.AT_START)]


def test_a_doubled_event_is_one_and_the_same_later_is_another() -> None:
    talk = ready()
    talk.say(ALARM)
    talk.now_ns += 100_000_000
    assert faults(talk.say(ALARM)) == [FaultKind.REPEAT]
    talk.now_ns += 5 * NS
    assert len(events(talk.say(ALARM))) == 1, "never hold back an alarm"


def test_damage_asks_for_all_again_and_printed_lines_not_all_the_time() -> None:
    talk = ready()
    bad = ALARM[:-4] + b"00\r\n"
    assert faults(talk.say(bad)) == [FaultKind.CHECKSUM]
    talk.wait(4)
    assert "zs" in talk.asked
    [found] = [a for a in talk.say(bad) if isinstance(a, Finding)]
    assert (found.cause, found.active) == (Cause.LINE_NOISE, True)
    talk.asked.clear()
    for _ in range(60):
        talk.say(b"11/23 20:09 a printed line\r\n" + framed("DC", "") + b"\r\n")
        talk.wait(1)
    assert talk.asked.count("zs") <= 4
    [fault] = [a for a in talk.say(b"16AA0024681000000000FF\r\n") if isinstance(a, Fault)]
    assert fault.frame == b"", "it could hold a user code"


def test_no_answer_is_no_panel_and_its_return_a_new_beginning() -> None:
    talk = ready()
    talk.deaf = True
    gone = talk.wait(70)
    assert links(gone) == [False]
    assert FaultKind.SILENCE in faults(gone)
    talk.deaf = False
    back = talk.wait(40)
    assert links(back) == [True]
    assert len([s for s in signals(back) if s.kind is Kind.ZONE]) == 128


def test_while_it_is_programmed_it_is_not_asked_and_then_for_everything() -> None:
    talk = ready()
    assert events(talk.tell("XF", "")) == [("627", State.ACTIVE, Origin.LIVE)]
    assert talk.wait(1000) == []
    command = Commanded(1, Command(act=Act.STATUS))
    assert outcomes(talk.session.handle(command, talk.now_ns)) == [Outcome.REFUSED]
    ended = talk.tell("XN", "") + talk.wait(3)
    assert events(ended) == [("628", State.ACTIVE, Origin.LIVE)]
    assert talk.asked == ["as", "zs"]
    talk.tell("XF", "")
    talk.deaf = True
    assert links(talk.wait(3601)) == [False]


def test_a_panel_clock_that_is_off_is_found() -> None:
    talk = ready()
    at = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
    talk.session.handle(ClockRead(int(at.timestamp()) * NS - talk.now_ns, Trust.SYNCED), 0)
    [found] = [a for a in talk.say(ALARM) if isinstance(a, Finding)]
    assert (found.cause, found.active) == (Cause.PANEL_CLOCK, True)


def test_listening_only_hears_and_says_when_all_is_quiet() -> None:
    talk = Talk(listen_only=True, quiet_s=120.0)
    assert talk.open() == []
    assert len(events(talk.say(ALARM))) == 1
    assert links(talk.wait(121)) == [False]
    command = Commanded(1, Command(act=Act.STATUS))
    assert outcomes(talk.session.handle(command, talk.now_ns)) == [Outcome.FORBIDDEN]
    assert talk.asked == []


@pytest.mark.parametrize(
    ("wanted", "kind", "data", "letters"),
    [
        (Command(act=Act.ARM_AWAY, area=2, code="2468"), "AA", "00246801000000", "DADDDDDD"),
        (Command(act=Act.ARM_STAY, code="2468"), "AH", "00246810000000", "HDDDDDDD"),
        (Command(act=Act.DISARM, code="2468"), "AD", "00246810000000", "DDDDDDDD"),
        (Command(act=Act.BYPASS, zone=4, code="2468"), "KS", "124686004", "DDDDDDDD"),
    ],
)
def test_a_command_is_sent_once_and_it_is_looked_whether_it_was_done(
    wanted: Command, kind: str, data: str, letters: str
) -> None:
    talk = ready()
    talk.letters, talk.blocks[0] = letters, "0008" + "0" * 60
    done = talk.settle(talk.session.handle(Commanded(9, wanted), talk.now_ns)) + talk.wait(10)
    sent = request(kind, data).decode().strip()
    assert talk.asked.count(sent) == 1
    assert outcomes(done) == [Outcome.DONE], "OK is flow control: the state tells"


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [
        (Command(act=Act.CLOCK), Outcome.UNSUPPORTED),
        (Command(act=Act.UNBYPASS, zone=3, code="2468"), Outcome.UNSUPPORTED),
        (Command(act=Act.DISARM), Outcome.REFUSED),
        (Command(act=Act.DISARM, code="12345"), Outcome.REFUSED),
        (Command(act=Act.ARM_AWAY, area=9, code="1234"), Outcome.REFUSED),
        (Command(act=Act.BYPASS, zone=251, code="1234"), Outcome.REFUSED),
        (Command(act=Act.ARM_AWAY, code="1111"), Outcome.REFUSED),
    ],
)
def test_what_cannot_be_done_is_refused(wanted: Command, outcome: Outcome) -> None:
    talk = ready()
    done = talk.settle(talk.session.handle(Commanded(9, wanted), talk.now_ns)) + talk.wait(10)
    assert outcomes(done) == [outcome]


# ---- the clock

AT_NOON = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
HOUR_OFF = framed("nq", "0D00000010013231126") + b"\r\n"  # a manual test at 13:00


def clocked(allow: str = "", trust: Trust = Trust.SYNCED, **options: Any) -> Talk:
    talk = ready(allow=allow, **options)
    offset_ns = int(AT_NOON.timestamp()) * NS - talk.now_ns
    talk.session.handle(ClockRead(offset_ns, trust), talk.now_ns)
    return talk


@pytest.mark.parametrize(("digits", "sent"), [("hmsMD", "1200051123"), ("mhDMy", "0012231126")])
def test_the_clock_is_set_in_the_order_that_was_tried_at_commissioning(
    digits: str, sent: str
) -> None:
    talk = clocked(clock_digits=digits)
    wanted = Commanded(9, Command(act=Act.CLOCK))
    done = talk.settle(talk.session.handle(wanted, talk.now_ns))
    assert framed("zk", sent).decode() in talk.asked
    assert outcomes(done) == [Outcome.DONE]
    unsure = clocked(trust=Trust.HOLDOVER, clock_digits=digits)
    assert outcomes(unsure.session.handle(wanted, unsure.now_ns)) == [Outcome.CLOCK_UNSURE]


@pytest.mark.parametrize(
    ("allow", "options", "is_set"),
    [
        ("clock", {"clock_digits": "hmsMD"}, True),
        ("clock", {}, False),
        ("", {"clock_digits": "hmsMD"}, False),
        ("clock", {"clock_digits": "hmsMD", "listen_only": True}, False),
    ],
)
def test_a_clock_that_has_become_wrong_is_set_once_where_that_is_allowed(
    allow: str, options: dict[str, Any], is_set: bool
) -> None:
    talk = clocked(allow, **options)
    found = talk.say(HOUR_OFF)
    assert [one.cause for one in found if isinstance(one, Finding)] == [Cause.PANEL_CLOCK]
    talk.now_ns += NS
    talk.say(HOUR_OFF)
    assert len([text for text in talk.asked if text[2:4] == "zk"]) == is_set


@pytest.mark.parametrize("digits", ["hm", "hmsMM", "hmsDy", "hmsDMy", "hmxDM"])
def test_an_order_of_digits_that_makes_no_time_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="clock_digits"):
        Talk(clock_digits=digits)


# ---- the panel's own log

LIVE = framed("nq", "4100300010920231126")  # zone 3, 20:09
ROWS = [  # newest first: disarmed, over, the alarm that was heard, an older one
    "0800000511520231126",
    "4200300011020231126",
    "4100300010920231126",
    "4100900010120231126",
]


def gap(talk: Talk, *recent: bytes) -> list[Action]:
    """Come back after a gap; return what the log told."""
    actions = talk.open(recent=recent) + talk.wait(30)
    return [one for one in actions if isinstance(one, Report) and one.signals[0].kind in WAS]


WAS = {Kind.BURGLARY, Kind.OPEN_CLOSE}


def test_the_panels_own_log_fills_a_gap() -> None:
    talk = Talk()
    talk.log = ROWS
    told = signals(gap(talk, LIVE))
    assert [(s.kind, s.state, s.zone, s.user) for s in told] == [
        (Kind.BURGLARY, State.RESTORED, 3, None),
        (Kind.OPEN_CLOSE, State.DISARMED, None, 5),
    ]
    assert {s.origin for s in told} == {Origin.BACKFILL}
    assert told[0].panel_time == "2026-11-23T20:10:00"
    assert talk.asked.count("LD") == 1
    assert signals(gap(talk, LIVE, *(framed("ld", row) for row in ROWS[1::-1]))) == []


def test_after_an_absence_too() -> None:
    talk = ready()
    talk.say(LIVE + b"\r\n")
    talk.deaf = True
    talk.wait(200)
    talk.deaf, talk.log = False, ROWS
    told = signals(talk.wait(40))
    assert [s.state for s in told if s.origin is Origin.BACKFILL] == [
        *(State.RESTORED, State.DISARMED),
    ]


def test_without_anything_recorded_no_log_is_asked_for() -> None:
    talk = Talk()
    talk.log = ROWS
    assert gap(talk) == []
    assert "LD" not in talk.asked
    assert signals(talk.tell("ld", ROWS[0])) == [], "another host asked"


def test_of_a_log_that_breaks_off_what_came_is_taken() -> None:
    talk = Talk()
    talk.log, talk.log_ends = ROWS[:2], False
    assert len(signals(gap(talk, LIVE))) == 2
    assert talk.asked.count("LD") == 1, "it is long: not asked for twice"


def test_an_alarm_that_came_and_went_in_the_gap_stands_no_more() -> None:
    talk = Talk()
    talk.log = ["4200400011120231126", "4100400011020231126"]
    told = signals(gap(talk, LIVE))
    assert [(s.zone, s.state) for s in told] == [(4, State.ACTIVE), (4, State.RESTORED)]
    assert not talk.session.proven.standing  # type: ignore[attr-defined]
