"""The driver contract without a line: golden frames, any split, any input, any rubbish."""

import ast
import gc
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from types import FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.codes import Codes
from edge_agent.domain.command import Act, Command
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.session import (
    Ability,
    Answered,
    Called,
    ClockRead,
    Close,
    Commanded,
    Committed,
    Fault,
    FaultKind,
    Frame,
    HungUp,
    Input,
    Link,
    Nature,
    Obeyed,
    Opened,
    Read,
    Received,
    Recent,
    Report,
    Send,
    Session,
    Ticked,
    Unanswered,
    Write,
)
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from hil.panels.machine import Said, describe
from tests.contract.subjects import BUS, STREAM, Subject, is_told_by_silence, names, seeded
from tests.contract.test_stream import LINES, world
from tests.contract.world import SECOND_NS, body, is_event, meaning
from tests.drivers.golden import told

ALL = STREAM + BUS
FIRST = [subject for subject in ALL if subject.first]  # what no profile changes
GARBAGE_BYTES = 3 << 16  # three times what any bound allows, as in tests/fuzz/target.py
GROWTH_BYTES_MAX = 128 * 1024  # what a session may hold: one run of noise of 64 KiB, doubled


def golden(subject: Subject) -> Sequence[Any]:
    """The driver's frames, typed from the facts: every driver has them, or this fails."""
    module = importlib.import_module(f"tests.drivers.golden_{subject.driver.name}")
    by_profile: Mapping[str, Sequence[Any]] = getattr(module, "BY_PROFILE", {})
    if subject.profile and subject.profile.name in by_profile:
        return by_profile[subject.profile.name]
    others: Mapping[str, str] = getattr(module, "OTHERS", {})
    other = others.get(subject.profile.name) if subject.profile else None
    found = [
        known
        for known in module.GOLDEN
        if other is None or not (known.signals and known.source.startswith(other))
    ]
    assert len(found) >= 3
    return found


# ---- golden frames


@pytest.mark.parametrize("subject", STREAM, ids=names)
def test_golden_frames_are_decoded_as_typed(subject: Subject) -> None:
    for known in golden(subject):
        frames = subject.driver.decoder(subject.setup).feed(known.frame)
        if known.fault is None:
            assert [told(frame) for frame in frames] == [known.signals], known.source
            assert frames[0].fault is None, known.source


@pytest.mark.parametrize("subject", BUS, ids=names)
def test_golden_frames_are_recognised_in_turn(subject: Subject) -> None:
    decoder = subject.driver.decoder(subject.setup)
    frames: list[Frame] = []
    for known in golden(subject):
        frames += decoder.feed(known.frame)
    frames += decoder.finish()
    assert [(frame.raw, frame.type) for frame in frames] == [
        (known.frame, known.type) for known in golden(subject)
    ]
    assert not [frame for frame in frames if frame.fault is not None]


@pytest.mark.parametrize(("subject", "seed"), seeded(ALL))
def test_any_split_of_golden_frames_gives_the_same(subject: Subject, seed: int) -> None:
    stream = b"".join(known.frame for known in golden(subject))
    whole = subject.driver.decoder(subject.setup)
    expected = [*whole.feed(stream), *whole.finish()]
    random = Random(seed)
    longest = 1 if seed == 0 else 30
    decoder = subject.driver.decoder(subject.setup)
    frames: list[Frame] = []
    rest = stream
    while rest:
        size = random.randint(1, longest)
        frames += decoder.feed(rest[:size])
        rest = rest[size:]
    assert [*frames, *decoder.finish()] == expected


def _is_of_no_area(signals: tuple[tuple[object, ...], ...]) -> bool:
    kind, _, _, area, *_ = signals[0]
    return (kind, area) == ("area", None)


@pytest.mark.parametrize("subject", STREAM, ids=names)
def test_a_session_reports_golden_signals_and_acks_only_after_commit(subject: Subject) -> None:
    for known in golden(subject):
        if known.fault is not None or not known.signals:
            continue
        here = subject.listening if getattr(known, "asked", False) else subject
        session = here.session()
        session.handle(Opened(), 0)
        actions = session.handle(Received(known.frame), SECOND_NS)
        reports = [action for action in actions if isinstance(action, Report)]
        if _is_of_no_area(known.signals):  # whose it is only the session can know, or nobody
            areas = [s.area for one in reports for s in one.signals if s.kind is Kind.AREA]
            assert None not in areas, known.source
            continue
        assert len(reports) == 1, f"{known.source}: of one frame one report, not {reports}"
        [report] = reports
        answers = getattr(known, "answers", False)  # a state: of the named points all is told
        reported = tuple(tuple(describe(s).values()) for s in report.signals)
        if answers:
            assert set(reported) >= set(known.signals), known.source
        elif set(reported) == set(known.signals):
            order = "a session reports points before events: list, and decode, them so"
            assert reported == known.signals, f"{known.source}: {order}"
        else:
            assert reported == known.signals, known.source
        assert all(body(s.frame) in body(known.frame) for s in report.signals)
        if subject.driver.acknowledges and not answers:
            assert not [action for action in actions if isinstance(action, Send)], known.source
            after = session.handle(Committed(report.token), 2 * SECOND_NS)
            answered = [action for action in after if isinstance(action, Send)]
            # how a point is may have been asked for: an answer wants no ACK
            assert answered or all(s.kind in POINTS for s in report.signals), known.source


