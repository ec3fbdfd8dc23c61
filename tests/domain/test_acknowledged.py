"""The frame of panels that wait for an ACK: when it is given, what is a repeat.

Seen to fail: an ACK at once instead of after the commit; a second ACK for a doubled frame; a copy
after a reconnect recorded twice; a frame that says nothing to us dropped.
"""

from dataclasses import replace

from edge_agent.domain.acknowledged import (
    PEERS_MAX,
    AcknowledgedPanel,
    AcknowledgedSession,
    Manners,
    Part,
)
from edge_agent.domain.codes import Codes
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    WAITING,
    Action,
    Called,
    ClockRead,
    Commanded,
    Committed,
    FaultKind,
    Frame,
    HungUp,
    Opened,
    Received,
    Recent,
    Report,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from tests.drivers.actions import faults, links, outcomes, sent, signals

MANNERS = Manners(repeat_s=4, tries_max=3, due_s=60, nak=b"nak")
BEGINNINGS = {
    "hello": Part.BEGIN,
    "bye": Part.END,
    "host": Part.HOST,
    "beat": Part.ALIVE,
    "answer": Part.ANSWER,
    "unasked": Part.ANSWER,
}


class Words:
    """Frames are words that end with a full stop: `event-3`, `at-event-3`, `more-3`, `hello`."""

    def __init__(self) -> None:
        self._held = b""

    def is_waiting(self) -> bool:
        return bool(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        *words, self._held = (self._held + data).split(b".")
        return [self._read(word.decode()) for word in words]

    def finish(self) -> list[Frame]:
        held, self._held = self._held, b""
        return [Frame(held, fault=FaultKind.LENGTH)] if held else []

    @staticmethod
    def _read(word: str) -> Frame:
        raw = word.encode()
        if word in ("damaged", "noise", "strange"):
            told = {"damaged": "checksum", "noise": "noise", "strange": "unsupported"}[word]
            return Frame(raw, word, fault=FaultKind(told))
        if word.startswith(("event", "at", "more")):
            zone = int(word.rpartition("-")[2])
            alarm = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=zone, frame=raw)
            return Frame(raw, word.partition("-")[0], (alarm,))
        return Frame(raw, word)


class Toy(AcknowledgedPanel):
    """The smallest panel there can be; an event that begins with `at` says when."""

    def decoder(self) -> Words:
        return Words()

    def part(self, frame: Frame) -> Part:
        return BEGINNINGS.get(frame.type or "", Part.MORE if frame.type == "more" else Part.EVENT)

    def ack(self, frame: Frame) -> bytes:
        return b"" if frame.type == "beat" else b"ack " + frame.raw

    def answered(self, frame: Frame) -> bool:
        return frame.type == "answer"

    def is_dated(self, frame: Frame) -> bool:
        return frame.type == "at"


class Talk:
    """A session with a clock of its own."""

    def __init__(self, *opened: bytes, waiting: bytes = b"", **options: bool | float) -> None:
        self.now_ns = 0
        self.session = AcknowledgedSession(Setup(Codes({}, {}), options=options), MANNERS, Toy())
        recent = tuple(Recent(frame, NS) for frame in opened)
        self.session.handle(Opened(recent, waiting=Recent(waiting, NS) if waiting else None), 0)
        self.wait(1)

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.session.handle(Ticked(), self.now_ns)
        self.now_ns = end_ns
        return done

    def hear(self, data: bytes, peer: int = 0) -> list[Action]:
        return self.session.handle(Received(data, peer), self.now_ns)

    def commit(self, token: int) -> list[Action]:
        return self.session.handle(Committed(token), self.now_ns)

    def said(self, data: bytes, peer: int = 0) -> list[bytes]:
        """Let a frame be heard and be durable at once; return what is sent."""
        actions = self.hear(data, peer)
        tokens = [action.token for action in actions if isinstance(action, Report)]
        return sent(actions) + [one for token in tokens for one in sent(self.commit(token))]

    def is_new(self, data: bytes, peer: int = 0) -> bool:
        """Let an event be heard and be durable; return whether it was recorded."""
        actions = self.hear(data, peer)
        for action in actions:
            if isinstance(action, Report):
                self.commit(action.token)
        assert bool(signals(actions)) is not (FaultKind.REPEAT in faults(actions))
        return bool(signals(actions))


