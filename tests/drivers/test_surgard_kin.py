"""The receivers that speak nearly as Sur-Gard does: Ademco 685, CongWin FE100."""

import pytest

from drivers._surgard_frames import ACK, NAK
from drivers.surgard import ReceiverSession
from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import (
    FaultKind,
    Link,
    Plain,
    Report,
    Send,
    Setup,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.resources import load_codes, load_profile
from tests.drivers.actions import faults, sent
from tests.drivers.golden import Golden
from tests.drivers.golden_surgard import GOLDEN, OTHERS, TWO_DIGITS
from tests.drivers.test_surgard import Host, opened, tokens
from tests.drivers.test_surgard_frames import ADEMCO, FE100, HEARTBEAT

# ---- Ademco 685 and CongWin FE100

OKAY = b"\n00 OKAY @\r"
IDLE = b"\n\r"


def profiled(name: str, **options: Plain) -> Host:
    host = Host()
    known = Setup(load_codes(), load_profile(name), options=options)
    host.session = ReceiverSession(known)
    assert host.open() == []
    return host


@pytest.mark.parametrize("frame", [ADEMCO, FE100])
def test_they_are_detected_and_acknowledged_when_durable(frame: bytes) -> None:
    host = Host()
    host.open()
    actions = host.hear(frame)
    assert actions[0] == Link(online=True)
    assert sent(actions) == []
    assert host.commit(tokens(actions)[0]) == [Send(ACK)]
    assert faults(host.hear(frame, after_s=5.0)) == [FaultKind.REPEAT]


def test_a_copy_that_lost_its_lf_is_a_copy() -> None:
    host = Host()
    host.open()
    [token] = tokens(host.hear(ADEMCO))
    host.commit(token)
    assert faults(host.hear(ADEMCO[1:], after_s=4.0)) == [FaultKind.REPEAT]


def test_an_idle_message_shows_presence_and_has_no_ack_of_its_own() -> None:
    host = profiled("congwin_fe100")
    assert host.hear(IDLE) == [Link(online=True)]
    for _ in range(20):
        assert host.hear(IDLE, after_s=80) == []
    assert faults(host.tick()) == [FaultKind.SILENCE]
    wanted = profiled("congwin_fe100", answer_idle=True)
    assert sent(wanted.hear(IDLE)) == [ACK]


def test_an_event_behind_an_idle_message_is_acknowledged_when_durable_only() -> None:
    host = profiled("congwin_fe100", answer_idle=True)
    actions = host.hear(IDLE + FE100)
    assert sent(actions) == []
    assert host.commit(tokens(actions)[0]) == [Send(ACK)]


def test_with_the_fe100s_profile_a_685s_heartbeat_is_one_all_the_same() -> None:
    host = profiled("congwin_fe100")
    assert host.hear(OKAY) == [Link(online=True), Send(ACK)]


ANOTHERS = [
    known
    for known in (*GOLDEN, TWO_DIGITS)
    if known.signals and known.source.startswith(OTHERS["congwin_fe100"])
]


@pytest.mark.parametrize("known", ANOTHERS, ids=lambda known: known.source)
def test_with_the_fe100s_profile_what_a_685_says_is_kept_unread_the_third_time(
    known: Golden,
) -> None:
    """The profile may be the wrong one: nothing is lost, and nothing half read."""
    host = profiled("congwin_fe100")
    for _ in range(2):
        assert not tokens(host.hear(known.frame, after_s=5))
        assert host.tick() == [Send(NAK)]
    actions = host.hear(known.frame, after_s=5)
    [report] = [action for action in actions if isinstance(action, Report)]
    assert [(one.kind, one.frame) for one in report.signals] == [(Kind.UNKNOWN, known.frame)]
    assert host.commit(report.token) == [Send(ACK)]


def test_a_685_that_is_quiet_is_asked_until_it_answers() -> None:
    host = profiled("ademco_685")
    begun_ns = host.now_ns
    assert host.tick() == [Send(b"S")]
    assert host.now_ns - begun_ns == 45 * NS
    assert host.hear(OKAY, after_s=0.1) == [Link(online=True), Send(ACK)]
    assert host.hear(OKAY, after_s=30) == [Send(ACK)]
    assert host.tick() == [Send(b"S")]
    assert host.tick() == [Send(b"S")]
    assert faults(host.tick()) == [FaultKind.SILENCE]
    assert host.tick() == [Send(b"S")], "it may be one that speaks only when it is asked"


def test_a_685_is_asked_once_it_was_heard_and_no_other_receiver_is() -> None:
    host = opened()
    assert faults(host.tick()) == [FaultKind.SILENCE]
    known = Host()
    known.open()
    known.hear(OKAY)
    assert known.tick() == [Send(b"S")]


def test_who_only_listens_never_asks() -> None:
    host = profiled("ademco_685", listen_only=True)
    host.hear(OKAY)
    assert faults(host.tick()) == [FaultKind.SILENCE]
    assert host.session.deadline_ns() is None


def test_a_heartbeat_of_10_s_beside_a_repeat_of_15_s_has_its_ack_each_time() -> None:
    host = profiled("surgard_osm")
    assert sent(host.hear(HEARTBEAT)) == [ACK]
    for _ in range(5):
        assert sent(host.hear(HEARTBEAT, after_s=10)) == [ACK]
        assert sent(host.hear(HEARTBEAT, after_s=0.1)) == []


def test_a_receiver_that_beats_too_fast_is_answered_all_the_same() -> None:
    host = opened()
    assert sum(len(sent(host.hear(HEARTBEAT, after_s=1))) for _ in range(30)) >= 5
