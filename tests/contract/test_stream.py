"""The driver contract on lines: every driver x profile x line, virtual time, paced at its baud.

Seen to fail: where a driver answers before the journal has it, and where nobody is told that a
panel is silent.
"""

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

import pytest

from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.polled import BYPASSES
from edge_agent.domain.session import FaultKind
from edge_agent.domain.signal import Signal
from hil.lines import PERFECT, Quality, Split, byte_ns
from hil.panels.machine import Said
from hil.panels.stand import Stand, StandSetup
from hil.panels.voice import ModelPanel
from tests.contract.subjects import (
    SEEDS,
    STREAM,
    Subject,
    is_checked,
    is_framed,
    is_supervised,
    is_told_by_silence,
    names,
    seeded,
    wants_password,
)
from tests.contract.world import (
    SECOND_NS,
    Gateway,
    Meaning,
    Tapped,
    World,
    body,
    commit_times,
    is_event,
    meaning,
)

Told = tuple[bytes, Meaning]
SIGNALS = 30
BAD_FOR_NS = 240 * SECOND_NS
HEAL_NS = 300 * SECOND_NS  # from the last fault until everything said has its ACK
PRESENCE_NS = 100 * SECOND_NS  # until a panel that says all by itself has said what waited
MANY_PROFILES = 8  # of one driver, from which on the short run plays a part of the lines with each
LAST_WORDS = 5  # said when all is well again
SYNC_NS = 150 * SECOND_NS  # until the whole state is proven: two polls of the slowest protocol
ANSWER_NS = 60 * SECOND_NS  # until a command has its outcome
TWICE_NS_MIN = 6 * SECOND_NS  # a repeat later than this may be a new event of the same words
ONCE_NS_MAX = SECOND_NS  # the same words so soon may be taken for a doubling of the line
REST = {Kind.ZONE: State.CLOSED, Kind.AREA: State.DISARMED, Kind.OUTPUT: State.OFF}
"""What a point is that a whole map left out."""


BRIEF = 6  # signals, where the short run has no time for more
AT_LENGTH = {"random_splits", "loss_2", "unplug", "datagrams_lost"}
"""The lines on which the other profiles of a driver talk at length in the short run, too."""


@dataclass(frozen=True)
class Line:
    """One kind of line.  `bad`: bytes are harmed; `breaks`: the plug or the gateway goes."""

    name: str
    out: Quality
    bad: bool = False
    breaks: str = ""
    packets: bool = False

    def __str__(self) -> str:
        return self.name

    def fits(self, subject: Subject) -> bool:
        """Whether the subject's driver is reached over such a line."""
        if self.out.noise and not is_checked(subject.profile):
            return False  # reached over TCP alone, which puts no byte in another's place
        if self.out.lose > 0.1 and wants_password(subject):
            return False
        streams = set(subject.driver.lines) - {"udp"}
        return "udp" in subject.driver.lines if self.packets else bool(streams)


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
    Line("datagrams", PERFECT, packets=True),
    Line("datagrams_doubled", Quality(double=0.5), packets=True),
    Line("datagrams_lost", Quality(drop=0.3), bad=True, packets=True),
    Line("datagrams_restart", PERFECT, breaks="restart", packets=True),
]


def world(subject: Subject, line: Line, seed: int) -> World:
    """Return a world with this line; the way back loses bytes too, but invents none."""
    back = Quality(line.out.byte_ns, lose=line.out.lose, drop=line.out.drop)
    machine = subject.face.for_profile(subject.profile, {})
    stand = Stand(machine, StandSetup(out=line.out, back=back, seed=seed))
    stand.out = Tapped(line.out, seed * 2)
    gateway = Gateway(subject.session, commit_times(seed))
    many = subject.driver.peers_max > 1
    return World(
        stand,
        gateway,
        many=many,
        packets=line.packets,
        sound=subject.face.sound,
        checked=is_checked(subject.profile),
    )


