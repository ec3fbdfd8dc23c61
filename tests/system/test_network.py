"""The network fails in every way, on both sides of the broker, under live traffic.

A relay stands between agent and broker and another between broker and center: each cuts, swallows
all or one direction, delays, trickles, forgets connections (half open) and flips bits, in any
order.  When it is whole again: everything a panel saw acknowledged is at the center, once; nothing
else is; both verifiers are content.

EDGE_NETWORK_FAULTS is how many faults there are (default 14), EDGE_SEED replays them.

Seen to fail when: what a lost connection took along is taken for sent (never receipted); the center
stores a copy of an event as another one (forks).  Both are in tests/mutants.
"""

import os
import random
import sys
from collections.abc import Callable

import pytest

from hil.rig import Count, Network, Panel, Setup, Stack, Way, wait_until
from tests.system.test_kills import NEVER

FAULTS = int(os.environ.get("EDGE_NETWORK_FAULTS", "14"))
HELD_S_MAX = 1.2  # how long a fault lasts
REST_S_MAX = 1.0  # from one to the next


def _slow(network: Network) -> None:
    network.bits_per_s = 30_000


def _late(network: Network) -> None:
    network.delay_s = 0.4


def _damaging(network: Network) -> None:
    network.damage = 0.5


WAYS: dict[str, Callable[[Network], None]] = {
    "cut": Network.cut,
    "swallows": Network.stall,
    "swallows what is sent": lambda network: network.stall(Way.OUT),
    "swallows what comes back": lambda network: network.stall(Way.BACK),
    "forgets": Network.forget,
    "trickles": _slow,
    "delays": _late,
    "corrupts": _damaging,
}


def _receiver(name: str) -> Panel:
    given = ("--repeat-s", "3")
    return Panel(name, end="tcp", arguments=given, options={"repeat_after_s": 3.0})


@pytest.mark.timeout(240 + 10 * FAULTS)
def test_a_network_that_fails_in_every_way_loses_doubles_and_invents_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    seed = int(os.environ.get("EDGE_SEED", random.SystemRandom().randrange(10**6)))
    with capfd.disabled():
        sys.stderr.write(f"\nnetwork faults: seed {seed}\n")
    chance = random.Random(seed)
    done: list[str] = []
    setup = Setup(network=True, center_network=True, persistent=True)
    with Stack([_receiver("p1"), _receiver("p2")], setup) as stack:
        for number, panel in enumerate(stack.panels):
            panel.tell(f"plan traffic rate=10 first={40_000 * number}")
        _torment(stack, chance, done)
        wait_until(lambda: all(map(_has_spoken, stack.panels)), "the panels to be heard")
        for panel in stack.panels:
            panel.tell("stop")
        try:
            _judge(stack)
        except AssertionError as error:
            raise AssertionError(f"EDGE_SEED={seed}: {'; '.join(done)}\n{error}") from error


def _has_spoken(panel: Panel) -> bool:
    return len(panel.in_state("acked")) > 10


def _torment(stack: Stack, chance: random.Random, done: list[str]) -> None:
    sides = {"gateway": stack.network, "center": stack.center_network}
    todo = [(side, way) for side in sides for way in WAYS]
    chance.shuffle(todo)
    for number in range(FAULTS):
        side, way = todo[number % len(todo)]
        network = sides[side]
        assert network is not None
        NEVER.wait(chance.uniform(0, REST_S_MAX))
        done.append(f"{side}: {way}")
        WAYS[way](network)
        NEVER.wait(chance.uniform(0.05, HELD_S_MAX))
        network.mend()


def _judge(stack: Stack) -> None:
    stack.settle()
    wait_until(lambda: stack.agent.status()["centers"][0]["connected"], "connected again")
    rows = stack.center.events()
    assert stack.count(rows) == Count()
    stack.center.verify()
    stack.agent.verify()
    fleet = stack.center.fleet()["gw1"]
    assert not fleet["missing"], fleet
    assert not fleet["problems"], fleet
