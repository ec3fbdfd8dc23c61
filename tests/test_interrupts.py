"""What Ctrl-C does is changed only where it is Python's own."""

import signal
from collections.abc import Iterator

import pytest

from edge_agent import interrupts


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_ends_the_process_until_somebody_puts_things_in_order() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupts.end_at_once()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    interrupts.raise_again()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("other", [signal.SIG_IGN, lambda *_: None])
def test_one_that_is_ignored_or_handled_stays_so(other: signal.Handlers) -> None:
    signal.signal(signal.SIGINT, other)
    interrupts.end_at_once()
    interrupts.raise_again()
    assert signal.getsignal(signal.SIGINT) is other
