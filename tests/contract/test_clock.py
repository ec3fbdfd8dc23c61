"""A panel that tells its time is held against ours, whatever of a frame the driver reads.

Told of two panels whose clocks differ, and which say other bytes for it, the driver has to tell
which of them is off.  Seen to fail: a driver that compares nothing.
"""

import pytest

from edge_agent.domain.finding import Cause
from tests.contract.subjects import STREAM, Subject, names
from tests.contract.test_stream import LINES, world
from tests.contract.world import SECOND_NS, Tapped, World

OFF_S = 7200  # told by a panel without a date or without seconds, too
SPOKEN = 12
HEARD_NS = 400 * SECOND_NS  # the slowest says its time each four minutes

CLOCKS = [subject for subject in STREAM if subject.face.has_clock]


def heard(subject: Subject, off_s: int) -> World:
    """Let a panel speak whose clock is off so much since before the line came up."""
    here = world(subject, LINES[0], 0)
    here.tell(here.now_ns, f"clock +{off_s}")
    here.run(here.now_ns + 1)
    here.plug()
    for number in range(SPOKEN):
        here.tell((30 + 5 * number) * SECOND_NS, subject.face.speak(number, True))
    here.run(HEARD_NS)
    return here


def said(here: World) -> list[bytes]:
    assert isinstance(here.stand.out, Tapped)
    return [frame for _, frame in here.stand.out.puts]


def finds_its_clock(here: World) -> bool:
    return Cause.PANEL_CLOCK in [finding.cause for finding in here.gateway.findings]


@pytest.mark.parametrize("subject", CLOCKS, ids=names)
def test_a_clock_that_is_off_is_found_where_the_panel_tells_its_time(subject: Subject) -> None:
    right, off = heard(subject, 0), heard(subject, OFF_S)
    assert not finds_its_clock(right)
    tells_its_time = said(right) != said(off)
    assert finds_its_clock(off) is tells_its_time, "its frames tell the time: is it compared?"
