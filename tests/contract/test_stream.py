"""The driver contract on lines: every driver x profile x line, virtual time, paced at its baud."""

from dataclasses import dataclass
from random import Random

import pytest

from edge_agent.domain.session import FaultKind
from hil.lines import PERFECT, Quality, Split, byte_ns
from hil.panels.machine import Said
from hil.panels.stand import Stand, StandSetup
from tests.contract.subjects import SEEDS, STREAM, Subject, names
from tests.contract.world import SECOND_NS, Gateway, World, commit_times

SIGNALS = 30
BAD_FOR_NS = 240 * SECOND_NS
HEAL_NS = 300 * SECOND_NS  # from the last fault until everything said has its ACK
SILENCE_NS_MAX = 90 * SECOND_NS  # three heartbeats; from the receivers' facts, section 4
TWICE_NS_MIN = 6 * SECOND_NS  # a repeat later than this may be a new event of the same words


@dataclass(frozen=True)
class Line:
    """One kind of line.  `bad`: bytes are harmed; `breaks`: the plug or the gateway goes."""

    name: str
    out: Quality
    bad: bool = False
    breaks: str = ""

    def __str__(self) -> str:
        return self.name


PACE = byte_ns(9600)
NO_FALSE_ANSWER = b"\x06\x15"
LINES = [
    Line("perfect", Quality(PACE)),
    Line("unpaced", PERFECT),
    Line("byte_by_byte", Quality(PACE, split=Split.BYTES)),
    Line("random_splits", Quality(PACE, split=Split.RANDOM)),
    Line("doubled", Quality(PACE, double=0.5)),
    Line("doubled_slowly", Quality(PACE, double=0.5, split=Split.BYTES)),
    Line("loss_2", Quality(PACE, lose=0.02, split=Split.RANDOM), bad=True),
    Line("loss_20", Quality(PACE, lose=0.2, split=Split.BYTES), bad=True),
    Line("noise", Quality(PACE, noise=0.02, split=Split.RANDOM), bad=True),
    Line("half_frames", Quality(PACE, cut=0.4), bad=True),
    Line("all_at_once", Quality(PACE, 0.01, 0.01, 0.2, 0.1, Split.RANDOM), bad=True),
    Line("unplug", Quality(PACE), breaks="unplug"),
    Line("restart", Quality(PACE), breaks="restart"),
    Line("bad_and_restart", Quality(PACE, lose=0.02), bad=True, breaks="restart"),
]


def world(subject: Subject, line: Line, seed: int) -> World:
    """Return a world with this line; the way back loses bytes too, but invents none."""
    back = Quality(line.out.byte_ns, lose=line.out.lose)
    machine = subject.face.for_profile(subject.profile, {})
    stand = Stand(machine, StandSetup(out=line.out, back=back, seed=seed))
    return World(stand, Gateway(subject.session, commit_times(seed)))


def play(here: World, subject: Subject, line: Line, seed: int) -> None:
    """Say signals over the bad time, break what is to be broken, then let the faults stop."""
    random = Random(seed)
    here.plug()
    for number in range(SIGNALS):
        t_ns = here.now_ns + random.randrange(BAD_FOR_NS)
        here.tell(t_ns, subject.face.speak(number, line.bad))
    for _ in range(8 if line.breaks else 0):
        t_ns = here.now_ns + random.randrange(BAD_FOR_NS)
        if line.breaks == "restart":
            here.at(t_ns, here.restart)
        else:
            here.at(t_ns, here.unplug)
            here.at(t_ns + random.randrange(1, 3 * SECOND_NS), here.plug)
    here.run(here.now_ns + BAD_FOR_NS + 3 * SECOND_NS)
    here.plug()
    here.stand.out.quality = here.stand.back.quality = Quality(line.out.byte_ns)
    here.run(here.now_ns + HEAL_NS)


def check_nothing_invented_and_nothing_twice(here: World, line: Line) -> None:
    for told, times in here.recorded.items():
        assert told in here.said, f"nobody said this: {told}"
        if times > here.said[told]:
            assert line.bad, f"recorded {times} times: {told}"
    if line.bad:
        check_no_repeat_recorded_soon(here)


def check_no_repeat_recorded_soon(here: World) -> None:
    """A line that loses ACKs makes a panel repeat; only a late repeat may be taken for new."""
    newest: dict[bytes, int] = {}
    for item in here.gateway.durable:
        before_ns = newest.get(item.signal.frame)
        newest[item.signal.frame] = item.t_ns
        assert before_ns is None or item.t_ns - before_ns >= TWICE_NS_MIN, f"twice: {item}"


@pytest.mark.parametrize("line", LINES, ids=str)
@pytest.mark.parametrize("subject", STREAM, ids=names)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_dialogue(subject: Subject, line: Line, seed: int) -> None:
    here = world(subject, line, seed)
    play(here, subject, line, seed)
    check_nothing_invented_and_nothing_twice(here, line)
    assert len(here.state(Said.ACKED)) == SIGNALS, "all is acknowledged once the faults stop"
    assert len(here.recorded) == SIGNALS


@pytest.mark.parametrize("subject", STREAM, ids=names)
def test_no_ack_before_durable_even_if_it_never_is(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.gateway.commit_ns = lambda: 10**18
    here.plug()
    here.tell(2 * SECOND_NS, subject.face.speak(0, False))
    here.run(600 * SECOND_NS)
    assert here.state(Said.SAID)
    assert not here.state(Said.ACKED)


@pytest.mark.parametrize("subject", STREAM, ids=names)
def test_silence_is_found_in_time_and_its_end_too(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.run(600 * SECOND_NS)
    assert [link.online for _, link in here.gateway.links] == [True]
    assert not here.gateway.faults
    here.tell(here.now_ns, "silence 1000")
    silent_ns = here.now_ns
    here.run(here.now_ns + 900 * SECOND_NS)
    [(gone_ns, gone)] = here.gateway.links[1:]
    assert not gone.online
    assert gone.reason
    assert SILENCE_NS_MAX // 2 < gone_ns - silent_ns <= SILENCE_NS_MAX
    assert FaultKind.SILENCE in [fault.kind for _, fault in here.gateway.faults]
    here.run(here.now_ns + 300 * SECOND_NS)
    assert here.gateway.links[-1][1].online


@pytest.mark.parametrize("subject", STREAM, ids=names)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_resync_after_garbage(subject: Subject, seed: int) -> None:
    here = world(subject, LINES[0], seed)
    here.stand.out.quality = Quality(PACE, noise_not=NO_FALSE_ANSWER)
    here.plug()
    for number in range(20):
        at_ns = (2 + 3 * number) * SECOND_NS
        here.tell(at_ns, f"garbage {number * 37 + 1}")
        here.tell(at_ns + SECOND_NS, subject.face.speak(number, True))
    here.run(60 * SECOND_NS + HEAL_NS)
    check_nothing_invented_and_nothing_twice(here, LINES[0])
    assert len(here.state(Said.ACKED)) == 20
