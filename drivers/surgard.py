"""Automation output of alarm receivers: the host's side of the conversation.

Sur-Gard MLR2 and System III, Ademco 685 (MX8000), CongWin FE100, on a serial line or TCP; which it
is shows by its frames.  The host answers ACK 06 or NAK 15; unanswered, the receiver says the same
again (after 4 s, a 685 after 5 to 10 s), three times, then holds.  The frames and the sources are
in `_surgard_frames`.
"""

from dataclasses import dataclass

from drivers._surgard_frames import ACK, ASKING, CR, DC4, ENDS, LF, NAK, ReceiverDecoder
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.owed_ack import (
    BYTE_NS,
    CROSSING_NS,
    Message,
    OwedAck,
    Undurable,
    has_crossed,
)
from edge_agent.domain.presence import Presence
from edge_agent.domain.session import (
    WAITING,
    Action,
    Committed,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Nature,
    Opened,
    Option,
    Received,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NO_ACK, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

SAME_REFUSED_MAX = 3  # so many equal copies of a frame that fits no shape are no damage of the line

HEARTBEAT_S = 30.0  # the receivers' factory setting
REPEAT_AFTER_S = 4.0  # how long the receivers wait for an answer
SILENT_INTERVALS = 3  # heartbeats that may be missed
# A repeat comes this much of `repeat_after_s` after the copy before.  An ACK is sent before the
# window opens, or waits for the next copy: so it never crosses one, and never meets another frame.
WINDOW = (0.75, 1.5)
# A frame takes 70 ms at 2400 baud: bytes so old without an end are a frame that was cut, and are
# not to be glued to the copy that follows.
CUT_NS = 1_000_000_000
# A NAK is said only into a quiet line: a good copy that is under way already needs none, and would
# get an ACK that the receiver could take for the message after it.
QUIET_NS = 500_000_000
RESTART_WINDOW = 3.0  # after a restart, in `repeat_after_s`: the receiver repeats three times
# A 685 that said nothing for this many heartbeat intervals is asked: well before it counts as gone.
ASKED_INTERVALS = 1.5


@dataclass(slots=True, eq=False, repr=False)
class _Heard(Message):
    """The newest frame with signals, to tell a repeat by: its words are without LF, CR and DC4."""

    durable_ns: int | None = None
    doubtful: bool = False  # a copy came although it was answered: our ACKs get lost
    heartbeat_since: bool = False
    perhaps_new: bool = False  # a copy came too soon to tell: the next one is recorded
    garbled_ns: int | None = None  # something came that may have been a damaged copy of it
    reopened: bool = False  # the line was opened since


class ReceiverSession:
    """The host's side of the conversation.

    One ACK is owed for the newest frame, and it is sent once everything heard is durable: whatever
    the receiver takes it for, that is safe.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._decoder = ReceiverDecoder(setup)
        self._listen_only = bool(setup.options.get("listen_only", False))
        self._repeat_ns = seconds_ns(setup, "repeat_after_s", REPEAT_AFTER_S)
        self._interval_ns = seconds_ns(setup, "heartbeat_s", HEARTBEAT_S)
        self._silence_ns = SILENT_INTERVALS * self._interval_ns
        self._presence = Presence(self._silence_ns, "no heartbeat and no event")
        self._answers_idle = _is_set(setup, "answer_idle")
        self._asks = _is_set(setup, "ask_status") and not self._listen_only
        self._ask_at_ns: int | None = None  # when a 685 that says nothing is asked
        self._bytes_ns = 0  # when bytes were heard last
        self._began_ns = 0  # when the first byte of the present line was heard
        self._said_ns = 0  # when it can have been said, on a line whose messages come in pieces
        self._undurable = Undurable()
        self._ack = OwedAck(self._undurable, int(WINDOW[0] * self._repeat_ns))
        self._last: _Heard | None = None
        self._beat_ns: int | None = (
            None  # when the newest heartbeat that has an ACK coming was heard
        )
        self._refusing = False  # a NAK is due when the line is quiet
        self._refused = (b"", 0)  # the newest frame of no shape, and how often it came

    def deadline_ns(self) -> int | None:
        """Return when a cut frame is given up, a NAK is due, or silence has lasted too long."""
        due = [self._presence.deadline_ns(), self._ask_at_ns]
        if self._decoder.is_waiting():
            due.append(self._bytes_ns + CUT_NS)
        if self._refusing:
            due.append(self._bytes_ns + QUIET_NS)
        return min((at_ns for at_ns in due if at_ns is not None), default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                self._open(happened, now_ns)
            case Received(data):
                return self._on_bytes(data, now_ns) + self._answer(now_ns)
            case Committed(token):
                self._undurable.committed(token)
                if self._last is not None and self._last.token == token:
                    # since when what waited is durable, nobody knows here
                    self._last.durable_ns = self._last.heard_ns if token < 0 else now_ns
                return self._answer(now_ns)
            case Ticked():
                actions = self._give_up_cut(now_ns) + self._answer(now_ns)
                if self._refusing and now_ns >= self._bytes_ns + QUIET_NS:
                    self._refusing = False
                    actions.append(Send(NAK))
                return actions + self._presence.missed(now_ns) + self._ask(now_ns)
            case _:
                pass  # registers are not of this protocol
        return []

    def _open(self, opened: Opened, now_ns: int) -> None:
        self._decoder = ReceiverDecoder(self._setup)
        self._refused, self._refusing, self._beat_ns = (b"", 0), False, None
        self._presence.open(now_ns)
        self._undurable.open(opened)
        self._ack.withdraw()
        self._expect(now_ns)
        # What waits was never acknowledged: what is the same is a copy, if the receiver still has
        # it.  For any other frame our ACK may have been lost with the line.
        before, waits = opened.waiting or opened.last, opened.waiting is not None
        if before is not None and before.age_ns is not None:
            body, at_ns = before.frame.strip(ENDS), now_ns - before.age_ns
            token, durable_ns = (WAITING, None) if waits else (None, at_ns)
            self._last = _Heard(body, at_ns, token, durable_ns=durable_ns)
        if self._last is not None:
            self._last.reopened = not waits

    def _on_bytes(self, data: bytes, now_ns: int) -> list[Action]:
        actions = self._give_up_cut(now_ns)
        begins, first_ns = not self._decoder.is_in_line(), now_ns - len(data) * BYTE_NS
        # an LF that came with what was before is its first byte, if all else follows at once
        follows = self._decoder.has_lead() and first_ns <= self._bytes_ns + CROSSING_NS
        if begins:
            self._began_ns = self._said_ns = self._bytes_ns if follows else now_ns
        self._bytes_ns = now_ns
        frames = self._decoder.feed(data)
        for frame in frames:
            actions += self._on_frame(frame, now_ns)
            if frame.fault is not FaultKind.NOISE:  # which may be the beginning of the same line
                self._began_ns = self._said_ns = now_ns
        if begins and not frames and not follows:
            self._said_ns = first_ns
        return actions

    def _give_up_cut(self, now_ns: int) -> list[Action]:
        """Read what was left without an end; it counts as heard when it came."""
        actions: list[Action] = []
        if self._decoder.is_waiting() and now_ns - self._bytes_ns >= CUT_NS:
            for frame in self._decoder.finish():
                actions += self._on_frame(frame, self._bytes_ns)
        return actions

    def _on_frame(self, frame: Frame, now_ns: int) -> list[Action]:
        if frame.fault is not None:
            self._suspect(now_ns)
        if frame.fault is FaultKind.NOISE:
            return [Fault(FaultKind.NOISE, "", frame.raw[:FRAME_BYTES_MAX])]
        if frame.fault is not None:
            return self._refuse(frame, frame.fault, now_ns)
        if frame.type in ("ack", "nak", "status_request"):
            return []  # an echo of ours, or another host's
        if frame.type == "heartbeat" and frame.raw[:1] == LF:
            self._asks = not self._listen_only  # a 685: it can be asked
        actions = self._alive(now_ns)
        self._refused, self._refusing = (b"", 0), False
        if frame.signals:
            return actions + self._record(frame.raw, frame.signals, now_ns)
        if self._last is not None:
            self._last.heartbeat_since = True
        if frame.type == "idle" and not self._answers_idle:
            return actions  # an ACK that nobody waits for could be taken for an event's
        soonest_ns = WINDOW[0] * min(self._repeat_ns, self._interval_ns)
        if self._beat_ns is not None and now_ns - self._beat_ns < soonest_ns:
            return actions  # no receiver beats or repeats so soon: the line doubled it
        self._beat_ns = now_ns
        self._owe(None, now_ns)
        return actions

    def _ask(self, now_ns: int) -> list[Action]:
        if self._ask_at_ns is None or now_ns < self._ask_at_ns:
            return []
        self._ask_at_ns = now_ns + self._interval_ns
        return [] if self._decoder.is_waiting() else [Send(ASKING)]

    def _expect(self, now_ns: int) -> None:
        """Something good was heard, or the line is new: the next word is due."""
        after_ns = int(ASKED_INTERVALS * self._interval_ns)
        self._ask_at_ns = now_ns + after_ns if self._asks else None

    def _alive(self, now_ns: int) -> list[Action]:
        self._expect(now_ns)
        return self._presence.heard(now_ns)

    def _record(self, raw: bytes, signals: tuple[Signal, ...], now_ns: int) -> list[Action]:
        body = raw.strip(ENDS)
        last = self._last
        if last is not None and last.words == body and _has_crossed(last, self._said_ns):
            last.heard_ns = now_ns
            last.perhaps_new = last.answered_ns is not None and self._began_ns > last.answered_ns
            return [Fault(FaultKind.REPEAT, "", raw)]  # the ACK that it crossed is its answer too
        if last is not None and last.words == body and self._says_again(last, now_ns):
            last.doubtful = last.doubtful or last.answered_ns is not None
            last.heard_ns, last.garbled_ns = now_ns, None
            last.answered_ns = None  # of this copy: what was said to one before was not heard
            last.heartbeat_since = False
            self._owe(last, now_ns)
            return [Fault(FaultKind.REPEAT, "", raw)]
        report = self._undurable.report(signals)
        self._last = heard = _Heard(body, now_ns, report.token)
        self._owe(heard, now_ns)
        return [report]

    def _says_again(self, last: _Heard, now_ns: int) -> bool:
        # nobody has answered the copy before, and until then a receiver says nothing else
        return self._ack.message is not None or self._is_repeat(last, now_ns)

    def _is_repeat(self, last: _Heard, now_ns: int) -> bool:
        """Tell a copy from a new event of the same words."""
        if last.perhaps_new:
            return False
        if last.token in self._undurable.tokens:
            # an opening may follow a restart of the receiver, which then has forgotten it
            return last.token != WAITING or now_ns - last.heard_ns <= self._silence_ns
        if last.durable_ns is None:
            return False  # the line was opened again before it was durable
        if last.garbled_ns is not None and now_ns - last.garbled_ns <= WINDOW[1] * self._repeat_ns:
            return True
        age_ns = now_ns - last.heard_ns
        if last.reopened:
            return age_ns <= RESTART_WINDOW * self._repeat_ns
        if last.answered_ns is None and not self._listen_only:
            # held back by the receiver until its heartbeat is answered again
            return now_ns - last.durable_ns <= self._silence_ns
        if last.doubtful and last.heartbeat_since and age_ns <= self._silence_ns:
            return True  # it gave up on our lost ACKs, and begins anew after its heartbeat
        return self._is_time_of_repeat(age_ns)

    def _is_time_of_repeat(self, age_ns: int) -> bool:
        early, late = WINDOW
        return early * self._repeat_ns <= age_ns <= late * self._repeat_ns

    def _suspect(self, now_ns: int) -> None:
        """Note that what came may be a damaged copy, where a copy was to be expected."""
        last = self._last
        if last is None:
            return
        since_ns = last.heard_ns if last.garbled_ns is None else last.garbled_ns
        if self._is_time_of_repeat(now_ns - since_ns):
            last.garbled_ns, last.doubtful = now_ns, True

    def _refuse(self, frame: Frame, fault: FaultKind, now_ns: int) -> list[Action]:
        """Ask again; what comes back the same is no damage, and is kept without its meaning."""
        body, count = self._refused
        if frame.raw[-1:] not in (DC4, CR, LF):
            count = 0  # without its end it was cut, however often it is cut alike
        else:
            count = count + 1 if frame.raw.strip(ENDS) == body else 1
            self._refused = (frame.raw.strip(ENDS), count)
        actions: list[Action] = [Fault(fault, f"copy {count}", frame.raw)]
        if count >= SAME_REFUSED_MAX:
            self._refusing = False
            unknown = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=frame.raw)
            return actions + self._record(frame.raw, (unknown,), now_ns)
        # what began before our ACK could be heard is a damaged copy of what has it: a NAK would
        # bring one more, at a time when nobody could tell it from a new event
        is_copy = self._last is not None and _has_crossed(self._last, self._began_ns)
        self._ack.withdraw()
        self._refusing = not (self._listen_only or is_copy)
        return actions

    def _owe(self, heard: _Heard | None, now_ns: int) -> None:
        """Owe an ACK to a message; None: to a heartbeat."""
        if not self._listen_only:
            self._ack.owe(ACK, now_ns, heard)

    def _answer(self, now_ns: int) -> list[Action]:
        for_event = self._ack.message is not None
        ack = self._ack.due(now_ns)
        if ack and for_event and self._last is not None:
            self._last.reopened = False
        return [Send(ack)] if ack else []


def _has_crossed(last: _Heard, began_ns: int) -> bool:
    """Tell whether a copy began before our ACK could be heard."""
    return not last.perhaps_new and has_crossed(last.answered_ns, began_ns)


def _is_set(setup: Setup, name: str) -> bool:
    """Return a switch: the site's option, else the profile's fact, else off."""
    value = setup.options.get(name)
    if value is None and setup.profile is not None:
        value = setup.profile.facts.get(name)
    return value is True


DRIVER = Driver(
    name="surgard",
    version="2",
    title="Alarm receiver output: Sur-Gard, Ademco 685, CongWin FE100",
    nature=Nature.STREAM,
    session=ReceiverSession,
    decoder=ReceiverDecoder,
    panels=(
        "Sur-Gard MLR2",
        "Sur-Gard System III",
        "Ademco 685",
        "Ademco MX8000",
        "CongWin FE100",
        "receivers that speak their formats",
    ),
    lines=("serial", "tcp", "listen"),
    bauds=(19200, 9600),
    abilities=(
        *("events", "restores", "open_close", "bypass", "troubles", "supervision", "listen_only"),
    ),
    acknowledges=True,
    quality="emulated",
    recognition="drivers._recognition:SURGARD",
    options=(
        Option(
            "heartbeat_s",
            float,
            None,
            "interval of the receiver's heartbeat; 3 missed are silence (profile, else 30)",
            minimum=1,
            maximum=3600,
        ),
        Option(
            "repeat_after_s",
            float,
            None,
            "how long the receiver waits for an ACK before it repeats (profile, else 4)",
            minimum=0.5,
            maximum=120,
        ),
        NO_ACK,
        Option(
            "number_digits",
            int,
            None,
            "digits of a zone or user of a 685; set to 3, two are damage (profile, else 2 or 3)",
            minimum=2,
            maximum=3,
        ),
        Option(
            "ask_status",
            bool,
            None,
            "ask a 685 by S when it is quiet (profile, else once one was heard)",
        ),
        Option(
            "answer_idle",
            bool,
            None,
            "send an ACK for the idle message of FE100 too (profile, else not)",
        ),
        Option("charset", str, "latin-1", "Python codec of free text in SIA frames"),
    ),
)
