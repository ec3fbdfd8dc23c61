"""Codes alike, and what one thing said of a zone hides: each bug that was planted there is found.

Seen to fail: one end told twice, as of two areas; of two fires alike one that never ended; an alarm
told in the words of another; an alarm ended by an answer that does not cover it.
"""

from types import MappingProxyType

import pytest

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from tests.domain.test_plain import FIRE, Fires, OneLetter, Talk, Toy, fire, stands
from tests.drivers.actions import signals

OVER = State.RESTORED


def told(talk: Talk, line: str) -> list[tuple[str | None, State]]:
    return [(one.code, one.state) for one in signals(talk.hear(line))]


def heard(*lines: str) -> Talk:
    talk = Talk(Fires)
    for line in lines:
        talk.hear(line)
    return talk


CALL_POINT, DETECTOR = "event fire active 3 115", "event fire active 3 110"


def test_an_end_ends_each_that_is_alike_once_and_no_other() -> None:
    end = "event fire restored 3 110"
    assert told(heard(CALL_POINT), end) == [("115", OVER)]
    assert told(heard(DETECTOR), end) == [("110", OVER)]
    assert told(heard(CALL_POINT, DETECTOR), end) == [("110", OVER), ("115", OVER)]
    assert told(heard("event fire active 3 118", "event fire active 4 115"), end) == [("110", OVER)]


def test_what_begins_is_told_in_its_own_words_whatever_stands() -> None:
    assert told(heard(CALL_POINT), DETECTOR) == [("110", State.ACTIVE)]


def test_what_a_map_showed_of_all_that_is_alike_ends_with_it() -> None:
    talk = heard(CALL_POINT, DETECTOR)
    assert told(talk, "zones fire active 3 110") == []
    assert sorted(told(talk, "zones")) == [("110", OVER), ("115", OVER)]


class Gases(Toy):
    """An alarm of a zone may be one of another kind."""

    alike = MappingProxyType({"event": {"110": ("110", "151")}})


def test_an_end_is_told_of_the_kind_that_stood() -> None:
    talk = Talk(Gases)
    talk.hear("event gas active 3 151")
    [end] = signals(talk.hear("event fire restored 3 110"))
    assert (end.kind, end.code, end.zone) == (Kind.GAS, "151", 3)


def test_an_end_without_its_area_is_told_once_in_its_words_however_many_it_ends() -> None:
    proven = Talk(Fires).session.proven
    proven.heard([Signal(kind=Kind.PANIC, code="120", state=State.ACTIVE, area=n) for n in (1, 2)])
    over = proven.heard([Signal(kind=Kind.PANIC, code="120", state=OVER)], Fires.alike["event"])
    assert len(over) == 1
    assert proven.standing == ()


FIRST = stands(Kind.FIRE, "FA")  # of the highest rank


@pytest.mark.parametrize(
    ("known", "shown", "news"),
    [
        (FIRST, "zone bypassed 3", [("zone", "bypassed")]),
        (FIRE, "burglary active 3 BA", [("burglary", "active")]),
        (FIRST, "burglary active 3 FA", [("burglary", "active"), ("fire", "restored")]),
        (FIRST, "burglary active 3 BA", [("burglary", "active"), ("fire", "restored")]),
    ],
)
def test_what_has_no_rank_hides_all_and_is_hidden_by_all(
    known: Signal, shown: str, news: list[tuple[str, str]]
) -> None:
    talk = Talk(OneLetter, standing=(known,), answers=("zones", f"alarms {shown}"))
    assert [(one.kind.value, one.state.value) for one in signals(talk.begun)] == news


class OfFires(OneLetter):
    """Its answer would show fires, and nothing else."""

    def covers(self, name: str, event: Signal) -> bool:
        return name == "alarms" and event.kind is Kind.FIRE


def test_what_the_answer_does_not_cover_is_not_hidden_and_not_ended_by_it() -> None:
    trouble = stands(Kind.ZONE_TROUBLE, "380")
    talk = Talk(OfFires, standing=(trouble, fire("110")), answers=("zones",))
    assert [one.kind for one in signals(talk.hear("alarms zone bypassed 3"))] == [Kind.ZONE]
    ends = [(one.kind, one.state) for one in signals(talk.hear("alarms zone closed 3"))]
    assert ends == [(Kind.ZONE, State.CLOSED), (Kind.FIRE, OVER)]


def test_an_end_of_many_alike_is_told_once_in_each_of_their_words() -> None:
    proven, codes = Talk(Fires).session.proven, Fires.alike["event"]
    for code, area in (("110", 1), ("110", 2), ("115", 2)):
        proven.heard([Signal(kind=Kind.FIRE, code=code, state=State.ACTIVE, area=area)])
    over = proven.heard([fire("110", OVER, zone=None)], codes)
    assert [one.code for one in over] == ["110", "115"]
    assert proven.standing == ()
