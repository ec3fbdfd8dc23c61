"""Presence: proven by a good frame, ended by silence, each told once."""

from edge_agent.domain.presence import Presence
from edge_agent.domain.session import Fault, FaultKind, Link

GONE = [Fault(FaultKind.SILENCE, "nothing came"), Link(online=False, reason="silence")]


def test_the_first_good_frame_proves_it_and_the_next_ones_are_no_news() -> None:
    presence = Presence(10, "nothing came")
    assert (presence.online, presence.deadline_ns()) == (None, None)
    presence.open(0)
    assert (presence.online, presence.deadline_ns()) == (None, 10)
    assert presence.heard(3) == [Link(online=True)]
    assert presence.heard(5) == []
    assert (presence.online, presence.deadline_ns()) == (True, 15)


def test_silence_is_told_once_and_again_after_it_was_heard() -> None:
    presence = Presence(10, "nothing came")
    presence.open(0)
    assert presence.missed(9) == []
    assert presence.missed(10) == GONE
    assert (presence.missed(30), presence.deadline_ns()) == ([], None)
    presence.awaken(31)
    assert presence.online is False
    assert presence.missed(41) == GONE[:1], "a link that is gone is no news"
    assert presence.heard(50) == [Link(online=True)]
    assert presence.missed(60) == GONE


def test_a_new_line_knows_nothing() -> None:
    presence = Presence(10, "nothing came")
    presence.open(0)
    presence.heard(1)
    presence.open(5)
    assert (presence.online, presence.deadline_ns()) == (None, 15)
    assert presence.missed(15) == GONE


def test_who_is_asked_and_does_not_answer_is_gone_before_the_silence_is_over() -> None:
    presence = Presence(10, "nothing came")
    presence.open(0)
    presence.heard(1)
    gone = [Fault(FaultKind.SILENCE, "no answer"), Link(online=False, reason="no answer")]
    assert presence.lost("no answer") == gone
    assert (presence.online, presence.deadline_ns()) == (False, None)
    assert presence.missed(100) == []
    assert presence.heard(101) == [Link(online=True)]