def test_the_ack_waits_for_the_journal() -> None:
    talk = Talk()
    actions = talk.hear(b"event-3.")
    assert [signal.zone for signal in signals(actions)] == [3]
    assert links(actions) == [True]
    assert sent(actions) == []
    assert sent(talk.commit(1)) == [b"ack event-3"]
    assert sent(talk.commit(1)) == []


def test_what_says_nothing_is_answered_at_once_unless_an_event_before_it_waits() -> None:
    talk = Talk()
    assert sent(talk.hear(b"hello.")) == [b"ack hello"]
    assert sent(talk.hear(b"beat.")) == []
    talk.wait(1)
    assert sent(talk.hear(b"event-3.hello.")) == []
    assert sent(talk.commit(1)) == [b"ack hello"], "one ACK, for the newest"


def test_an_ack_that_comes_late_is_given_to_the_next_copy() -> None:
    talk = Talk()
    talk.hear(b"event-3.")
    talk.wait(3)
    assert sent(talk.commit(1)) == []
    talk.wait(1)
    actions = talk.hear(b"event-3.")
    assert (faults(actions), sent(actions)) == ([FaultKind.REPEAT], [b"ack event-3"])


def test_a_copy_that_comes_when_a_repeat_is_due_is_recorded_once() -> None:
    talk = Talk()
    assert talk.is_new(b"event-3.")
    for _ in range(2):
        talk.wait(4)
        assert not talk.is_new(b"event-3.")


def test_the_same_words_sooner_or_later_or_after_others_are_a_new_event() -> None:
    talk = Talk()
    assert talk.is_new(b"event-3.")
    talk.wait(1)
    assert talk.is_new(b"event-3."), "no panel repeats so soon after its ACK"
    talk.wait(30)
    assert talk.is_new(b"event-3.")
    talk.wait(4)
    assert talk.is_new(b"event-4.")
    assert talk.is_new(b"event-3.")
    talk.said(b"bye.")
    talk.wait(4)
    assert talk.is_new(b"event-3."), "the panel ended: it had its ACK"


def test_an_event_that_says_when_it_happened_is_the_same_for_longer() -> None:
    talk = Talk()
    assert talk.is_new(b"at-3.")
    talk.wait(300)
    assert not talk.is_new(b"at-3.")
    talk.wait(601)
    assert talk.is_new(b"at-3.")


def test_what_never_had_its_ack_is_said_until_it_has() -> None:
    talk = Talk()
    talk.hear(b"event-3.")
    talk.wait(20)
    talk.commit(1)
    talk.wait(30)
    assert not talk.is_new(b"event-3.")


def test_a_frame_that_the_line_doubles_gets_one_ack() -> None:
    talk = Talk()
    assert talk.said(b"hello.") == [b"ack hello"]
    talk.now_ns += 1_000_000
    assert talk.said(b"hello.") == []
    talk.wait(1)
    assert talk.said(b"event-3.") == [b"ack event-3"]
    talk.now_ns += 1_000_000
    assert talk.said(b"event-3.") == []
    talk.wait(4)
    assert talk.is_new(b"event-3."), "it came too soon to tell, the panel had gone on"
    assert talk.said(b"at-3.") == [b"ack at-3"]
    talk.now_ns += 1_000_000
    assert talk.said(b"at-3.") == []
    talk.wait(4)
    assert not talk.is_new(b"at-3."), "our ACK was lost, and it says when it was"


def test_an_end_that_noise_made_while_the_panel_waits_ends_nothing() -> None:
    for listening in (False, True):
        talk = Talk(listen_only=listening)
        talk.hear(b"event-1.")  # not durable
        noise = talk.hear(b"bye.")
        assert (FaultKind.NOISE in faults(noise)) is not listening  # another host may give ACKs
        again = talk.hear(b"event-1.")
        assert bool(signals(again)) is listening
    talk = Talk()
    talk.said(b"event-1.")
    assert talk.said(b"bye.") == [b"ack bye"]
    assert talk.is_new(b"event-1.")


def test_what_belongs_to_an_event_is_told_from_the_same_of_another() -> None:
    talk = Talk()
    assert talk.is_new(b"event-3.")
    assert talk.is_new(b"more-1.")
    talk.wait(4)
    assert not talk.is_new(b"more-1.")
    assert talk.is_new(b"event-3."), "the panel goes on only when it has its ACK"
    assert talk.is_new(b"more-1.")
    talk.wait(4)
    talk.said(b"hello.")
    assert not talk.is_new(b"event-3."), "it began anew"
    assert not talk.is_new(b"more-1.")
    assert talk.is_new(b"event-4.")


