"""The gateway's network fails below TCP: pulled, swallowed, refused, lossy, an MTU, no address.

The real agent runs in a network namespace of its own, behind a cable; broker and center are here.
Panels speak all the while.  When the cable is whole: all is receipted, nothing lost, doubled or
invented.

Most of these a connection survives, as TCP is made to.  One lasts until the agent has given it up.
Seen to fail: where what a lost connection took along is taken for sent.
"""

from collections.abc import Callable

import pytest

from hil.rig import Count, Panel, Setup, Stack, wait_until
from tests.crash.netns import Cable, cable

pytestmark = pytest.mark.needs("netns")

FAULTS: tuple[Callable[[Cable], None], ...] = (
    Cable.lose_some,
    Cable.lose_large,
    Cable.swallow,
    Cable.lose_address,
    Cable.pull,
    Cable.refuse,
)
RATE = 20  # events a second that each panel asks for
HELD = 10  # events that each panel says while a fault lasts, and has acknowledged


def test_a_cable_that_fails_in_every_way() -> None:
    with cable() as wire:
        setup = Setup(
            network=True,
            address=wire.address,
            within=wire.within,
            persistent=True,
            init=("--host", wire.address),
        )
        with Stack([_receiver("p1"), _receiver("p2")], setup) as stack:
            for number, panel in enumerate(stack.panels):
                panel.tell(f"plan traffic rate={RATE} first={40_000 * number}")
            stack.agent.wait_well()
            for fault in FAULTS:
                _happens(stack, wire, fault)
            for panel in stack.panels:
                panel.wait_acked(20)
                panel.tell("stop")
            stack.settle()
            rows = stack.center.events()
            assert stack.count(rows) == Count()
            stack.center.verify()
            stack.agent.verify()


def _happens(stack: Stack, wire: Cable, fault: Callable[[Cable], None]) -> None:
    """Something is outstanding while it lasts, and panels are acknowledged all the same."""
    acked = [len(panel.in_state("acked")) for panel in stack.panels]
    fault(wire)
    for panel, before in zip(stack.panels, acked, strict=True):
        panel.wait_acked(before + HELD)
    if fault is Cable.swallow:
        wait_until(lambda: not _is_connected(stack), "the agent leaves a path that says nothing")
    if fault is not Cable.lose_some:
        wait_until(lambda: (stack.agent.outstanding() or 0) > 0, f"{fault.__name__} is felt")
    wire.mend()


def _is_connected(stack: Stack) -> bool:
    status = stack.agent.status()
    return bool(status) and any(center["connected"] for center in status["centers"])


def _receiver(name: str) -> Panel:
    given = ("--repeat-s", "3")
    return Panel(name, arguments=given, options={"repeat_after_s": 3.0})  # a pty: in no namespace
