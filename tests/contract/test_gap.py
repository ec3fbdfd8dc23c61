"""What a panel's own log tells of the time when nobody listened: each entry once, none left out.

Seen to fail: an alarm that was told before the older entries, and told again after a restart; a
late answer to the session before.
"""

from collections import Counter

import pytest

from edge_agent.domain.kinds import Kind
from hil.panels.machine import Said
from tests.contract.subjects import STREAM, Subject, names
from tests.contract.test_stream import LINES, SYNC_NS, events, world
from tests.contract.world import SECOND_NS

LOGGING = [subject for subject in STREAM if "backfill" in subject.driver.abilities]
ENTRIES = 60  # of one gap: more than a gateway keeps frames of a panel, and some urgent
URGENT = {20, 40, 60}
RESTARTS_S = (1, 2, 4, 200, 400)  # while the log is read, and when it is


@pytest.mark.parametrize("subject", LOGGING, ids=names)
def test_a_long_gap_is_told_from_the_log_once_over_every_restart(subject: Subject) -> None:
    """Who did it tells the entries apart: with each a frame may have another index."""
    here = world(subject, LINES[0], 0)
    here.gateway.commit_ns = lambda: 0  # a journal that was read again holds no later one alone
    here.plug()
    here.tell(10 * SECOND_NS, "disarm area=1 user=1")
    here.run(SYNC_NS)
    here.unplug()
    for user in range(2, ENTRIES + 2):
        arms = f"{'arm' if user % 2 else 'disarm'} area=1 user={user}"
        here.tell(here.now_ns + user * SECOND_NS, f"duress user={user}" if user in URGENT else arms)
    here.run(here.now_ns + 2 * ENTRIES * SECOND_NS)
    here.plug()
    for after_s in RESTARTS_S:
        here.at(here.now_ns + after_s * SECOND_NS, here.restart)
    here.run(here.now_ns + RESTARTS_S[-1] * SECOND_NS + SYNC_NS)
    who = Counter(s.user for s in events(here) if s.kind in {Kind.DURESS, Kind.OPEN_CLOSE})
    unnamed, wordless = who.pop(None, 0), len(here.state(Said.UNTOLD))
    assert max(who.values(), default=1) == 1, "told twice"
    assert len(who) + unnamed + wordless == ENTRIES + 1
