"""When a capture is played again: every chunk once, in order, at its time divided by the speed."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.linetools.format import Chunk, Happened, Header, Note, Record, Said
from edge_agent.linetools.playback import (
    GAP_NS_MAX,
    UNKNOWN_GAP_NS,
    Action,
    Over,
    Pace,
    Play,
    Playback,
    Start,
    Stepped,
    Ticked,
)

S = 10**9
EVERYBODY = frozenset(Said)
REAL = Pace()


def header(mono_ns: int = 0) -> Header:
    return Header(None, mono_ns, "", "", ())


def chunk(mono_s: float, said: Said = Said.PANEL, data: bytes = b"x") -> Chunk:
    return Chunk(int(mono_s * S), None, said, data)


def played(
    records: Iterable[Record], pace: Pace = REAL, said: frozenset[Said] = EVERYBODY
) -> list[tuple[float, Chunk]]:
    """Play to the end; return when each chunk was said, in seconds from the start."""
    machine, now_ns = Playback(iter(records), pace, said), 100 * S
    found: list[tuple[float, Chunk]] = []
    actions: list[Action] = machine.handle(Start(), now_ns)
    while True:
        found += [((now_ns - 100 * S) / S, one.chunk) for one in actions if isinstance(one, Play)]
        if any(isinstance(one, Over) for one in actions):
            assert machine.deadline_ns() is None
            assert machine.upcoming is None
            return found
        due_ns = machine.deadline_ns()
        assert due_ns is not None
        now_ns = due_ns
        actions = machine.handle(Ticked(), now_ns)


gaps = st.lists(st.integers(0, 100 * S), min_size=1, max_size=30)


@given(gaps, st.sampled_from([0.5, 1.0, 2.0, 4.0]))
def test_every_chunk_once_in_order_at_its_time(gaps: list[int], speed: float) -> None:
    at = 0
    chunks: list[Record] = []
    for number, gap in enumerate(gaps):
        at += gap
        chunks.append(Chunk(at, None, Said.PANEL, bytes([number])))
    found = played([header(), *chunks], Pace(speed))
    assert [one for _, one in found] == chunks
    for when, one in found:
        assert when == pytest.approx((one.mono_ns - chunks[0].mono_ns) / S / speed, abs=1e-6)


@given(st.lists(st.builds(chunk, st.integers(0, 9), st.sampled_from(Said)), max_size=20))
def test_whatever_the_clock_of_a_capture_does_it_ends(chunks: list[Chunk]) -> None:
    found = played([header(), *chunks, header(3), *chunks])
    assert [one for _, one in found] == [*chunks, *chunks]
    assert [when for when, _ in found] == sorted(when for when, _ in found)


def test_who_is_left_out_keeps_his_time() -> None:
    records: list[Record] = [header(), chunk(1), chunk(2, Said.HOST), chunk(4)]
    assert [when for when, _ in played(records, said=frozenset({Said.PANEL}))] == [0, 3]


def test_notes_keep_time_and_are_not_played() -> None:
    records: list[Record] = [header(), chunk(1), Note(2 * S, None, Happened.LOST), chunk(3)]
    assert [when for when, _ in played(records)] == [0, 2]


def test_nobody_waits_for_the_first_and_a_new_part_comes_after_a_second() -> None:
    records: list[Record] = [
        header(),
        Note(1 * S, None, Happened.OPENED),
        chunk(50),
        header(0),
        chunk(7),
    ]
    assert [when for when, _ in played(records)] == [0, UNKNOWN_GAP_NS / S]


def test_a_long_gap_is_cut() -> None:
    records: list[Record] = [header(), chunk(0), chunk(100), Chunk(2**63, None, Said.PANEL, b"")]
    assert [when for when, _ in played(records, Pace(gap_ns_max=2 * S))] == [0, 2, 4]
    assert played(records)[-1][0] == 100 + GAP_NS_MAX / S


def test_without_a_speed_all_is_said_at_once() -> None:
    assert [when for when, _ in played([header(), chunk(0), chunk(100)], Pace(None))] == [0, 0]


def test_a_late_reader_stretches_nothing() -> None:
    machine = Playback(iter([header(), chunk(0), chunk(1), chunk(2), chunk(9)]), Pace(), EVERYBODY)
    machine.handle(Start(), 0)
    assert len(machine.handle(Ticked(), 5 * S)) == 2
    assert machine.deadline_ns() == 9 * S


def test_by_hand_each_waits_for_its_step() -> None:
    pace = Pace(by_hand=True)
    machine = Playback(iter([header(), chunk(0), chunk(1)]), pace, EVERYBODY)
    assert machine.handle(Start(), 0) == []
    assert machine.deadline_ns() is None
    assert machine.handle(Ticked(), 99 * S) == []
    [first] = machine.handle(Stepped(), 0)
    assert isinstance(first, Play)
    assert machine.upcoming is not None
    assert machine.upcoming.gap_ns == S
    second, over = machine.handle(Stepped(), 0)
    assert isinstance(second, Play)
    assert over == Over()
    assert machine.handle(Stepped(), 0) == []


@pytest.mark.parametrize("records", [[], [header()]])
def test_nothing_to_play_is_over_at_once(records: list[Record]) -> None:
    assert played(records) == []


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_makes_no_sense(speed: float) -> None:
    with pytest.raises(ValueError, match="a speed is above 0"):
        Pace(speed)
