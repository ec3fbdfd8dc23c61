"""One point of a polled device: values that have held, what stands, what is measured."""

from hypothesis import given
from hypothesis import strategies as st

from drivers._modbus_points import Track, holding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.register_map import register_map
from edge_agent.domain.register_points import Bit, Hold, Point, Standing
from edge_agent.domain.session import Table
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import Standing as Journal
from edge_agent.resources import load_profile

MS = 1_000_000
ALARM = Standing(Kind.BURGLARY, "130")
GST = register_map(load_profile("gst_200")).points[0]
LOOP = register_map(load_profile("generic_ai8_loops")).points[0]


def track(alarm_ms: int = 0, restore_ms: int = 0) -> Track:
    hold = Hold(alarm_ms * MS, restore_ms * MS, alarm_ms * MS)
    return Track(Point(Table.COILS, 0, Bit(None, 0, ALARM), zone=1, hold=hold))


def read(one: Track, word: int, at_ms: int) -> list[tuple[str, str]]:
    return [(s.kind.value, s.state.value) for s in one.read(word, None, b"", at_ms * MS)]


def test_away_counts_from_the_first_sign_and_rest_only_while_it_is_shown() -> None:
    one = track(alarm_ms=100, restore_ms=200)
    assert read(one, 0, 0) == [("zone", "closed")]
    assert read(one, 1, 10) == []
    assert holding([one]) == 110 * MS
    assert read(one, 1, 110) == [("zone", "open"), ("burglary", "active")]
    assert holding([one]) is None
    assert read(one, 0, 200) == []
    assert read(one, 1, 300) == []
    assert read(one, 0, 310) == [], "rest begins anew"
    assert read(one, 0, 500) == []
    assert read(one, 0, 510) == [("zone", "closed"), ("burglary", "restored")]


def test_a_point_that_was_started_is_off_when_it_is_at_rest() -> None:
    one = Track(GST)
    assert read(one, 5, 0) == [("output", "on")]
    assert read(one, 0, 1) == [("output", "off"), ("zone", "closed")]


def test_a_fire_behind_a_fault_goes_on_until_the_point_is_normal() -> None:
    one = Track(GST)
    read(one, 1, 0)
    assert read(one, 2, 1) == [("zone", "fault"), ("zone_trouble", "active")]
    assert read(one, 1, 2) == [("zone", "open")], "the fire was never over: no second one"
    assert sorted(read(one, 0, 3)) == [
        *(("fire", "restored"), ("zone", "closed"), ("zone_trouble", "restored")),
    ]


def test_a_value_of_no_table_is_unknown_and_over_with_a_known_one() -> None:
    one = Track(GST)
    read(one, 0, 0)
    assert read(one, 12, 1) == [("zone", "unknown"), ("unknown", "active")]
    assert read(one, 13, 2) == []
    assert read(one, 0, 3) == [("zone", "closed"), ("unknown", "restored")]


def test_what_was_unknown_at_first_is_no_news() -> None:
    one = Track(register_map(load_profile("notifier_gateway")).points[0])
    assert read(one, 0x00FF, 0) == []
    assert one.lose() is None or one.lose() is None
    assert read(one, 0x1400, 1) == [("zone", "closed")]
    lost = one.lose()
    assert lost is not None
    assert lost.state is State.UNKNOWN
    assert one.lose() is None


def ohms(one: Track, word: int, at_s: float) -> list[int | None]:
    found = one.read(word, 4000, b"", int(at_s * 1000) * MS)
    return [signal.ohms for signal in found if signal.kind is Kind.LOOP]


def test_a_mean_is_told_and_not_a_sample() -> None:
    one = Track(LOOP)
    assert ohms(one, 2000, 0) == [4700]
    for second in range(1, 60):
        assert ohms(one, 2060 if second % 2 else 2080, second) == []
    [told] = ohms(one, 2060, 60)
    assert told is not None
    assert 4990 < told < 5095


VALUES = st.sampled_from([0, 1, 2, 3, 4, 7, 8, 9, 12])


@given(st.lists(st.tuples(VALUES, st.integers(0, 3)), max_size=60))
def test_whoever_keeps_a_journal_of_it_knows_what_stands(steps: list[tuple[int, int]]) -> None:
    """No event is ended that was not begun, none is begun twice, at rest nothing stands."""
    one, journal = Track(GST), Journal()
    said: list[Signal] = []
    for at, (value, lost) in enumerate(steps):
        if lost == 0:
            one.open(journal.signals)
        for signal in one.read(value, None, b"", at * MS):
            if signal.kind in (Kind.ZONE, Kind.OUTPUT):
                continue
            before = len(journal.signals)
            journal.take(signal)
            change = 1 if signal.state is State.ACTIVE else -1
            assert len(journal.signals) == before + change, signal
            said.append(signal)
        if value in (0, 4, 9):
            assert journal.signals == ()