@pytest.mark.parametrize(
    ("subject", "seed"), seeded([one for one in STREAM if not is_told_by_silence(one.profile)])
)
def test_golden_frames_survive_garbage_before_them(subject: Subject, seed: int) -> None:
    random = Random(seed)
    for known in golden(subject):
        if known.fault is not None or not known.signals:
            continue
        decoder = subject.driver.decoder(subject.setup)
        decoder.feed(random.randbytes(random.randrange(1, 300)) + known.frame)
        # the frame that follows the garbage may be taken for its end: the next one may not, though
        # what the garbage began, perhaps several times, may have to be given up before
        frames = [*decoder.feed(known.frame), *decoder.finish()]
        assert told(frames[-1]) == known.signals, known.source


# ---- unknown codes


@pytest.mark.parametrize("subject", [s for s in STREAM if s.face.unknown], ids=names)
def test_an_unknown_code_is_kept_with_its_frame(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(2 * SECOND_NS, subject.face.unknown)
    here.run(60 * SECOND_NS)
    if not here.state(Said.SAID):  # a dialect that has no such thing
        assert not here.recorded
        return
    [entry] = here.state(Said.ACKED if subject.driver.acknowledges else Said.ARRIVED)
    assert entry.signal is not None
    [durable] = [item for item in here.gateway.durable if is_event(item.signal)]
    assert body(durable.signal.frame) == body(entry.frame)
    assert meaning(durable.signal) == meaning(entry.signal)


# ---- any input in any order

RECENT = st.builds(Recent, st.binary(max_size=30), st.none() | st.integers(0, 10**18))
STANDING = st.builds(
    Signal,
    kind=st.just(Kind.BURGLARY),
    state=st.just(State.ACTIVE),
    code=st.just("130"),
    zone=st.none() | st.integers(1, 40),
)
NUMBERS = st.none() | st.integers(1, 400)
CODES = st.none() | st.from_regex(r"[0-9]{1,8}", fullmatch=True)
COMMANDS = st.builds(Command, act=st.sampled_from(Act), area=NUMBERS, zone=NUMBERS, code=CODES)
INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.builds(
        Opened, st.lists(RECENT, max_size=3).map(tuple), st.lists(STANDING, max_size=3).map(tuple)
    ),
    st.builds(Called, st.integers(0, 3), st.just("192.0.2.7")),
    st.builds(HungUp, st.integers(0, 3)),
    st.builds(ClockRead, st.none() | st.integers(0, 2 * 10**18), st.sampled_from(Trust)),
    st.builds(Received, st.binary(max_size=60), st.integers(0, 3), st.booleans()),
    st.builds(Commanded, st.integers(0, 5), COMMANDS),
    st.builds(Committed, st.integers(-1, 20)),
    st.builds(Ticked),
    st.builds(
        Answered, st.integers(-1, 20), st.lists(st.integers(0, 65535), max_size=9).map(tuple)
    ),
    st.builds(Unanswered, st.integers(-1, 20), st.sampled_from(FaultKind)),
)


ACTIONS = (Send, Report, Fault, Link, Finding, Obeyed, Read, Write, Close)


