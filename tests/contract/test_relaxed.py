"""What a profile is let off in the contract it has to earn: its panel cannot do it, provably.

The facts are `checked` (false: no check within a frame), `framed` (false: any bytes may be the
beginning of one), `supervised` (false: it says nothing by itself), `login` (nothing is said before
it), `unsupported` (commands that this panel has no words for), `bypassed_while_armed`.
"""

from dataclasses import fields, replace
from types import MappingProxyType

import pytest

from edge_agent.domain.command import Act, Outcome
from edge_agent.domain.session import Commanded, Obeyed, Opened, Plain
from hil.lines import PERFECT
from hil.panels.dsc import line_of
from hil.panels.machine import Face, Said
from tests.contract.subjects import (
    STREAM,
    Subject,
    is_checked,
    is_framed,
    is_supervised,
    names,
    wants_password,
)
from tests.contract.test_stream import (
    LINES,
    SYNC_NS,
    bypasses_while_armed,
    wanted,
    without,
    world,
)
from tests.contract.world import SECOND_NS, Tapped, body

PROFILED = [subject for subject in STREAM if subject.profile is not None]
UNCHECKED = [subject for subject in PROFILED if not is_checked(subject.profile)]
UNFRAMED = [subject for subject in PROFILED if not is_framed(subject.profile)]
UNSUPERVISED = [subject for subject in PROFILED if not is_supervised(subject.profile)]
ARMED_FIRST = [subject for subject in PROFILED if bypasses_while_armed(subject)]
LOGIN = [subject for subject in PROFILED if wants_password(subject)]
LACKING = [
    pytest.param(subject, act, id=f"{subject}-{act}")
    for subject in PROFILED
    for act in sorted(without(subject))
]
DSC = next(subject for subject in PROFILED if subject.driver.name == "dsc")


def given(subject: Subject, **facts: Plain) -> Subject:
    """The same with other facts."""
    assert subject.profile is not None
    told = MappingProxyType({**subject.profile.facts, **facts})
    return replace(subject, profile=replace(subject.profile, facts=told))


def line(name: str, subject: Subject) -> bool:
    """Whether this line is played for the subject."""
    [found] = [line for line in LINES if line.name == name]
    return found.fits(subject)


def test_what_each_fact_lets_off() -> None:
    strict = given(DSC, checked=True, login=False, unsupported=[])
    assert line("noise", strict)
    assert line("loss_20", strict)
    assert not without(strict)
    assert not line("noise", given(strict, checked=False))
    assert line("loss_20", given(strict, checked=False))
    assert not line("loss_20", given(strict, login=True))
    assert line("loss_2", given(strict, login=True))
    assert without(given(strict, unsupported=["clock"])) == {Act.CLOCK}
    with pytest.raises(ValueError, match="dance"):
        without(given(strict, unsupported=["dance"]))