def test_another_caller_may_say_it_again_at_once() -> None:
    talk = Talk()
    talk.session.handle(Called(1, "192.0.2.7"), talk.now_ns)
    assert talk.is_new(b"event-3.", 1)
    talk.session.handle(HungUp(1), talk.now_ns)
    talk.now_ns += 20_000_000
    assert not talk.is_new(b"event-3.", 2)
    assert talk.is_new(b"event-4.", 2)
    assert talk.is_new(b"event-3.", 2)


def test_what_was_cut_when_a_caller_hung_up_is_counted_and_answered_by_nothing() -> None:
    talk = Talk()
    talk.hear(b"eve", 1)
    actions = talk.session.handle(HungUp(1), talk.now_ns)
    assert (faults(actions), sent(actions)) == ([FaultKind.LENGTH], [])
    assert talk.session.handle(HungUp(1), talk.now_ns) == []


def test_a_caller_too_many_costs_the_one_that_was_silent_longest() -> None:
    talk = Talk()
    for peer in range(PEERS_MAX + 1):
        talk.hear(b"eve", peer)
    assert [one.kind for one in signals(talk.hear(b"nt-3.", 0))] == [Kind.UNKNOWN], "half is gone"
    assert [one.kind for one in signals(talk.hear(b"nt-3.", PEERS_MAX))] == [Kind.BURGLARY]


# ---- after a restart


def test_a_restart_knows_what_was_recorded() -> None:
    assert not Talk(b"event-2.", b"event-3.").is_new(b"event-3.")
    assert Talk(b"event-3.", b"event-2.").is_new(b"event-3.")
    assert not Talk(b"event-3.", b"more-1.").is_new(b"event-3.")
    assert Talk(b"noise.", b"damaged.").is_new(b"event-3.")


def test_after_another_boot_nothing_is_a_repeat() -> None:
    """A daily test that tells its time, and no date, is one of today."""
    talk = Talk()
    talk.session.handle(Opened((Recent(b"at-3."),)), talk.now_ns)
    assert talk.is_new(b"at-3.")


def test_what_waits_for_the_journal_since_before_gets_its_ack_after_it() -> None:
    talk = Talk(b"event-2.", waiting=b"event-3.")
    actions = talk.hear(b"event-3.")
    assert (faults(actions), sent(actions)) == ([FaultKind.REPEAT], [])
    assert sent(talk.commit(WAITING)) == [b"ack event-3"]


# ---- damage


def test_a_damaged_frame_is_asked_for_again_when_the_line_is_quiet() -> None:
    talk = Talk()
    assert faults(talk.hear(b"damaged.")) == [FaultKind.CHECKSUM]
    assert sent(talk.wait(1)) == [b"nak"]
    talk.hear(b"eve")
    actions = talk.wait(1)
    assert (faults(actions), sent(actions)) == ([FaultKind.LENGTH], [b"nak"])
    talk.hear(b"damaged.event-3.")
    talk.commit(1)
    assert sent(talk.wait(1)) == [], "the good copy is there"
    assert sent([*talk.hear(b"noise."), *talk.wait(1)]) == []


def test_what_we_asked_for_again_is_no_new_event_however_soon_it_comes() -> None:
    talk = Talk()
    assert talk.is_new(b"event-3.")
    talk.wait(0.1)
    talk.hear(b"damaged.")
    assert sent(talk.wait(0.6)) == [b"nak"]
    assert not talk.is_new(b"event-3.")


def test_a_damaged_copy_of_what_has_its_ack_is_not_asked_for() -> None:
    talk = Talk()
    talk.said(b"event-3.")
    talk.now_ns += 1_000_000
    talk.hear(b"damaged.")
    assert sent(talk.wait(1)) == []


def test_a_sound_frame_that_says_nothing_is_kept_when_it_comes_again() -> None:
    talk = Talk()
    actions = talk.hear(b"strange.")
    assert (faults(actions), signals(actions)) == ([FaultKind.UNSUPPORTED], [])
    talk.wait(4)
    [kept] = signals(talk.hear(b"strange."))
    assert (kept.kind, kept.frame) == (Kind.UNKNOWN, b"strange")
    assert sent(talk.commit(1)) == [b"ack strange"]


