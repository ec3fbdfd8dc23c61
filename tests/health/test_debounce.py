"""Debounce and band: whatever the input does, the counted state keeps its promises.

Seen to fail: a wait that is one step short, or one step long (`<=` for `<`); a band whose limits
were taken without regard to what the value was.
"""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.health.debounce import Band, Debounce

raws = st.sampled_from([True, False, None])
steps = st.lists(st.tuples(raws, st.integers(0, 30)), max_size=60)
waits = st.integers(0, 50)


def test_a_state_counts_once_it_has_lasted() -> None:
    contact = Debounce(50, 20)
    assert contact.handle(False, 0) is False
    assert contact.deadline_ns() == 20
    assert (contact.handle(False, 19), contact.known) == (False, False)
    assert contact.handle(False, 20)
    assert (contact.state, contact.known, contact.deadline_ns()) == (False, True, None)
    assert not contact.handle(True, 100)
    assert contact.deadline_ns() == 150
    assert not contact.handle(False, 149)  # it bounced: nothing was said
    assert contact.deadline_ns() is None
    assert not contact.handle(True, 150)
    assert not contact.handle(True, 199)
    assert contact.handle(True, 200)
    assert contact.handle(None, 201)  # not known counts at once unless told otherwise


@given(steps, waits, waits, waits)
def test_it_never_flaps(
    said: list[tuple[bool | None, int]], true_ns: int, false_ns: int, none_ns: int
) -> None:
    """Each counted change was preceded by that raw state, without a break, for the whole wait."""
    after = {True: true_ns, False: false_ns, None: none_ns}
    contact = Debounce(true_ns, false_ns, none_ns)
    now = 0
    raw_since, last = 0, object()
    changed_at: list[int] = []
    for raw, pause in said:
        now += pause
        if raw is not last:
            raw_since, last = now, raw
        if contact.handle(raw, now):
            assert contact.state is raw
            assert now - raw_since >= after[raw]
            changed_at.append(now)
        deadline = contact.deadline_ns()
        assert (deadline is None) == (contact.known and contact.state is raw)
        if deadline is not None:
            assert deadline > now
            assert deadline == raw_since + after[raw]
    shortest = min(after.values())
    assert all(b - a >= shortest for a, b in itertools.pairwise(changed_at))


@given(steps, waits, waits)
def test_a_state_that_stays_always_counts_at_the_deadline(
    said: list[tuple[bool | None, int]], true_ns: int, false_ns: int
) -> None:
    contact = Debounce(true_ns, false_ns)
    now, raw = 0, None
    for raw, pause in said:
        now += pause
        contact.handle(raw, now)
    deadline = contact.deadline_ns()
    if deadline is not None:
        assert not contact.handle(raw, deadline - 1) or deadline - 1 < now
        contact.handle(raw, deadline)
    if said:
        assert contact.state is raw


@given(st.floats(-1e6, 1e6), st.floats(0.1, 1e3), st.lists(st.floats(-2e6, 2e6), max_size=40))
def test_between_the_limits_a_value_stays_what_it_was(
    limit: float, gap: float, values: list[float]
) -> None:
    for band in (Band(limit, limit - gap), Band(limit, limit + gap)):
        low, high = sorted((band.bad_at, band.good_at))
        bad = False
        for value in values:
            was, bad = bad, band.judge(value, bad)
            if low < value < high:
                assert bad is was
            elif value <= low:
                assert bad is (band.bad_at == low)
            else:
                assert bad is (band.bad_at == high)


def test_one_limit_is_no_band() -> None:
    with pytest.raises(ValueError, match="flap"):
        Band(80, 80)
