"""The driver contract on a bus: every register-map driver x profile x trouble, in virtual time."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from edge_agent.domain.kinds import Origin
from edge_agent.domain.session import FaultKind
from hil.lines import Quality, Split, byte_ns
from hil.panels.machine import Said
from hil.panels.modbus_map import Framing
from hil.panels.stand import Stand, StandSetup
from tests.contract.bus import UNIT, BusWorld
from tests.contract.subjects import BUS, SEEDS, Subject, names, seeded
from tests.contract.world import SECOND_NS, Gateway, commit_times, meaning

PACE = byte_ns(9600)
POLL_NS_MAX = 500_000_000  # alarm inputs are read at least this often; Modbus facts, section 1
LOST_NS_MAX = 10 * SECOND_NS  # three misses at the slowest pace, with a pause between
BACK_NS_MAX = 60 * SECOND_NS
HOLD_NS = 2 * SECOND_NS  # how long an input stays: longer than a poll, a debounce and a bad answer
EDGES = 60

LINES = {
    "perfect": Quality(PACE),
    "byte_by_byte": Quality(PACE, split=Split.BYTES),
    "random_splits": Quality(PACE, split=Split.RANDOM),
    "loss": Quality(PACE, lose=0.02),
    "noise": Quality(PACE, noise=0.02),
    "half_frames": Quality(PACE, cut=0.3),
    "doubled": Quality(PACE, double=0.5),
}
POINTS = 16  # of the largest maps: a round of 4800 points takes 12 s, whatever the driver


def small(subject: Subject) -> Subject:
    """The same, on a panel with few points."""
    return replace(subject, options={"points": POINTS})


SMALL = [small(subject) for subject in BUS]
PLAYED = [
    pytest.param(subject, seed, line, id=f"{subject}-{seed}-{line}")
    for subject in SMALL
    for seed in range(SEEDS)
    for line in LINES
    if subject.first or SEEDS > 1 or line in {"perfect", "noise"}
]


def world(subject: Subject, quality: Quality, seed: int) -> BusWorld:
    machine = subject.face.for_profile(subject.profile, {"framing": Framing.RTU, "units": (UNIT,)})
    stand = Stand(machine, StandSetup(out=quality, back=Quality(PACE), seed=seed))
    here = BusWorld(stand, Gateway(subject.session, commit_times(seed)))
    here.tell(here.now_ns, "plug")
    return here


def poll_ns(subject: Subject) -> int:
    assert subject.profile is not None
    told = subject.profile.facts["poll_ms"]
    assert isinstance(told, int)
    return told * 1_000_000


def speak(here: BusWorld, subject: Subject, start_ns: int, edges: int = EDGES) -> int:
    """Let the inputs speak, each state held long enough to be read; return when they end."""
    for number in range(edges):
        here.tell(start_ns + number * HOLD_NS // 8, subject.face.speak(number, True))
    return start_ns + edges * HOLD_NS // 8 + BACK_NS_MAX


def check_nothing_invented(here: BusWorld) -> None:
    told = Counter(meaning(e.signal) for e in here.states(Said.SET) if e.signal is not None)
    at_start = Counter(
        meaning(d.signal) for d in here.gateway.durable if d.signal.origin is Origin.AT_START
    )
    for event, times in Counter(here.events).items():
        assert event in told, f"nobody said this: {event}"
        assert times - at_start[event] <= told[event], f"said {told[event]} times: {event}"


@pytest.mark.parametrize(("subject", "seed", "line"), PLAYED)
def test_edges(subject: Subject, seed: int, line: str) -> None:
    here = world(subject, LINES[line], seed)
    here.run(speak(here, subject, 10 * SECOND_NS))
    check_nothing_invented(here)
    if line in {"perfect", "byte_by_byte", "random_splits"}:
        said = [meaning(entry.signal) for entry in here.states(Said.SAID) if entry.signal]
        assert len(said) == EDGES
        assert sorted(here.events) == sorted(said), "each edge is recorded, once"
        assert not here.gateway.faults
    gaps = [later - earlier for earlier, later in zip(here.reads, here.reads[1:], strict=False)]
    if line == "perfect":
        assert max(gaps) <= max(POLL_NS_MAX, poll_ns(subject))


@pytest.mark.parametrize("subject", SMALL, ids=names)
def test_what_is_active_at_the_start_is_an_event_of_its_kind(subject: Subject) -> None:
    here = world(subject, LINES["perfect"], 0)
    here.tell(0, subject.face.speak(2, True))
    here.run(20 * SECOND_NS)
    [entry] = here.states(Said.FOUND)
    assert entry.signal is not None
    events = [d.signal for d in here.gateway.durable if meaning(d.signal) == meaning(entry.signal)]
    assert [signal.origin for signal in events] == [Origin.AT_START]


@pytest.mark.parametrize("trouble", ["dead 120", "refuse 4", "silence 120"])
@pytest.mark.parametrize("subject", SMALL, ids=names)
def test_a_unit_that_does_not_answer_is_lost_in_time_and_comes_back(
    subject: Subject, trouble: str
) -> None:
    here = world(subject, LINES["perfect"], 0)
    here.tell(30 * SECOND_NS, trouble)
    here.tell(150 * SECOND_NS, "refuse 0")
    here.run(149 * SECOND_NS)
    assert [link.online for _, link in here.gateway.links] == [True, False]
    gone_ns, gone = here.gateway.links[1]
    assert gone.reason
    assert gone_ns - 30 * SECOND_NS <= LOST_NS_MAX
    kinds = {fault.kind for _, fault in here.gateway.faults}
    assert kinds & {FaultKind.NO_ANSWER, FaultKind.REFUSED, FaultKind.SILENCE}
    # state is unknown meanwhile: nothing may be said about the inputs
    here.tell(100 * SECOND_NS, subject.face.speak(0, True))
    here.run(151 * SECOND_NS + BACK_NS_MAX)
    assert [link.online for _, link in here.gateway.links] == [True, False, True]
    alarms = [d for d in here.gateway.durable if d.signal.code is not None]
    assert [d.signal.origin for d in alarms] == [Origin.AT_START]
    assert alarms[0].t_ns > 149 * SECOND_NS


@pytest.mark.parametrize(("subject", "seed"), seeded(SMALL))
def test_trouble_of_every_kind_invents_nothing_and_ends(subject: Subject, seed: int) -> None:
    here = world(subject, Quality(PACE, 0.01, 0.01, 0.05, 0.05, Split.RANDOM), seed)
    random = Random(seed)
    troubles = ("dead 3", "refuse 6", "refuse 0", "slow 0.4", "slow 0", "wrong 2", "cut 2")
    for _ in range(40):
        here.tell(random.randrange(100 * SECOND_NS), random.choice(troubles))
    for _ in range(4):
        t_ns = random.randrange(100 * SECOND_NS)
        here.tell(t_ns, "unplug")
        here.tell(t_ns + SECOND_NS, "plug")
    for line in ("dead 0", "refuse 0", "slow 0", "unplug", "plug"):
        here.tell(102 * SECOND_NS, line)
    speak(here, subject, 3 * SECOND_NS)
    here.run(103 * SECOND_NS)
    here.stand.out.quality = Quality(PACE)
    speak(here, subject, 150 * SECOND_NS, edges=16)
    here.run(150 * SECOND_NS + BACK_NS_MAX)
    check_nothing_invented(here)
    late = [e for t_ns, e in here.ledger if e.state is Said.SAID and t_ns >= 150 * SECOND_NS]
    durable = [meaning(d.signal) for d in here.gateway.durable if d.t_ns >= 150 * SECOND_NS]
    for entry in late:
        assert entry.signal is not None
        assert meaning(entry.signal) in durable
    assert late
    assert here.gateway.links[-1][1].online
