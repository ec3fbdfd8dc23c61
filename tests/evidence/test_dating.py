"""Corrected times: right from both sides, through drift, steps and lies, and never narrower than
what is known."""

from dataclasses import replace
from random import Random

import pytest

from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import ClockChange, Stamp, Trust
from edge_agent.evidence.bodies import ClockBody
from edge_agent.evidence.dating import TIES_MAX, Basis, Chronicle, Dated, Line, Tie, stamp_tie
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.tree import EMPTY_ROOT

S, MS = 1_000_000_000, 1_000_000
HOUR, DAY, YEAR = 3600 * S, 86_400 * S, 365 * 86_400 * S
T0 = 1_795_000_000 * S  # when the boot of most tests began
BOOT = bytes(16)


def stamp(
    boot_ns: int,
    wall_ns: int | None = None,
    trust: Trust = Trust.UNSET,
    doubt_ms: int | None = None,
    boot: bytes = BOOT,
) -> Stamp:
    return Stamp(wall_ns, boot_ns, boot, trust, doubt_ms)


def synced(boot_ns: int, true_ns: int, doubt_ms: int = 10, boot: bytes = BOOT) -> Stamp:
    return stamp(boot_ns, true_ns, Trust.SYNCED, doubt_ms, boot)


def event(of: Stamp, body: ClockBody | None = None) -> Event:
    return Event(
        gateway="gw1",
        epoch=b"e" * 8,
        seq=1,
        root=EMPTY_ROOT,
        stamp=of,
        lane=Lane.FAULT,
        type=EventType.LINK if body is None else EventType.CLOCK,
        body={} if body is None else body.to_body(),
    )


def trusted(of: Stamp) -> Event:
    return event(of, ClockBody(ClockChange.TRUSTED))


def told(boot_ns: int, earliest_ns: int, latest_ns: int, boot: bytes = BOOT) -> Event:
    return event(
        stamp(boot_ns, boot=boot), ClockBody(ClockChange.TOLD, told=(earliest_ns, latest_ns))
    )


def holds(dated: Dated, true_ns: int) -> bool:
    """The law: the true time is within what is stated."""
    early, late = dated.earliest_ns, dated.latest_ns
    return (early is None or early <= true_ns) and (late is None or true_ns <= late)


# ---- one boot


def test_a_trusted_stamp_speaks_for_itself() -> None:
    dated = Chronicle().date(synced(HOUR, T0 + HOUR, 10))
    assert dated == Dated(Basis.OWN, T0 + HOUR, T0 + HOUR - 10 * MS, T0 + HOUR + 10 * MS)
    assert dated.uncertainty_ms == 10


def test_an_event_of_1970_is_dated_once_the_clock_is_set_hours_later() -> None:
    """Fails where ties only reach forward."""
    chronicle, early = Chronicle(), stamp(5 * S, 5 * S)
    assert chronicle.date(early).basis is Basis.UNKNOWN
    chronicle.learn(trusted(synced(3 * HOUR, T0 + 3 * HOUR)))
    dated = chronicle.date(early)
    assert dated.basis is Basis.LATER
    assert dated.wall_ns == T0 + 5 * S
    assert dated.uncertainty_ms is not None
    assert 1000 < dated.uncertainty_ms < 2000  # 100 millionths of three hours, and a slew


def test_an_event_after_the_clock_was_lost_is_dated_from_before() -> None:
    chronicle = Chronicle()
    chronicle.learn(event(synced(HOUR, T0 + HOUR)))
    dated = chronicle.date(stamp(2 * HOUR, 0))
    assert (dated.basis, dated.wall_ns) == (Basis.EARLIER, T0 + 2 * HOUR)


