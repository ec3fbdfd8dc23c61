"""Timestamps in records: good, of what is gone, of something else, by nobody.

In a gateway's journal they are judged by tests/test_audit.py, at the center by
tests/center/test_verify.py.
"""

from collections.abc import Callable
from dataclasses import replace

from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.anchored import AnchorCheck
from edge_agent.evidence.certificates import read_pem
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import Event, peek
from edge_agent.evidence.tree import leaf_hash
from edge_agent.evidence.verify import What
from tests.evidence.bundles import FIRST, STAMPED, history, stamper, token

LEAF = leaf_hash(history()[0].envelopes[STAMPED])
BODY = AnchorBody(Place(FIRST, STAMPED), LEAF, token())


def anchor(body: AnchorBody) -> Event:
    event = peek(history()[0].envelopes[70])[1]
    return replace(event, body=body.to_body())


def holding(leaf: bytes | None) -> Callable[[bytes, int], bytes | None]:
    return lambda _epoch, _seq: leaf


def test_whether_its_event_is_held_is_told() -> None:
    for leaf, held in ((LEAF, True), (None, False)):
        check = AnchorCheck(holding(leaf), read_pem(stamper()))
        assert check.take(anchor(BODY)) == []
        (one,) = check.anchored
        assert (one.place, one.held, one.stamped.trusted) == (BODY.place, held, True)


def test_what_proves_nothing_is_named() -> None:
    for body, leaf, said in (
        (BODY, bytes(32), "is not the one"),
        (replace(BODY, token=token("other")), LEAF, "something else"),
        (replace(BODY, token=b"junk"), LEAF, "where"),
    ):
        check = AnchorCheck(holding(leaf))
        (problem,) = check.take(anchor(body))
        assert (problem.what, problem.epoch, problem.seq) == (What.ANCHOR, FIRST, 70)
        assert said in problem.detail
        assert check.anchored == []
