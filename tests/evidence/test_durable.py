"""How much a gateway must have had on its card, and what that excuses."""

from dataclasses import replace

from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import Ended, JournalBody, JournalChange
from edge_agent.evidence.durable import Durable
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.tree import EMPTY_ROOT
from tests.evidence.conftest import STAMP


def event(seq: int, lane: Lane = Lane.FAULT, body: Body | None = None) -> Event:
    type_ = EventType.LINK if body is None else EventType.JOURNAL
    return Event(
        gateway="gw1",
        epoch=b"e" * 8,
        seq=seq,
        root=EMPTY_ROOT,
        stamp=STAMP,
        lane=Lane.STATE if seq == 0 else lane,
        type=EventType.GENESIS if seq == 0 else type_,
        body=body or {},
    )


def disk(seq: int, change: JournalChange, first: int | None = None) -> Event:
    return event(seq, Lane.FAULT, JournalBody(change, "", first).to_body())


def fed(*events: Event) -> Durable:
    durable = Durable()
    for one in events:
        durable.feed(one)
    return durable


def test_what_is_sent_was_committed_but_genesis_and_urgent_alarms() -> None:
    assert fed(event(0)).size == 0
    assert fed(event(0), event(1, Lane.LIFE), event(2, Lane.FIRE)).size == 0
    assert fed(event(0), event(1, Lane.LIFE), event(2, Lane.INTRUSION)).size == 3


def test_a_disk_that_refuses_says_from_where_on() -> None:
    refused = disk(5, JournalChange.REFUSED, 3)
    durable = fed(*(event(seq) for seq in range(5)), refused, event(6))
    assert durable.size == 3
    assert fed(event(0), event(1), disk(2, JournalChange.REFUSED)).size == 2  # it said no number


def test_a_disk_that_accepts_again_has_it_all() -> None:
    durable = fed(event(1), disk(2, JournalChange.REFUSED, 2), event(3))
    assert durable.size == 2
    durable.feed(disk(4, JournalChange.ACCEPTED))
    assert durable.size == 5


def test_the_first_numbers_may_be_the_ones_that_are_missing() -> None:
    """Fails where a gap is looked for between two events only."""
    assert fed(event(9), event(10)).size == 0
    assert fed(event(0), event(9)).size == 0
    assert fed(event(1), event(2)).size == 3


def test_behind_a_gap_nothing_is_known_until_the_disk_is_said_to_accept() -> None:
    """Seen to fail in a world whose network swallowed the very event that said it."""
    durable = fed(event(0), event(1), event(4), event(5))
    assert durable.size == 2
    assert durable.explains(2, Ended.CRASH)
    durable.feed(disk(6, JournalChange.ACCEPTED))
    assert durable.size == 7


def test_a_body_that_cannot_be_read_excuses_nothing() -> None:
    assert fed(event(1), event(2, Lane.FAULT, {1: 7})).size == 3


def test_an_orderly_end_leaves_nothing_unwritten() -> None:
    durable = fed(event(1), disk(2, JournalChange.REFUSED, 2))
    assert durable.explains(2, Ended.CRASH)
    assert durable.explains(3, Ended.TORN)
    assert not durable.explains(1, Ended.CRASH)
    assert not durable.explains(2, Ended.ORDERLY)


def test_a_gap_that_stays_proves_as_before_after_what_a_resend_takes() -> None:
    """Fails where a hole at the center excuses every image from then on."""

    def at(seq: int, second: int) -> Event:
        stamp = replace(STAMP, boottime_ns=second * 1_000_000_000)
        return replace(event(seq), stamp=stamp)

    assert fed(at(1, 0), at(3, 10), at(4, 130)).size == 2
    assert fed(at(1, 0), at(3, 10), at(4, 131)).size == 5
