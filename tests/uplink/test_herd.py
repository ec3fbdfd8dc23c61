"""Many gateways that lose one broker at one moment: they come back spread out, and none late.

Through the whole machine, each gateway with a chance of its own.  Seen to fail without the jitter
of the pauses: all of them in one tenth of a second.
"""

from collections import Counter
from random import Random

import pytest

from edge_agent.uplink.messages import Action, Connect, Connected, Introduced, Lost, Started, Ticked
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.paths import PAUSE_NS_MAX, PAUSE_NS_MIN, RETURN_NS_MAX
from tests.uplink.world import EPOCH, MS, SECOND, make_event

UP_NS = 120 * SECOND  # how long the link had been up
REFUSED_NS = 2 * MS  # how soon a broker's machine says that nobody listens
SLOT_NS = 100 * MS


def return_ns(chance: Random, outage_ns: int) -> int:
    """Return how long after the broker's return a gateway's accepted attempt is made."""
    box = Outbox(1)
    box.handle(Started(EPOCH), 0)
    box.handle(Introduced(EPOCH, make_event(0)), 0)
    box.handle(Connected(1, 65535, chance.random()), 0)
    now, back_ns = UP_NS, UP_NS + outage_ns
    actions = box.handle(Lost(1, "broken", chance.random()), now)
    while True:
        attempt = dialled(actions)
        if attempt is not None and now >= back_ns:
            return now - back_ns
        if attempt is not None:
            now += REFUSED_NS
            actions = box.handle(Lost(attempt, "refused", chance.random()), now)
            continue
        due_ns = box.deadline_ns()
        assert due_ns is not None, "it would wait for ever"
        now = max(now, due_ns)
        actions = box.handle(Ticked(chance.random()), now)


def dialled(actions: list[Action]) -> int | None:
    return next((action.attempt for action in actions if isinstance(action, Connect)), None)


def busiest_share(times: list[int]) -> float:
    """Return the share of all gateways that come in the busiest tenth of a second."""
    return max(Counter(time // SLOT_NS for time in times).values()) / len(times)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("outage_ns", "share_max", "late_ns_max"),
    [
        (0, 0.55, RETURN_NS_MAX),  # the broker was restarted: all back at once, within 250 ms
        (1 * SECOND, 0.30, 4 * PAUSE_NS_MIN),
        (10 * SECOND, 0.10, 16 * SECOND),
        (120 * SECOND, 0.02, PAUSE_NS_MAX),
    ],
)
def test_they_come_back_spread_out_and_none_late(
    outage_ns: int, share_max: float, late_ns_max: int
) -> None:
    """Of 100,000 gateways after a long outage 2,000 come in the busiest tenth of a second."""
    assert PAUSE_NS_MAX <= 30 * SECOND
    times = [return_ns(Random(f"{outage_ns} {n}"), outage_ns) for n in range(2_000)]
    assert max(times) <= late_ns_max
    assert busiest_share(times) <= share_max


def test_two_hundred_are_no_herd_either() -> None:
    times = [return_ns(Random(n), 60 * SECOND) for n in range(200)]
    assert busiest_share(times) <= 0.06, "12 handshakes in a tenth of a second"
    assert max(times) <= PAUSE_NS_MAX
