"""What is owed to a panel that waits for its ACK: once, in time, when everything is durable.

Seen to fail: given before the commit; given although late; given twice; what waits forgotten.
"""

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.owed_ack import CROSSING_NS, Message, OwedAck, Undurable, has_crossed
from edge_agent.domain.session import WAITING, Opened, Recent, Report, Send
from edge_agent.domain.signal import Signal

LATE_NS = 1000
NEWS = (Signal(kind=Kind.UNKNOWN, state=State.ACTIVE),)


def owed() -> tuple[OwedAck, Undurable]:
    undurable = Undurable()
    return OwedAck(undurable, LATE_NS), undurable


def test_reports_are_numbered_and_open_until_they_are_durable() -> None:
    undurable = Undurable()
    assert undurable.report(NEWS) == Report(1, NEWS)
    assert undurable.report(NEWS).token == undurable.newest == 2
    undurable.committed(1)
    undurable.committed(7)
    assert undurable.tokens == {2}
    undurable.note([Report(5, NEWS), Send(b"x")])
    assert undurable.tokens == {2, 5}


def test_over_a_new_line_only_what_waits_is_not_durable_and_no_number_is_given_twice() -> None:
    undurable = Undurable()
    undurable.report(NEWS)
    undurable.open(Opened(waiting=Recent(b"a")))
    assert undurable.tokens == {WAITING}
    undurable.open(Opened())
    assert undurable.tokens == set()
    assert undurable.report(NEWS).token == 2


def test_it_is_given_once_when_all_is_durable() -> None:
    ack, undurable = owed()
    message = Message(b"a", 0, undurable.report(NEWS).token)
    ack.owe(b"ok", 0, message)
    assert (ack.due(1), ack.answer, ack.message) == (b"", b"ok", message)
    undurable.committed(1)
    assert ack.due(2) == b"ok"
    assert (ack.answered_ns, message.answered_ns) == (2, 2)
    assert (ack.due(3), ack.answer, ack.message) == (b"", b"", None)


def test_what_says_nothing_new_waits_for_what_was_reported_before_it() -> None:
    ack, undurable = owed()
    undurable.open(Opened(waiting=Recent(b"a")))
    ack.owe(b"ok", 0)
    assert ack.due(0) == b""
    undurable.committed(WAITING)
    assert ack.due(0) == b"ok"


def test_too_late_it_is_left_to_the_next_copy() -> None:
    ack, _ = owed()
    message = Message(b"a", 0)
    ack.owe(b"ok", 0, message)
    assert ack.due(LATE_NS) == b""
    assert (ack.answer, ack.answered_ns, message.answered_ns) == (b"", None, None)
    ack.owe(b"ok", LATE_NS, message)
    assert ack.due(2 * LATE_NS - 1) == b"ok"


def test_the_newest_takes_the_place_of_what_was_owed() -> None:
    ack, _ = owed()
    first = Message(b"a", 0)
    ack.owe(b"one", 0, first)
    ack.owe(b"two", 1)
    assert (ack.due(1), ack.due(1), first.answered_ns) == (b"two", b"", None)
    ack.owe(b"three", 2)
    assert ack.answered_ns is None, "that one has had none yet"
    ack.withdraw()
    assert ack.due(2) == b""


def test_a_copy_that_began_before_the_ack_could_be_heard_has_crossed_it() -> None:
    assert not has_crossed(None, 0)
    assert has_crossed(100, 100 + CROSSING_NS)
    assert not has_crossed(100, 101 + CROSSING_NS)
    assert has_crossed(100, 90)
    assert not has_crossed(100, 103, 2)
