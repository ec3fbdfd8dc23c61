"""A timeline through the shipped machines: when it ends, and what is counted."""

import json

from edge_agent.domain.site import Premises
from edge_agent.judging import judge


def test_nothing_later_than_until_is_heard() -> None:
    lines = [b'{"t": %d, "kind": "log", "state": "active"}' % t for t in (1, 2, 3)]
    last = json.loads(list(judge(Premises(), None, lines, until_s=2))[-1])
    assert last["type"] == "summary"
    assert last["lines"] == 3  # the one that was too late was read, and counts for nothing else
    assert last["verdicts"] == last["findings"] == 0
