"""One request at a time: awaited, repeated, given up, and never two on the line."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.asking import WAITING_MAX, Asking, Pace
from edge_agent.domain.session import Action, Fault, FaultKind, Send

PACE = Pace(answer_ns=10, tries=2, pause_ns=3)


def sent(actions: list[Action]) -> list[bytes]:
    return [action.data for action in actions if isinstance(action, Send)]


def test_the_next_goes_after_the_answer_and_a_pause() -> None:
    asking = Asking(PACE)
    assert asking.ask("a", b"a?")
    assert asking.ask("b", b"b?")
    assert sent(asking.due(0)) == [b"a?"]
    assert asking.due(5) == []
    assert not asking.answered("b", 5), "it was not asked yet"
    assert asking.is_open("a")
    assert asking.is_open("b")
    assert asking.answered("a", 5)
    assert not asking.answered("a", 5), "once"
    assert not asking.is_open("a")
    assert asking.due(7) == []
    assert asking.deadline_ns() == 8
    assert sent(asking.due(8)) == [b"b?"]
    assert asking.answered("b", 9)
    assert asking.idle
    assert asking.deadline_ns() is None


def test_what_is_not_answered_is_repeated_then_given_up() -> None:
    asking = Asking(PACE)
    asking.ask("a", b"a?")
    asking.ask("b", b"b?")
    assert sent(asking.due(0)) == [b"a?"]
    assert asking.deadline_ns() == 10
    assert sent(asking.due(10)) == [b"a?"]
    assert asking.due(20) == [Fault(FaultKind.NO_ANSWER, "a"), Send(b"b?")]
    assert asking.given_up == ["a"]
    assert asking.unanswered == 1
    assert asking.answered("b", 21)
    assert asking.unanswered == 0


def test_a_command_is_sent_once() -> None:
    asking = Asking(PACE)
    asking.ask("keys", b"1234E", tries=1)
    assert sent(asking.due(0)) == [b"1234E"]
    assert asking.due(10) == [Fault(FaultKind.NO_ANSWER, "keys")]
    assert asking.idle


def test_nothing_waits_twice_and_not_too_much() -> None:
    asking = Asking(PACE)
    assert asking.ask("a", b"a?")
    assert not asking.ask("a", b"a?")
    asking.due(0)
    assert asking.ask("a", b"a?"), "it is under way: what it will say may be old by then"
    for number in range(WAITING_MAX - 1):
        assert asking.ask(str(number), b"?")
    assert not asking.ask("one more", b"?")


def test_what_is_urgent_goes_first() -> None:
    asking = Asking(PACE)
    asking.ask("a", b"a?")
    asking.ask("b", b"b?", first=True)
    assert sent(asking.due(0)) == [b"b?"]


def test_a_new_line_begins_anew() -> None:
    asking = Asking(PACE)
    asking.ask("a", b"a?")
    asking.due(0)
    asking.clear()
    assert asking.idle
    assert not asking.answered("a", 1)
    assert asking.ask("a", b"a?")
    assert sent(asking.due(1)) == [b"a?"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 12)), max_size=60))
def test_never_two_are_on_the_line(steps: list[tuple[str, bool, int]]) -> None:
    asking = Asking(PACE)
    now_ns, under_way_until = 0, 0
    for name, answers, later_ns in steps:
        now_ns += later_ns
        if answers:
            if asking.answered(name, now_ns):
                under_way_until = 0
        else:
            asking.ask(name, name.encode())
        if out := sent(asking.due(now_ns)):
            assert len(out) == 1
            assert now_ns >= under_way_until, "before the answer or its time limit"
            under_way_until = now_ns + PACE.answer_ns


def test_what_waits_goes_first_when_it_is_wanted_first() -> None:
    asking = Asking(PACE)
    for name in ("a", "b", "c"):
        asking.ask(name, name.encode())
    assert not asking.ask("c", b"c", first=True), "it waits already"
    assert sent(asking.due(0)) == [b"c"]
    asking.answered("c", 1)
    assert sent(asking.due(4)) == [b"a"]


def test_what_is_held_is_sent_when_it_is_released() -> None:
    """Seen to fail: a session that is woken again and again while it is held."""
    asking = Asking(PACE)
    asking.ask("a", b"a")
    assert sent(asking.due(0)) == [b"a"]
    asking.hold()
    asking.ask("b", b"b")
    assert asking.deadline_ns() == 10  # the answer to what is under way is still awaited
    asking.answered("a", 1)
    assert (asking.due(20), asking.deadline_ns()) == ([], None)
    asking.release()
    assert sent(asking.due(20)) == [b"b"]
