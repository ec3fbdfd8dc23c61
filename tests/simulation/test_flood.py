"""Eight panels at full line rate: memory bounded, nothing acknowledged lost, lives first.

`EDGE_FLOOD_S=3600` plays an hour of simulated time instead of a minute.

Seen to fail: with an ACK that does not wait for the journal (more was not yet durable than panels
may leave waiting); with one reserve of the window for lanes 0 to 2 (a life alarm waited 2.5 s
behind a flood of intrusion alarms); with events that only memory holds sent in lane order (eight
panels got 11 acknowledgements in 13 s, the troubles they waited for stood behind the backlog).
"""

import os
from pathlib import Path

from tests.simulation.flood import ACTS, flood, make_site

SECONDS = float(os.environ.get("EDGE_FLOOD_S", "60"))

ACKS_A_SECOND_MIN = 5  # where every ACK waits for a slow center; a quick card gives 200


def test_a_flood_is_borne(tmp_path: Path) -> None:
    facts = flood(1, make_site(tmp_path), tmp_path, SECONDS)
    print("\n" + "\n".join(facts.lines()))
    for act in ACTS:
        assert bool(facts.life_ns.get(act.name)) is act.link, f"no life alarm in {act.name}"
        if not act.closed:
            rate = facts.acked_in[act.name] / (SECONDS * act.share)
            assert rate > ACKS_A_SECOND_MIN, f"{rate:.1f} acknowledged a second in {act.name}"
    assert facts.backlog > SECONDS, "the center was never behind: no flood"
