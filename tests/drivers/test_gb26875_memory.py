"""Only edges are news: of each bit of each component, over resets, silences and restarts."""

from dataclasses import replace

from drivers._gb26875_frames import Command
from drivers._gb26875_memory import (
    OWED_MAX,
    REPEAT_NS,
    SEEN_MAX,
    Debts,
    Memory,
    Owed,
    Taken,
)
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Recent
from edge_agent.domain.signal import Signal
from tests.drivers.golden_gb26875 import CALL_POINT
from tests.drivers.test_gb26875 import CODES, Center, opened, said, state, states


def test_only_edges_are_news() -> None:
    center = opened()
    assert states(center.take(said(state(3), 10))) == [("fire", "active")]
    assert center.take(said(state(3), 11)) == ()
    assert states(center.take(said(state(7), 12))) == [("zone_trouble", "active")]
    assert states(center.take(said(state(5), 13))) == [("fire", "restored")]
    assert states(center.take(said(state(1), 14))) == [
        ("zone_trouble", "restored"),
        ("zone", "closed"),
    ]


def test_a_restore_has_the_code_of_its_alarm() -> None:
    center = opened()
    center.take(said(state(3), 10))
    [restored, _] = center.take(said(state(1, 50), 11))
    assert (restored.code, restored.area, restored.zone) == ("115", 3, 21)
    assert restored.panel_time == "2026-11-23T10:20:50"


def test_a_fire_told_again_with_another_time_is_never_swallowed() -> None:
    center = opened()
    center.take(said(state(3, 28), 10))
    assert states(center.take(said(state(3, 40), 11))) == [("fire", "status")]


def test_points_of_the_same_number_on_other_loops_or_systems_are_apart() -> None:
    center = opened()
    center.take(said(state(3), 10))
    other = bytearray(state(3))
    other[7] = 4  # the loop
    assert states(center.take(said(bytes(other), 11))) == [("fire", "active")]
    other[3] = 2  # the system
    assert states(center.take(said(bytes(other), 12))) == [("fire", "active")]


def test_after_a_reset_the_same_alarm_is_a_new_one() -> None:
    center = opened()
    center.take(said(state(3), 10))
    reset = bytes((4, 1, 1, 1, 1, 5)) + state(3)[-6:]
    assert states(center.take(said(reset, 11))) == [("log", "active")]
    assert states(center.take(said(state(3), 12))) == [("fire", "active")]


def test_an_output_goes_on_and_off() -> None:
    center = opened()
    [on] = center.take(said(state(0x21, kind=86), 10))
    assert (on.kind, on.state, on.zone) == (Kind.OUTPUT, State.ON, 21)
    assert states(center.take(said(state(1, kind=86), 11)))[0] == ("output", "off")


def test_an_end_that_was_missed_is_told_after_a_restart() -> None:
    center = Center()
    center.open(Recent(CALL_POINT, None))
    assert states(center.take(said(state(1), 9))) == [("fire", "restored"), ("zone", "closed")]


def test_an_end_that_only_an_answer_told_is_told_again_after_a_restart() -> None:
    center = Center()
    ended = said(state(1), 998, Command.REPLY)
    center.open(Recent(CALL_POINT, None), Recent(ended, None))
    assert ("fire", "restored") in states(center.take(said(state(1), 9)))


def test_after_a_silence_what_stands_is_told_anew() -> None:
    center = opened()
    center.take(said(state(3), 10))
    while center.session.deadline_ns() is not None:
        center.tick()
    assert states(center.take(said(state(3), 11), 1)) == [("fire", "active")]


def test_the_memory_names_what_to_ask() -> None:
    memory = Memory(CODES, "loop_point")
    memory.stood((1, 2, 1, 1, 42, 0x30015), 2)
    memory.stood((1, 2, 1, 2, 42, 7), 0)
    assert memory.standing() == [(1, 1, 0x30015)]
    assert memory.systems() == [(1, 1), (1, 2)]


FIRE = Signal(
    kind=Kind.FIRE, state=State.ACTIVE, code="115", area=3, zone=21, account="000000002468"
)


def asked(data: bytes) -> bytes:
    """Return the answer to a request, as far as the memory is concerned."""
    return said(data, 900, Command.REPLY)


def test_what_the_journal_has_as_standing_is_not_told_again_by_an_answer() -> None:
    """The frame that told it is older than those that are remembered."""
    center = Center()
    center.open(standing=(FIRE,))
    assert center.take(asked(state(3))) == ()
    assert states(center.take(said(state(1), 9))) == [("fire", "restored"), ("zone", "closed")]
    center.open(standing=(FIRE,))
    assert states(center.take(said(state(3), 10))) == [("fire", "active")], "it may be another"


def test_what_ended_while_nobody_listened_ends_though_it_began_long_ago() -> None:
    center = Center()
    center.open(standing=(FIRE, replace(FIRE, area=4)))
    [restored, _] = center.take(asked(state(1)))
    assert (restored.code, restored.area, restored.zone) == ("115", 3, 21)
    assert restored.state is State.RESTORED


def test_a_point_of_another_system_is_not_what_stands() -> None:
    center = Center()
    center.open(standing=(FIRE,))
    other = bytearray(state(3))
    other[3] = 2
    center.take(said(bytes((1, 1, 1, 1, 1, 0)) + state(3)[-6:], 8))
    assert states(center.take(asked(bytes(other)))) == [("fire", "active")]


def test_what_stands_long_since_is_asked_for() -> None:
    memory = Memory(CODES, "point_loop")
    memory.clear([FIRE, replace(FIRE, zone=None)])
    assert memory.standing() == [(1, 1, 21 << 16 | 3)]
    memory.stood((1, 2, 1, 2, 42, 7), 2)
    assert memory.standing() == [(1, 2, 21 << 16 | 3), (1, 2, 7)]
    memory.stood((1, 2, 1, 1, 42, 7), 0)
    assert memory.standing() == [(1, 2, 7)], "nobody knows in which of the two it is"


def test_what_is_remembered_of_frames_is_bounded_and_ends() -> None:
    taken = Taken()
    for number in range(SEEN_MAX + 50):
        taken.note(said(b"", number), number, is_news=number % 2 == 0)
    assert len(taken) == SEEN_MAX
    assert not taken.is_repeat(said(b"", 49), SEEN_MAX + 50)
    assert taken.is_repeat(said(b"", 50), 50 + REPEAT_NS)
    assert not taken.is_repeat(said(b"", 51), 52 + REPEAT_NS)
    assert taken.was_news(said(b"", 50))
    assert not taken.was_news(said(b"", 51))


def test_an_ack_waits_for_all_that_it_covers() -> None:
    debts = Debts()
    debts.owe(Owed({1, 2}, b"ack", 0, b"frame"))
    assert debts.of(b"frame") is not None
    assert debts.durable(2) == []
    assert [owed.data for owed in debts.durable(1)] == [b"ack"]
    assert debts.of(b"frame") is None


def test_acks_owed_without_end_are_bounded() -> None:
    debts = Debts()
    for number in range(OWED_MAX + 1):
        debts.owe(Owed({1}, b"ack", 0, number.to_bytes(2)))
    assert len(debts.durable(1)) == OWED_MAX
