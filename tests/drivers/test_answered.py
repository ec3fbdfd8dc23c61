"""The ACK that a panel waits for: when everything is durable, once, never for another message."""

from drivers._answered import QUIET_NS, Acks, Waiting
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.owed_ack import Undurable
from edge_agent.domain.session import Send
from edge_agent.domain.signal import Signal

MS = 1_000_000
LATE_NS, COPY_NS = 1500 * MS, 2000 * MS
TIMES = Waiting(
    soonest_ns=700 * MS,
    latest_ns=COPY_NS,
    crossing_ns=500 * MS,
    late_ns=LATE_NS,
    earlier_ns=3000 * MS,
)
NEWS = (Signal(kind=Kind.UNKNOWN, state=State.ACTIVE),)


def opened() -> tuple[Acks, Undurable]:
    undurable = Undurable()
    return Acks(TIMES, undurable, listen_only=False), undurable


def test_it_is_given_when_all_is_durable_and_once() -> None:
    acks, undurable = opened()
    assert not acks.heard(b"a", b"ok", 0)
    undurable.report(NEWS)
    undurable.report(NEWS)
    assert acks.due(0) == []
    undurable.committed(2)
    assert acks.due(1 * MS) == []
    undurable.committed(1)
    assert acks.due(2 * MS) == [Send(b"ok")]
    assert acks.due(3 * MS) == []


def test_what_says_nothing_new_has_it_at_once() -> None:
    acks, _ = opened()
    acks.heard(b"a", b"ok", 0)
    assert acks.due(0) == [Send(b"ok")]


def test_a_copy_before_the_ack_owes_no_second_one() -> None:
    acks, undurable = opened()
    acks.heard(b"a", b"ok", 0)
    undurable.report(NEWS)
    assert acks.heard(b"a", b"ok", 1000 * MS)
    undurable.committed(1)
    assert acks.due(1400 * MS) == [Send(b"ok")]
    assert acks.due(1400 * MS) == []


def test_a_copy_that_crossed_the_ack_has_none_and_the_next_one_has() -> None:
    acks, _ = opened()
    acks.heard(b"a", b"ok", 0)
    acks.due(900 * MS)
    assert acks.heard(b"a", b"ok", 1000 * MS)
    assert acks.due(1000 * MS) == []
    assert acks.heard(b"a", b"ok", 2000 * MS)
    assert acks.due(2000 * MS) == [Send(b"ok")]


def test_too_late_it_waits_for_the_next_copy() -> None:
    acks, undurable = opened()
    acks.heard(b"a", b"ok", 0)
    undurable.report(NEWS)
    undurable.committed(1)
    assert acks.due(LATE_NS + 1) == []
    assert acks.heard(b"a", b"ok", 30_000 * MS), "it was never answered"
    assert acks.due(30_000 * MS) == [Send(b"ok")]


def test_another_message_takes_the_place_of_the_one_before() -> None:
    acks, undurable = opened()
    acks.heard(b"a", b"ok", 0)
    undurable.report(NEWS)
    assert not acks.heard(b"b", b"ko", 10 * MS)
    undurable.report(NEWS)
    undurable.committed(1)
    assert acks.due(20 * MS) == []
    undurable.committed(2)
    assert acks.due(30 * MS) == [Send(b"ko")]


def test_answered_and_said_again_later_it_is_new() -> None:
    acks, _ = opened()
    acks.heard(b"a", b"ok", 0)
    acks.due(0)
    assert not acks.heard(b"a", b"ok", COPY_NS + 1)
    assert acks.due(COPY_NS + 1) == [Send(b"ok")]


def test_a_panel_that_was_away_is_owed_nothing() -> None:
    acks, _ = opened()
    acks.heard(b"a", b"ok", 0)
    acks.forget()
    assert acks.due(0) == []
    assert not acks.heard(b"a", b"ok", 1)


def test_sooner_than_a_panel_repeats_the_same_words_are_new() -> None:
    acks, _ = opened()
    acks.heard(b"a", b"ok", 0)
    acks.due(0)
    assert acks.heard(b"a", b"ok", 400 * MS), "the line doubled it"
    acks, _ = opened()
    acks.heard(b"a", b"ok", 0)
    acks.due(0)
    assert not acks.heard(b"a", b"ok", 600 * MS)


def test_a_copy_of_what_an_earlier_session_heard_is_answered_and_no_news() -> None:
    acks, _ = opened()
    acks.earlier(b"a", -1000 * MS)
    assert acks.due(0) == []
    assert acks.heard(b"a", b"ok", 900 * MS)
    assert acks.due(900 * MS) == [Send(b"ok")]
    acks.earlier(b"a", -1000 * MS)
    assert not acks.heard(b"a", b"ok", 2001 * MS)


def test_who_only_listens_tells_copies_by_time_alone() -> None:
    acks = Acks(TIMES, Undurable(), listen_only=True)
    assert not acks.heard(b"a", b"ok", 0)
    assert acks.heard(b"a", b"ok", 400 * MS), "the line doubled it"
    assert acks.heard(b"a", b"ok", 1200 * MS), "the other host's ACK was lost"
    assert not acks.heard(b"a", b"ok", 1800 * MS), "no panel repeats so soon"
    assert not acks.heard(b"a", b"ok", 3_600_000 * MS), "who answered is not known: it is new"
    assert acks.due(3_600_000 * MS) == []


# ---- damage: asked again when the line is quiet


def test_a_damaged_message_is_refused_when_the_line_is_quiet() -> None:
    acks, _ = opened()
    acks.damaged(b"no", 0)
    assert acks.due(0) == []
    acks.received(200 * MS)
    assert acks.deadline_ns() == 200 * MS + QUIET_NS
    assert acks.due(QUIET_NS) == [], "bytes came since"
    assert acks.due(200 * MS + QUIET_NS) == [Send(b"no")]
    assert acks.deadline_ns() is None


def test_a_good_message_needs_no_refusal_of_the_one_before() -> None:
    acks, _ = opened()
    acks.damaged(b"no", 0)
    acks.heard(b"a", b"ok", 100 * MS)
    assert acks.deadline_ns() is None
    assert acks.due(QUIET_NS) == [Send(b"ok")]


def test_what_is_owed_comes_before_a_refusal() -> None:
    acks, undurable = opened()
    acks.heard(b"a", b"ok", 0)
    undurable.report(NEWS)
    acks.damaged(b"no", 10 * MS)
    assert acks.due(10 * MS + QUIET_NS) == []
    undurable.committed(1)
    assert acks.due(400 * MS) == [Send(b"ok")]


def test_a_panel_that_was_away_is_refused_nothing() -> None:
    acks, _ = opened()
    acks.damaged(b"no", 0)
    acks.forget()
    assert acks.deadline_ns() is None