def test_ties_on_both_sides_narrow_what_drift_leaves_open() -> None:
    chronicle = Chronicle()
    chronicle.learn(event(synced(0, T0)))
    one = chronicle.date(stamp(10 * DAY)).uncertainty_ms
    chronicle.learn(event(synced(11 * DAY, T0 + 11 * DAY)))
    both = chronicle.date(stamp(10 * DAY))
    assert both.basis is Basis.BOTH
    assert one is not None
    assert both.uncertainty_ms is not None
    assert both.uncertainty_ms < one / 5


def test_the_centers_word_dates_a_gateway_that_no_time_server_reaches() -> None:
    chronicle = Chronicle()
    chronicle.learn(told(HOUR, T0 + HOUR, T0 + HOUR + 200 * MS))
    dated = chronicle.date(stamp(HOUR - 60 * S, 0))
    assert dated.basis is Basis.LATER
    assert holds(dated, T0 + HOUR - 60 * S)
    assert dated.uncertainty_ms is not None
    assert dated.uncertainty_ms < 700


def test_nothing_happened_after_it_was_received() -> None:
    dated = Chronicle().date(stamp(5 * S, 5 * S), T0)
    assert dated == Dated(Basis.BOUNDS, None, None, T0)
    assert dated.order_ns == T0


def test_a_later_arrival_bounds_an_earlier_event_that_came_late() -> None:
    chronicle = Chronicle()
    chronicle.learn(event(stamp(HOUR)), T0 + HOUR + S)
    late = chronicle.date(stamp(S), T0 + 400 * DAY)
    assert late.latest_ns is not None
    assert T0 + S <= late.latest_ns < T0 + 5 * S


def test_a_battery_clock_is_shown_and_called_unchecked() -> None:
    chronicle = Chronicle()
    reading = stamp(5 * S, T0, Trust.HOLDOVER)
    assert chronicle.date(reading, T0 + S) == Dated(Basis.UNCHECKED, T0, None, T0 + S)
    assert chronicle.date(reading, T0 - DAY).basis is Basis.BOUNDS  # it was received before that


# ---- clocks that contradict each other


@pytest.mark.parametrize("off_ns", [YEAR, -25 * YEAR])
def test_a_trusted_clock_that_stepped_years_was_wrong_before(off_ns: int) -> None:
    chronicle = Chronicle()
    wrong = synced(HOUR, T0 + HOUR + off_ns)
    chronicle.learn(event(wrong))
    chronicle.learn(trusted(synced(2 * HOUR, T0 + 2 * HOUR)))
    dated = chronicle.date(wrong)
    assert dated.basis is Basis.LATER
    assert holds(dated, T0 + HOUR)


def test_a_clock_ahead_of_the_arrival_was_wrong_whatever_came_later() -> None:
    """Fails where the later clock is believed against the center."""
    chronicle = Chronicle()
    chronicle.learn(event(synced(HOUR, T0 + HOUR)), T0 + HOUR + S)
    lie = synced(2 * HOUR, T0 + 2 * HOUR + YEAR)
    chronicle.learn(trusted(lie), T0 + 2 * HOUR + S)
    dated = chronicle.date(lie, T0 + 2 * HOUR + S)
    assert dated.basis is Basis.EARLIER
    assert holds(dated, T0 + 2 * HOUR)


def test_a_clock_behind_what_the_center_told_was_wrong() -> None:
    chronicle = Chronicle()
    chronicle.learn(told(HOUR, T0 + HOUR, T0 + HOUR + S))
    lie = synced(2 * HOUR, T0 - 25 * YEAR)
    chronicle.learn(event(lie), T0 + 2 * HOUR + S)
    dated = chronicle.date(lie, T0 + 2 * HOUR + S)
    assert dated.basis is Basis.EARLIER
    assert holds(dated, T0 + 2 * HOUR)


# ---- several boots


