"""The board: what is known of each signal while the play goes on."""

import pytest

from edge_agent.demo.board import Board
from edge_agent.demo.ledger import Spoken
from tests.demo.figures import MS, PANELS, event, signal, spoken


def board() -> Board:
    made = Board(25, PANELS)
    made.connected = True
    return made


def way(one: Spoken) -> tuple[bool, int | None, bool]:
    """How far a signal has come: durable, latency, receipted."""
    return one.durable, one.latency_ns, one.receipted


def test_a_signal_goes_its_way() -> None:
    shown, one = board(), spoken(1, 10)
    shown.say(one)
    shown.keep(signal(1, 1, 11))
    assert way(one) == (True, None, False)
    shown.store(signal(1, 1, 11))
    assert way(one) == (True, 7 * MS, False)
    assert (shown.durable, shown.stored, shown.latencies_ms) == (1, 1, [7.0])


def test_the_center_may_be_heard_before_the_panel() -> None:
    shown, one = board(), spoken(1, 10)
    shown.store(signal(1, 1, 11))
    shown.keep(signal(1, 1, 11))
    shown.say(one)
    assert one.durable
    assert one.latency_ns == 7 * MS


def test_equal_signals_are_met_in_their_order() -> None:
    shown, first, second = board(), spoken(1, 10), spoken(1, 500)
    shown.say(first)
    shown.say(second)
    shown.store(signal(1, 1, 11))
    assert first.latency_ns is not None
    assert second.latency_ns is None


def test_events_of_the_agent_are_counted_only() -> None:
    shown = board()
    shown.store(event(1, 5, type="link"))
    shown.keep(event(1, 5, type="link"))
    assert (shown.stored, shown.durable) == (1, 1)


def test_receipts_tick_what_is_below_the_head_when_nothing_is_open() -> None:
    shown, one, other = board(), spoken(1, 10), spoken(2, 20)
    for said, seq in ((one, 1), (other, 2)):
        shown.say(said)
        shown.keep(signal(seq, said.number, 21))
    shown.receipt(1, "e1", 3)
    assert (way(one), way(other)) == ((True, None, False), (True, None, False))
    shown.receipt(0, "e1", 2)
    assert (way(one), way(other)) == ((True, None, True), (True, None, False))
    shown.receipt(0, "e1", 3)
    assert way(other) == (True, None, True)
    assert (shown.receipted, shown.outstanding) == (3, 0)


def test_what_trouble_held_up_is_not_in_the_live_figure() -> None:
    shown, one = board(), spoken(1, 10)
    shown.troubled_ns = 50 * MS
    shown.say(one)
    shown.store(signal(1, 1, 60))
    assert one.latency_ns is not None
    assert shown.latencies_ms == []


@pytest.mark.parametrize("broken", ["network", "path", "line"])
def test_trouble_is_whatever_delays_signals(broken: str) -> None:
    shown = board()
    shown.is_cut = broken == "network"
    shown.connected = broken != "path"
    shown.plugged["p1"] = broken != "line"
    assert shown.is_troubled
    assert not board().is_troubled
