"""The center dies between two steps: in its commit, between store and receipt, before its ACK.

strace kills the real center at its next write to the database, its next flush, or its next word to
the broker.  The event is then stored or not, and the gateway keeps it unless it is receipted; after
the center's next start it is there once, receipted.

Seen to fail when: the center sends the receipt before its COMMIT (tests/mutants).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from hil.rig import Count, Panel, Setup, Stack, wait_until
from tests.crash.rig import traced

pytestmark = pytest.mark.needs("strace")


@dataclass(frozen=True)
class Moment:
    """The system call that it dies at: its first, or second; what holds then."""

    call: str
    number: int
    stored: bool  # the event, for whoever opens the database
    held: bool  # by the gateway, for want of a receipt


MOMENTS = (
    Moment("pwrite64", 1, stored=False, held=True),  # the first page of the transaction
    Moment("fdatasync", 1, stored=True, held=True),  # written, not flushed, not told to anybody
    Moment("write", 1, stored=True, held=True),  # flushed; the receipt on its way to the broker
    Moment("write", 2, stored=True, held=False),  # the ACK of the broker's message
)


TRIES = 3
AGAIN_S_MAX = 60.0  # twice the uplink's longest pause


@contextmanager
def dying(stack: Stack, at: Moment, trace: Path) -> Iterator[None]:
    """Let the center die at this moment from now on."""
    assert stack.center.process is not None
    death = f"inject={at.call}:signal=KILL:when={at.number}"
    with traced(stack.center.process.pid, trace, "-e", f"trace={at.call}", "-e", death):
        yield


def test_a_center_that_dies_between_two_steps(tmp_path: Path) -> None:
    panel = Panel("p1", end="tcp", arguments=("--repeat-s", "3"), options={"repeat_after_s": 3.0})
    with Stack([panel], Setup(persistent=True)) as stack:
        for turn, moment in enumerate(MOMENTS):
            stack.settle()
            _die(stack, moment, turn, tmp_path / f"trace{turn}")
        stack.settle()
        assert stack.count() == Count()
        stack.center.verify()
        stack.agent.verify()


def _die(stack: Stack, moment: Moment, turn: int, trace: Path) -> None:
    """Let it die with one more event, and look at both sides; then start it again.

    The first flush may be that of a heartbeat that came at this very moment: then another try.
    """
    for _ in range(TRIES):
        before = stack.center.stored()
        [panel] = stack.panels
        acked = len(panel.in_state("acked"))
        with dying(stack, moment, trace):
            panel.tell(f"alarm zone={turn + 1} area=2")
            stack.center.wait_end()
        panel.wait_acked(acked + 1)
        if moment.held:
            assert stack.agent.outstanding(), f"{moment}: receipted by nobody"
        stored = stack.center.stored() > before  # its verdict may have come along
        stack.center.start()
        stack.center.wait_ready()
        wait_until(partial(_stores_more, stack, before), f"{moment}: stored", AGAIN_S_MAX)
        if stored is moment.stored:
            return
        assert moment.call == "fdatasync", moment
        stack.settle()
    raise AssertionError(f"{moment}: never as it says in {TRIES} tries")


def _stores_more(stack: Stack, than: int) -> bool:
    return stack.center.stored() > than