def heal_ns(subject: Subject) -> int:
    """Return how long it takes until all is well again, once the faults stop."""
    has_state = bool(subject.face.truth(subject.face.for_profile(subject.profile, {})))
    # without ACK and without a state only the panel's presence has to be found again; many worlds
    # have some in which a slow panel has far more to say
    is_long = has_state or subject.driver.acknowledges or SEEDS > 1
    return HEAL_NS if is_long else PRESENCE_NS


def signals_of(subject: Subject, line: Line) -> int:
    """Return how many signals are said over the bad time."""
    at_length = SEEDS > 1 or subject.first or line.name in AT_LENGTH
    return SIGNALS if at_length else BRIEF


def play(here: World, subject: Subject, line: Line, seed: int) -> None:
    """Say signals over the bad time, break what is to be broken, then let the faults stop."""
    random = Random(seed)
    count = signals_of(subject, line)
    bad_for_ns = BAD_FOR_NS * count // SIGNALS
    here.plug()
    for number in range(count):
        t_ns = here.now_ns + random.randrange(bad_for_ns)
        here.tell(t_ns, subject.face.speak(number, line.bad))
    for _ in range(8 * count // SIGNALS if line.breaks else 0):
        t_ns = here.now_ns + random.randrange(bad_for_ns)
        if line.breaks == "restart":
            here.at(t_ns, here.restart)
        else:
            here.at(t_ns, here.unplug)
            here.at(t_ns + random.randrange(1, 3 * SECOND_NS), here.plug)
    here.run(here.now_ns + bad_for_ns + 3 * SECOND_NS)
    here.plug()
    here.stand.out.quality = here.stand.back.quality = Quality(line.out.byte_ns)
    here.run(here.now_ns + heal_ns(subject))


def speak_again(here: World, subject: Subject, line: Line) -> int:
    """Say a few more now that all is well; return how much was in the ledger before."""
    before = len(here.ledger)
    for number in range(LAST_WORDS):
        here.tell(
            here.now_ns + number * 2 * SECOND_NS, subject.face.speak(SIGNALS + number, line.bad)
        )
    # all was well before: nothing has to be found again first
    here.run(here.now_ns + LAST_WORDS * 2 * SECOND_NS + min(SYNC_NS, heal_ns(subject)))
    return before


def check_nothing_invented_and_nothing_twice(here: World, line: Line) -> None:
    said = here.said
    for told, times in here.recorded.items():
        was_told = told in said or told in here.stated
        assert was_told or here.is_of_the_line(*told), f"nobody said this: {told}"
        # what garbage made comes once
        if times > (said[told] if was_told else 1) and told not in here.stated:
            assert line.bad, f"recorded {times} times: {told}"
    for point in here.points:
        was_stated = here.is_stated(point) or here.is_of_the_line(point.frame)
        assert was_stated, f"nobody stated this: {point}"
    if line.bad:
        check_no_repeat_recorded_soon(here)


def check_no_repeat_recorded_soon(here: World) -> None:
    """A line that loses ACKs makes a panel repeat; only a late repeat may be taken for new.

    What is recorded as often as the panel said it is no repeat, however soon it was said again.
    """
    repeated = here.recorded - here.said
    for item in here.gateway.durable:
        if not is_event(item.signal) or here.is_stated(item.signal):
            continue
        if here.is_of_the_line(body(item.signal.frame), meaning(item.signal)):
            continue  # not said by the panel, so no repeat of its own
        before_ns = here.heard_before_ns(item)
        is_soon = before_ns is not None and item.heard_ns - before_ns < TWICE_NS_MIN
        told = (body(item.signal.frame), meaning(item.signal))
        if is_soon and told in repeated:
            assert here.is_doubled_behind_an_answer(item), f"twice: {item}"


def check_all_is_acknowledged(here: World) -> None:
    said = {entry.id for entry in here.state(Said.SAID)}
    assert said == {entry.id for entry in here.state(Said.ACKED)}, "once the faults stop"
    # an answer may show standing events
    unsaid = set(here.recorded) - here.stated - set(here.said)
    for told in unsaid:
        assert here.is_of_the_line(*told), f"nobody said this: {told}"
    assert len(set(here.said) - set(here.recorded)) <= len(unsaid)


def check_what_can_be_known_is_known(here: World, line: Line) -> None:
    """Without ACK: a good line loses nothing; a bad one what was harmed."""
    if not line.bad and not line.breaks:
        assert distinct(here) <= here.recorded | told_again(here)
        assert not {told for told in here.recorded - here.said if told not in here.stated}


def told_again(here: World) -> Counter[Told]:
    """What a log told as `status`, for a map had told that it began: in the words of a begin."""
    events = [item.signal for item in here.gateway.durable if is_event(item.signal)]
    begun = {(one.kind, one.zone) for one in events if one.state is State.ACTIVE}
    again = [replace(one, state=State.ACTIVE) for one in events if one.state is State.STATUS]
    return Counter(
        (body(one.frame), meaning(one)) for one in again if (one.kind, one.zone) in begun
    )


def distinct(here: World) -> Counter[Told]:
    """Return what was said, without what was said again too soon to be told from a doubling."""
    told: Counter[Told] = Counter()
    newest: dict[Told, int] = {}
    for t_ns, entry in here.ledger:
        if entry.state is Said.SAID and entry.signal is not None:
            words = (body(entry.frame), meaning(entry.signal))
            if t_ns - newest.get(words, -ONCE_NS_MAX) > ONCE_NS_MAX:
                told[words] += 1
                newest[words] = t_ns
    return told


def check_belief(here: World, subject: Subject) -> None:
    """What is proven of each point is how the panel is; what nobody proves is at rest."""
    for point, state in subject.face.truth(here.stand.machine).items():
        assert here.believed.get(point, REST[point[0]]) is state, point


def is_played(subject: Subject, line: Line) -> bool:
    """Whether the short run plays it.

    The first profile of a driver is played on every line, each other on those of `AT_LENGTH` and,
    in turn, on every second one; of many profiles each on every third line.
    """
    own = [one for one in STREAM if one.driver.name == subject.driver.name]
    if SEEDS > 1 or subject.first:
        return line.fits(subject)
    turn = own.index(subject) + LINES.index(line)
    if len(own) > MANY_PROFILES:
        return line.fits(subject) and turn % 3 == 0
    return line.fits(subject) and (line.name in AT_LENGTH or turn % 2 == 0)


DIALOGUES = [
    pytest.param(*case.values, line, id=f"{case.id}-{line}")
    for line in LINES
    for case in seeded(STREAM)
    if is_played(case.values[0], line)
]


@pytest.mark.parametrize(("subject", "seed", "line"), DIALOGUES)
def test_dialogue(subject: Subject, seed: int, line: Line) -> None:
    here = world(subject, line, seed)
    play(here, subject, line, seed)
    check_nothing_invented_and_nothing_twice(here, line)
    # a panel that says nothing before a login is away longer on a line that harms the login too
    least = signals_of(subject, line) // (4 if wants_password(subject) else 2)
    assert len(here.state(Said.SAID)) >= least
    if subject.driver.acknowledges:
        assert len(here.state(Said.ACKED)) >= least
        check_all_is_acknowledged(here)
    else:
        check_what_can_be_known_is_known(here, line)
    check_belief(here, subject)
    before = speak_again(here, subject, line)
    for _, entry in here.ledger[before:]:
        if entry.state is Said.SAID and entry.signal is not None:
            assert here.is_recorded(entry), "all is well, and this was not recorded"
    check_belief(here, subject)


KNOWN = {
    # what it found once, on which line and from which seed
    "a known copy kept the answer of another": ("surgard-surgard_system3", "all_at_once", 48),
    "an LF before our ACK was no beginning": ("surgard-congwin_fe100", "all_at_once", 44),
    "a copy in one piece behind our ACK": ("surgard-surgard_mlr2", "all_at_once", 98),
    "a space too many makes another form": ("surgard-surgard_osm", "noise", 151),
    "states pushed out what was known of the log": ("nx584-nx584", "restart", 48),
    "a digit of a sum in a small letter": ("concord4-concord4", "noise", 700_011),
}


@pytest.mark.parametrize("what", KNOWN)
def test_what_was_found_once(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.contract.test_stream.SEEDS", 2)  # it was, in a long run
    name, wanted, seed = KNOWN[what]
    (subject,) = (subject for subject in STREAM if str(subject) == name)
    (line,) = (line for line in LINES if line.name == wanted)
    test_dialogue(subject, seed, line)


ACKNOWLEDGED = [subject for subject in STREAM if subject.driver.acknowledges]


@pytest.mark.parametrize("subject", ACKNOWLEDGED, ids=names)
def test_no_ack_before_durable_even_if_it_never_is(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.gateway.commit_ns = lambda: 10**18
    here.plug()
    here.tell(2 * SECOND_NS, subject.face.speak(0, False))
    here.run(600 * SECOND_NS)
    assert here.state(Said.SAID)
    assert not here.state(Said.ACKED)


SUPERVISED = [subject for subject in STREAM if is_supervised(subject.profile)]


@pytest.mark.parametrize("subject", SUPERVISED, ids=names)
def test_silence_is_found_in_time_and_its_end_too(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.run(600 * SECOND_NS)
    assert [link.online for _, link in here.gateway.links] == [True]
    assert not here.gateway.faults
    for_s = max(900, int(subject.face.silence_s) + 1)
    here.tell(here.now_ns, f"silence {for_s + 100}")
    silent_ns = here.now_ns
    here.run(here.now_ns + for_s * SECOND_NS)
    [(gone_ns, gone)] = here.gateway.links[1:]
    assert not gone.online
    assert gone.reason
    silent_s = (gone_ns - silent_ns) / SECOND_NS
    assert subject.face.patience_s < silent_s <= subject.face.silence_s
    assert FaultKind.SILENCE in [fault.kind for _, fault in here.gateway.faults]
    here.run(here.now_ns + 300 * SECOND_NS)
    assert here.gateway.links[-1][1].online


FRAMED = [
    # where neither a beginning nor a sum tells frames, garbage may be one
    subject
    for subject in STREAM
    if is_framed(subject.profile) and not is_told_by_silence(subject.profile)
]


@pytest.mark.parametrize(("subject", "seed"), seeded(FRAMED))
def test_resync_after_garbage(subject: Subject, seed: int) -> None:
    """Garbage with the right sum is a frame, and recorded: one in 256 has a sum of eight bits.

    To refuse what says nothing known would lose what a panel says with a code of its own.
    """
    here = world(subject, LINES[0], seed)
    here.stand.out.quality = Quality(PACE, noise_not=NO_FALSE_ANSWER)
    here.plug()
    for number in range(20):
        at_ns = (2 + 3 * number) * SECOND_NS
        here.tell(at_ns, f"garbage {number * 37 + 1}")
        here.tell(at_ns + SECOND_NS, subject.face.speak(number, True))
    here.run(60 * SECOND_NS + HEAL_NS)
    check_nothing_invented_and_nothing_twice(here, LINES[0])
    assert len(here.state(Said.SAID)) >= 10
    assert set(here.recorded) >= set(here.said)
    if subject.driver.acknowledges:
        check_all_is_acknowledged(here)


# ---- state: unknown until proven, then whole

STATEFUL = [
    subject for subject in STREAM if subject.face.truth(world(subject, LINES[0], 0).stand.machine)
]
STANDING = [subject for subject in STREAM if subject.face.standing]


@pytest.mark.parametrize("subject", STREAM, ids=names)
def test_nothing_is_known_of_a_panel_that_says_nothing(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.tell(here.now_ns, "silence 10000")
    here.run(here.now_ns + 1)
    here.plug()
    here.run(300 * SECOND_NS)
    assert not [link for _, link in here.gateway.links if link.online]
    assert {signal.state for signal in here.points} <= {State.UNKNOWN}


@pytest.mark.parametrize("subject", STATEFUL, ids=names)
def test_what_changed_while_the_line_was_down_is_proven_anew(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(10 * SECOND_NS, "open 3")
    here.run(SYNC_NS)
    check_belief(here, subject)
    here.unplug()
    for line in ("close 3", "open 2", "bypass zone=4", "arm area=1 user=1"):
        here.tell(here.now_ns, line)
    here.run(here.now_ns + 60 * SECOND_NS)
    here.plug()
    here.run(here.now_ns + SYNC_NS)
    check_belief(here, subject)
    since = here.gateway.in_order(here.gateway.opened)
    assert {item.signal.origin for item in since if not is_event(item.signal)} == {Origin.AT_START}


@pytest.mark.parametrize("subject", STATEFUL, ids=names)
def test_what_changed_while_the_panel_was_silent_is_proven_anew(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(10 * SECOND_NS, "open 3")
    here.run(SYNC_NS)
    here.tell(here.now_ns, "silence 300")
    here.tell(here.now_ns + 100 * SECOND_NS, "open 2")
    here.run(here.now_ns + 400 * SECOND_NS)
    assert [link.online for _, link in here.gateway.links] == [True, False, True]
    here.run(here.now_ns + SYNC_NS)
    check_belief(here, subject)


@pytest.mark.parametrize("subject", STANDING, ids=names)
def test_an_alarm_that_stands_at_link_up_is_an_event(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.tell(here.now_ns, subject.face.standing)
    here.run(10 * SECOND_NS)
    here.plug()
    here.run(here.now_ns + SYNC_NS)
    assert len(events(here)) == 1
    alarm = events(here)[0]
    assert alarm.state is State.ACTIVE
    assert alarm.origin in {Origin.AT_START, Origin.BACKFILL}, "by its state, or by the panel's log"
    here.unplug()
    here.run(here.now_ns + 10 * SECOND_NS)
    here.plug()
    here.run(here.now_ns + SYNC_NS)
    assert len(events(here)) == 1, "it is in the journal, and is not said again"
    here.unplug()
    here.tell(here.now_ns, f"restore {subject.face.standing}")
    here.run(here.now_ns + 10 * SECOND_NS)
    here.plug()
    here.run(here.now_ns + SYNC_NS)
    assert [s.state for s in events(here)[1:]] == [State.RESTORED], "it ended while nobody listened"


def events(here: World) -> list[Signal]:
    return [item.signal for item in here.gateway.durable if is_event(item.signal)]


# ---- listening only, and commands

LISTENERS = [subject for subject in STREAM if "listen_only" in subject.driver.abilities]


@pytest.mark.parametrize("subject", LISTENERS, ids=names)
def test_a_driver_that_only_listens_never_sends(subject: Subject) -> None:
    stateful, subject = subject in STATEFUL, subject.listening
    for line in LINES:
        if line.name in {"perfect", "loss_2", "unplug"} and line.fits(subject):
            here = world(subject, line, 0)
            here.command(5 * SECOND_NS, 1, Command(act=Act.STATUS))
            for at_s, told in ((20, "arm area=1 user=1"), (60, "bypass zone=2"), (90, "disarm")):
                if stateful:  # what makes a driver that may speak ask
                    here.tell(at_s * SECOND_NS, told)
            play(here, subject, line, 0)
            assert not here.gateway.sent
            # a panel that waits for ACKs says nothing more to a host that gives none, and one that
            # wants a password says nothing at all
            said = here.state(Said.SAID)
            assert here.gateway.durable or subject.driver.acknowledges or not said
            assert not [one for one in here.gateway.obeyed if one.outcome is Outcome.DONE]


def without(subject: Subject) -> frozenset[Act]:
    """What a panel of this profile has no words for, though its driver has.

    Undetected it may be any: what one of them has no words for.
    """
    if subject.profile is None:
        own = [s for s in STREAM if s.driver.name == subject.driver.name and s.profile is not None]
        return frozenset[Act]().union(*map(without, own))
    named = subject.profile.facts.get("unsupported", [])
    assert isinstance(named, list)
    return frozenset(Act(str(name)) for name in named)


COMMANDS = [
    pytest.param(subject, act, id=f"{subject}-{act}")
    for subject in STREAM
    for act in sorted(subject.driver.commands - without(subject))
]
BEFORE = {
    Act.UNBYPASS: "bypass zone=2",
    Act.DISARM: "arm area=1 user=1",
    Act.OUTPUT_OFF: "output 2 on",
}
AFTER = {
    Act.BYPASS: ((Kind.ZONE, 2), {State.BYPASSED}),
    Act.UNBYPASS: ((Kind.ZONE, 2), {State.CLOSED}),
    Act.ARM_AWAY: ((Kind.AREA, 1), {State.EXIT_DELAY, State.ARMED_AWAY}),
    Act.ARM_STAY: ((Kind.AREA, 1), {State.EXIT_DELAY, State.ARMED_STAY}),
    Act.DISARM: ((Kind.AREA, 1), {State.DISARMED}),
    Act.OUTPUT_ON: ((Kind.OUTPUT, 2), {State.ON}),
    Act.OUTPUT_OFF: ((Kind.OUTPUT, 2), {State.OFF}),
}


def bypasses_while_armed(subject: Subject) -> bool:
    """Whether a panel takes zones out of an armed area only; undetected, it may be such a one."""
    own = [s for s in STREAM if s.driver.name == subject.driver.name and s.profile is not None]
    asked = [subject] if subject.profile is not None else own
    return any(s.profile.facts.get("bypassed_while_armed") is True for s in asked if s.profile)


def before(subject: Subject, act: Act) -> list[str]:
    """Return what has to have happened at the premises before a command makes sense."""
    arms = act in BYPASSES and bypasses_while_armed(subject)
    return [*(["arm user=1"] if arms else []), *([BEFORE[act]] if act in BEFORE else [])]


def wanted(subject: Subject, act: Act) -> Command:
    if act in {Act.BYPASS, Act.UNBYPASS}:
        return Command(act=act, zone=subject.face.zone(2), code="1234")
    if act in {Act.OUTPUT_ON, Act.OUTPUT_OFF}:
        return Command(act=act, zone=2, code="1234")
    return Command(act=act, area=1, code="1234")


def before_command(subject: Subject, act: Act) -> World:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(10 * SECOND_NS, "weak zone=9")  # some panels say who they are by an event only
    for line in before(subject, act):
        here.tell(20 * SECOND_NS, line)
    here.run(SYNC_NS)
    return here


@pytest.mark.parametrize(("subject", "act"), COMMANDS)
def test_a_command_is_done_and_its_outcome_told_once(subject: Subject, act: Act) -> None:
    here = before_command(subject, act)
    here.command(here.now_ns, 7, wanted(subject, act))
    here.run(here.now_ns + ANSWER_NS)
    told = [(one.id, one.outcome, one.detail) for one in here.gateway.obeyed]
    assert told, f"{act} has no outcome: does `hear` hand what answers its check to `judged`?"
    assert [one[:2] for one in told] == [(7, Outcome.DONE)], told
    if act in AFTER:
        (kind, number), states = AFTER[act]
        point = kind, subject.face.zone(number) if kind is Kind.ZONE else number
        machine = here.stand.machine
        assert isinstance(machine, ModelPanel)
        assert (subject.face.truth(machine) or machine.model.points())[point] in states
        assert here.state(Said.OBEYED)


@pytest.mark.parametrize(("subject", "act"), COMMANDS)
def test_a_command_is_never_sent_again(subject: Subject, act: Act) -> None:
    """The line breaks with the command on it: whether the panel did it, nobody knows."""
    here = before_command(subject, act)
    here.tell(here.now_ns, "noack 5")
    here.command(here.now_ns + SECOND_NS, 7, wanted(subject, act))
    here.at(here.now_ns + 3 * SECOND_NS, here.unplug)
    here.at(here.now_ns + 6 * SECOND_NS, here.plug)
    here.run(here.now_ns + SYNC_NS)
    assert not here.state(Said.OBEYED), "the panel never heard it, unless it was sent again"
    assert not [one for one in here.gateway.obeyed if one.outcome is Outcome.DONE] or (
        act is Act.STATUS
    )
