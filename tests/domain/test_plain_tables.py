"""A panel of tables: what an answer says of areas, what ends with another event, orders, numbers.

Seen to fail: an alarm of another area taken for that of an answer; a disarming that ended the
alarms of all areas; a number left out that nobody noticed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest

from edge_agent.domain.codes import Codes
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.marked_lines import SummedLines
from edge_agent.domain.plain import NUMBER, RESETS, PlainPanel
from edge_agent.domain.polled import Order
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Fault,
    FaultKind,
    Frame,
    Opened,
    Recent,
    Setup,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from tests.domain.test_plain import Answering, Talk, Toy
from tests.drivers.actions import faults, outcomes, sent, signals


def read_areas(line: bytes, raw: bytes) -> Frame | None:
    """`event 07 HA area=2 zone=3 [over|disarmed] [ends=HA,BA]`, `alarms HA area=2`."""
    name, *words = line.decode().split()
    number = words.pop(0) if name == "event" else ""
    code = words.pop(0) if words else None
    given = dict(word.split("=") for word in words if "=" in word)
    area, zone, user = (int(given[w]) if w in given else None for w in ("area", "zone", "user"))
    kind, state = Kind.BURGLARY, State.RESTORED if "over" in words else State.ACTIVE
    if "disarmed" in words:
        kind, state = Kind.OPEN_CLOSE, State.DISARMED
    said = Signal(kind=kind, code=code, state=state, area=area, zone=zone, user=user, frame=raw)
    ends = given.get("ends", "").replace(",", " ")
    return Frame(raw, name, (said,) if code else (), {NUMBER: number, RESETS: ends})


class Areas(Toy):
    """Its events have numbers; an answer tells of an area only that it is in alarm."""

    rounds: tuple[str, ...] = ("alarms",)
    numbers = range(1, 100)
    alike: Mapping[str, Mapping[str, tuple[str, ...]]] = {
        "alarms": {"XA": ("BA", "HA"), "FA": ("FA",)}
    }
    hiding: Mapping[str, tuple[str, ...]] = {"alarms": ("FA", "XA", "BA")}

    def decoder(self) -> LineDecoder:
        return LineDecoder(read_areas)


def areas(*heard: str, recent: tuple[Recent, ...] = ()) -> Talk:
    talk = Talk(Areas, (), ("alarms",), recent)
    for line in heard:
        talk.hear(line)
    return talk


def ended(done: list[Action]) -> list[tuple[str | None, int | None]]:
    return [(one.code, one.zone) for one in signals(done) if one.state is State.RESTORED]


def test_an_alarm_told_of_an_area_is_one_that_stands_there_and_no_other() -> None:
    talk = areas("event 01 BA area=1 zone=3", "event 02 HA area=2 zone=8")
    assert signals(talk.hear("alarms XA area=1")) == [], "it is the one in zone 3"
    [news, over] = signals(talk.hear("alarms XA area=3"))
    assert (news.code, news.area, news.state) == ("XA", 3, State.ACTIVE)
    assert (over.code, over.zone, over.state) == ("BA", 3, State.RESTORED)
    assert signals(areas("event 01 HA zone=8").hear("alarms XA area=3")) == [], "it may be there"


def test_behind_what_an_answer_says_of_an_area_another_alarm_may_stand() -> None:
    talk = areas("event 01 BA area=1 zone=3", "event 02 BA area=2 zone=4", "alarms XA area=1")
    assert [one.code for one in signals(talk.hear("alarms FA area=1"))] == ["FA"]
    assert ended(talk.hear("alarms")) == [("BA", 3), ("FA", None)]


def test_what_stands_behind_a_fire_of_one_area_is_over_in_another() -> None:
    """Seen to fail: the alarm of area 2 stood as long as there was a fire in area 1."""
    said = Signal(kind=Kind.BURGLARY, code="BA", state=State.ACTIVE)
    standing = tuple(replace(said, area=area) for area in (1, 2))
    talk = Talk(Areas, standing, ("alarms FA area=1",))
    [over] = [one for one in signals(talk.begun) if one.code == "BA"]
    assert (over.state, over.area) == (State.RESTORED, 2)
    assert ended(talk.hear("alarms")) == [("BA", None), ("FA", None)]


def test_an_alarm_of_another_area_is_news() -> None:
    [news] = signals(areas("event 01 BA area=1 zone=3").hear("alarms XA area=2"))
    assert (news.code, news.area) == ("XA", 2)


def test_a_disarming_ends_what_it_silences_in_its_area() -> None:
    talk = areas("event 01 BA area=1 zone=3", "event 02 HA area=1", "event 03 BA area=2 zone=4")
    done = talk.hear("event 04 OP area=1 disarmed ends=BA,HA")
    assert ended(done) == [("BA", 3), ("HA", None)]
    assert ended(talk.hear("event 05 OP disarmed ends=BA")) == [("BA", 4)], "no area: all"
    assert ended(talk.hear("event 06")) == []


def test_a_disarming_ends_no_alarm_of_another_area_that_is_of_no_zone() -> None:
    """Seen to fail: the panic of area 2 was over, too."""
    talk = areas("event 01 HA area=1", "event 02 HA area=2")
    [over] = signals(talk.hear("event 03 OP area=1 disarmed ends=HA"))[1:]
    assert (over.code, over.state, over.area) == ("HA", State.RESTORED, 1)
    [over] = signals(talk.hear("event 04 OP area=2 disarmed ends=HA"))[1:]
    assert (over.code, over.state) == ("HA", State.RESTORED), "it still stood"
    both = areas("event 01 HA area=1", "event 02 HA area=2")
    assert len(ended(both.hear("event 03 OP disarmed ends=HA"))) == 2


def test_a_frame_of_a_reset_that_says_nothing_else_ends_all_of_these_codes() -> None:
    class Bare(Areas):
        def decoder(self) -> LineDecoder:
            return LineDecoder(
                lambda line, raw: (
                    Frame(raw, "event", fields={RESETS: "BA"})
                    if line == b"reset"
                    else read_areas(line, raw)
                )
            )

    talk = Talk(Bare, (), ("alarms",))
    talk.hear("event 01 BA area=1 zone=3")
    assert ended(talk.hear("reset")) == [("BA", 3)]


def test_a_disarming_ends_no_more_than_it_names() -> None:
    """Seen to fail: what the end of a panic ends elsewhere, the disarming of its area did too."""

    class Alike(Areas):
        alike: Mapping[str, Mapping[str, tuple[str, ...]]] = {"event": {"HA": ("BA",)}}

    talk = Talk(Alike, (), ("alarms",))
    talk.hear("event 01 HA area=1")
    talk.hear("event 02 BA area=2 zone=4")
    assert ended(talk.hear("event 03 OP area=1 disarmed ends=HA")) == [("HA", None)]
    talk.hear("event 04 HA area=2")
    done = talk.hear("event 05 HA area=2 over")
    assert set(ended(done)) == {("HA", None), ("BA", None)}, "its own end does"


def test_an_end_that_a_reset_names_too_is_told_once() -> None:
    """Seen to fail: it was recorded twice."""
    talk = areas("event 01 HA area=1", "event 02 BA area=1 zone=3")
    done = talk.hear("event 03 HA area=1 over ends=HA,BA")
    assert ended(done) == [("HA", None), ("BA", 3)]


def test_whose_alarms_a_disarming_silences_its_first_signal_says() -> None:
    class Two(Areas):
        def decoder(self) -> LineDecoder:
            return LineDecoder(both)

    def both(line: bytes, raw: bytes) -> Frame | None:
        frame = read_areas(line, raw)
        if frame is None or b"disarmed" not in line:
            return frame
        also = Signal(kind=Kind.LOG, state=State.ACTIVE, area=2, zone=9, frame=raw)
        return replace(frame, signals=(*frame.signals, also))

    talk = Talk(Two, (), ("alarms",))
    talk.hear("event 01 BA area=1 zone=3")
    assert ended(talk.hear("event 02 OP area=1 disarmed ends=BA")) == [("BA", 3)]


def test_a_number_left_out_is_a_fault_and_the_state_is_asked_for() -> None:
    talk = areas("event 98 BA zone=3")
    assert faults(talk.hear("event 99 BA zone=3 over")) == []
    assert faults(talk.hear("event 01 BA zone=4")) == [], "they begin again"
    talk.wait(10)
    talk.hear("alarms")
    done = talk.hear("event 03 BA zone=5")
    [missed] = [one for one in done if isinstance(one, Fault)]
    assert (missed.kind, missed.detail) == (FaultKind.MISSED, "event 3 came after 1")
    assert len(signals(done)) == 1, "what came is recorded all the same"
    assert b"alarms" in sent(talk.wait(10))
    assert faults(talk.hear("event 04 BA zone=6")) == []
    talk.take(Opened((), ()))
    assert faults(talk.hear("event 06 BA zone=6")) == [FaultKind.MISSED], "while the line was down"


@pytest.mark.parametrize("number", ["00", "x7", "\N{SUPERSCRIPT TWO}", "100"])
def test_a_number_that_is_none_says_nothing(number: str) -> None:
    talk = areas("event 01 BA zone=3", f"event {number} BA zone=4")
    assert faults(talk.hear("event 07 BA zone=5")) == [FaultKind.MISSED]
    assert faults(areas(f"event {number} BA zone=4").hear("event 07 BA zone=5")) == []


@pytest.mark.parametrize(("number", "found"), [("08", []), ("09", [FaultKind.MISSED])])
def test_what_was_said_while_the_gateway_was_off_shows_by_its_number(
    number: str, found: list[FaultKind]
) -> None:
    recent = (Recent(b"event 05 BA zone=2\n"), Recent(b"event 07 BA zone=3\n"), Recent(b"alarms\n"))
    talk = areas(recent=recent)
    assert faults(talk.hear(f"event {number} BA zone=4")) == found


def test_behind_a_trouble_of_no_place_nothing_is_hidden() -> None:
    """Seen to fail: while the mains was lost no alarm of any area ever ended."""
    talk = areas("event 01 BA area=1 zone=3", "alarms XA area=1")
    assert ended(talk.hear("alarms MA")) == [("BA", 3)]


def test_a_lower_code_hides_no_higher_one() -> None:
    talk = areas("event 01 FA area=1 zone=3", "alarms FA area=1")
    assert ended(talk.hear("alarms XA area=1")) == [("FA", 3)]


class Ordered(Answering):
    """What it is ordered stands in a table."""

    orders: Mapping[Act, str] = {
        Act.BYPASS: "BY,{zone:02d},{code}",
        Act.DISARM: "DI,{area}",
        Act.OUTPUT_ON: "ON,{output}",
        Act.CLOCK: "CL,{time:%y%m%d%H%M}",
    }

    def order(self, command: Command, ours: datetime | None) -> Order | str | None:
        return PlainPanel.order(self, command, ours)


class Shown(Ordered):
    """Of zones an answer shows what became of it."""

    shown_in: Mapping[Kind, str] = {Kind.ZONE: "zones"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (Command(act=Act.BYPASS, zone=3, code="1234"), b"BY,03,1234"),
        (Command(act=Act.DISARM, area=2), b"DI,2"),
        (Command(act=Act.OUTPUT_ON, zone=7), b"ON,7"),
    ],
)
def test_an_order_is_said_as_its_table_has_it(command: Command, said: bytes) -> None:
    talk = Talk(Ordered)
    assert sent(talk.take(Commanded(1, command))) == [said]
    assert outcomes(talk.hear("OK")) == [Outcome.DONE]


def test_the_time_is_said_as_its_table_has_it() -> None:
    talk = Talk(Ordered)
    clock = Commanded(1, Command(act=Act.CLOCK))
    assert outcomes(talk.take(clock)) == [Outcome.CLOCK_UNSURE]
    talk.take(ClockRead(1_795_464_000 * NS, Trust.SYNCED))
    assert sent(talk.take(clock)) == [b"CL,2611232000"]
    assert outcomes(talk.hear("OK")) == [Outcome.DONE]


@pytest.mark.parametrize(
    "command",
    [
        Command(act=Act.BYPASS, zone=3),
        Command(act=Act.BYPASS, code="1234"),
        Command(act=Act.DISARM, zone=2),
    ],
)
def test_an_order_without_its_number_or_code_is_refused(command: Command) -> None:
    assert outcomes(Talk(Ordered).take(Commanded(1, command))) == [Outcome.REFUSED]


class Bounded(Ordered):
    """It has so many of each."""

    zones, areas, code_digits = 16, 2, 4


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (Command(act=Act.BYPASS, zone=16, code="1234"), []),
        (Command(act=Act.BYPASS, zone=17, code="1234"), [Outcome.REFUSED]),
        (Command(act=Act.BYPASS, zone=16, code="12345"), [Outcome.REFUSED]),
        (Command(act=Act.DISARM, area=2), []),
        (Command(act=Act.DISARM, area=3), [Outcome.REFUSED]),
        (Command(act=Act.OUTPUT_ON, zone=17), []),
    ],
)
def test_what_a_panel_does_not_have_is_refused_before_it_is_asked(
    command: Command, outcome: list[Outcome]
) -> None:
    """Seen to fail: zone 100 in a field of two digits."""
    done = Talk(Bounded).take(Commanded(1, command))
    assert outcomes(done) == outcome
    assert bool(sent(done)) is not bool(outcome)


class Named(Ordered):
    """It is asked in other words than it answers."""

    requests: Mapping[str, str] = {"zones": "Z?"}

    class reads(SummedLines):  # noqa: N801  as of PlainPanel
        """Its lines."""

        begins, ends = "<", ">"

        def read(self, body: str, raw: bytes) -> Frame:
            return Frame(raw, body)

    def request(self, name: str) -> bytes:
        return PlainPanel.request(self, name)


def test_a_request_is_said_in_its_words() -> None:
    panel = Named(Setup(Codes({}, {})), Talk().session)
    assert panel.request("zones") == b"<Z?>99\r\n"
    assert panel.request("alarms") == Named.reads.framed("alarms")


def test_what_stands_in_no_table_is_not_supported() -> None:
    unbypass = Commanded(1, Command(act=Act.UNBYPASS, zone=3, code="1234"))
    assert outcomes(Talk(Ordered).take(unbypass)) == [Outcome.UNSUPPORTED]
    assert Ordered.commands == {Act.STATUS, *Ordered.orders}


def test_an_order_that_an_answer_shows_is_judged_by_that() -> None:
    talk = Talk(Shown)
    talk.take(Commanded(1, Command(act=Act.BYPASS, zone=3, code="1234")))
    talk.hear("OK")
    assert b"zones" in sent(talk.wait(2))
    assert outcomes(talk.hear("zones zone bypassed 3")) == [Outcome.DONE]


class Ranked(Toy):
    """A bypass is the last thing that its zones say."""

    hiding: Mapping[str, tuple[str, ...]] = {"zones": ("BA", State.BYPASSED)}

    def covers(self, name: str, event: Signal) -> bool:
        return name == "zones"


class Hiding(Ranked):
    """A bypass is not among what it ranks."""

    hiding: Mapping[str, tuple[str, ...]] = {"zones": ("BA",)}


def test_a_state_that_comes_last_hides_nothing() -> None:
    """Seen to fail: what ended unseen stood as long as its zone was bypassed."""
    for panel, over in ((Ranked, 1), (Hiding, 0)):
        talk = Talk(panel)
        talk.hear("event burglary active 3 BA")
        talk.hear("zones burglary active 3 BA")
        said = signals(talk.hear("zones zone bypassed 3"))
        assert len([one for one in said if one.state is State.RESTORED]) == over