def pieces(subject: Subject) -> list[bytes]:
    """Good frames, whole and in halves: what rubbish alone would never hit upon."""
    if subject.driver.nature is not Nature.STREAM:
        return [b""]
    frames = [known.frame for known in golden(subject)]
    return frames + [frame[: len(frame) // 2] for frame in frames] + [b"\x14", b"\r\n", b"\x06"]


@pytest.mark.parametrize("subject", FIRST, ids=names)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_session_takes_every_input_in_any_order(subject: Subject, data: st.DataObject) -> None:
    session = subject.driver.session(subject.setup)
    some = INPUTS | st.builds(Received, st.sampled_from(pieces(subject)))
    happenings = data.draw(st.lists(st.tuples(some, st.integers(0, 40 * SECOND_NS)), max_size=40))
    now_ns = 0
    for happened, later_ns in happenings:
        now_ns += later_ns
        for action in session.handle(happened, now_ns):
            assert isinstance(action, ACTIONS)
        deadline_ns = session.deadline_ns()
        assert deadline_ns is None or isinstance(deadline_ns, int)


@pytest.mark.parametrize("subject", FIRST, ids=names)
def test_waking_a_session_at_its_deadlines_lets_time_pass(subject: Subject) -> None:
    session = subject.driver.session(subject.setup)
    session.handle(Opened(), 0)
    now_ns, wakes = 0, 0
    while (due_ns := session.deadline_ns()) is not None and due_ns < 600 * SECOND_NS:
        now_ns = max(now_ns, due_ns)
        answer(session, session.handle(Ticked(), now_ns), now_ns)
        wakes += 1
        assert wakes < 600 * 100, "a session that wants to be woken 100 times a second"


def answer(session: Session, actions: list[Any], now_ns: int) -> None:
    for action in actions:
        if isinstance(action, Read):
            session.handle(Unanswered(action.request, FaultKind.NO_ANSWER), now_ns)


# ---- bounds


def garbage(kind: str, subject: Subject) -> bytes:
    random = Random(kind)
    match kind:
        case "random":
            return random.randbytes(GARBAGE_BYTES)
        case "endless_line":
            return bytes(random.choices(b"0123456789ABCDEF ", k=GARBAGE_BYTES))
        case "terminators":
            return b"\x14\r\n" * (GARBAGE_BYTES // 3)
        case _:
            start = pieces(subject)[0][:10] or b"\x01"
            return start * (GARBAGE_BYTES // len(start))


@pytest.mark.parametrize("subject", FIRST, ids=names)
@pytest.mark.parametrize("kind", ["random", "endless_line", "terminators", "beginnings"])
def test_rubbish_without_end_leaves_a_session_as_small_as_it_was(
    subject: Subject, kind: str
) -> None:
    rubbish = garbage(kind, subject)
    session = subject.driver.session(subject.setup)
    session.handle(Opened(), 0)
    before = held_bytes(session)
    for at in range(0, len(rubbish), 4096):
        session.handle(Received(rubbish[at : at + 4096]), at)
        if at % (1 << 16) == 0:
            assert held_bytes(session) - before < GROWTH_BYTES_MAX
    assert held_bytes(session) - before < GROWTH_BYTES_MAX


def held_bytes(root: object) -> int:
    """The size of an object and of all that it holds, classes and code apart."""
    seen: set[int] = set()
    todo, total = [root], 0
    while todo:
        item = todo.pop()
        if id(item) in seen or isinstance(item, type | ModuleType | FunctionType | Codes):
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        todo += gc.get_referents(item)
    return total


# ---- what a driver imports


NEEDS = {
    Ability.CLOCK: {Act.CLOCK},
    Ability.ARM: {Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM},
    Ability.OUTPUTS: {Act.OUTPUT_ON, Act.OUTPUT_OFF},
    Ability.BYPASS: {Act.BYPASS, Act.UNBYPASS},
}


@pytest.mark.parametrize("subject", FIRST, ids=names)
def test_what_a_driver_says_of_itself_is_said_in_the_words_of_all(subject: Subject) -> None:
    driver = subject.driver
    abilities = [Ability(word) for word in driver.abilities]
    assert len(set(abilities)) == len(abilities)
    for ability, acts in NEEDS.items():
        assert ability in abilities or not driver.commands & acts, ability
    has_option = any(option.name == Ability.LISTEN_ONLY for option in driver.options)
    assert has_option is (Ability.LISTEN_ONLY in abilities)
    assert driver.quality in {"emulated", "counterpart", "bench", "field"}
    assert set(driver.lines) <= {"serial", "tcp", "listen", "udp", "modbus_rtu", "modbus_tcp"}
    assert bool(driver.bauds) is any(line in {"serial", "modbus_rtu"} for line in driver.lines)


@pytest.mark.parametrize("subject", FIRST, ids=names)
def test_a_driver_imports_the_domain_and_the_standard_library_only(subject: Subject) -> None:
    module = subject.driver.session.__module__
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    for node in ast.walk(ast.parse(Path(spec.origin).read_text())):
        for name in imported(node):
            top = name.partition(".")[0]
            good = top in sys.stdlib_module_names or name.startswith("edge_agent.domain")
            assert good or top == "drivers", f"{module} imports {name}"


def imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=found):
            return [alias.name for alias in found]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case _:
            return []