def test_a_noisy_line_is_a_finding() -> None:
    talk = Talk()
    found = [one for _ in range(2) for one in talk.hear(b"damaged.")]
    assert [one.cause for one in found if isinstance(one, Finding)] == [Cause.LINE_NOISE]


# ---- presence, listening only, commands


def test_silence_is_found_and_ends_with_the_next_good_frame() -> None:
    talk = Talk()
    talk.said(b"hello.")
    assert links(talk.wait(65)) == []
    actions = talk.wait(2)
    assert (links(actions), faults(actions)) == ([False], [FaultKind.SILENCE])
    assert links(talk.hear(b"host.")) == [], "that is not the panel"
    assert links(talk.hear(b"beat.")) == [True]


def test_the_times_are_options() -> None:
    talk = Talk(due_s=10.0, repeat_after_s=1.0)
    assert links(talk.wait(10)) == [False]
    assert talk.is_new(b"event-3.")
    talk.wait(1)
    assert not talk.is_new(b"event-3.")


def test_who_only_listens_sends_nothing_and_tells_repeats_by_time() -> None:
    talk = Talk(listen_only=True)
    assert talk.said(b"hello.") == []
    assert talk.is_new(b"event-3.")
    talk.wait(4)
    assert not talk.is_new(b"event-3.")
    talk.wait(1)
    assert talk.is_new(b"event-3.")
    talk.hear(b"damaged.")
    assert sent(talk.wait(5)) == []


def test_a_panel_that_only_reports_has_no_words_for_commands() -> None:
    talk = Talk()
    assert outcomes(talk.session.handle(Commanded(1, Command(act=Act.STATUS)), 0)) == [
        Outcome.UNSUPPORTED
    ]


class Wary(Toy):
    """A panel whose hello has something else in its wake."""

    def hear(self, frame: Frame, ours: ClockRead, now_ns: int) -> list[Finding]:
        assert now_ns >= 0
        return [Finding(Cause.PANEL_CLOCK, ours.trust is Trust.SYNCED, frame.type or "")]


def test_what_follows_from_a_frame_is_its_panels_matter() -> None:
    session = AcknowledgedSession(Setup(Codes({}, {})), replace(MANNERS, nak=b""), Wary())
    session.handle(Opened(), 0)
    assert not [a for a in session.handle(Received(b"hello."), NS) if isinstance(a, Finding)]
    session.handle(ClockRead(0, Trust.SYNCED), NS)
    [finding] = [a for a in session.handle(Received(b"beat."), 2 * NS) if isinstance(a, Finding)]
    assert (finding.cause, finding.detail) == (Cause.PANEL_CLOCK, "beat")
    session.handle(Received(b"damaged."), 3 * NS)
    assert sent(session.handle(Ticked(), 4 * NS)) == [], "its own repeat does"


# ---- a panel that is asked, too


def test_an_answer_proves_the_panel_and_has_no_ack() -> None:
    talk = Talk()
    assert talk.hear(b"unasked.") == [], "another host asked"
    seen = [talk.session.online]
    assert links(talk.hear(b"answer.")) == [True]
    seen.append(talk.session.online)
    assert links(talk.session.lost("no answer")) == [False]
    assert [*seen, talk.session.online] == [False, True, False]


def test_a_panel_is_left_alone_while_it_speaks_or_waits() -> None:
    talk = Talk()
    assert talk.session.rests_at_ns() <= talk.now_ns
    talk.session.handle(Received(b"hello."), talk.now_ns)
    assert talk.session.rests_at_ns() == talk.now_ns + 2 * 3 * 4 * NS, "until it gave up"
    [report] = talk.session.handle(Received(b"event-1."), talk.now_ns)[-1:]
    assert isinstance(report, Report)
    seen = [talk.session.owes_nothing]
    talk.session.handle(Committed(report.token), talk.now_ns)
    assert [*seen, talk.session.owes_nothing] == [False, True]
    talk.session.handle(Received(b"bye."), talk.now_ns)
    assert talk.session.rests_at_ns() == talk.now_ns + NS // 2, "and the line is quiet"


def test_what_it_answered_is_durable_before_its_next_ack() -> None:
    talk = Talk()
    assert talk.session.report(()) == []
    [report] = talk.session.report((Signal(kind=Kind.ZONE, state=State.OPEN, zone=1),))
    assert isinstance(report, Report)
    assert sent(talk.session.handle(Received(b"hello."), talk.now_ns)) == []
    assert sent(talk.session.handle(Committed(report.token), talk.now_ns)) == [b"ack hello"]