@pytest.mark.parametrize("subject", UNCHECKED, ids=names)
def test_a_frame_without_a_check_is_as_good_with_another_digit(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(20 * SECOND_NS, "open 3")
    here.run(SYNC_NS)
    frames = {entry.frame for _, entry in here.ledger if entry.frame}
    assert any(is_read(subject, other) for frame in frames for other in others(frame))


def others(frame: bytes, among: bytes = bytes(range(255))) -> list[bytes]:
    """The frame with one byte more by one, whichever of those `among`."""
    places = [at for at, byte in enumerate(frame) if byte in among]
    return [frame[:at] + bytes((frame[at] + 1,)) + frame[at + 1 :] for at in places]


def is_read(subject: Subject, frame: bytes) -> bool:
    """Whether the driver reads it, with a line's end or without, as a good frame of something."""
    for end in (b"\r\n", b""):
        decoder = subject.driver.decoder(subject.setup)
        frames = [*decoder.feed(frame + end), *decoder.finish()]
        if any(one.signals and one.fault is None for one in frames):
            return True
    return False


@pytest.mark.parametrize("subject", UNFRAMED, ids=names)
def test_a_frame_without_a_beginning_begins_with_what_stands_before_it(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(20 * SECOND_NS, subject.face.speak(0, True))
    here.run(60 * SECOND_NS)
    for frame in [entry.frame for entry in here.state(Said.SAID)]:
        decoder = subject.driver.decoder(subject.setup)
        [read] = [*decoder.feed(b"xyz" + frame), *decoder.finish()]
        assert read.raw.startswith(b"xyz")
        assert read.signals


@pytest.mark.parametrize("subject", UNSUPERVISED, ids=names)
def test_a_panel_whose_silence_means_nothing_says_nothing_by_itself(subject: Subject) -> None:
    here = world(subject.listening, LINES[0], 0)
    here.plug()
    here.run(600 * SECOND_NS)
    assert not here.gateway.links
    here.tell(here.now_ns, subject.face.speak(0, False))
    here.run(here.now_ns + 600 * SECOND_NS)
    assert [link.online for _, link in here.gateway.links] == [True]
    assert here.recorded == here.said


@pytest.mark.parametrize("subject", LOGIN, ids=names)
def test_a_panel_that_wants_a_login_says_nothing_before(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.tell(here.now_ns, "noack 1000")
    here.run(here.now_ns + 1)
    here.plug()
    here.tell(5 * SECOND_NS, "alarm zone=3")
    here.run(60 * SECOND_NS)
    assert not here.state(Said.SAID)


@pytest.mark.parametrize(("subject", "act"), LACKING)
def test_a_driver_says_that_it_has_no_words(subject: Subject, act: Act) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.run(SYNC_NS + 10 * SECOND_NS)  # between two polls
    before = len(here.gateway.sent)
    here.command(here.now_ns, 7, wanted(subject, act))
    here.run(here.now_ns + SECOND_NS)
    assert [one.outcome for one in here.gateway.obeyed] == [Outcome.UNSUPPORTED]
    assert not here.state(Said.OBEYED)
    assert len(here.gateway.sent) == before


@pytest.mark.parametrize("subject", ARMED_FIRST, ids=names)
def test_no_zone_is_taken_out_of_a_disarmed_area_where_the_panel_would_not(
    subject: Subject,
) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.run(SYNC_NS)
    before = len(here.gateway.sent)
    here.command(here.now_ns, 7, wanted(subject, Act.BYPASS))
    here.run(here.now_ns + SECOND_NS)
    assert [one.outcome for one in here.gateway.obeyed] == [Outcome.REFUSED]
    assert len(here.gateway.sent) == before


@pytest.mark.parametrize("subject", PROFILED, ids=names)
def test_a_command_of_no_word_is_never_sent_by_any_driver(subject: Subject) -> None:
    for act in set(Act) - subject.driver.commands:
        session = subject.driver.session(subject.setup)
        session.handle(Opened(), 0)
        answers = session.handle(Commanded(1, wanted(subject, act)), SECOND_NS)
        outcomes = [one.outcome for one in answers if isinstance(one, Obeyed)]
        assert Outcome.DONE not in outcomes


# ---- damage that no check can see


def test_a_frame_that_a_line_made_is_nobodys_fault_where_its_check_is_right() -> None:
    here = world(DSC, LINES[0], 0)
    wire = here.stand.out
    assert isinstance(wire, Tapped)
    said, swapped, spoilt = line_of("609016"), line_of("609016"), line_of("609016")
    swapped = said[:3] + b"061" + said[6:]
    spoilt = said[:3] + b"017" + said[6:]
    wire.put(said, 0)
    wire.take(10 * SECOND_NS)
    wire.quality = PERFECT
    assert not here.is_of_the_line(said), "the panel said it"
    assert not here.is_of_the_line(swapped), "it never arrived"
    for made in (swapped, spoilt):
        wire._arrived += made + b"\r\n"
    assert here.is_of_the_line(swapped + b"\r\n")
    assert not here.is_of_the_line(spoilt), "the sum tells"


NEVER = next(field.default for field in fields(Face) if field.name == "sound")
EXCUSED = [s for s in STREAM if s.first and s.face.sound is not NEVER]


@pytest.mark.parametrize("subject", EXCUSED, ids=names)
def test_what_a_panel_says_is_sound_and_damaged_it_is_not(subject: Subject) -> None:
    here = world(subject, LINES[0], 0)
    here.plug()
    here.tell(20 * SECOND_NS, subject.face.speak(0, True))
    here.run(60 * SECOND_NS)
    frames = {body(entry.frame) for _, entry in here.ledger if entry.frame}
    assert frames
    for frame in frames:
        assert subject.face.sound(frame)
        changed = [subject.face.sound(other) for other in others(frame, b"01234567")]
        # where there is no sum only the kind of each character can be checked
        assert not any(changed) if subject.face.has_sum else any(changed) or not changed
        assert not subject.face.sound(frame[:-1])