def test_a_boot_without_ties_lies_between_its_neighbours() -> None:
    first, second, third = bytes([1]) * 16, bytes([2]) * 16, bytes([3]) * 16
    chronicle = Chronicle()
    chronicle.learn(event(synced(HOUR, T0 + HOUR, boot=first)))
    dark = event(stamp(5 * S, 5 * S, boot=second))
    chronicle.learn(dark)
    chronicle.learn(event(synced(10 * S, T0 + DAY + 10 * S, boot=third)))
    dated = chronicle.date(dark.stamp)
    assert dated.basis is Basis.BOUNDS
    assert dated.earliest_ns == T0 + HOUR - 10 * MS
    assert dated.latest_ns is not None
    assert abs(dated.latest_ns - (T0 + DAY)) < S
    assert dated.wall_ns is None
    assert dated.uncertainty_ms is None


# ---- the law, in worlds of chance


@pytest.mark.parametrize("seed", range(40))
def test_the_true_time_is_always_within_what_is_stated(seed: int) -> None:
    """Boots that drift, clocks that are set late, lost and stepped, arrivals that are late."""
    random = Random(seed)
    now_ns, chronicle, said = T0, Chronicle(), []
    for number in range(4):
        boot = bytes([number]) * 16
        rate = 1 + random.uniform(-95e-6, 95e-6)
        boot_ns, reliable = 0, False
        for _ in range(60):
            passed = random.choice((S, 60 * S, HOUR, 3 * DAY))
            now_ns, boot_ns = now_ns + round(passed * rate), boot_ns + passed
            reliable = random.random() < 0.4 if random.random() < 0.2 else reliable
            error_ns = random.randint(-9 * MS, 9 * MS)
            if reliable:
                one = event(synced(boot_ns, now_ns + error_ns, 10, boot))
            elif random.random() < 0.1:
                one = told(boot_ns, now_ns - random.randint(0, S), now_ns + S, boot)
            else:
                one = event(stamp(boot_ns, now_ns + random.randint(-9, 9) * YEAR, boot=boot))
            late = random.choice((10 * MS, S, DAY, 400 * DAY))
            received = now_ns + late if random.random() < 0.8 else None
            chronicle.learn(one, received)
            said.append((one.stamp, received, now_ns))
        now_ns += random.choice((S, HOUR, 400 * DAY))
    for of, received, true_ns in said:
        dated = chronicle.date(of, received)
        assert holds(dated, true_ns), (dated, true_ns)


def test_ties_are_bounded_and_near_ones_tell_nothing_new() -> None:
    line = Line()
    for turn in range(1000):
        line.add(Tie(turn * S, T0 + turn * S, T0 + turn * S + MS))
    assert len(line.believed()) == 2
    for turn in range(1000):
        line.add(Tie(turn * HOUR, T0 + turn * HOUR, T0 + turn * HOUR + MS))
    assert len(line.believed()) <= TIES_MAX
    ends = sorted(line.believed(), key=lambda tie: tie.boottime_ns)
    assert (ends[0].boottime_ns, ends[-1].boottime_ns) == (0, 999 * HOUR)


def test_a_center_whose_own_clock_went_back_makes_nothing_certain() -> None:
    chronicle = Chronicle()
    chronicle.learn(told(HOUR, T0, T0 + S))
    assert chronicle.date(stamp(HOUR), T0 - DAY).basis is Basis.UNKNOWN


def test_a_stamp_that_nobody_vouches_for_is_no_tie() -> None:
    assert stamp_tie(stamp(S, T0)) is None
    assert stamp_tie(stamp(S, None, Trust.SYNCED)) is None
    assert stamp_tie(stamp(S, T0, Trust.HOLDOVER)) is None
    assert stamp_tie(replace(synced(S, T0), uncertainty_ms=None)) == Tie(
        S, T0 - 16 * S, T0 + 16 * S
    )


def test_an_unreadable_clock_event_tells_nothing() -> None:
    chronicle = Chronicle()
    chronicle.learn(replace(told(HOUR, T0, T0 + S), body={1: "told", 5: "soon"}))
    assert chronicle.date(stamp(HOUR)).basis is Basis.UNKNOWN
