"""What a new session is told of its panel.

Seen to fail: states and events counted together, so that a link-up of 40 zones pushes the log out;
a frame of two signals that counts twice; a copy that leaves the first one's age; an alarm that was
told ahead of its turn pushed out by what came behind it.
"""

import pytest

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.recent import AHEAD_MAX, FRAMES_MAX, RecentFrames
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust

HERE, ELSEWHERE = bytes(16), bytes([1]) * 16


def at(t_ns: int, boot: bytes = HERE) -> Stamp:
    return Stamp(None, t_ns, boot, Trust.UNSET)


def event(frame: str) -> Signal:
    return Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, frame=frame.encode())


def state(frame: str) -> Signal:
    return Signal(kind=Kind.ZONE, state=State.CLOSED, zone=1, frame=frame.encode())


def frames(recent: RecentFrames) -> str:
    return " ".join(frame.decode() for frame, _ in recent)


def test_they_stand_in_the_order_in_which_they_were_heard() -> None:
    recent = RecentFrames()
    recent.take(event("b"), at(9, ELSEWHERE))  # of another boot: as they were recorded
    for name, t_ns in (("e", 4), ("c", 2), ("d", 3)):
        recent.take(event(name), at(t_ns))
    assert frames(recent) == "b c d e"


def test_the_states_of_a_link_up_leave_what_is_known_of_events() -> None:
    recent = RecentFrames()
    recent.take(event("alarm"), at(0))
    for number in range(1, 10 * FRAMES_MAX):
        recent.take(state(f"zone-{number}"), at(number))
    assert len(list(recent)) == FRAMES_MAX + 1
    assert frames(recent).startswith(f"alarm zone-{9 * FRAMES_MAX}")
    for number in range(FRAMES_MAX):
        recent.take(event(f"event-{number}"), at(1000 + number))
    assert len(list(recent)) == 2 * FRAMES_MAX
    assert "alarm" not in frames(recent)


def alarm(
    frame: str, kind: Kind, state: State = State.ACTIVE, origin: Origin = Origin.BACKFILL
) -> Signal:
    return Signal(kind=kind, state=state, origin=origin, frame=frame.encode())


@pytest.mark.parametrize(
    ("told", "is_ahead"),
    [
        (alarm("here", Kind.DURESS), True),
        (alarm("here", Kind.FIRE), True),
        (alarm("here", Kind.BURGLARY), False),
        (alarm("here", Kind.FIRE, State.RESTORED), False),
        (alarm("here", Kind.FIRE, origin=Origin.LIVE), False),
    ],
)
def test_what_a_log_told_ahead_of_its_turn_outlives_what_came_behind_it(
    told: Signal, is_ahead: bool
) -> None:
    recent = RecentFrames()
    recent.take(told, at(0))
    for number in range(FRAMES_MAX):
        recent.take(event(f"{number}"), at(1 + number))
    assert frames(recent).startswith("here") is is_ahead
    for number in range(AHEAD_MAX):
        recent.take(alarm(f"fire-{number}", Kind.FIRE), at(1000 + number))
    assert len(list(recent)) == FRAMES_MAX + AHEAD_MAX
    assert "here" not in frames(recent)


@pytest.mark.parametrize("is_event_first", [True, False])
def test_a_frame_that_told_states_along_is_an_event(is_event_first: bool) -> None:
    recent, both = RecentFrames(), [event("both"), state("both")]
    for signal in both if is_event_first else reversed(both):
        recent.take(signal, at(0))
    for number in range(FRAMES_MAX):
        recent.take(state(f"{number}"), at(1 + number))
    assert frames(recent).startswith("both")


def test_a_frame_counts_once_for_all_that_it_said() -> None:
    recent = RecentFrames()
    for first, second in ((event, state), (state, event)):
        for t_ns in range(FRAMES_MAX):
            recent.take(first(f"{t_ns}"), at(t_ns))
            recent.take(second(f"{t_ns}"), at(t_ns))
        assert frames(recent) == " ".join(f"{t_ns}" for t_ns in range(FRAMES_MAX))
        recent = RecentFrames()


def test_a_frame_is_as_young_as_its_newest_copy() -> None:
    recent = RecentFrames()
    recent.take(event("old"), at(1))
    recent.repeated(b"new", at(5))  # the first one is not durable yet
    recent.take(event("new"), at(2))
    recent.take(state("new"), at(2))
    assert [*recent] == [(b"old", at(1)), (b"new", at(5))]
    recent.repeated(b"new", at(7))
    recent.repeated(b"old", at(8))
    assert [*recent] == [(b"old", at(1)), (b"new", at(7))]
