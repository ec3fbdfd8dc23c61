"""A request whose answer is still coming is not made again, however many frames the answer has.

The line is made so slow that an answer of several frames takes longer than a driver waits for one,
while each of its frames takes less.  Seen to fail: a driver that does not know that the frames
belong together (`parts` of a PlainPanel).
"""

from dataclasses import replace
from itertools import pairwise

import pytest

from edge_agent.domain.session import Action, Input, Send, Session
from hil.lines import Quality, Split
from tests.contract.subjects import STREAM, Subject, names
from tests.contract.test_stream import LINES, PACE, world
from tests.contract.world import SECOND_NS, Tapped, World

LISTENED_NS = 100 * SECOND_NS
LONG_FRAMES = 3
TOO_LONG = 1.5  # times the driver's patience
FRAME_MAX = 0.7  # of it, for the longest frame


class Watched:
    """A session whose requests are noted, each with when it was made."""

    def __init__(self, inner: Session) -> None:
        self._inner = inner
        self.sent: list[tuple[int, bytes]] = []

    def deadline_ns(self) -> int | None:
        return self._inner.deadline_ns()

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        actions = self._inner.handle(happened, now_ns)
        self.sent += [(now_ns, one.data) for one in actions if isinstance(one, Send)]
        return actions


def watched(subject: Subject, byte_ns: int) -> tuple[World, Watched]:
    out = Quality(byte_ns, split=Split.BYTES)
    here = world(subject, replace(LINES[0], out=out), 0)
    watch = Watched(subject.session())
    here.gateway.make = lambda: watch
    return here, watch


def patience_ns(subject: Subject) -> int | None:
    """How soon a driver asks again where nothing is said; None: it asks nothing."""
    here, watch = watched(subject, PACE)
    here.tell(here.now_ns, "silence 10000")
    here.run(here.now_ns + 1)
    here.plug()
    here.run(LISTENED_NS)
    at = [t_ns for t_ns, _ in watch.sent]
    return min((b - a for a, b in pairwise(at) if b > a), default=None)


def answers(subject: Subject, here: World) -> dict[int, list[int]]:
    """What was said at one time: the sizes of its frames."""
    assert isinstance(here.stand.out, Tapped)
    said: dict[int, bytes] = {}
    for t_ns, data in here.stand.out.whole:
        said[t_ns] = said.get(t_ns, b"") + data
    decoders = {t_ns: subject.driver.decoder(subject.setup) for t_ns in said}
    return {
        t_ns: [len(one.raw) for one in decoders[t_ns].feed(data)] for t_ns, data in said.items()
    }


@pytest.mark.parametrize("subject", STREAM, ids=names)
def test_what_is_being_answered_is_not_asked_again(subject: Subject) -> None:
    patience = patience_ns(subject)
    here, _ = watched(subject, PACE)
    here.plug()
    here.run(LISTENED_NS)
    long = [sizes for sizes in answers(subject, here).values() if len(sizes) >= LONG_FRAMES]
    if patience is None or not long:
        return
    longest = max(long, key=sum)
    byte_ns = int(TOO_LONG * patience / sum(longest))
    if max(longest) * byte_ns > FRAME_MAX * patience:
        return
    slow, watch = watched(subject, byte_ns)
    slow.plug()
    slow.run(2 * LISTENED_NS)
    for begun_ns, sizes in answers(subject, slow).items():
        asked = [request for t_ns, request in watch.sent if t_ns <= begun_ns]
        if len(sizes) < LONG_FRAMES or not asked:
            continue
        end_ns = begun_ns + sum(sizes) * byte_ns
        again = [t for t, one in watch.sent if begun_ns < t < end_ns and one == asked[-1]]
        assert not again, f"{asked[-1]!r} is asked again while {len(sizes)} frames answer it"
