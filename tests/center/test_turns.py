import threading

import pytest

from edge_agent.center.turns import Turns
from tests.broker import wait_until


def test_the_urgent_go_first() -> None:
    turns, order = Turns(), list[str]()

    def work(name: str, *, urgent: bool) -> threading.Thread:
        def run() -> None:
            with turns.take(urgent=urgent):
                order.append(name)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with turns.take(urgent=False):
        waiting = [work("drain", urgent=False) for _ in range(9)]
        wait_for(turns, patient=9, urgent=0)
        waiting.append(work("alarm", urgent=True))
        wait_for(turns, patient=9, urgent=1)
    for thread in waiting:
        thread.join(60)
    assert order == ["alarm", *["drain"] * 9]


def wait_for(turns: Turns, *, patient: int, urgent: int) -> None:
    wait_until(lambda: len(turns._changed._waiters) == patient + urgent, "waiting threads")  # type: ignore[attr-defined]
    assert turns._urgent_waiting == urgent


def test_one_at_a_time() -> None:
    turns, inside, most = Turns(), 0, 0

    def run(urgent: bool) -> None:
        nonlocal inside, most
        for _ in range(200):
            with turns.take(urgent=urgent):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=run, args=(number % 2 == 0,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1


def test_a_failure_inside_gives_the_turn_back() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.take(urgent=True):
        assert 1 / 0
    with turns.take(urgent=False):
        assert turns._taken
