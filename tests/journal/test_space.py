"""Space: what is told, what is refused, and that nothing flutters.

Seen to fail: where what panels report is left out as well when space is short, and where nobody is
told that it is.
"""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.space import (
    LANE_ALWAYS,
    LEVELS,
    MIB,
    Action,
    Admit,
    LevelFell,
    LevelRose,
    Measured,
    Space,
)

GIB = 1 << 30
QUOTA = 1000 * MIB


def used(mib: int, *, free: int = 100 * GIB, spare: int = 4) -> Measured:
    return Measured((mib + spare) * MIB, spare * MIB, free, 200 * GIB)


def told(space: Space, *mib: int) -> list[str]:
    """What is said, in words, while so many MiB of QUOTA are used."""
    return [_word(action) for each in mib for action in space.handle(used(each))]


def _word(action: Action) -> str:
    match action:
        case LevelRose(room):
            return f"rose {room.level}"
        case LevelFell(room):
            return f"fell {room.level}"
        case Admit(lane_max, _):
            return f"lanes 0-{lane_max}"


def test_each_level_is_told_once_before_it_is_full() -> None:
    space = Space(QUOTA)
    assert told(space, 100, 699) == []
    assert told(space, 700, 750, 849) == ["rose 70"]
    assert told(space, 850, 899) == ["rose 85"]
    assert told(space, 950) == ["rose 95", "lanes 0-4"]


def test_a_leap_is_told_as_the_level_that_is_reached() -> None:
    assert told(Space(QUOTA), 0, 960) == ["rose 95", "lanes 0-4"]


def test_room_again_is_told_when_it_is_clearly_so() -> None:
    space = Space(QUOTA)
    told(space, 860)
    assert told(space, 849, 855, 800, 850) == []
    assert told(space, 799) == ["fell 70"]
    assert told(space, 649) == ["fell 0"]
    assert told(space, 700) == ["rose 70"]


def test_telemetry_is_refused_first_and_alarms_never() -> None:
    space = Space(QUOTA)
    said = told(space, 0, 899, 901, 941, 971, 1000, 2000)
    assert [word for word in said if word.startswith("lanes")] == [
        *("lanes 0-5", "lanes 0-4", "lanes 0-3")
    ]
    assert space.room.lane_max == LANE_ALWAYS
    assert (space.room.percent, space.room.left_bytes) == (100, 0)


def test_a_lane_comes_back_with_some_room_to_spare() -> None:
    space = Space(QUOTA)
    told(space, 905)
    assert told(space, 899, 880) == []
    assert told(space, 874) == ["lanes 0-6"]
    assert told(space, 899) == []


def test_another_program_that_fills_the_card_is_noticed() -> None:
    space = Space(None)
    assert space.handle(used(50, free=50 * GIB)) == []
    assert [_word(a) for a in space.handle(used(50, free=36 * MIB))] == ["rose 85"]
    assert [_word(a) for a in space.handle(used(50, free=32 * MIB))] == ["lanes 0-5"]
    said = [_word(a) for a in space.handle(used(50, free=0, spare=0))]
    assert said == ["rose 95", "lanes 0-3"]


def test_spare_segments_are_no_use_of_space_and_not_lost_to_it() -> None:
    space = Space(QUOTA)
    space.handle(used(500, spare=8))
    assert space.room.used_bytes == 500 * MIB
    assert space.room.capacity_bytes == QUOTA


def test_without_a_quota_half_of_the_filesystem_is_ours() -> None:
    space = Space(None)
    space.handle(used(0, free=200 * GIB))
    assert space.room.capacity_bytes == 100 * GIB


def test_a_filesystem_that_cannot_be_measured_as_anything_is_full() -> None:
    space = Space(None)
    space.handle(Measured(0, 0, 0, 0))
    assert space.room.lane_max == LANE_ALWAYS
    assert space.room.percent == 0


measurements = st.lists(
    st.builds(
        lambda total, used, spare, free: Measured(used + spare, spare, free, total),
        st.integers(0, 64 * MIB),
        st.integers(0, 48 * MIB),
        st.sampled_from([0, MIB, 4 * MIB]),
        st.integers(0, 48 * MIB),
    ),
    max_size=30,
)


@given(measurements, st.sampled_from([None, 64 * MIB, 16 * MIB]))
def test_what_is_told_agrees_with_what_is_so(found: list[Measured], quota: int | None) -> None:
    space, level, lane_max = Space(quota), 0, 6
    for measured in found:
        for action in space.handle(measured):
            match action:
                case LevelRose(room):
                    assert room.level > level
                    level = room.level
                case LevelFell(room):
                    assert room.level < level
                    level = room.level
                case Admit(now, before):
                    assert before == lane_max != now
                    lane_max = now
        room = space.room
        assert (room.level, room.lane_max) == (level, lane_max)
        assert LANE_ALWAYS <= lane_max <= 6
        assert level == 0 or room.percent >= level - 5
        assert all(room.percent < one or one <= level for one in LEVELS)
        assert lane_max == 6 or room.left_bytes < 256 * MIB
        assert space.handle(measured) == [], "the same again is no news"
